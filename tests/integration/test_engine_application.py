"""The real application in the engine: a Batch transcription, and kill -9 in the middle of a run."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from auricle.settings import Settings
from auricle.speech.models import ensure_models
from infra.local import synthesis
from infra.local.child import Child, launch, launched
from infra.local.client import Client
from tests.fixtures import odd_audio
from tests.integration.test_engine_recovery import AFTER_A_CHECKPOINT_S, two_free_ports

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Eventually = Callable[..., Any]

SCOPES = ("audio:read", "audio:write", "audio:download")
# Engines of other tests may hold both cores.
WITHIN_S = 90.0


@pytest.fixture(scope="module", autouse=True)
def weights() -> None:
    """Converted once per machine; without them no engine transcribes."""
    ensure_models(Settings.from_environment(os.environ).models_path)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, demo_call: Path) -> Path:
    """The first two turns of the demo call: twelve seconds."""
    with av.open(str(demo_call)) as container:
        resampler = av.AudioResampler("flt", "mono", 16_000)
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    sound = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)[:, : 12 * 16_000]
    return odd_audio.write(tmp_path_factory.mktemp("clip") / "clip.wav", sound, codec="pcm_s16le")


@pytest.fixture(scope="module")
def assembly() -> Path:
    """Synthesized once, so that an edit of the sources meanwhile changes nothing under the engine."""
    return synthesis.synthesize(lambda _text: None)


def client_of(engine: Child) -> Client:
    return Client(engine.base_url, engine.token(org="acme", roles=["founder"], scopes=SCOPES))


def await_completion(client: Client, recording_id: str) -> dict[str, Any]:
    *_, status = client.follow(recording_id, limit_s=WITHIN_S)
    assert status["status"] == "completed", status
    return client.get(f"/api/v1/audio-files/{recording_id}/transcript")


def executions_of(engine: Child, recording_id: str) -> list[dict[str, Any]]:
    listed = engine.client("stepfunctions").list_executions(stateMachineArn=engine.outputs["StateMachineArn"])
    return [execution for execution in listed["executions"] if recording_id in execution["name"]]


def test_a_recording_is_transcribed_and_diarized_by_batch_jobs(tmp_path: Path, clip: Path, assembly: Path) -> None:
    with launched(tmp_path / "home", assembly=assembly) as engine:
        functions = engine.client("lambda")
        starter = engine.outputs["StartProcessingFunctionName"]
        variables = functions.get_function_configuration(FunctionName=starter)["Environment"]["Variables"]
        batch = {"AURICLE_TRANSCRIBE_COMPUTE": "batch", "AURICLE_DIARIZE_COMPUTE": "batch"}
        functions.update_function_configuration(FunctionName=starter, Environment={"Variables": {**variables, **batch}})
        with client_of(engine) as client:
            transcript = await_completion(client, client.submit(clip))
    assert {path.name.split("-")[1] for path in (tmp_path / "home" / "logs").glob("batch-*.log")} == {
        "transcribe",
        "diarize",
    }
    assert len(transcript["speakers"]) == 2
    assert sum(speaker["wordCount"] for speaker in transcript["speakers"]) > 15


def test_a_kill_in_the_middle_of_a_run_costs_nothing(
    tmp_path: Path, clip: Path, assembly: Path, eventually: Eventually
) -> None:
    silence = odd_audio.write(tmp_path / "silence.wav", odd_audio.tones(1, 100, level=0), codec="pcm_s16le")
    home, port = tmp_path / "home", two_free_ports()
    engine = launch(home, port, assembly=assembly)
    try:
        with client_of(engine) as client:
            before = client.submit(silence)
            await_completion(client, before)
            cut_off = client.submit(clip)
            stages = f"/api/v1/audio-files/{cut_off}/processing-status"
            eventually(lambda: client.get(stages)["stages"]["prepare"]["state"] == "complete", WITHIN_S)
        time.sleep(AFTER_A_CHECKPOINT_S)
        assert [execution["status"] for execution in executions_of(engine, cut_off)] == ["RUNNING"]
    finally:
        engine.kill()

    engine = launch(home, port, assembly=assembly)
    try:
        with client_of(engine) as client:
            assert engine.changed == ()
            assert client.get(f"/api/v1/audio-files/{before}/processing-status")["status"] == "completed"
            assert len(await_completion(client, cut_off)["speakers"]) == 2
        for recording_id in (before, cut_off):
            statuses = [execution["status"] for execution in executions_of(engine, recording_id)]
            assert statuses == ["SUCCEEDED"]
    finally:
        engine.stop()
