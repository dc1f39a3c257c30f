"""Speech stages as Batch jobs, as prod runs them: the same workflow, with `python -m transcribe.job` as a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.local.batch_jobs import CAPACITY
from tests.fixtures import calls
from tests.integration.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.local.child import Child

RESULTS = ["audio.flac", "peaks.json", "source", "transcript.json.zst"]


@pytest.fixture(scope="module")
def service(auricle: Child) -> Iterator[Service]:
    """Its uploads are processed by jobs."""
    made = Service.at(auricle, "batch")
    jobs = {"AURICLE_TRANSCRIBE_COMPUTE": "batch", "AURICLE_DIARIZE_COMPUTE": "batch"}
    with made.reconfigured("StartProcessing", **jobs), made.reconfigured("Api", **jobs):
        yield made
    made.http.close()


def jobs_run(service: Service) -> dict[str, Path]:
    """The log of every job so far."""
    return {path.name: path for path in (service.engine.home / "logs").glob("batch-*.log")}


def call() -> bytes:
    return calls.as_file(calls.stretch(0, 12.2), "call.flac", "flac")


def test_both_stages_run_as_jobs(service: Service) -> None:
    before = jobs_run(service)
    recording = service.upload(call())
    assert service.ended(recording)["status"] == "completed"
    logs = {name: path for name, path in jobs_run(service).items() if name not in before}
    assert sorted(name.split("-")[1] for name in logs) == ["diarize", "transcribe"]
    transcript = service.transcript(recording)
    text = " ".join(segment["text"] for segment in transcript["segments"])
    assert "heating system" in text
    assert len(transcript["speakers"]) == 2
    assert service.keys(recording) == RESULTS
    assert list(service.executions(recording).values()) == ["SUCCEEDED"]
    for path in logs.values():
        said = path.read_text()
        assert '"stage finished"' in said
        assert recording in said
        assert "heating" not in said, "nothing that was said is in a log"


def test_a_failing_job_is_a_failed_stage_with_its_reason(service: Service, tmp_path: Path) -> None:
    with service.reconfigured("Diarize", AURICLE_MODELS_DIR=str(tmp_path)):
        recording = service.upload(call())
        status = service.ended(recording)
    assert (status["status"], status["error"]) == ("completed", None)
    error = status["stages"]["diarize"]["error"]
    assert error["code"] == "model-unavailable"
    assert str(tmp_path) in error["message"], "Batch passes on an exit code; the stage said why itself"
    assert {segment["speaker"] for segment in service.transcript(recording)["segments"]} == {"Unknown speaker"}


def test_a_transcription_job_that_fails_can_be_asked_for_again(service: Service, tmp_path: Path) -> None:
    missing = {"AURICLE_TRANSCRIPTION_ENGINE": "whisper", "AURICLE_WHISPER_MODEL": str(tmp_path / "no-model")}
    with service.reconfigured("Transcribe", **missing):
        recording = service.upload(call())
        status = service.ended(recording)
    assert (status["status"], status["error"]["stage"]) == ("failed", "transcribe")
    assert status["error"]["code"] == "model-unavailable"
    assert "no-model" in status["message"]
    assert service.detail(recording)["warnings"] == [], "functions did not try behind its back"
    assert len(service.detail(recording)["speakers"]) == 2, "the turns are kept"
    assert service.process(recording).status_code == 202
    assert service.ended(recording, run=2)["status"] == "completed"
    assert service.detail(recording)["wordCount"] > 30


def test_without_machines_functions_do_the_jobs_work_and_the_record_says_so(service: Service) -> None:
    before = jobs_run(service)
    none = {CAPACITY: "none"}
    with service.reconfigured("Transcribe", **none), service.reconfigured("Diarize", **none):
        recording = service.upload(call())
        status = service.ended(recording)
    assert (status["status"], status["error"]) == ("completed", None)
    assert jobs_run(service).keys() == before.keys(), "no job ran"
    detail = service.detail(recording)
    assert [warning["code"] for warning in detail["warnings"]] == ["transcribed-without-gpu"]
    assert detail["engines"]["transcribe"]["model"] in detail["warnings"][0]["message"]
    assert len(detail["speakers"]) == 2
    assert list(service.executions(recording).values()) == ["SUCCEEDED"]
