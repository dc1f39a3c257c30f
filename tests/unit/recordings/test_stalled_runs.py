"""What is written of a run that ended without a word."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from auricle.recordings.consent import Consent
from auricle.recordings.intake import remove
from auricle.recordings.recording import Failure, Recording, Stage, StageResult, StageState, Status
from auricle.recordings.stalled_runs import mark_stalled
from tests.fakes import Fakes
from tests.fakes.contract import NOW, a_recording

LATER = NOW + timedelta(hours=1)
STOPPED = "Processing stopped unexpectedly. Ask for processing again to retry; what succeeded is kept."


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def put(fakes: Fakes, status: Status, **given: Any) -> Recording:
    recording = a_recording("acme", status=status, version="v1", **given)
    fakes.recordings.create(recording, [])
    return recording


def marked(fakes: Fakes, recording: Recording) -> bool:
    return mark_stalled(recording, recordings=fakes.recordings, now=LATER)


@pytest.mark.parametrize("status", [Status.UPLOADED, Status.TRANSCRIBING, Status.AWAITING_REDACTION, Status.REDACTING])
def test_one_that_was_under_way_is_in_error_and_says_how_to_go_on(fakes: Fakes, status: Status) -> None:
    assert marked(fakes, put(fakes, status))
    after = fakes.recordings.get("acme", "rec_1")
    assert (after.status, after.updated_at) == (Status.ERROR, LATER)
    assert after.failure == Failure(Stage.PREPARE, "processing-stopped", STOPPED)
    (event,) = fakes.recordings.announced
    assert (event.type.value, event.occurred_at) == ("recording.failed", LATER)
    assert event.detail["error"] == {"stage": "prepare", "code": "processing-stopped"}


@pytest.mark.parametrize(
    "status", [Status.RECORDING, Status.UPLOADING, Status.COMPLETE, Status.ERROR, Status.UNRECOVERABLE_ERROR]
)
def test_one_that_no_run_works_on_stays_as_it_is(fakes: Fakes, status: Status) -> None:
    before = put(fakes, status)
    assert marked(fakes, before) is False
    assert fakes.recordings.get("acme", "rec_1") == before


def test_one_that_was_removed_or_changed_meanwhile_is_left_alone(fakes: Fakes) -> None:
    before = put(fakes, Status.TRANSCRIBING)
    fakes.recordings.add_later_version("acme", "rec_1", "v2")
    assert marked(fakes, before) is False
    assert fakes.recordings.get("acme", "rec_1").status is Status.TRANSCRIBING
    remove("acme", "rec_1", recordings=fakes.recordings, objects=fakes.objects, now=NOW)
    assert marked(fakes, before) is False


def test_every_stage_that_was_under_way_has_failed_and_the_last_is_named(fakes: Fakes) -> None:
    before = put(fakes, Status.UPLOADED)
    assert fakes.recordings.begin_run(before.to(Status.TRANSCRIBING, at=NOW), expected=before, events=[])
    job = before.current_job()
    fakes.recordings.note_stage(job, Stage.PREPARE, StageState.COMPLETE)
    for stage in (Stage.DIARIZE, Stage.TRANSCRIBE):
        fakes.recordings.note_stage(job, stage, StageState.IN_PROGRESS)
    assert marked(fakes, fakes.recordings.get("acme", "rec_1"))
    detail = fakes.recordings.detail("acme", "rec_1")
    assert detail.recording.failure == Failure(Stage.DIARIZE, "processing-stopped", STOPPED)
    assert detail.run is not None
    assert detail.run.stages[Stage.TRANSCRIBE] == StageResult(
        StageState.FAILED, Failure(Stage.TRANSCRIBE, "processing-stopped", STOPPED)
    )
    assert detail.run.stages[Stage.DIARIZE] == StageResult(StageState.FAILED, detail.recording.failure)
    assert detail.run.stages[Stage.PREPARE] == StageResult(StageState.COMPLETE)
    assert detail.run.stages[Stage.ASSEMBLE] == StageResult(StageState.SKIPPED)


@pytest.mark.parametrize("consent", [Consent.PENDING, Consent.WITHDRAWN])
def test_without_consent_that_is_the_reason(fakes: Fakes, consent: Consent) -> None:
    assert marked(fakes, put(fakes, Status.TRANSCRIBING, consent=consent))
    failure = fakes.recordings.get("acme", "rec_1").failure
    assert failure == Failure(
        Stage.PREPARE,
        "consent-required",
        "Consent was withdrawn while the recording was being processed: it is kept and not processed further. "
        "Record consent, and processing goes on.",
    )
