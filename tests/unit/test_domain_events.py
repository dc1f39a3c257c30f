from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from auricle.domain_events import EventType, recording_event
from auricle.recording import Status
from tests.fakes.contract import NOW, a_finished_recording, a_recording


def test_an_event_says_what_happened_and_to_whom() -> None:
    envelope = recording_event(EventType.RECORDING_CREATED, a_recording("acme")).envelope()
    assert envelope == {
        "id": "evt_rec_1_1_created",
        "version": "1",
        "org": "acme",
        "recordingId": "rec_1",
        "occurredAt": NOW.isoformat(),
        "status": "UPLOADING",
        "run": 1,
    }


def test_a_failure_is_told_by_its_stage_and_code() -> None:
    envelope = recording_event(EventType.RECORDING_FAILED, a_finished_recording("acme")).envelope()
    assert envelope["error"] == {"stage": "summarize", "code": "summarize-failed"}
    assert envelope["durationSeconds"] == 61.25


@pytest.mark.parametrize("event_type", EventType)
def test_nothing_anyone_said_or_wrote_leaves_by_an_event(event_type: EventType) -> None:
    told = json.dumps(recording_event(event_type, a_finished_recording("acme")).envelope())
    for private in ("Friday", "Gespräch", "call.wav", "ann", "Picking", "u-1"):
        assert private not in told


def test_the_id_follows_from_recording_run_and_type_alone() -> None:
    recording = a_recording("acme", status=Status.TRANSCRIBING)
    later = replace(recording, updated_at=NOW + timedelta(hours=1), title="x")
    ids = {
        recording_event(event_type, one).id
        for event_type in (EventType.RECORDING_FAILED, EventType.RECORDING_COMPLETED)
        for one in (recording, later, replace(recording, run=2))
    }
    assert ids == {"evt_rec_1_1_failed", "evt_rec_1_2_failed", "evt_rec_1_1_completed", "evt_rec_1_2_completed"}
