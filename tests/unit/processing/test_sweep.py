from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from auricle.errors import SupersededRun
from auricle.processing.sweep import ABANDONED_AFTER, UNTOUCHED, UPLOADS_END_AFTER, run_stopped, sweep
from auricle.recordings.chunks import Chunks
from auricle.recordings.consent import Consent
from auricle.recordings.intake import remove
from auricle.recordings.job import Job
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.recording import Failure, Recording, Stage, StageResult, StageState, Status
from tests.fakes import Fakes
from tests.fakes.contract import NOW, a_recording

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def put(fakes: Fakes, recording_id: str = "rec_1", *, bytes_arrived: bool = False, **given: Any) -> Recording:
    recording = a_recording("acme", recording_id, **given)
    fakes.recordings.create(recording, [])
    if bytes_arrived:
        fakes.objects.write(RecordingKeys("acme", recording_id).source, b"RIFF", content_type="audio/wav")
    return recording


def transcribing(fakes: Fakes) -> Job:
    """One whose execution runs and has got as far as transcribing."""
    before = put(fakes, status=Status.UPLOADED, version="v1")
    job = before.current_job()
    fakes.workflow.start(job)
    assert fakes.recordings.begin_run(before.to(Status.TRANSCRIBING, at=NOW), expected=before, events=[])
    fakes.recordings.note_stage(job, Stage.PREPARE, StageState.COMPLETE)
    fakes.recordings.note_stage(job, Stage.TRANSCRIBE, StageState.IN_PROGRESS)
    return job


def swept(fakes: Fakes, at: datetime = LATER, untouched: timedelta = UNTOUCHED) -> Mapping[str, int]:
    return sweep(
        untouched=untouched,
        recordings=fakes.recordings,
        intake=fakes.intake(max_upload_bytes=100),
        metrics=fakes.metrics,
        now=at,
    )


def stopped(fakes: Fakes, job: Job) -> bool:
    return run_stopped(job, recordings=fakes.recordings, workflow=fakes.workflow, now=LATER)


def test_with_nothing_open_there_is_nothing_to_do(fakes: Fakes) -> None:
    put(fakes, status=Status.COMPLETE, version="v1")
    assert swept(fakes) == {}


def test_an_upload_whose_event_was_lost_is_started(fakes: Fakes) -> None:
    put(fakes, bytes_arrived=True)
    assert swept(fakes) == {"started": 1}
    assert Job("acme", "rec_1", 1, "v1") in fakes.workflow


def test_what_was_touched_lately_is_left_alone(fakes: Fakes) -> None:
    put(fakes, bytes_arrived=True, updated_at=LATER - UNTOUCHED + timedelta(seconds=1))
    assert swept(fakes) == {}
    assert swept(fakes, untouched=timedelta(0)) == {"started": 1}


def test_an_upload_is_awaited_for_a_day_and_then_flagged_once(fakes: Fakes) -> None:
    put(fakes)
    assert swept(fakes) == {"awaited": 1}
    day_after = NOW + ABANDONED_AFTER
    assert swept(fakes, day_after) == {"abandoned": 1}
    recording = fakes.recordings.get("acme", "rec_1")
    assert (recording.status, recording.failure and recording.failure.code) == (Status.UPLOADING, "upload-missing")
    assert swept(fakes, day_after + timedelta(days=1)) == {}


def test_chunks_of_a_recording_in_the_trash_are_awaited_too(fakes: Fakes) -> None:
    put(fakes, chunked=True, deleted_at=NOW)
    assert swept(fakes) == {"awaited": 1}


def test_an_uploaded_one_that_never_started_is_started(fakes: Fakes) -> None:
    job = put(fakes, status=Status.UPLOADED, version="v1").current_job()
    assert swept(fakes) == {"started": 1}
    assert job in fakes.workflow


def test_a_held_one_stays_held(fakes: Fakes) -> None:
    put(fakes, status=Status.UPLOADED, version="v1", consent=Consent.PENDING)
    put(fakes, "rec_2", bytes_arrived=True, consent=Consent.PENDING)
    assert swept(fakes) == {"held": 1}
    assert swept(fakes, LATER + timedelta(days=1)) == {}
    assert len(fakes.workflow) == 0


def test_a_run_that_is_running_is_left_alone(fakes: Fakes) -> None:
    transcribing(fakes)
    assert swept(fakes) == {"running": 1}
    assert fakes.recordings.get("acme", "rec_1").status is Status.TRANSCRIBING


