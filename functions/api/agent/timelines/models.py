"""What the agent API answers of timelines."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from api.agent.shared import STATUSES, RecordingStatus
from api.examples import CONTACT_ID, CREATED_AT, RECORDING_ID
from api.models import ResponseModel, ShownMoment, left_out
from auricle.crm.contacts import Contact
from auricle.crm.interactions import Direction
from auricle.crm.timeline import EntryType, TimelineEntry
from auricle.recordings.recording import Status

_ID = "The id of the interaction."
_DATE = "When it happened."
_SUBJECT = "What it was about, where that was given."
_PREVIEW = "The beginning of what was written, where anything was."


class TimelineContact(ResponseModel):
    """Whose timeline it is."""

    id: str = Field(description="The id of the contact.")
    name: str = Field(description="Their name.")
    company: str | None = Field(description="Whom they work for, where that is known.")

    @classmethod
    def of(cls, contact: Contact) -> TimelineContact:
        return cls(id=contact.id, name=contact.name, company=contact.company)


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


class EmailEntry(ResponseModel):
    """An email on a timeline."""

    type: Literal["email"] = Field(description="That it is an email.")
    id: str = Field(description=_ID)
    date: ShownMoment = Field(description=_DATE)
    subject: str | None = Field(description=_SUBJECT)
    preview: str | None = Field(description=_PREVIEW)


class SmsEntry(ResponseModel):
    """A text message on a timeline."""

    type: Literal["sms"] = Field(description="That it is a text message.")
    id: str = Field(description=_ID)
    date: ShownMoment = Field(description=_DATE)
    preview: str | None = Field(description=_PREVIEW)
    direction: Direction | None = Field(description="Whether the contact wrote it, or received it.")


class MeetingEntry(ResponseModel):
    """A meeting on a timeline."""

    type: Literal["meeting"] = Field(description="That it is a meeting.")
    id: str = Field(description=_ID)
    date: ShownMoment = Field(description=_DATE)
    subject: str | None = Field(description=_SUBJECT)
    preview: str | None = Field(description=_PREVIEW)
    duration_seconds: float | None = Field(description="How long it took, where that is known.")


class NoteEntry(ResponseModel):
    """A note on a timeline."""

    type: Literal["note"] = Field(description="That it is a note.")
    id: str = Field(description=_ID)
    date: ShownMoment = Field(description=_DATE)
    subject: str | None = Field(description=_SUBJECT)
    preview: str | None = Field(description=_PREVIEW)


Entry = RecordingEntry | EmailEntry | SmsEntry | MeetingEntry | NoteEntry


def entry_of(entry: TimelineEntry) -> Entry:
    """The entry as its type shows it."""
    facts = entry.facts
    common: dict[str, Any] = {"type": entry.type.value, "id": entry.id, "date": entry.date}
    match entry.type:
        case EntryType.RECORDING:
            known: dict[str, Any] = {"title": facts["title"]} if "title" in facts else {}
            if "status" in facts:
                known["status"] = STATUSES[Status(facts["status"])]
            return RecordingEntry(
                **common,
                **known,
                summary=facts.get("summary"),
                sentiment_score=facts.get("sentiment_score"),
                duration_seconds=facts.get("duration_seconds"),
                action_items=facts.get("action_items", []),
            )
        case EntryType.EMAIL:
            return EmailEntry(**common, subject=facts.get("subject"), preview=facts.get("preview"))
        case EntryType.SMS:
            return SmsEntry(**common, preview=facts.get("preview"), direction=facts.get("direction"))
        case EntryType.MEETING:
            return MeetingEntry(
                **common,
                subject=facts.get("subject"),
                preview=facts.get("preview"),
                duration_seconds=facts.get("duration_seconds"),
            )
        case EntryType.NOTE:
            return NoteEntry(**common, subject=facts.get("subject"), preview=facts.get("preview"))


class Timeline(ResponseModel):
    """What happened with a contact, newest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "contact": {"id": CONTACT_ID, "name": "Jane Smith", "company": "Acme Corp"},
                    "timeline": [
                        {
                            "type": "recording",
                            "id": RECORDING_ID,
                            "date": CREATED_AT,
                            "summary": "we could renew for two years",
                            "sentiment_score": None,
                            "duration_seconds": 61.2,
                            "action_items": [],
                            "status": "completed",
                        },
                        {
                            "type": "email",
                            "id": "email_19d3e9c7a4012345678901234abcdef",
                            "date": "2026-03-27T09:30:00Z",
                            "subject": "RE: Partnership Opportunity",
                            "preview": "Thank you for the follow-up...",
                        },
                    ],
                    "next": None,
                },
            ],
        },
    )

    contact: TimelineContact = Field(description="Whose timeline it is.")
    timeline: list[Annotated[Entry, Field(discriminator="type")]] = Field(description="What happened, newest first.")
    next: str | None = Field(description="The cursor of what follows; null at the end.")
