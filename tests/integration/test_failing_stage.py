"""A stage that fails names itself, and what the others found stays: each failure made by the deployed settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures import calls
from tests.integration.service import AUDIO_FILES, FOUNDER, Listener, Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.local.child import Child


@pytest.fixture(scope="module")
def service(auricle: Child) -> Iterator[Service]:
    made = Service.at(auricle, "failing")
    yield made
    made.http.close()


def call() -> bytes:
    return calls.as_file(calls.stretch(6.7, 12.2), "call.flac", "flac")


def test_without_diarization_the_words_are_kept(service: Service, heard: Listener, tmp_path: Path) -> None:
    with service.reconfigured("Diarize", AURICLE_MODELS_DIR=str(tmp_path)):
        recording = service.upload(call())
        status = service.ended(recording)
    assert (service.state(recording), status["status"], status["error"]) == ("COMPLETE", "completed", None)
    stages = status["stages"]
    assert {name for name, stage in stages.items() if stage["state"] == "failed"} == {"diarize"}
    assert stages["diarize"]["error"]["code"] == "model-unavailable"
    assert str(tmp_path) in stages["diarize"]["error"]["message"], "where the weights were looked for"
    segments = service.transcript(recording)["segments"]
    assert "heating system" in " ".join(segment["text"] for segment in segments)
    assert {segment["speaker"] for segment in segments} == {"Unknown speaker"}
    assert set(service.detail(recording)["engines"]) == {"transcribe", "summarize"}
    assert list(service.executions(recording).values()) == ["SUCCEEDED"]
    heard.until(recording, "completed")

    assert service.process(recording, reprocess=True).status_code == 202
    assert service.ended(recording, run=2)["stages"]["diarize"] == {"state": "complete", "error": None}
    assert {one["speaker"] for one in service.transcript(recording)["segments"]} == {"Speaker 1"}


def test_without_transcription_the_turns_are_kept_and_a_retry_succeeds(
    service: Service, heard: Listener, tmp_path: Path
) -> None:
    contact = service.contact()
    missing = {"AURICLE_TRANSCRIPTION_ENGINE": "whisper", "AURICLE_WHISPER_MODEL": str(tmp_path / "no-model")}
    with service.reconfigured("Transcribe", **missing):
        recording = service.upload(call(), contactIds=[contact])
        status = service.ended(recording)
    assert (service.state(recording), status["status"]) == ("ERROR", "failed")
    assert (status["error"]["stage"], status["error"]["code"]) == ("transcribe", "model-unavailable")
    assert "no-model" in status["error"]["message"]
    assert status["message"] == status["error"]["message"]
    states = {name: stage["state"] for name, stage in status["stages"].items()}
    assert states["diarize"] == states["prepare"] == "complete"
    assert states["transcribe"] == "failed"
    assert list(service.executions(recording).values()) == ["SUCCEEDED"], "it ended as it should: honestly"
    assert not [key for key in service.keys(recording) if key.startswith("runs/")]
    assert [talk["speaker"] for talk in service.detail(recording)["speakers"]] == ["Speaker 1"]
    assert service.detail(recording)["speakers"][0]["talkSeconds"] > 3
    assert service.get(f"{FOUNDER}/recordings/{recording}")["error"]["stage"] == "transcribe"
    heard.until(recording, "failed")
    timeline = service.get(f"{FOUNDER}/contacts/{contact}/timeline")["timeline"]
    assert [entry["status"] for entry in timeline] == ["failed"]

    assert service.process(recording).status_code == 202
    again = service.ended(recording, run=2)
    assert (again["status"], again["run"], again["error"]) == ("completed", 2, None)
    assert "heating system" in " ".join(one["text"] for one in service.transcript(recording)["segments"])
    assert [entry["status"] for entry in service.get(f"{FOUNDER}/contacts/{contact}/timeline")["timeline"]] == [
        "completed"
    ]
    assert sorted(service.executions(recording).values()) == ["SUCCEEDED", "SUCCEEDED"]
    history = service.items(recording)
    assert {"RUN#0001", "RUN#0002", "STATE"} <= set(history)
    assert history["RUN#0001"]["transcribe"]["S"].startswith('["failed"'), "what happened stays on record"


@pytest.mark.parametrize(("stage", "memory_mb"), [("Prepare", 128), ("Transcribe", 128)])
def test_a_stage_that_runs_out_of_memory_says_so_and_a_retry_succeeds(
    service: Service, stage: str, memory_mb: int
) -> None:
    """What would be killed in AWS is killed here, and the recording does not wait for it."""
    with service.with_memory(stage, memory_mb):
        recording = service.upload(call())
        status = service.ended(recording)
    assert (service.state(recording), status["status"]) == ("ERROR", "failed")
    assert (status["error"]["stage"], status["error"]["code"]) == (stage.lower(), f"{stage.lower()}-failed")
    assert "stopped unexpectedly, most likely because it needed more memory than it has" in status["message"]
    assert "in-progress" not in {found["state"] for found in status["stages"].values()}
    assert list(service.executions(recording).values()) == ["SUCCEEDED"]
    assert "128 MB: killed, as AWS does" in (service.engine.home / "logs" / "functions.log").read_text()

    assert service.process(recording).status_code == 202
    assert service.ended(recording, run=2)["status"] == "completed"


def test_processing_again_in_vain_takes_nothing_away(service: Service, tmp_path: Path) -> None:
    recording = service.upload(call())
    assert service.ended(recording)["status"] == "completed"
    segments, before = service.transcript(recording)["segments"], service.detail(recording)
    found = ("wordCount", "speakers", "highlights", "engines", "language", "durationSeconds")

    missing = {"AURICLE_TRANSCRIPTION_ENGINE": "whisper", "AURICLE_WHISPER_MODEL": str(tmp_path / "no-model")}
    broken = (("Transcribe", missing), ("Prepare", {"AURICLE_MODELS_DIR": str(tmp_path)}))
    for run, (stage, variables) in enumerate(broken, start=2):
        with service.reconfigured(stage, **variables):
            assert service.process(recording, reprocess=True).status_code == 202
            assert service.transcript(recording)["segments"] == segments, "while it is processed again"
            status = service.ended(recording, run=run)
        assert (status["status"], status["error"]["stage"]) == ("failed", stage.lower())
        assert service.transcript(recording)["segments"] == segments
        after = service.detail(recording)
        assert {name: after[name] for name in found} == {name: before[name] for name in found}

    assert service.process(recording).status_code == 202
    assert service.ended(recording, run=4)["status"] == "completed"
    assert service.transcript(recording)["segments"] == segments


def test_a_run_that_is_stopped_can_be_tried_again(service: Service) -> None:
    recording = service.upload(calls.as_file(calls.stretch(0, 20), "call.flac", "flac"))
    service.until(recording, lambda now: now["stages"]["transcribe"]["state"] == "in-progress")
    (name,) = service.executions(recording)
    arn = service.engine.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:") + f":{name}"
    service.engine.client("stepfunctions").stop_execution(executionArn=arn)
    status = service.ended(recording)
    assert (service.state(recording), status["error"]["code"]) == ("ERROR", "processing-stopped")
    states = {stage: found["state"] for stage, found in status["stages"].items()}
    assert states["prepare"] == "complete"
    assert states["transcribe"] == "failed"
    assert states["summarize"] == "skipped"
    assert service.process(recording).status_code == 202
    assert service.ended(recording, run=2)["status"] == "completed"
    assert not [key for key in service.keys(recording) if key.startswith("runs/")], "nor what the dead run left"


@pytest.mark.parametrize("stage", ["Assemble", "Summarize"])
def test_a_stage_that_cannot_reach_the_bucket_is_named(service: Service, stage: str) -> None:
    with service.reconfigured(stage, AURICLE_BUCKET="no-such-bucket"):
        recording = service.upload(call())
        status = service.ended(recording)
    failed = {name for name, found in status["stages"].items() if found["state"] == "failed"}
    assert failed == {stage.lower()}
    message = status["stages"][stage.lower()]["error"]["message"]
    assert "Ask for processing again" in message
    assert not [key for key in service.keys(recording) if key.startswith("runs/")]
    if stage == "Summarize":
        assert (status["status"], service.detail(recording)["highlights"]) == ("completed", [])
        assert service.transcript(recording)["segments"]
    else:
        assert (status["status"], status["error"]["stage"]) == ("failed", "assemble")
        assert service.http.get(f"{AUDIO_FILES}/{recording}/transcript").status_code == 409
        assert service.process(recording).status_code == 202
        assert service.ended(recording, run=2)["status"] == "completed"


def test_when_nothing_can_be_written_the_recording_is_in_error_not_stuck(service: Service, heard: Listener) -> None:
    with service.reconfigured("Finish", AURICLE_TABLE="no-such-table"):
        recording = service.upload(call())
        status = service.ended(recording)
    assert list(service.executions(recording).values()) == ["FAILED"]
    assert (service.state(recording), status["error"]["code"]) == ("ERROR", "processing-stopped")
    assert "Ask for processing again" in status["message"]
    assert "in-progress" not in {stage["state"] for stage in status["stages"].values()}
    assert status["finishedAt"]
    heard.until(recording, "failed")
    assert "gsi2pk" not in service.items(recording)["STATE"], "the sweep has nothing more to do with it"
    assert service.process(recording).status_code == 202
    assert service.ended(recording, run=2)["status"] == "completed"
