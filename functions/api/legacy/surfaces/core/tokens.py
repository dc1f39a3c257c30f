"""API tokens of the organization, and who the caller is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints

from api.legacy.answers import json_response
from api.legacy.paging import Cursors
from api.legacy.reading import Asked, Id, Line, Moment
from api.legacy.surface import Call
from api.legacy.surfaces.core.wire import ADMIN, enveloped, own_organization, surface, timestamp
from auricle.directory.api_keys import API_KEYS, ApiKey
from auricle.errors import NotYours, TokenNotFound, TransientError

if TYPE_CHECKING:
    from starlette.responses import Response

Name = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9:._-]+$")]
UserId = Annotated[str, StringConstraints(max_length=255, pattern=r"^[!-~]+$")]
"""A subject as identity providers write it (OpenID Connect: ASCII, 255 characters), without spaces."""


class TokensRequest(Asked):
    """`GET /auth/tokens`."""

    cursor: Annotated[str, StringConstraints(max_length=2048)] | None = None
    page_size: int = Field(100, alias="pageSize", ge=1, le=100)


class TokenRequest(Asked):
    """`POST /auth/tokens`. Without scopes and roles the token may do what its maker may, and never more.

    Without `expiresAt` it holds for 90 days, or as long as the token it is made with; 366 days are the most.
    """

    name: Line = Field(alias="tokenName")
    organization_id: Id = Field(alias="organizationId")
    scopes: Annotated[tuple[Name, ...], Field(max_length=50)] | None = None
    roles: Annotated[tuple[Name, ...], Field(max_length=50)] | None = None
    user_id: UserId | None = Field(None, alias="userId")
    expires_at: Moment | None = Field(None, alias="expiresAt")


@surface.get("/auth/caller-identity")
async def get_caller_identity(call: Call) -> Response:
    caller = call.caller
    if caller.key_id is not None:
        key = call.services.records(API_KEYS).get(call.org, caller.key_id)
        return json_response({**_shown(key), "scopes": sorted(caller.scopes), "roles": sorted(caller.roles)})
    return json_response(
        {
            "tokenId": caller.user,
            "tokenName": f"JWT of {caller.user}",
            "organizationId": call.org,
            "authorizedOrgGroupId": None,
            "parentOrgGroupTokenId": None,
            "createdAt": timestamp(caller.issued_at or call.parts.now()),
            "createdBy": None,
            "userId": caller.user,
            "expiresAt": timestamp(caller.expires_at),
            "scopes": sorted(caller.scopes),
            "roles": sorted(caller.roles),
        }
    )


@surface.get("/auth/tokens", scope=ADMIN, reads=TokensRequest)
async def list_tokens(call: Call, asked: TokensRequest) -> Response:
    cursors = Cursors(call.parts.settings(), org=call.org, route="tokens", filters="")
    page = call.services.records(API_KEYS).list(
        call.org, asked.page_size, cursors.position(asked.cursor) if asked.cursor is not None else None
    )
    return enveloped([_full(key) for key in page.records], cursor=cursors.seal(page.next_position))


@surface.post("/auth/tokens", scope=ADMIN, reads=TokenRequest, holds_secret=True)
async def create_token(call: Call, asked: TokenRequest) -> Response:
    from auricle.directory.api_keys import end_of_key, make_key, makers_of_key

    now, caller = call.parts.now(), call.caller
    own_organization(call, asked.organization_id)
    keys = call.services.records(API_KEYS)
    maker = keys.get(call.org, caller.key_id) if caller.key_id is not None else None
    expires_at, makers = end_of_key(asked.expires_at, maker=maker, now=now), makers_of_key(maker)
    for field, wanted, held in (("scopes", asked.scopes, caller.scopes), ("roles", asked.roles, caller.roles)):
        for number, name in enumerate(wanted or ()):
            if name not in held:
                named = f"{field}.{number}"
                raise NotYours(f"{named} is not yours to give: a token may do no more than its maker.")
    key, text = make_key(
        org=call.org,
        name=asked.name,
        user_id=asked.user_id or caller.user,
        created_by=caller.user,
        scopes=caller.scopes if asked.scopes is None else asked.scopes,
        roles=caller.roles if asked.roles is None else asked.roles,
        expires_at=expires_at,
        makers=makers,
        now=now,
    )
    keys.add(key)
    return json_response({**_full(key), "token": text}, headers={"location": f"{surface.prefix}/auth/tokens/{key.id}"})


@surface.get("/auth/tokens/{token_id}", scope=ADMIN)
async def get_token(call: Call) -> Response:
    return json_response(_full(call.services.records(API_KEYS).get(call.org, _id(call))))


@surface.delete("/auth/tokens/{token_id}", scope=ADMIN)
async def revoke_token(call: Call) -> Response:
    from auricle.directory.api_keys import revoke_key

    keys = call.services.records(API_KEYS)
    key = keys.get(call.org, _id(call))
    if not revoke_key(key, keys):
        raise TransientError("The token was being revoked by somebody else. Try again.")
    return json_response(_full(key))


def _id(call: Call) -> str:
    return call.path_id("token_id", TokenNotFound, "token")


def _shown(key: ApiKey) -> dict[str, Any]:
    return {
        "tokenId": key.id,
        "tokenName": key.name,
        "organizationId": key.org,
        "authorizedOrgGroupId": None,
        "parentOrgGroupTokenId": None,
        "createdAt": timestamp(key.created_at),
        "createdBy": key.created_by,
        "userId": key.user_id,
        "expiresAt": timestamp(key.expires_at),
    }


def _full(key: ApiKey) -> dict[str, Any]:
    return {**_shown(key), "scopes": key.scopes, "roles": key.roles}
