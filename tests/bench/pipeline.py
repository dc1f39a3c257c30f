"""What the pipeline adds to the engines' own time, for a minute of audio in the local environment, warm."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from auricle.speech.diarization.pipeline import DiarizationModels
    from auricle.speech.flac import Samples
    from auricle.speech.transcription import TranscriptionEngine
    from auricle.speech.windows import Window

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "demo_call.flac"
ROUNDS = 5


def measure() -> Iterator[dict[str, object]]:
    """The wall time from the end of the upload to the finished record, less the engines' own on the same cores."""
    from infra.cli.api_client import Client
    from infra.local.child import launched

    with tempfile.TemporaryDirectory() as folder, launched(Path(folder)) as environment:
        token = environment.token(org="bench", roles=["founder"], scopes=["audio:read", "audio:write"])
        with Client(environment.base_url, token) as client:
            _processed_s(client)  # every function has its process from here on
            pipeline_s = median(_processed_s(client) for _ in range(ROUNDS))
    with _Engines() as engines:
        engines_s = median(engines.run_s() for _ in range(ROUNDS))
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
    from infra.cli.api_client import Client

    assert isinstance(client, Client)
    recording_id = client.submit(FIXTURE)
    started_s = time.perf_counter()
    *_, last = client.follow(recording_id, limit_s=300)
    if last["status"] != "completed":
        raise RuntimeError(f"the bench recording ended as {last['status']}")
    return time.perf_counter() - started_s


class _Engines:
    """The engines as the workflow runs them, without the workflow: two transcribing processes beside one diarizing."""

    def __enter__(self) -> Self:
        fresh = get_context("spawn")
        self._folder = tempfile.TemporaryDirectory()
        self._audio = Path(self._folder.name) / "audio.flac"
        self._windows = _cut(self._audio)
        self._transcribing = ProcessPoolExecutor(2, fresh)
        self._diarizing = ProcessPoolExecutor(1, fresh)
        self.run_s()  # every process has its models from here on
        return self

    def __exit__(self, *_: object) -> None:
        self._transcribing.shutdown()
        self._diarizing.shutdown()
        self._folder.cleanup()

    def run_s(self) -> float:
        started_s = time.perf_counter()
        turns = self._diarizing.submit(_diarize, self._audio)
        words = [self._transcribing.submit(_transcribe, self._audio, window) for window in self._windows]
        for result in (*words, turns):
            result.result()
        return time.perf_counter() - started_s


def _cut(audio: Path) -> Sequence[Window]:
    from auricle.settings import settings
    from auricle.speech.models import model_path
    from auricle.speech.vad import VoiceActivityModel
    from auricle.speech.working_copy import write_working_copy

    voice = VoiceActivityModel(model_path("voice-activity", settings().models_path))
    copy = write_working_copy(FIXTURE, audio, voice_activity=voice, max_duration_s=600, max_size_bytes=10**8)
    return copy.windows


@cache
def _engine() -> TranscriptionEngine:
    from auricle.settings import settings
    from auricle.speech.engines import choose_engine

    chosen = settings()
    return choose_engine(chosen.transcription_engine, whisper_model=chosen.whisper_model, models=chosen.models_path)


@cache
def _voices() -> DiarizationModels:
    from auricle.settings import settings
    from auricle.speech.diarization.pipeline import DiarizationModels

    return DiarizationModels.load(settings().models_path)


@cache
def _sound(audio: Path) -> Samples:
    import numpy as np

    from auricle.speech.working_copy import read_blocks

    return np.concatenate([block[0] for block in read_blocks(audio)])


def _transcribe(audio: Path, window: Window) -> int:
    sound = _sound(audio)[round(window.start_s * 16_000) : round(window.end_s * 16_000)]
    return len(_engine().transcribe(sound, window).words)


def _diarize(audio: Path) -> int:
    from auricle.speech.diarization.pipeline import diarize

    return len(diarize([_sound(audio)], _voices()).turns)
