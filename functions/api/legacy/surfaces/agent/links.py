"""What recordings are linked to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from api.legacy.answers import json_response
from api.legacy.reading import Asked, Id
from api.legacy.surface import Call, etag
from api.legacy.surfaces.agent.wire import surface
from auricle.errors import InvalidRequest

if TYPE_CHECKING:
    from starlette.responses import Response

    from auricle.recordings.recording import Recording


class LinkRequest(Asked):
    """`POST /recordings/{id}/link`: contacts are added to those linked already, the deal is set."""

    contact_ids: Annotated[tuple[Id, ...], Field(max_length=20)] = ()
    deal_id: Id | None = None


class UnlinkRequest(Asked):
    """`DELETE /recordings/{id}/link`: what is to be taken off."""

    contact_ids: Annotated[tuple[Id, ...], Field(max_length=20)] = ()
    deal_id: Id | None = None


@surface.post("/recordings/{recording_id}/link", reads=LinkRequest)
async def link_recording_to_crm(call: Call, asked: LinkRequest) -> Response:
    from auricle.crm.links import link_recording

    _check_named(asked, "link")
    services = call.services
    recording = link_recording(
        call.org,
        call.recording_id(),
        contact_ids=asked.contact_ids,
        deal_id=asked.deal_id,
        recordings=services.recordings,
        contacts=services.contacts,
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    return json_response(_links(recording), headers=etag(recording.revision))


@surface.delete("/recordings/{recording_id}/link", reads=UnlinkRequest, in_query=False)
async def unlink_recording_from_crm(call: Call, asked: UnlinkRequest) -> Response:
    from auricle.crm.links import unlink_recording

    _check_named(asked, "take off")
    recording = unlink_recording(
        call.org,
        call.recording_id(),
        contact_ids=asked.contact_ids,
        deal_id=asked.deal_id,
        recordings=call.services.recordings,
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    return json_response(_links(recording), headers=etag(recording.revision))


def _check_named(asked: LinkRequest | UnlinkRequest, to_what_end: str) -> None:
    if not asked.contact_ids and asked.deal_id is None:
        raise InvalidRequest(f"Give contact_ids or a deal_id to {to_what_end}.", field="contact_ids")


def _links(recording: Recording) -> dict[str, Any]:
    return {
        "id": recording.id,
        "contact_ids": recording.contact_ids,
        "deal_id": recording.deal_id,
        "updated_at": recording.updated_at,
    }