def test_a_run_without_an_execution_is_started_again(fakes: Fakes) -> None:
    before = put(fakes, status=Status.UPLOADED, version="v1")
    assert fakes.recordings.begin_run(before.to(Status.TRANSCRIBING, at=NOW), expected=before, events=[])
    assert swept(fakes) == {"started": 1}
    assert before.current_job() in fakes.workflow


@pytest.mark.parametrize("outcome", ["FAILED", "TIMED_OUT", "ABORTED", "SUCCEEDED"])
def test_a_run_that_ended_without_a_word_is_in_error_and_can_be_retried(fakes: Fakes, outcome: str) -> None:
    job = transcribing(fakes)
    fakes.workflow.end(job, outcome)
    assert swept(fakes) == {"stopped": 1}
    detail = fakes.recordings.detail("acme", "rec_1")
    assert detail.recording.status is Status.ERROR
    failure = detail.recording.failure
    assert failure is not None
    assert (failure.stage, failure.code) == (Stage.TRANSCRIBE, "processing-stopped")
    assert "retry" in failure.message
    assert detail.run is not None
    assert detail.run.finished_at == LATER
    assert detail.run.stages == {
        Stage.PREPARE: StageResult(StageState.COMPLETE),
        Stage.TRANSCRIBE: StageResult(StageState.FAILED, failure),
        Stage.DIARIZE: StageResult(StageState.SKIPPED),
        Stage.ASSEMBLE: StageResult(StageState.SKIPPED),
        Stage.REDACT: StageResult(StageState.SKIPPED),
        Stage.SUMMARIZE: StageResult(StageState.SKIPPED),
    }
    assert [event.type.value for event in fakes.recordings.announced] == ["recording.failed"]
    assert swept(fakes) == {}


def test_a_report_of_a_death_marks_the_recording(fakes: Fakes) -> None:
    job = transcribing(fakes)
    fakes.workflow.end(job, "TIMED_OUT")
    assert stopped(fakes, job)
    assert fakes.recordings.get("acme", "rec_1").status is Status.ERROR
    assert not stopped(fakes, job)


def test_a_report_of_what_runs_again_marks_nothing(fakes: Fakes) -> None:
    job = transcribing(fakes)
    assert not stopped(fakes, job)
    assert fakes.recordings.get("acme", "rec_1").status is Status.TRANSCRIBING


def test_a_report_of_an_older_run_marks_nothing(fakes: Fakes) -> None:
    job = transcribing(fakes)
    fakes.workflow.end(job, "FAILED")
    assert stopped(fakes, job)
    before = fakes.recordings.get("acme", "rec_1")
    assert fakes.recordings.save(before.new_run(at=NOW), expected=before)
    assert not stopped(fakes, job)
    assert fakes.recordings.get("acme", "rec_1").status is Status.UPLOADED


def test_a_report_that_comes_after_the_end_marks_nothing(fakes: Fakes) -> None:
    job = transcribing(fakes)
    before = fakes.recordings.get("acme", "rec_1")
    assert fakes.recordings.save(before.to(Status.COMPLETE, at=NOW), expected=before)
    fakes.workflow.end(job, "FAILED")
    assert not stopped(fakes, job)
    assert not stopped(fakes, Job("acme", "rec_none", 1, "v1"))


def test_a_finish_that_writes_in_between_is_not_undone(fakes: Fakes) -> None:
    job = transcribing(fakes)
    fakes.workflow.end(job, "SUCCEEDED")

    def finish() -> None:
        fakes.recordings.before_save = lambda: None
        before = fakes.recordings.get("acme", "rec_1")
        assert fakes.recordings.save(before.to(Status.COMPLETE, at=NOW), expected=before)

    fakes.recordings.before_save = finish
    assert swept(fakes) == {"moved-on": 1}
    assert fakes.recordings.get("acme", "rec_1").status is Status.COMPLETE


