"""API tokens of the organization, and whose credential a request carries."""

from __future__ import annotations

from typing import Annotated

from fastapi import Response, Security

from api.core.errors import NO_ORGANIZATION
from api.core.shared import PREFIX, Admin, PageSize, own_organization
from api.core.tokens import models
from api.dependencies import Cursor, RequestContext, path_id, request_context
from api.idempotency import Idempotent
from api.paging import Cursors
from api.problems import PossibleError, errors
from api.routing import api_router
from auricle.directory.api_keys import API_KEYS
from auricle.errors import TokenNotFound

router = api_router(f"{PREFIX}/auth", tags=["tokens"])

AnyCaller = Annotated[RequestContext, Security(request_context)]
TokenMaker = Annotated[RequestContext, Security(Idempotent(is_credential=True), scopes=["org:admin"])]
TokenId = Annotated[str, path_id(TokenNotFound, "token")]

NO_TOKEN = PossibleError(404, "token-not-found", "Unknown, or revoked.")
NOT_MAKERS = PossibleError(403, "forbidden", "A scope or role that its maker does not have.")
TOO_MANY_MAKERS = PossibleError(409, "conflict", "The token that makes it comes from as many others as one may.")


@router.get("/caller-identity", summary="Get the caller's identity")
async def get_caller_identity(context: AnyCaller) -> models.Token:
    """What the credential of this request proves, API token or JWT."""
    caller = context.caller
    scopes, roles = sorted(caller.scopes), sorted(caller.roles)
    if caller.key_id is not None:
        key = context.stores.records(API_KEYS).get(context.org, caller.key_id)
        return models.Token(**models.token_fields(key) | {"scopes": scopes, "roles": roles})
    return models.Token(
        token_id=caller.user,
        token_name=f"JWT of {caller.user}",
        organization_id=context.org,
        authorized_org_group_id=None,
        parent_org_group_token_id=None,
        created_at=caller.issued_at or context.now,
        created_by=None,
        user_id=caller.user,
        expires_at=caller.expires_at,
        scopes=scopes,
        roles=roles,
    )


@router.get("/tokens", summary="List API tokens")
async def list_tokens(context: Admin, cursor: Cursor = None, page_size: PageSize = 100) -> models.TokenPage:
    """Those made last first; revoked ones are gone."""
    cursors = Cursors(context.settings, org=context.org, route="tokens", filters="")
    page = context.stores.records(API_KEYS).list(context.org, page_size, cursors.position(cursor))
    data = [models.Token(**models.token_fields(key)) for key in page.records]
    return models.TokenPage(data=data, cursor=cursors.seal(page.next_position))


@router.post("/tokens", responses=errors(NOT_MAKERS, NO_ORGANIZATION, TOO_MANY_MAKERS), summary="Make an API token")
async def create_token(body: models.CreateTokenRequest, context: TokenMaker, response: Response) -> models.NewToken:
    """Send it as `Authorization: Bearer`, `x-api-key` or `x-siro-auth-token`. It is shown once: only a digest is kept.
    It may do no more than who makes it, and all of that unless said otherwise. It ends after 90 days unless `expiresAt`
    says otherwise, after 366 at the latest, and never later than the token making it."""
    from auricle.directory.api_keys import create_key

    own_organization(context, body.organization_id)
    key, token = create_key(
        context.org,
        name=body.token_name,
        user_id=body.user_id,
        scopes=body.scopes,
        roles=body.roles,
        expires_at=body.expires_at,
        creator=context.caller,
        keys=context.stores.records(API_KEYS),
        now=context.now,
    )
    response.headers["location"] = f"{PREFIX}/auth/tokens/{key.id}"
    return models.NewToken(**models.token_fields(key), token=token)


@router.get("/tokens/{token_id}", responses=errors(NO_TOKEN), summary="Get an API token")
async def get_token(token_id: TokenId, context: Admin) -> models.Token:
    """An API token of the organization, by id."""
    return models.Token(**models.token_fields(context.stores.records(API_KEYS).get(context.org, token_id)))


@router.delete("/tokens/{token_id}", responses=errors(NO_TOKEN), summary="Revoke an API token")
async def revoke_token(token_id: TokenId, context: Admin) -> models.Token:
    """It proves nothing from now on, nor does any token that was made with it. Answers with the token as it was."""
    from auricle.directory.api_keys import revoke_key

    return models.Token(**models.token_fields(revoke_key(context.org, token_id, context.stores.records(API_KEYS))))
