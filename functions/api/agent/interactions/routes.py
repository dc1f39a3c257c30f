"""Interactions: emails, text messages, meetings and notes of a contact, recorded by hand or by other systems."""

from __future__ import annotations

from typing import Annotated

from fastapi import Response

from api.agent.errors import NO_CONTACT, NO_INTERACTION
from api.agent.interactions import models
from api.agent.shared import PREFIX, ContactId, Founder, FounderOnce
from api.dependencies import path_id
from api.problems import errors
from api.routing import api_router
from auricle.crm.interactions import NewInteraction, record_interaction
from auricle.crm.timeline import EntryType
from auricle.errors import InteractionNotFound

router = api_router(f"{PREFIX}/contacts/{{contact_id}}/interactions", tags=["interactions"])

InteractionId = Annotated[str, path_id(InteractionNotFound, "interaction")]


@router.post("", status_code=201, responses=errors(NO_CONTACT), summary="Record an interaction")
async def record_contact_interaction(
    contact_id: ContactId, body: models.RecordInteractionRequest, context: FounderOnce, response: Response
) -> models.Interaction:
    """An email needs a subject, a text message and a note a body, a meeting a subject and a date. `direction` belongs
    to emails and text messages, `duration_seconds` to meetings. Without a date it happened just now; without a preview
    the timeline shows the beginning of the body."""
    entry = record_interaction(
        NewInteraction(**body.model_dump() | {"type": EntryType(body.type)}),
        org=context.org,
        contact_id=contact_id,
        user=context.caller.user,
        contacts=context.stores.contacts,
        now=context.now,
    )
    response.headers["location"] = f"{PREFIX}/contacts/{contact_id}/interactions/{entry.id}"
    return models.Interaction.of(entry)


@router.get("/{interaction_id}", responses=errors(NO_INTERACTION), summary="Get an interaction")
async def get_contact_interaction(
    contact_id: ContactId, interaction_id: InteractionId, context: Founder
) -> models.Interaction:
    """With its whole body."""
    return models.Interaction.of(context.stores.contacts.get_interaction(context.org, contact_id, interaction_id))


@router.delete("/{interaction_id}", status_code=204, responses=errors(NO_INTERACTION), summary="Remove an interaction")
async def remove_contact_interaction(contact_id: ContactId, interaction_id: InteractionId, context: Founder) -> None:
    """It is gone from the timeline and from searches."""
    context.stores.contacts.remove_interaction(context.org, contact_id, interaction_id)
