"""Connections to CRMs and other systems of the organization."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints

from api.legacy.answers import json_response
from api.legacy.faults import Fault, FieldFault, Refused
from api.legacy.paging import Cursors
from api.legacy.reading import Asked, Line
from api.legacy.surface import Call, etag
from api.legacy.surfaces.core.wire import ADMIN, READ, enveloped, surface, timestamp
from auricle.crm.connections import CONNECTIONS, Connection, Platform
from auricle.errors import ConnectionNotFound

if TYPE_CHECKING:
    from starlette.responses import Response

PATH = "/integrations/connections"


class ConnectionsRequest(Asked):
    """`GET /integrations/connections`. Platforms that a connection cannot have yet find nothing."""

    platform: (
        Literal[
            "MERGE",
            "SIRO_CUSTOM_INPUT",
            "SERVICE_TITAN",
            "COMPANY_CAM",
            "INGAGE",
            "LEAD_PERFECTION",
            "SPOTIO",
            "SALESFORCE",
            "SOLUTION_VIEW",
            "CALENDAR_ONLY",
            "AUTHENTICOM",
            "FORTELLIS",
        ]
        | None
    ) = Field(None, alias="integrationPlatform")
    cursor: Annotated[str, StringConstraints(max_length=2048)] | None = None
    page_size: int = Field(100, alias="pageSize", ge=1, le=100)


class ConnectionRequest(Asked):
    """`POST /integrations/connections`: one for each platform."""

    name: Line
    platform: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(
        alias="integrationPlatform", json_schema_extra={"enum": [*Platform]}
    )
    external_account_id: Line = Field(alias="externalAccountId")
    is_active: bool = Field(True, alias="isActive")


class ConnectionPatch(Asked):
    """`PATCH /integrations/connections/{id}`. What is not said stays as it is."""

    name: Line | None = None
    is_active: bool | None = Field(None, alias="isActive")
    sync_transcript: bool | None = Field(None, alias="syncTranscript")


@surface.get(PATH, scope=READ, reads=ConnectionsRequest)
async def list_connections(call: Call, asked: ConnectionsRequest) -> Response:
    cursors = Cursors(call.parts.settings(), org=call.org, route=PATH, filters=repr(asked.platform))
    page = call.services.records(CONNECTIONS).list(
        call.org,
        asked.page_size,
        cursors.position(asked.cursor) if asked.cursor is not None else None,
        wanted=(lambda one: one.platform.value == asked.platform) if asked.platform else None,
    )
    return enveloped([_shown(one) for one in page.records], cursor=cursors.seal(page.next_position))


@surface.post(PATH, scope=ADMIN, reads=ConnectionRequest)
async def create_connection(call: Call, asked: ConnectionRequest) -> Response:
    from auricle.crm.connections import add_connection, connection_id

    try:
        platform = Platform(asked.platform)
    except ValueError:
        known = ", ".join(Platform)
        problem = FieldFault("integrationPlatform", f"is not supported; one of {known} is")
        raise Refused(
            Fault(400, "platform-not-supported", f"integrationPlatform must be one of {known}.", fields=(problem,))
        ) from None
    now = call.parts.now()
    connection = Connection(
        org=call.org,
        id=connection_id(call.org, platform),
        created_at=now,
        updated_at=now,
        name=asked.name,
        platform=platform,
        external_account_id=asked.external_account_id,
        is_active=asked.is_active,
    )
    add_connection(connection, call.services.records(CONNECTIONS))
    location = f"{surface.prefix}{PATH}/{connection.id}"
    return json_response(_shown(connection), 201, headers={"location": location, **etag(connection.revision)})


@surface.get(f"{PATH}/{{connection_id}}", scope=READ)
async def get_connection(call: Call) -> Response:
    connection = call.services.records(CONNECTIONS).get(call.org, _id(call))
    return json_response(_shown(connection), headers=etag(connection.revision))


@surface.patch(f"{PATH}/{{connection_id}}", scope=ADMIN, reads=ConnectionPatch)
async def update_connection(call: Call, asked: ConnectionPatch) -> Response:
    from auricle.crm.connections import change_connection

    said = {name: value for name in asked.model_fields_set if (value := getattr(asked, name)) is not None}
    connection = change_connection(
        call.org,
        _id(call),
        lambda before: replace(before, **said),
        connections=call.services.records(CONNECTIONS),
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    return json_response(_shown(connection), headers=etag(connection.revision))


@surface.delete(f"{PATH}/{{connection_id}}", scope=ADMIN)
async def remove_connection(call: Call) -> Response:
    from starlette.responses import Response

    from auricle.crm.connections import remove_connection as remove

    connections = call.services.records(CONNECTIONS)
    remove(call.org, _id(call), connections=connections, if_revision=call.if_revision)
    return Response(status_code=204)


def _id(call: Call) -> str:
    return call.path_id("connection_id", ConnectionNotFound, "connection")


def _shown(connection: Connection) -> dict[str, Any]:
    return {
        "id": connection.id,
        "name": connection.name,
        "externalAccountId": connection.external_account_id,
        "organizationId": connection.org,
        "integrationPlatform": connection.platform.value,
        "createdAt": timestamp(connection.created_at),
        "updatedAt": timestamp(connection.updated_at),
        "isActive": connection.is_active,
        "syncStatus": [],
        "syncTranscript": connection.sync_transcript,
    }