def test_a_removal_in_between_is_no_fault_of_the_sweep(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes.workflow.end(transcribing(fakes), "FAILED")

    def gone(*_: object, **__: object) -> bool:
        raise SupersededRun("The run is gone: the recording was removed meanwhile.")

    monkeypatch.setattr(fakes.recordings, "save", gone)
    assert swept(fakes) == {"moved-on": 1}


def test_what_cannot_be_done_now_does_not_stop_the_rest(fakes: Fakes) -> None:
    put(fakes, status=Status.UPLOADED, version="v1")
    put(fakes, "rec_2")
    fakes.workflow.unreachable = True
    assert swept(fakes) == {"postponed": 1, "awaited": 1}
    fakes.workflow.unreachable = False
    assert swept(fakes) == {"started": 1, "awaited": 1}


def test_what_a_stage_wrote_after_the_removal_is_erased(fakes: Fakes) -> None:
    job = transcribing(fakes)
    remove("acme", "rec_1", recordings=fakes.recordings, objects=fakes.objects, now=NOW)
    fakes.objects.write(job.keys.transcript, b"words", content_type="application/zstd")
    assert swept(fakes) == {"erasing": 1}
    assert len(fakes.objects) == 0
    fakes.objects.write(job.run_keys.window(3), b"words", content_type="application/json")
    fakes.workflow.end(job, "SUCCEEDED")
    assert swept(fakes) == {"erased": 1}
    assert len(fakes.objects) == 0
    assert swept(fakes) == {}


def test_an_upload_that_comes_after_the_removal_is_erased_though_no_event_tells_of_it(fakes: Fakes) -> None:
    put(fakes)
    remove("acme", "rec_1", recordings=fakes.recordings, objects=fakes.objects, now=NOW)
    assert swept(fakes, NOW + timedelta(minutes=11)) == {"erasing": 1}, "its upload URL still holds"
    fakes.objects.write(RecordingKeys("acme", "rec_1").source, b"RIFF", content_type="audio/wav")
    assert swept(fakes, NOW + UPLOADS_END_AFTER) == {"erased": 1}
    assert len(fakes.objects) == 0


def test_one_that_nothing_can_be_done_for_does_not_stop_the_rest(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    put(fakes, status=Status.UPLOADED, version="v1")
    job = put(fakes, "rec_2", status=Status.UPLOADED, version="v1").current_job()
    ask = fakes.workflow.outcome

    def refused(asked: Job) -> str | None:
        if asked.recording == "rec_1":
            raise PermissionError("not allowed")
        return ask(asked)

    monkeypatch.setattr(fakes.workflow, "outcome", refused)
    with pytest.raises(ExceptionGroup, match="1 recordings could not be looked after") as raised:
        swept(fakes)
    assert raised.value.exceptions[0].__notes__ == ["while looking after recording rec_1 of acme"]
    assert job in fakes.workflow


def test_a_failed_recording_is_no_ones_work(fakes: Fakes) -> None:
    failure = Failure(Stage.TRANSCRIBE, "transcribe-failed", "No.")
    put(fakes, status=Status.ERROR, version="v1", failure=failure)
    put(fakes, "rec_2", status=Status.UNRECOVERABLE_ERROR, version="v1", failure=replace(failure, code="empty-audio"))
    assert swept(fakes) == {}


# --- how long what waits has waited ---------------------------------------------------------------------------


def test_each_sweep_measures_the_longest_wait_and_none_is_zero(fakes: Fakes) -> None:
    put(fakes, "done", status=Status.COMPLETE, version="v1", queued_at=NOW - timedelta(days=9))
    put(fakes, "awaited", created_at=NOW - timedelta(days=9))
    swept(fakes)
    assert fakes.metrics.oldest_open == [0.0]
    put(fakes, "rec_2", status=Status.UPLOADED, version="v1", queued_at=NOW - timedelta(hours=2))
    put(fakes, "rec_3", status=Status.UPLOADED, version="v1", queued_at=NOW)
    put(fakes, "held", status=Status.UPLOADED, version="v1", queued_at=NOW - timedelta(days=9), consent=Consent.PENDING)
    swept(fakes)
    assert fakes.metrics.oldest_open == [0.0, 3 * 3600.0]


def test_what_cannot_be_looked_after_still_waits(fakes: Fakes) -> None:
    put(fakes, status=Status.UPLOADED, version="v1", queued_at=NOW)
    fakes.workflow.unreachable = True
    assert swept(fakes) == {"postponed": 1}
    assert fakes.metrics.oldest_open == [3600.0]


def test_one_whose_run_died_waits_no_longer(fakes: Fakes) -> None:
    job = put(fakes, status=Status.UPLOADED, version="v1", queued_at=NOW).current_job()
    fakes.workflow.start(job)
    fakes.workflow.end(job, "FAILED")
    assert swept(fakes) == {"stopped": 1}
    assert fakes.metrics.oldest_open == [0.0]


# --- bounds ---------------------------------------------------------------------------------------------------


def test_an_upload_is_awaited_from_its_last_change_whatever_date_the_client_gave(fakes: Fakes) -> None:
    put(fakes, created_at=NOW - timedelta(days=30))
    put(fakes, "rec_2", created_at=NOW + timedelta(days=30))
    assert swept(fakes, NOW + timedelta(hours=23, minutes=59)) == {"awaited": 2}
    day_after = NOW + timedelta(hours=24)
    assert swept(fakes, day_after) == {"abandoned": 2}
    recording = fakes.recordings.get("acme", "rec_1")
    assert recording.updated_at == day_after
    assert recording.failure == Failure(
        Stage.PREPARE, "upload-missing", "The file never arrived. Ask for a new upload URL and send it."
    )


def test_what_lies_with_a_removed_recording_is_forgotten_again(fakes: Fakes) -> None:
    """A stage that was under way may have noted something after the removal."""
    put(fakes)
    remove("acme", "rec_1", recordings=fakes.recordings, objects=fakes.objects, now=NOW)
    fakes.recordings.chunks["acme", "rec_1"] = Chunks(requested=frozenset({0}))
    assert swept(fakes) == {"erased": 1}
    assert fakes.recordings.chunks == {}


@pytest.mark.parametrize(("version", "outcome", "end"), [("v1", None, "erased"), ("v1", "SUCCEEDED", "erased")])
def test_an_erasure_is_confirmed_once_nothing_runs(fakes: Fakes, version: str, outcome: str | None, end: str) -> None:
    job = put(fakes, status=Status.COMPLETE, version=version).current_job()
    if outcome:
        fakes.workflow.start(job)
        fakes.workflow.end(job, outcome)
    remove("acme", "rec_1", recordings=fakes.recordings, objects=fakes.objects, now=NOW)
    assert swept(fakes, NOW + timedelta(minutes=59, seconds=59)) == {"erasing": 1}
    assert swept(fakes, NOW + timedelta(minutes=60)) == {end: 1}
    assert swept(fakes, NOW + timedelta(days=1)) == {}


def test_while_a_run_of_it_goes_on_the_erasure_is_not_confirmed(fakes: Fakes) -> None:
    job = transcribing(fakes)
    remove("acme", "rec_1", recordings=fakes.recordings, objects=fakes.objects, now=NOW)
    assert swept(fakes, NOW + timedelta(days=1)) == {"erasing": 1}
    fakes.workflow.end(job, "ABORTED")
    assert swept(fakes, NOW + timedelta(days=1)) == {"erased": 1}


@pytest.mark.parametrize("status", [Status.UPLOADED, Status.TRANSCRIBING])
@pytest.mark.parametrize("consent", [Consent.PENDING, Consent.WITHDRAWN])
def test_consent_that_goes_between_listing_and_looking_is_seen(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch, status: Status, consent: Consent
) -> None:
    """The list may be older than the recording: without consent no execution is begun, whoever listed it."""
    recording = put(fakes, status=status, version="v1", consent=consent)
    monkeypatch.setattr(fakes.recordings, "open_recordings", lambda *_: [recording])
    assert swept(fakes) == {"held": 1}
    assert len(fakes.workflow) == 0


def test_a_sweep_looks_at_2000_of_each_kind(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def asking(name: str) -> Any:
        def listed(*given: Any) -> list[Recording]:
            asked[name] = given
            return []

        return listed

    for name in ("open_recordings", "consent_work", "removed_recordings"):
        monkeypatch.setattr(fakes.recordings, name, asking(name))
    assert swept(fakes) == {}
    assert asked == {
        "open_recordings": (LATER - timedelta(minutes=10), 2000),
        "consent_work": (LATER, 2000),
        "removed_recordings": (LATER - timedelta(minutes=10), 2000),
    }


def test_the_longest_wait_counts_those_that_are_started_and_those_that_run(fakes: Fakes) -> None:
    put(fakes, "rec_1", status=Status.UPLOADED, version="v1")
    before = put(fakes, "rec_2", status=Status.UPLOADED, version="v1", queued_at=NOW - timedelta(hours=1))
    fakes.workflow.start(before.current_job())
    assert swept(fakes) == {"started": 1, "running": 1}
    assert fakes.metrics.oldest_open == [7200.0]


def test_one_that_was_queued_before_that_was_noted_waits_since_its_last_change(fakes: Fakes) -> None:
    put(fakes, status=Status.UPLOADED, version="v1", updated_at=NOW - timedelta(minutes=30))
    swept(fakes)
    assert fakes.metrics.oldest_open == [5400.0]
