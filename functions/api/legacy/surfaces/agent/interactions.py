"""Interactions: emails, text messages, meetings and notes of a contact, recorded by hand or by other systems."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints

from api.legacy.answers import json_response
from api.legacy.reading import Asked, Line, Moment
from api.legacy.surface import Call
from api.legacy.surfaces.agent.contacts import contact_id
from api.legacy.surfaces.agent.wire import surface
from auricle.crm.timeline import EntryType, TimelineEntry
from auricle.errors import InteractionNotFound

if TYPE_CHECKING:
    from starlette.responses import Response

_Text = Annotated[
    str, StringConstraints(min_length=1, max_length=10_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")
]
"""Lines of text."""


class InteractionRequest(Asked):
    """`POST /contacts/{id}/interactions`. An email and a meeting need a subject, a text message and a note a body."""

    type: Literal["email", "sms", "meeting", "note"]
    date: Moment | None = None
    subject: Line | None = None
    body: _Text | None = None
    preview: Line | None = None
    direction: Literal["inbound", "outbound"] | None = None
    duration_seconds: Annotated[float, Field(ge=0, le=604_800, allow_inf_nan=False)] | None = None


@surface.post("/contacts/{contact_id}/interactions", reads=InteractionRequest)
async def record_contact_interaction(call: Call, asked: InteractionRequest) -> Response:
    from auricle.crm.interactions import Direction, NewInteraction, record_interaction

    owner = contact_id(call)
    call.services.contacts.get_contact(call.org, owner)
    entry = record_interaction(
        NewInteraction(
            type=EntryType(asked.type),
            date=asked.date,
            subject=asked.subject,
            body=asked.body,
            preview=asked.preview,
            direction=Direction(asked.direction) if asked.direction else None,
            duration_seconds=asked.duration_seconds,
        ),
        org=call.org,
        contact_id=owner,
        user=call.caller.user,
        contacts=call.services.contacts,
        now=call.parts.now(),
    )
    location = f"{surface.prefix}/contacts/{owner}/interactions/{entry.id}"
    return json_response(_interaction(entry), 201, headers={"location": location})


@surface.get("/contacts/{contact_id}/interactions/{interaction_id}")
async def get_contact_interaction(call: Call) -> Response:
    owner, interaction_id = _ids(call)
    return json_response(_interaction(call.services.contacts.get_interaction(call.org, owner, interaction_id)))


@surface.delete("/contacts/{contact_id}/interactions/{interaction_id}")
async def remove_contact_interaction(call: Call) -> Response:
    from starlette.responses import Response

    owner, interaction_id = _ids(call)
    call.services.contacts.remove_interaction(call.org, owner, interaction_id)
    return Response(status_code=204)


def _ids(call: Call) -> tuple[str, str]:
    return contact_id(call), call.path_id("interaction_id", InteractionNotFound, "interaction")


def _interaction(entry: TimelineEntry) -> dict[str, Any]:
    facts = entry.facts
    return {
        "id": entry.id,
        "type": entry.type.value,
        "contact_id": entry.contact_id,
        "date": entry.date,
        "subject": facts.get("subject"),
        "preview": facts.get("preview"),
        "body": facts.get("body"),
        "direction": facts.get("direction"),
        "duration_seconds": facts.get("duration_seconds"),
        "recorded_by": facts.get("recorded_by"),
        "recorded_at": datetime.fromisoformat(facts["recorded_at"]),
    }
