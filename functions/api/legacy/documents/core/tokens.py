"""In the OpenAPI document: API tokens of the organization, and who the caller is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from api.legacy.documents import CREATED_AT, CamelShown, Documented, Refusal


class TokenShown(CamelShown):
    """One token, without what proves it."""

    token_id: str
    token_name: str
    organization_id: str
    authorized_org_group_id: str | None
    parent_org_group_token_id: str | None
    created_at: str = Field(description="Of a JWT: when it was issued, where it says so.")
    created_by: str | None
    user_id: str = Field(description="On whose behalf it acts.")
    expires_at: str | None
    scopes: list[str]
    roles: list[str]


class NewToken(TokenShown):
    """A token that was just made. `token` is shown this once: keep it."""

    token: str


class TokensAnswer(CamelShown):
    """Tokens, those made last first."""

    data: list[TokenShown]
    cursor: str | None


_TOKEN: Mapping[str, Any] = {
    "tokenId": "token_19d4f2a1b0512345678901234abcdef",
    "tokenName": "CRM sync",
    "organizationId": "acme",
    "authorizedOrgGroupId": None,
    "parentOrgGroupTokenId": None,
    "createdAt": CREATED_AT,
    "createdBy": "user_77",
    "userId": "user_77",
    "expiresAt": "2026-06-28T12:15:00.000Z",
    "scopes": ["recordings:read"],
    "roles": [],
}
_NOT_THERE = Refusal(404, "token-not-found", "Unknown, or revoked.")

OPERATIONS: Mapping[str, Documented] = {
    "get_caller_identity": Documented(
        summary="Who is asking",
        description="What the credential of this request proves, API token or JWT.",
        answer=TokenShown,
        example=_TOKEN,
    ),
    "list_tokens": Documented(
        summary="API tokens",
        description="Those made last first; revoked ones are gone.",
        answer=TokensAnswer,
        example={"data": [_TOKEN], "cursor": None},
    ),
    "create_token": Documented(
        summary="Make an API token",
        description="Send it as `Authorization: Bearer`, `x-api-key` or `x-siro-auth-token`. It is shown once: only a "
        "digest is kept. It may do no more than who makes it, and all of that unless said otherwise. It ends after 90 "
        "days unless `expiresAt` says otherwise, after 366 at the latest, and never later than the token making it.",
        answer=NewToken,
        example={**_TOKEN, "token": "auricle.acme.token_19d4f2a1b0512345678901234abcdef.…"},
        refusals=(
            Refusal(403, "forbidden", "A scope or role that its maker does not have."),
            Refusal(404, "not-found", "`organizationId` is not the organization of the credential."),
            Refusal(409, "conflict", "The token that makes it comes from as many others as one may."),
        ),
        request_example={"tokenName": "CRM sync", "organizationId": "acme", "scopes": ["recordings:read"]},
    ),
    "get_token": Documented(
        summary="One API token", description="By id.", answer=TokenShown, example=_TOKEN, refusals=(_NOT_THERE,)
    ),
    "revoke_token": Documented(
        summary="Revoke an API token",
        description="It proves nothing from now on, nor does any token that was made with it. Answers with the token "
        "as it was.",
        answer=TokenShown,
        example=_TOKEN,
        refusals=(_NOT_THERE,),
    ),
}
