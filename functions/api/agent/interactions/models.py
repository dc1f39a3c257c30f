"""What the agent API reads and answers of interactions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from api.examples import example, parsed
from api.models import ByValue, Line, Moment, RequestModel, ResponseModel, ShownMoment, same_fields
from auricle.crm.interactions import Direction
from auricle.crm.timeline import TimelineEntry

InteractionType = Literal["email", "sms", "meeting", "note"]
"""What an interaction was."""
Text = Annotated[
    str, StringConstraints(min_length=1, max_length=10_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")
]
"""Lines of text."""
Duration = Annotated[float, Field(ge=0, le=604_800, allow_inf_nan=False)]

_EMAIL_REQUEST = parsed("""
  {"type": "email", "date": "2026-03-27T09:30:00Z", "subject": "RE: Partnership Opportunity",
   "preview": "Thank you for the follow-up...", "direction": "inbound"}
""")
_RECORDED = parsed("""
  {"id": "email_19d3e9c7a4012345678901234abcdef", "contact_id": "contact_19d4f2a1b0512345678901234abcdef",
   "body": null, "duration_seconds": null, "recorded_by": "user_1", "recorded_at": "2026-03-30T12:00:00Z"}
""")


class RecordInteractionRequest(RequestModel):
    """An email, text message, meeting or note of a contact."""

    model_config = ConfigDict(json_schema_extra=example(_EMAIL_REQUEST))

    type: InteractionType = Field(description="What it was.")
    date: Moment | None = Field(None, description="When, from 1970 to 2499; just now if left out. A meeting needs it.")
    subject: Line | None = Field(None, description="What it was about. An email and a meeting need it.")
    body: Text | None = Field(None, description="What it says. A text message and a note need it.")
    preview: Line | None = Field(None, description="What the timeline shows; if left out, the beginning of `body`.")
    direction: Annotated[Direction, ByValue] | None = Field(None, description="Who wrote to whom; email and SMS only.")
    duration_seconds: Duration | None = Field(None, description="How long it was; of meetings alone. A week at most.")


class Interaction(ResponseModel):
    """An email, text message, meeting or note."""

    model_config = ConfigDict(json_schema_extra=example(_EMAIL_REQUEST | _RECORDED))

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
        fields = {name: entry.facts.get(name) for name in cls.model_fields}
        return cls.model_validate(fields | same_fields(cls, entry) | {"type": entry.type.value})
