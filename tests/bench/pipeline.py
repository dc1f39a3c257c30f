"""What the pipeline adds to the engines' own time, for a minute of audio in the local environment, warm."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "demo_call.flac"
ROUNDS = 3


def measure() -> Iterator[dict[str, object]]:
    """The wall time from the end of the upload to the finished record, less the engines' own on the same cores."""
    from infra.local.child import launched
    from infra.local.client import Client

    with tempfile.TemporaryDirectory() as folder, launched(Path(folder)) as environment:
        token = environment.token(org="bench", roles=["founder"], scopes=["audio:read", "audio:write"])
        with Client(environment.base_url, token) as client:
            _processed_s(client)  # every function has its process from here on
            pipeline_s = min(_processed_s(client) for _ in range(ROUNDS))
    engines_s = min(_engines_s() for _ in range(ROUNDS))
    yield {
        "name": "pipeline overhead",
        "value": round(pipeline_s - engines_s, 2),
        "unit": "s",
        "budget": "<= 2",
        "pipeline_s": round(pipeline_s, 2),
        "engines_s": round(engines_s, 2),
        "audio_s": 68,
    }


def _processed_s(client: object) -> float:
    from infra.local.client import Client

    assert isinstance(client, Client)
    recording_id = client.submit(FIXTURE)
    started_s = time.perf_counter()
    *_, last = client.follow(recording_id, limit_s=300)
    if last["status"] != "completed":
        raise RuntimeError(f"the bench recording ended as {last['status']}")
    return time.perf_counter() - started_s


def _engines_s() -> float:
    """Transcription of every window beside diarization, as the workflow runs them, without the workflow."""
    from auricle.settings import settings
    from auricle.speech.diarization.pipeline import DiarizationModels, diarize
    from auricle.speech.models import model_path
    from auricle.speech.transcribe_pocketsphinx import PocketsphinxTranscription
    from auricle.speech.vad import VoiceActivityModel
    from auricle.speech.working_copy import read_blocks, write_working_copy

    models = settings().models_path
    voice = VoiceActivityModel(model_path("voice-activity", models))
    engine, voices = PocketsphinxTranscription(), DiarizationModels.load(models)
    with tempfile.TemporaryDirectory() as folder:
        audio = Path(folder) / "audio.flac"
        copy = write_working_copy(FIXTURE, audio, voice_activity=voice, max_duration_s=600, max_size_bytes=10**8)
        samples = [sample for block in read_blocks(audio) for sample in block[0]]
        import numpy as np

        whole = np.asarray(samples, np.float32)
        started_s = time.perf_counter()
        with ThreadPoolExecutor(1) as beside:
            turns = beside.submit(lambda: diarize((block[0] for block in read_blocks(audio)), voices))
            for window in copy.windows:
                engine.transcribe(whole[round(window.start_s * 16_000) : round(window.end_s * 16_000)], window)
            turns.result()
        return time.perf_counter() - started_s
