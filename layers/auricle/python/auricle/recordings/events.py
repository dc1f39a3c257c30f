"""The events that announce what happened to a recording."""

from __future__ import annotations

from typing import Any

from auricle.domain_events import DomainEvent, EventType
from auricle.recordings.consent import Consent
from auricle.recordings.recording import Recording


def consent_event(recording: Recording) -> DomainEvent:
    """The event that goes with a recording whose consent has just changed, before it is stored.

    Its id follows from the revision it will have, for consent may change any number of times.
    """
    withdrawn = recording.consent is Consent.WITHDRAWN
    detail: dict[str, Any] = {"status": recording.status.value, "consentStatus": recording.consent.value}
    if recording.withdrawal is not None:
        detail["eraseAt"] = recording.withdrawal.erase_at.isoformat()
    return DomainEvent(
        id=f"evt_{recording.id}_{recording.revision + 1}_consent",
        type=EventType.CONSENT_WITHDRAWN if withdrawn else EventType.CONSENT_RECORDED,
        org=recording.org,
        recording_id=recording.id,
        occurred_at=recording.updated_at,
        detail=detail,
    )


def recording_event(event_type: EventType, recording: Recording) -> DomainEvent:
    """The event that goes with the recording's present state; its id follows from recording, run and type."""
    detail: dict[str, Any] = {"status": recording.status.value, "run": recording.run}
    if recording.duration_s is not None:
        detail["durationSeconds"] = recording.duration_s
    if event_type is EventType.RECORDING_COMPLETED and recording.awaited_since is not None:
        waited = recording.updated_at - recording.awaited_since
        # S3's clock told when the upload came, and ours when it was done.
        detail["secondsToTranscript"] = max(0.0, round(waited.total_seconds(), 3))
    if recording.failure:
        detail["error"] = {"stage": recording.failure.stage.value, "code": recording.failure.code}
    return DomainEvent(
        id=f"evt_{recording.id}_{recording.run}_{event_type.value.rpartition('.')[2]}",
        type=event_type,
        org=recording.org,
        recording_id=recording.id,
        occurred_at=recording.updated_at,
        detail=detail,
    )
