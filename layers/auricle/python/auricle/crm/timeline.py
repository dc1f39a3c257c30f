"""A contact's timeline: everything that happened with one customer, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from auricle.recordings.recording import Recording

SUMMARY_CHARACTERS = 600
"""What of a summary stands on the timeline; the recording has the whole."""


class EntryType(StrEnum):
    """What happened."""

    # The values are the wire names of the agent API's timeline.
    RECORDING = "recording"
    EMAIL = "email"
    SMS = "sms"
    MEETING = "meeting"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened with a contact at `date`; `facts` are the fields of its type."""

    org: str
    contact_id: str
    type: EntryType
    id: str
    date: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    private: bool = False
    discoverable: bool = True
    """Both as the recording has them, with which the line is written; so is the user's id, where one of them counts."""
    user_id: str | None = None


def recording_entries(recording: Recording) -> tuple[TimelineEntry, ...]:
    """The recording's line on the timeline of each contact it is linked to, as it stands now; none in the trash."""
    if recording.deleted_at is not None:
        return ()
    summary = " … ".join(highlight.text for highlight in recording.highlights)
    if len(summary) > SUMMARY_CHARACTERS:
        summary = summary[: SUMMARY_CHARACTERS - 1].rsplit(" ", 1)[0] + "…"
    facts = {
        "summary": summary or None,
        "duration_seconds": recording.duration_s,
        "status": recording.status.value,
        "title": recording.title,
    }
    return tuple(
        TimelineEntry(
            org=recording.org,
            contact_id=contact_id,
            type=EntryType.RECORDING,
            id=recording.id,
            date=recording.created_at,
            facts={name: value for name, value in facts.items() if value is not None},
            private=recording.private,
            discoverable=recording.discoverable,
            user_id=recording.user_id if recording.private or not recording.discoverable else None,
        )
        for contact_id in recording.contact_ids
    )
