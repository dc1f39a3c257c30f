"""What the API reads and answers of API tokens."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from api.core.shared import Timestamp
from api.examples import example, parsed
from api.models import CamelRequestModel, CamelResponseModel, Id, Line, Moment, same_fields
from auricle.directory.api_keys import ApiKey

Name = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9:._-]+$")]
Names = Annotated[list[Name], Field(max_length=50)]
UserId = Annotated[str, StringConstraints(max_length=255, pattern=r"^[!-~]+$")]
"""A subject as identity providers write it (OpenID Connect: ASCII, 255 characters), without spaces."""


class CreateTokenRequest(CamelRequestModel):
    """A new token, which may never do more than who makes it."""

    model_config = ConfigDict(
        json_schema_extra=example({"tokenName": "CRM sync", "organizationId": "acme", "scopes": ["recordings:read"]})
    )

    token_name: Line = Field(description="The name it is listed by.")
    organization_id: Id = Field(description="The organization of the credential.")
    scopes: Names | None = Field(None, description="The scopes it has; its maker's where it is left out or null.")
    roles: Names | None = Field(None, description="The roles it has; its maker's where it is left out or null.")
    user_id: UserId | None = Field(None, description="On whose behalf it acts; its maker's where left out or null.")
    expires_at: Moment | None = Field(
        None,
        description="Until when it holds, 366 days from now at most. Where it is left out or null: 90 days, or as long "
        "as the token it is made with.",
    )


_TOKEN = parsed("""{
  "tokenId": "token_19d4f2a1b0512345678901234abcdef", "tokenName": "CRM sync", "organizationId": "acme",
  "authorizedOrgGroupId": null, "parentOrgGroupTokenId": null, "createdAt": "2026-03-30T12:00:00.000Z",
  "createdBy": "user_77", "userId": "user_77", "expiresAt": "2026-06-28T12:15:00.000Z", "scopes": ["recordings:read"],
  "roles": []
}""")


class TokenFields(CamelResponseModel):
    """What every token shows."""

    token_id: str = Field(description="Its id; of a JWT, its subject.")
    token_name: str = Field(description="The name it is listed by.")
    organization_id: str = Field(description="The organization it belongs to.")
    authorized_org_group_id: str | None = Field(description="Always null: there are no groups of organizations.")
    parent_org_group_token_id: str | None = Field(description="Always null: there are no groups of organizations.")
    created_at: Timestamp = Field(description="When it was made. Of a JWT: when it was issued, where it says so.")
    created_by: str | None = Field(description="The user who made it; null of a JWT.")
    user_id: str = Field(description="On whose behalf it acts.")
    expires_at: Timestamp | None = Field(description="Until when it holds; null of those without an end.")
    scopes: list[str] = Field(description="The scopes it has.")
    roles: list[str] = Field(description="The roles it has.")


def token_fields(key: ApiKey) -> dict[str, Any]:
    """The fields of a token that is an API key."""
    renamed = {"token_id": key.id, "token_name": key.name, "organization_id": key.org}
    groups = dict.fromkeys(("authorized_org_group_id", "parent_org_group_token_id"))
    return same_fields(TokenFields, key) | renamed | groups


class Token(TokenFields):
    """One token, without what proves it."""

    model_config = ConfigDict(json_schema_extra=example(_TOKEN))


class NewToken(TokenFields):
    """A token that was just made."""

    model_config = ConfigDict(
        json_schema_extra=example({**_TOKEN, "token": "auricle.acme.token_19d4f2a1b0512345678901234abcdef.…"})
    )

    token: str = Field(description="The credential itself, shown this once: keep it.")


class TokenPage(CamelResponseModel):
    """Tokens, those made last first."""

    model_config = ConfigDict(json_schema_extra=example({"data": [_TOKEN], "cursor": None}))

    data: list[Token] = Field(description="The tokens of this page.")
    cursor: str | None = Field(description="Where to go on; null at the end.")
