"""What the agent API reads and answers of interactions."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from api.examples import CONTACT_ID, CREATED_AT
from api.models import ByValue, Line, Moment, RequestModel, ResponseModel, ShownMoment
from auricle.crm.interactions import Direction
from auricle.crm.timeline import TimelineEntry


class InteractionType(StrEnum):
    """What an interaction was."""

    EMAIL = "email"
    SMS = "sms"
    MEETING = "meeting"
    NOTE = "note"


Text = Annotated[
    str, StringConstraints(min_length=1, max_length=10_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")
]
"""Lines of text."""
Duration = Annotated[float, Field(ge=0, le=604_800, allow_inf_nan=False)]

_EMAIL_REQUEST: dict[str, Any] = {
    "type": "email",
    "date": "2026-03-27T09:30:00Z",
    "subject": "RE: Partnership Opportunity",
    "preview": "Thank you for the follow-up...",
    "direction": "inbound",
}


class RecordInteractionRequest(RequestModel):
    """An email, text message, meeting or note of a contact."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EMAIL_REQUEST]})

    type: Annotated[InteractionType, ByValue] = Field(description="What it was.")
    date: Moment | None = Field(
        None, description="When it was, from 1970 to 2499; just now where it is left out. A meeting needs it."
    )
    subject: Line | None = Field(None, description="What it was about. An email and a meeting need it.")
    body: Text | None = Field(None, description="What it says. A text message and a note need it.")
    preview: Line | None = Field(
        None, description="What the timeline shows of it: the beginning of `body` where it is left out."
    )
    direction: Annotated[Direction, ByValue] | None = Field(
        None, description="Who wrote to whom; of emails and text messages alone."
    )
    duration_seconds: Duration | None = Field(None, description="How long it was; of meetings alone. A week at most.")


class Interaction(ResponseModel):
    """An email, text message, meeting or note."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "email_19d3e9c7a4012345678901234abcdef",
                    "contact_id": CONTACT_ID,
                    **_EMAIL_REQUEST,
                    "body": None,
                    "duration_seconds": None,
                    "recorded_by": "user_1",
                    "recorded_at": CREATED_AT,
                },
            ],
        },
    )

    id: str = Field(description="Its id.")
    type: InteractionType = Field(description="What it was.")
    contact_id: str = Field(description="The contact it was with.")
    date: ShownMoment = Field(description="When it was.")
    subject: str | None = Field(description="What it was about.")
    preview: str | None = Field(description="What the timeline shows of it.")
    body: str | None = Field(description="What it says.")
    direction: Direction | None = Field(description="Who wrote to whom; null but for emails and text messages.")
    duration_seconds: float | None = Field(description="How long it was; null but for meetings.")
    recorded_by: str | None = Field(description="The user who recorded it.")
    recorded_at: ShownMoment = Field(description="When it was recorded.")

    @classmethod
    def of(cls, entry: TimelineEntry) -> Interaction:
        facts = entry.facts
        return cls(
            id=entry.id,
            type=InteractionType(entry.type),
            contact_id=entry.contact_id,
            date=entry.date,
            subject=facts.get("subject"),
            preview=facts.get("preview"),
            body=facts.get("body"),
            direction=facts.get("direction"),
            duration_seconds=facts.get("duration_seconds"),
            recorded_by=facts.get("recorded_by"),
            recorded_at=datetime.fromisoformat(facts["recorded_at"]),
        )
