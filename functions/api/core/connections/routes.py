"""Connections to CRMs and other systems of the organization."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Query, Response

from api.core.connections import models
from api.core.shared import PREFIX, Admin, AdminOnce, PageSize, Reader
from api.dependencies import Cursor, IfMatch, path_id, tag_revision
from api.paging import Cursors
from api.problems import FieldProblem, HttpProblem, PossibleError, Problem, errors
from api.routing import api_router
from auricle.crm.connections import CONNECTIONS, Connection, Platform
from auricle.errors import ConnectionNotFound

PATH = f"{PREFIX}/integrations/connections"

router = api_router(PATH, tags=["connections"])

ConnectionId = Annotated[str, path_id(ConnectionNotFound, "connection")]

NO_CONNECTION = PossibleError(404, "connection-not-found", "Unknown.")
NOT_SUPPORTED = PossibleError(400, "platform-not-supported", "No connection to this platform can be made.")
CONNECTED = PossibleError(409, "conflict", "There is a connection to this platform already.")


@router.get("", summary="List connections")
async def list_connections(
    context: Reader,
    platform: Annotated[
        models.ListedPlatform | None,
        Query(alias="integrationPlatform", description="To this system; none where no connection can lead to it."),
    ] = None,
    cursor: Cursor = None,
    page_size: PageSize = 100,
) -> models.ConnectionPage:
    """Those added last first."""
    cursors = Cursors(context.settings, org=context.org, route="connections", filters=repr(platform))
    page = context.stores.records(CONNECTIONS).list(
        context.org,
        page_size,
        cursors.position(cursor),
        wanted=(lambda connection: connection.platform == platform) if platform else None,
    )
    data = [models.ConnectionResponse.of(connection) for connection in page.records]
    return models.ConnectionPage(data=data, cursor=cursors.seal(page.next_position))


@router.post("", status_code=201, responses=errors(NOT_SUPPORTED, CONNECTED), summary="Add a connection")
async def create_connection(
    body: models.CreateConnectionRequest, context: AdminOnce, response: Response
) -> models.ConnectionResponse:
    """An organization has one connection for each platform."""
    from auricle.crm.connections import add_connection, connection_id

    platform, now = _platform(body.integration_platform), context.now
    fields, own_id = body.model_dump(exclude={"integration_platform"}), connection_id(context.org, platform)
    connection = Connection(org=context.org, id=own_id, created_at=now, updated_at=now, platform=platform, **fields)
    add_connection(connection, context.stores.records(CONNECTIONS))
    response.headers["location"] = f"{PATH}/{connection.id}"
    return _tagged(connection, response)


@router.get("/{connection_id}", responses=errors(NO_CONNECTION), summary="Get a connection")
async def get_connection(connection_id: ConnectionId, context: Reader, response: Response) -> models.ConnectionResponse:
    """A connection of the organization, by id."""
    return _tagged(context.stores.records(CONNECTIONS).get(context.org, connection_id), response)


@router.patch("/{connection_id}", responses=errors(NO_CONNECTION), summary="Change a connection")
async def update_connection(
    connection_id: ConnectionId,
    body: Annotated[models.UpdateConnectionRequest, Body(default_factory=models.UpdateConnectionRequest)],
    context: Admin,
    if_match: IfMatch,
    response: Response,
) -> models.ConnectionResponse:
    """What is left out stays as it is."""
    from auricle.crm.connections import change_connection

    connections = context.stores.records(CONNECTIONS)
    connection = change_connection(
        context.org, connection_id, body.changed, connections=connections, now=context.now, if_revision=if_match
    )
    return _tagged(connection, response)


@router.delete("/{connection_id}", status_code=204, responses=errors(NO_CONNECTION), summary="Remove a connection")
async def remove_connection(connection_id: ConnectionId, context: Admin, if_match: IfMatch) -> None:
    """Records keep the ids they came with."""
    from auricle.crm.connections import remove_connection as remove

    remove(context.org, connection_id, connections=context.stores.records(CONNECTIONS), if_revision=if_match)


def _platform(name: str) -> Platform:
    """The platform of that name. Raises HttpProblem: 400, no connection can lead there."""
    try:
        return Platform(name)
    except ValueError:
        known = ", ".join(Platform)
        field = FieldProblem("integrationPlatform", f"is not supported; one of {known} is")
        detail = f"integrationPlatform must be one of {known}."
        raise HttpProblem(Problem(400, "platform-not-supported", detail, fields=(field,))) from None


def _tagged(connection: Connection, response: Response) -> models.ConnectionResponse:
    tag_revision(response, connection.revision)
    return models.ConnectionResponse.of(connection)
