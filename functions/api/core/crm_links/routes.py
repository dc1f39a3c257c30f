"""The one CRM record a recording is linked to."""

from __future__ import annotations

from fastapi import Response

from api.core.crm_links import models
from api.core.errors import LOCKED, NO_RECORDING
from api.core.shared import PREFIX, Writer
from api.dependencies import IfMatch, RecordingId, tag_revision
from api.problems import PossibleError, errors
from api.routing import api_router

router = api_router(f"{PREFIX}/recordings", tags=["CRM links"])


@router.put(
    "/{recording_id}/link",
    responses=errors(
        NO_RECORDING,
        PossibleError(404, "deal-not-found", "No such deal."),
        PossibleError(404, "contact-not-found", "No such contact."),
        LOCKED,
    ),
    summary="Link to a CRM record",
)
async def link_core_recording(
    recording_id: RecordingId, body: models.CrmLinkRequest, context: Writer, if_match: IfMatch, response: Response
) -> models.CrmLinkResponse:
    """Instead of whatever the recording is linked to: a deal (`OPPORTUNITY`), a contact (`CONTACT`, `ACCOUNT`, `LEAD`)
    by its id or its CRM's, or an engagement. It stands on the contact's timeline by it."""
    from auricle.crm.crm_link import find_and_link

    stores = context.stores
    linked, recording = find_and_link(
        context.org,
        recording_id,
        body.link(),
        recordings=stores.recordings,
        records=stores,
        contacts=stores.contacts,
        now=context.now,
        if_revision=if_match,
    )
    tag_revision(response, recording.revision)
    return models.CrmLinkResponse.of(linked, recording)


@router.delete("/{recording_id}/link", responses=errors(NO_RECORDING, LOCKED), summary="Take the CRM link off")
async def unlink_core_recording(
    recording_id: RecordingId, body: models.CrmUnlinkRequest, context: Writer, if_match: IfMatch
) -> models.CrmUnlinkResponse:
    """Answers whether the recording had that link."""
    from auricle.crm.crm_link import unlink_from_crm

    link, recordings = body.link(), context.stores.recordings
    taken_off = unlink_from_crm(
        context.org, recording_id, named=link, recordings=recordings, now=context.now, if_revision=if_match
    )
    return models.CrmUnlinkResponse(data=taken_off)
