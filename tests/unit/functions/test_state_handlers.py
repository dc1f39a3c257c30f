"""The handlers around the workflow: what they read from their events, and what they give back."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

import publish_events.handler
import start_processing.handler
import sweep.handler
from auricle.adapters import logs
from auricle.errors import DamagedAudio, TransientError
from auricle.identifiers import new_id
from auricle.processing import orphans
from auricle.recordings.chunks import ChunksChange
from auricle.recordings.job import Job
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.recording import Status
from auricle.settings import Settings
from tests.fakes import Fakes
from tests.fakes.contract import NOW, a_recording


class Wired(Fakes):
    settings = Settings(max_upload_bytes=100)


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Wired:
    wired = Wired()
    for handler in (publish_events.handler, start_processing.handler, sweep.handler):
        monkeypatch.setattr(handler, "bootstrap", lambda: wired)
    return wired


def uploaded(fakes: Fakes) -> dict[str, Any]:
    """A recording whose bytes have arrived, and the event that says so."""
    fakes.recordings.create(a_recording("acme", title="Dana's call"), [])
    key = RecordingKeys("acme", "rec_1").source
    fakes.objects.write(key, b"RIFF", content_type="audio/wav")
    return {"detail-type": "Object Created", "detail": {"bucket": {"name": "b"}, "object": {"key": key, "size": 4}}}


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the process's logger writes; it holds on to the stream it first saw, whichever test that was in."""
    written = io.StringIO()
    monkeypatch.setattr(logs.logger().registered_handler, "stream", written)
    return written


def test_an_object_created_starts_processing(fakes: Wired, logged: io.StringIO) -> None:
    event = uploaded(fakes)
    assert start_processing.handler.lambda_handler(event, LambdaContext()) == {"upload": "started"}
    assert start_processing.handler.lambda_handler(event, LambdaContext()) == {"upload": "known"}
    assert len(fakes.workflow) == 1
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert [(line["org"], line["recording"], line["upload"]) for line in lines] == [
        ("acme", "rec_1", "started"),
        ("acme", "rec_1", "known"),
    ]
    stays = logs.logger().get_current_keys()
    assert not {"org", "recording"} & stays.keys(), "the next event is another tenant's"
    assert "Dana" not in json.dumps(lines)


def test_the_last_chunk_created_starts_processing(fakes: Wired) -> None:
    fakes.recordings.create(a_recording("acme", chunked=True), [])
    fakes.recordings.change_chunks("acme", "rec_1", ChunksChange(expected=2, finished_at=NOW))
    said = []
    for number in (1, 0, 0):
        key = RecordingKeys("acme", "rec_1").chunk(number)
        fakes.objects.write(key, b"RIFF", content_type="audio/wav")
        said.append(
            start_processing.handler.lambda_handler({"detail": {"object": {"key": key}}}, LambdaContext())["upload"]
        )
    assert said == ["absent", "started", "known"]
    assert len(fakes.workflow) == 1


def test_an_object_of_another_kind_is_ignored(fakes: Wired) -> None:
    event = {"detail": {"object": {"key": "orgs/acme/recordings/rec_1/audio.flac"}}}
    assert start_processing.handler.lambda_handler(event, LambdaContext()) == {"upload": "ignored"}


def test_a_start_that_fails_is_lambdas_to_repeat(fakes: Wired) -> None:
    event = uploaded(fakes)
    fakes.workflow.unreachable = True
    with pytest.raises(TransientError):
        start_processing.handler.lambda_handler(event, LambdaContext())


@pytest.mark.parametrize(
    ("event", "ends"),
    [
        ({"detail-type": "Scheduled Event", "detail": {}}, {}),
        ({}, {}),
        ({"untouched_minutes": 0}, {"started": 1}),
        ({"source": "auricle.local", "detail-type": "Engine Started", "detail": {}}, {"started": 1}),
    ],
)
def test_the_sweep_waits_as_long_as_it_is_told(
    fakes: Wired, monkeypatch: pytest.MonkeyPatch, event: dict[str, Any], ends: dict[str, int]
) -> None:
    class Clock:
        @staticmethod
        def now(_zone: object) -> Any:
            return NOW.replace(minute=35)

    monkeypatch.setattr(sweep.handler, "datetime", Clock)
    uploaded(fakes)
    assert sweep.handler.lambda_handler(event, LambdaContext()) == ends


