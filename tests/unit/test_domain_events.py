from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from auricle.domain_events import EventType
from auricle.recordings.consent import Consent, Withdrawal
from auricle.recordings.events import consent_event, recording_event
from auricle.recordings.recording import Status
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


def test_a_finished_recording_says_how_long_its_transcript_took() -> None:
    recording = a_recording("acme", status=Status.COMPLETE, queued_at=NOW, updated_at=NOW + timedelta(seconds=70.12345))

    def seconds(event_type: EventType, **changes: Any) -> Any:
        return recording_event(event_type, replace(recording, **changes)).envelope().get("secondsToTranscript")

    assert seconds(EventType.RECORDING_COMPLETED) == 70.123
    assert seconds(EventType.RECORDING_COMPLETED, updated_at=NOW - timedelta(seconds=1)) == 0.0, "clocks may differ"
    assert seconds(EventType.RECORDING_COMPLETED, updated_at=NOW + timedelta(milliseconds=500)) == 0.5
    assert seconds(EventType.RECORDING_COMPLETED, queued_at=None) is None
    for event_type in (EventType.RECORDING_FAILED, EventType.RECORDING_UPLOADED):
        assert seconds(event_type) is None


def test_an_event_of_consent_has_the_revision_it_is_stored_with() -> None:
    recording = a_recording("acme", consent=Consent.ONE_PARTY, revision=7)
    event = consent_event(recording)
    assert (event.id, event.type) == ("evt_rec_1_8_consent", EventType.CONSENT_RECORDED)
    assert event.detail == {"status": "UPLOADING", "consentStatus": "one_party"}
    assert (event.org, event.recording_id, event.occurred_at) == ("acme", "rec_1", NOW)
    withdrawn = replace(recording, consent=Consent.WITHDRAWN, withdrawal=Withdrawal(NOW, NOW + timedelta(days=30)))
    event = consent_event(withdrawn)
    assert event.type is EventType.CONSENT_WITHDRAWN
    assert event.detail == {
        "status": "UPLOADING",
        "consentStatus": "withdrawn",
        "eraseAt": (NOW + timedelta(days=30)).isoformat(),
    }
