from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from auricle.domain_events import DomainEvent, EventType
from auricle.processing.finish import finish_recording
from auricle.processing.publish import Announced, publish_events
from auricle.processing.sweep import run_stopped, sweep
from auricle.recordings.consent import Consent, ConsentChange
from auricle.recordings.events import recording_event
from auricle.recordings.intake import accept_upload, process
from auricle.recordings.job import Job
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.recording import Failure, Recording, Stage, Status
from infra.bundling import DOMAIN, FUNCTIONS
from tests.fakes import FakeEventBus, FakeMetrics, Fakes
from tests.fakes.contract import NOW, a_recording

LATER = NOW + timedelta(hours=1)


def announced(events: list[DomainEvent]) -> list[Announced]:
    """The events as the stream tells of them."""
    return [
        Announced(str(100 + number), {"type": event.type.value, "envelope": json.dumps(event.envelope())})
        for number, event in enumerate(events)
    ]


TOLD = announced(
    [
        recording_event(EventType.RECORDING_CREATED, a_recording("acme")),
        recording_event(EventType.RECORDING_UPLOADED, a_recording("acme", status=Status.UPLOADED)),
        recording_event(EventType.RECORDING_COMPLETED, a_recording("acme", status=Status.COMPLETE)),
    ]
)


def test_everything_announced_is_published_in_order() -> None:
    bus = FakeEventBus()
    assert publish_events(TOLD, events=bus, metrics=FakeMetrics()) == ()
    assert bus.published == [one.event for one in TOLD]


def test_what_the_bus_refuses_is_given_back_by_its_position() -> None:
    bus = FakeEventBus()
    bus.refused_types = {"recording.uploaded"}
    assert publish_events(TOLD, events=bus, metrics=FakeMetrics()) == ("101",)
    assert "recording.completed" in bus
    assert "recording.uploaded" not in bus


def test_nothing_announced_asks_nothing_of_the_bus() -> None:
    assert publish_events([], events=FakeEventBus(), metrics=FakeMetrics()) == ()


# --- every recording whose processing ends is counted, once -------------------------------------------------------


def waiting(fakes: Fakes, **given: Any) -> Job:
    """A recording that is being processed since NOW."""
    recording = a_recording("acme", **{"status": Status.UPLOADED, "version": "v1", "queued_at": NOW, **given})
    fakes.recordings.create(recording, [])
    fakes.workflow.start(recording.current_job())
    begun = recording.to(Status.TRANSCRIBING, at=NOW)
    assert fakes.recordings.begin_run(begun, expected=recording, events=[])
    return recording.current_job()


def finish(fakes: Fakes, job: Job, **stages: Any) -> None:
    finish_recording(job, stages, recordings=fakes.recordings, objects=fakes.objects, now=LATER)


def counted(fakes: Fakes) -> FakeMetrics:
    """What is counted when everything announced so far is published."""
    metrics = FakeMetrics()
    publish_events(announced(fakes.recordings.announced), events=fakes.events, metrics=metrics)
    return metrics


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def test_a_completed_one_is_counted_with_its_seconds_from_the_upload(fakes: Fakes) -> None:
    job = waiting(fakes)
    for _ in range(2):  # the workflow may call Finish again
        finish(fakes, job)
    metrics = counted(fakes)
    assert (metrics.completed, len(metrics)) == ([3600.0], 1)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [("RuntimeError", "ERROR", "prepare-failed"), ("EmptyAudio", "UNRECOVERABLE_ERROR", "empty-audio")],
)
def test_a_failed_stage_is_counted_though_its_run_succeeds(fakes: Fakes, error: str, status: str, code: str) -> None:
    job = waiting(fakes)
    for _ in range(2):
        finish(fakes, job, prepare={"state": "failed", "error": error, "cause": ""})
    metrics = counted(fakes)
    assert (metrics.failed, len(metrics)) == ([(status, "prepare", code)], 1)


@pytest.mark.parametrize("who", ["rule", "sweep", "client"])
def test_a_run_that_died_is_counted_whoever_finds_it(fakes: Fakes, who: str) -> None:
    job = waiting(fakes)
    fakes.workflow.end(job, "TIMED_OUT")
    recordings, intake = fakes.recordings, fakes.intake(max_upload_bytes=100)
    for _ in range(2):
        if who == "rule":
            run_stopped(job, recordings=recordings, workflow=fakes.workflow, now=LATER)
        elif who == "sweep":
            sweep(untouched=timedelta(0), recordings=recordings, intake=intake, metrics=FakeMetrics(), now=LATER)
        else:
            process("acme", "rec_1", reprocess=False, intake=intake, now=LATER)
    assert counted(fakes).failed == [("ERROR", "prepare", "processing-stopped")]


