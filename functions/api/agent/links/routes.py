"""What recordings are linked to."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Response

from api.agent.errors import LOCKED, NO_CONTACT, NO_RECORDING
from api.agent.links import models
from api.agent.shared import PREFIX, Founder, FounderOnce, tagged
from api.dependencies import IfMatch, RecordingId
from api.problems import errors
from api.routing import api_router
from auricle.errors import InvalidRequest

router = api_router(f"{PREFIX}/recordings/{{recording_id}}/link", tags=["links"])


@router.post("", responses=errors(NO_RECORDING, NO_CONTACT, LOCKED), summary="Link to contacts and a deal")
async def link_recording_to_crm(
    recording_id: RecordingId,
    body: Annotated[models.LinkRequest, Body(default_factory=models.LinkRequest)],
    context: FounderOnce,
    if_match: IfMatch,
    response: Response,
) -> models.RecordingLinks:
    """Contacts are added to those linked already, and the recording appears on their timelines. A deal is named by its
    id in the CRM, known here or not."""
    from auricle.crm.links import link_recording

    _check_names_any(body, "link")
    recording = link_recording(
        context.org,
        recording_id,
        contact_ids=body.contact_ids,
        deal_id=body.deal_id,
        recordings=context.stores.recordings,
        contacts=context.stores.contacts,
        now=context.now,
        if_revision=if_match,
    )
    return tagged(models.RecordingLinks, recording, response)


@router.delete("", responses=errors(NO_RECORDING, LOCKED), summary="Take contacts and the deal off a recording")
async def unlink_recording_from_crm(
    recording_id: RecordingId,
    body: Annotated[models.UnlinkRequest, Body(default_factory=models.UnlinkRequest)],
    context: Founder,
    if_match: IfMatch,
    response: Response,
) -> models.RecordingLinks:
    """What the recording was not linked to changes nothing."""
    from auricle.crm.links import unlink_recording

    _check_names_any(body, "take off")
    recording = unlink_recording(
        context.org,
        recording_id,
        contact_ids=body.contact_ids,
        deal_id=body.deal_id,
        recordings=context.stores.recordings,
        now=context.now,
        if_revision=if_match,
    )
    return tagged(models.RecordingLinks, recording, response)


def _check_names_any(body: models.LinkRequest | models.UnlinkRequest, what_for: str) -> None:
    """Raises InvalidRequest: the body names nothing at all."""
    if not body.contact_ids and body.deal_id is None:
        raise InvalidRequest(f"Give contact_ids or a deal_id to {what_for}.", field="contact_ids")