def test_the_sweep_erases_what_belongs_to_no_recording_when_that_is_its_task(
    fakes: Wired, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploaded(fakes)
    orphan = RecordingKeys("acme", new_id("rec", NOW)).source
    fakes.objects.write(orphan, b"RIFF", content_type="audio/wav")

    class Clock:
        @staticmethod
        def now(_zone: object) -> Any:
            return datetime.now(UTC) + timedelta(days=365)

    monkeypatch.setattr(sweep.handler, "datetime", Clock)
    monkeypatch.setattr(orphans, "LOOKED_FOR_DURING", timedelta(days=4000))
    assert sweep.handler.lambda_handler({"task": "erase-orphans"}, LambdaContext()) == {"erased": 1}
    assert orphan not in fakes.objects


def test_the_sweep_hears_of_an_execution_that_died(fakes: Wired) -> None:
    before = a_recording("acme", status=Status.UPLOADED, version="v1")
    fakes.recordings.create(before, [])
    fakes.workflow.start(before.current_job())
    fakes.workflow.end(before.current_job(), "FAILED")
    given = {"org": "acme", "recording": "rec_1", "run": 1, "version": "v1", "compute": {"transcribe": "lambda"}}
    event = {
        "detail-type": "Step Functions Execution Status Change",
        "detail": {"status": "FAILED", "name": "rec_1-…-r1", "input": json.dumps(given)},
    }
    assert sweep.handler.lambda_handler(event, LambdaContext()) == {"stopped": 1}
    assert fakes.recordings.get("acme", "rec_1").status is Status.ERROR
    assert sweep.handler.lambda_handler(event, LambdaContext()) == {"stopped": 0}


def record(number: int, event_type: str, *, kind: str = "outbox", name: str = "INSERT") -> dict[str, Any]:
    image = {
        "kind": {"S": kind},
        "event_type": {"S": event_type},
        "envelope": {"S": json.dumps({"id": f"evt_{number}"})},
    }
    return {"eventName": name, "dynamodb": {"SequenceNumber": str(number), "NewImage": image}}


def test_announced_events_are_published(fakes: Wired) -> None:
    batch = [record(1, "recording.created"), record(2, "recording.uploaded")]
    assert publish_events.handler.lambda_handler({"Records": batch}, LambdaContext()) == {"batchItemFailures": []}
    assert fakes.events.published == [
        {"type": "recording.created", "envelope": '{"id": "evt_1"}'},
        {"type": "recording.uploaded", "envelope": '{"id": "evt_2"}'},
    ]


def test_only_new_outbox_items_are_published(fakes: Wired) -> None:
    gone = {"eventName": "REMOVE", "dynamodb": {"SequenceNumber": "3"}}
    batch = [record(1, "x", kind="recording"), record(2, "x", name="MODIFY"), gone]
    assert publish_events.handler.lambda_handler({"Records": batch}, LambdaContext()) == {"batchItemFailures": []}
    assert len(fakes.events) == 0


def test_what_was_refused_is_repeated_from_there(fakes: Wired) -> None:
    fakes.events.refused_types = {"recording.uploaded"}
    batch = [record(1, "recording.created"), record(2, "recording.uploaded"), record(3, "recording.failed")]
    answer = publish_events.handler.lambda_handler({"Records": batch}, LambdaContext())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}


def test_the_class_of_what_the_decoder_raised_is_logged_and_nothing_of_the_file(logged: io.StringIO) -> None:
    job = Job("acme", "rec_1", 1)
    with pytest.raises(DamagedAudio), logs.stage_logged("prepare", job):
        raise DamagedAudio("The file cannot be decoded.") from AttributeError("secret title of Dana's call")
    line = json.loads(logged.getvalue().splitlines()[-1])
    assert (line["message"], line["error"], line["cause"]) == ("stage failed", "DamagedAudio", "AttributeError")
    assert "secret" not in logged.getvalue()
