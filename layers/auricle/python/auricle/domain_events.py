"""What Auricle tells the rest of the company: written with the state change it announces (outbox), then published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

SOURCE = "auricle"
EVENT_VERSION = "1"


class EventType(StrEnum):
    """The `detail-type` of each event on the bus."""

    RECORDING_CREATED = "recording.created"
    RECORDING_UPLOADED = "recording.uploaded"
    RECORDING_PROCESSING = "recording.processing"
    RECORDING_COMPLETED = "recording.completed"
    RECORDING_FAILED = "recording.failed"
    RECORDING_REMOVED = "recording.removed"
    CONSENT_RECORDED = "recording.consent_recorded"
    CONSENT_WITHDRAWN = "recording.consent_withdrawn"
    RECORDING_ERASED = "recording.erased"


@dataclass(frozen=True, slots=True)
class DomainEvent:
    """One announced change. `id` is the same however often it is delivered: consumers deduplicate by it."""

    id: str
    type: EventType
    org: str
    recording_id: str
    occurred_at: datetime
    detail: Mapping[str, Any] = field(default_factory=dict)

    def envelope(self) -> dict[str, Any]:
        """The event's `detail` on the bus: additive from version to version, never text of the transcript."""
        return {
            "id": self.id,
            "version": EVENT_VERSION,
            "org": self.org,
            "recordingId": self.recording_id,
            "occurredAt": self.occurred_at.isoformat(),
            **self.detail,
        }
