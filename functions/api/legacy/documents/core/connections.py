"""In the OpenAPI document: connections to CRMs and other systems of the organization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from api.legacy.documents import CREATED_AT, CamelShown, Documented, Refusal

PlatformShown = Literal[
    "MERGE", "SIRO_CUSTOM_INPUT", "SERVICE_TITAN", "COMPANY_CAM", "INGAGE", "LEAD_PERFECTION", "SPOTIO"
]


class ConnectionShown(CamelShown):
    """One connection."""

    id: str
    name: str
    external_account_id: str
    organization_id: str
    integration_platform: PlatformShown
    created_at: str
    updated_at: str
    is_active: bool
    sync_status: list[dict[str, Any]] = Field(description="Empty: nothing is synchronized yet.")
    sync_transcript: bool


class ConnectionsAnswer(CamelShown):
    """Connections, those added last first."""

    data: list[ConnectionShown]
    cursor: str | None


_CONNECTION: Mapping[str, Any] = {
    "id": "connection_9f2c4a1b8d7e6f5a4b3c2d1e",
    "name": "Our CRM",
    "externalAccountId": "acct_42",
    "organizationId": "acme",
    "integrationPlatform": "MERGE",
    "createdAt": CREATED_AT,
    "updatedAt": CREATED_AT,
    "isActive": True,
    "syncStatus": [],
    "syncTranscript": False,
}
_NOT_THERE = Refusal(404, "connection-not-found", "Unknown.")

OPERATIONS: Mapping[str, Documented] = {
    "list_connections": Documented(
        summary="Connections",
        description="To CRMs and other systems.",
        answer=ConnectionsAnswer,
        example={"data": [_CONNECTION], "cursor": None},
    ),
    "create_connection": Documented(
        summary="Add a connection",
        description="One for each platform.",
        answer=ConnectionShown,
        example=_CONNECTION,
        status=201,
        refusals=(
            Refusal(400, "platform-not-supported", "No connection to this platform can be made."),
            Refusal(409, "conflict", "There is a connection to this platform already."),
        ),
        request_example={"name": "Our CRM", "integrationPlatform": "MERGE", "externalAccountId": "acct_42"},
    ),
    "get_connection": Documented(
        summary="One connection",
        description="By id.",
        answer=ConnectionShown,
        example=_CONNECTION,
        refusals=(_NOT_THERE,),
    ),
    "update_connection": Documented(
        summary="Change a connection",
        description="What is not said stays as it is.",
        answer=ConnectionShown,
        example=_CONNECTION,
        refusals=(_NOT_THERE,),
        request_example={"isActive": False},
    ),
    "remove_connection": Documented(
        summary="Remove a connection",
        description="Records keep the ids they came with.",
        answer=None,
        example=None,
        status=204,
        refusals=(_NOT_THERE,),
    ),
}
