"""What the agent API answers of timelines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.agent.shared import STATUSES, RecordingStatus
from api.examples import example
from api.models import ResponseModel, ShownMoment, left_out
from auricle.crm.interactions import Direction
from auricle.crm.timeline import EntryType, TimelineEntry
from auricle.recordings.recording import Status


class TimelineContact(ResponseModel):
    """Whose timeline it is."""

    id: str = Field(description="The id of the contact.")
    name: str = Field(description="Their name.")
    company: str | None = Field(description="Whom they work for, where that is known.")


class RecordingEntry(ResponseModel):
    """A recording on a timeline."""

    type: Literal["recording"] = Field(description="That it is a recording.")
    id: str = Field(description="The id of the recording.")
    date: ShownMoment = Field(description="When it was made.")
    summary: str | None = Field(description="What it was about, in 600 characters at most; null while not known.")
    sentiment_score: float | None = Field(description="The mood: null until an engine measures it.")
    duration_seconds: float | None = Field(description="How long it is; null until the audio has been read.")
    action_items: list[str] = Field(description="What was promised: empty until an engine finds such things.")
    status: RecordingStatus = left_out(description="How far the recording is, where the timeline knows.")
    title: str = left_out(description="Its title, where it has one.")


class _InteractionEntry(ResponseModel):
    """What most interactions have on a timeline."""

    type: str
    id: str = Field(description="The id of the interaction.")
    date: ShownMoment = Field(description="When it happened.")
    subject: str | None = Field(description="What it was about, where that was given.")
    preview: str | None = Field(description="The beginning of what was written, where anything was.")


class EmailEntry(_InteractionEntry):
    """An email on a timeline."""

    type: Literal["email"] = Field(description="That it is an email.")


class SmsEntry(ResponseModel):
    """A text message on a timeline."""

    type: Literal["sms"] = Field(description="That it is a text message.")
    id: str = Field(description="The id of the interaction.")
    date: ShownMoment = Field(description="When it happened.")
    preview: str | None = Field(description="The beginning of what was written, where anything was.")
    direction: Direction | None = Field(description="Whether the contact wrote it, or received it.")


class MeetingEntry(_InteractionEntry):
    """A meeting on a timeline."""

    type: Literal["meeting"] = Field(description="That it is a meeting.")
    duration_seconds: float | None = Field(description="How long it took, where that is known.")


class NoteEntry(_InteractionEntry):
    """A note on a timeline."""

    type: Literal["note"] = Field(description="That it is a note.")


Entry = RecordingEntry | EmailEntry | SmsEntry | MeetingEntry | NoteEntry
_INTERACTIONS: Mapping[EntryType, type[EmailEntry | SmsEntry | MeetingEntry | NoteEntry]] = {
    EntryType.EMAIL: EmailEntry,
    EntryType.SMS: SmsEntry,
    EntryType.MEETING: MeetingEntry,
    EntryType.NOTE: NoteEntry,
}


def entry_of(entry: TimelineEntry) -> Entry:
    """The entry as its type shows it."""
    facts = entry.facts
    common = {"type": entry.type.value, "id": entry.id, "date": entry.date}
    if entry.type is not EntryType.RECORDING:
        model = _INTERACTIONS[entry.type]
        return model.model_validate({name: facts.get(name) for name in model.model_fields} | common)
    fields = {
        "summary": facts.get("summary"),
        "sentiment_score": facts.get("sentiment_score"),
        "duration_seconds": facts.get("duration_seconds"),
        "action_items": facts.get("action_items", []),
    }
    if "status" in facts:
        fields["status"] = STATUSES[Status(facts["status"])]
    if "title" in facts:
        fields["title"] = facts["title"]
    return RecordingEntry.model_validate(fields | common)


class Timeline(ResponseModel):
    """What happened with a contact, newest first."""

    model_config = ConfigDict(
        json_schema_extra=example("""
          {"contact": {"id": "contact_19d4f2a1b0512345678901234abcdef", "name": "Jane Smith", "company": "Acme Corp"},
           "timeline": [
             {"type": "recording", "id": "rec_19d4f2a1b00c0ffee12345678901234", "date": "2026-03-30T12:00:00Z",
              "summary": "we could renew for two years", "sentiment_score": null, "duration_seconds": 61.2,
              "action_items": [], "status": "completed"},
             {"type": "email", "id": "email_19d3e9c7a4012345678901234abcdef", "date": "2026-03-27T09:30:00Z",
              "subject": "RE: Partnership Opportunity", "preview": "Thank you for the follow-up..."}],
           "next": null}
        """)
    )

    contact: TimelineContact = Field(description="Whose timeline it is.")
    timeline: list[Annotated[Entry, Field(discriminator="type")]] = Field(description="What happened, newest first.")
    next: str | None = Field(description="The cursor of what follows; null at the end.")