@pytest.mark.parametrize("chunked", [False, True])
def test_an_unusable_upload_is_counted(fakes: Fakes, *, chunked: bool) -> None:
    from auricle.recordings.chunks import Chunk, ChunksChange

    fakes.recordings.create(a_recording("acme", chunked=chunked), [])
    job = Job("acme", "rec_1", 1)
    if chunked:
        arrived = {0: Chunk("v1", 101, NOW)}
        change = ChunksChange(expected=1, finished_at=NOW, arrived=arrived)
        fakes.recordings.change_chunks("acme", "rec_1", change)
    else:
        fakes.objects.write(job.keys.source, bytes(101), content_type="audio/wav")
    for _ in range(2):
        accept_upload(
            "acme",
            "rec_1",
            intake=fakes.intake(max_upload_bytes=100),
            now=LATER,
        )
    metrics = counted(fakes)
    assert (metrics.failed, len(metrics)) == ([("UNRECOVERABLE_ERROR", "prepare", "too-large")], 1)


def test_one_whose_consent_was_withdrawn_has_not_failed(fakes: Fakes) -> None:
    finish(fakes, waiting(fakes), prepare={"state": "failed", "error": "ConsentRequired", "cause": ""})
    assert fakes.recordings.get("acme", "rec_1").status is Status.ERROR
    assert len(counted(fakes)) == 0


def test_what_is_published_again_after_a_refusal_is_counted_once() -> None:
    failed = a_recording("acme", status=Status.ERROR, failure=Failure(Stage.ASSEMBLE, "assemble-failed", "…"))
    batch = announced(
        [
            recording_event(EventType.RECORDING_COMPLETED, a_recording("acme", status=Status.COMPLETE)),
            recording_event(EventType.RECORDING_UPLOADED, a_recording("acme", status=Status.UPLOADED)),
            recording_event(EventType.RECORDING_FAILED, failed),
        ]
    )
    bus, metrics = FakeEventBus(), FakeMetrics()
    bus.refused_types = {"recording.uploaded"}
    assert publish_events(batch, events=bus, metrics=metrics) == ("101",)
    bus.refused_types = set()
    assert publish_events(batch[1:], events=bus, metrics=metrics) == ()
    assert (metrics.completed, metrics.failed) == ([None], [("ERROR", "assemble", "assemble-failed")])


# --- how long it took ---------------------------------------------------------------------------------------------


def seconds_to_transcript(recording: Recording) -> Any:
    return recording_event(EventType.RECORDING_COMPLETED, recording).envelope().get("secondsToTranscript")


def test_the_time_a_recording_was_held_is_not_auricles() -> None:
    given = ConsentChange(Consent.ALL_CONSENTED, Consent.PENDING, NOW + timedelta(days=2), "u-1")
    again = replace(given, before=Consent.ALL_CONSENTED, at=NOW + timedelta(days=2, seconds=30))
    done = a_recording("acme", status=Status.COMPLETE, queued_at=NOW, updated_at=NOW + timedelta(days=2, seconds=42))
    assert seconds_to_transcript(done) == 2 * 86400 + 42
    assert seconds_to_transcript(replace(done, consent_changes=(given, again))) == 42


def test_a_new_run_is_measured_from_when_it_was_asked_for() -> None:
    done = a_recording("acme", status=Status.COMPLETE, version="v1", queued_at=NOW)
    anew = done.new_run(at=NOW + timedelta(days=7))
    assert anew.awaited_since == NOW + timedelta(days=7)


def test_the_bucket_says_when_an_upload_came_and_nothing_is_negative(fakes: Fakes) -> None:
    fakes.recordings.create(a_recording("acme"), [])
    fakes.objects.write(RecordingKeys("acme", "rec_1").source, b"RIFF", content_type="audio/wav")
    stored = fakes.objects.first_version(RecordingKeys("acme", "rec_1").source)
    assert stored is not None
    accept_upload(
        "acme",
        "rec_1",
        intake=fakes.intake(max_upload_bytes=100),
        now=LATER,
    )
    uploaded = fakes.recordings.get("acme", "rec_1")
    assert uploaded.awaited_since == stored.created_at
    early = stored.created_at - timedelta(seconds=1)
    assert seconds_to_transcript(replace(uploaded, status=Status.COMPLETE, updated_at=early)) == 0


def test_one_that_was_queued_before_that_was_noted_is_not_measured() -> None:
    assert seconds_to_transcript(a_recording("acme", status=Status.COMPLETE)) is None


def test_nobody_else_ends_a_recordings_processing() -> None:
    """Who does must write the event that says so, and a test above must count it."""
    ending = re.compile(r"to\(\s*(status|Status\.(COMPLETE|ERROR|UNRECOVERABLE_ERROR))\b")
    found = {
        path.relative_to(root).as_posix()
        for root in (DOMAIN, FUNCTIONS)
        for path in root.rglob("*.py")
        if ending.search(path.read_text(encoding="utf-8"))
    }
    assert found == {
        "auricle/processing/finish.py",
        "auricle/recordings/intake.py",
        "auricle/recordings/stalled_runs.py",
    }
