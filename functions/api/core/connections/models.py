"""What the API reads and answers of connections."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from api.core.shared import Timestamp
from api.examples import example, parsed
from api.models import CamelRequestModel, CamelResponseModel, Line, same_fields
from auricle.crm.connections import Connection, Platform

ListedPlatform = Literal[
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
"""Platforms that a list may be asked for, also those that no connection can lead to yet."""


class CreateConnectionRequest(CamelRequestModel):
    """A new connection; an organization has one for each platform."""

    model_config = ConfigDict(
        json_schema_extra=example({"name": "Our CRM", "integrationPlatform": "MERGE", "externalAccountId": "acct_42"})
    )

    name: Line = Field(description="The name it is shown by.")
    integration_platform: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(
        description="The system it leads to. Others than these are answered by `platform-not-supported`.",
        json_schema_extra={"enum": [*Platform]},
    )
    external_account_id: Line = Field(description="The account of the organization in that system.")
    is_active: bool = Field(True, description="Whether it is in use.")


class UpdateConnectionRequest(CamelRequestModel):
    """What is left out or null stays as it is."""

    model_config = ConfigDict(json_schema_extra=example({"isActive": False}))

    name: Line | None = Field(None, description="The name it is shown by.")
    is_active: bool | None = Field(None, description="Whether it is in use.")
    sync_transcript: bool | None = Field(None, description="Whether transcripts are handed to that system.")

    def changed(self, connection: Connection) -> Connection:
        """The connection after the change."""
        return replace(connection, **self.model_dump(exclude_none=True))


_CONNECTION = parsed("""{
  "id": "connection_9f2c4a1b8d7e6f5a4b3c2d1e", "name": "Our CRM", "externalAccountId": "acct_42",
  "organizationId": "acme", "integrationPlatform": "MERGE", "createdAt": "2026-03-30T12:00:00.000Z",
  "updatedAt": "2026-03-30T12:00:00.000Z", "isActive": true, "syncStatus": [], "syncTranscript": false
}""")


class ConnectionResponse(CamelResponseModel):
    """One connection."""

    model_config = ConfigDict(json_schema_extra=example(_CONNECTION))

    id: str = Field(description="Its id.")
    name: str = Field(description="The name it is shown by.")
    external_account_id: str = Field(description="The account of the organization in that system.")
    organization_id: str = Field(description="The organization it belongs to.")
    integration_platform: Platform = Field(description="The system it leads to.")
    created_at: Timestamp = Field(description="When it was added.")
    updated_at: Timestamp = Field(description="When it was last changed.")
    is_active: bool = Field(description="Whether it is in use.")
    sync_status: list[dict[str, Any]] = Field(description="Empty: nothing is synchronized yet.")
    sync_transcript: bool = Field(description="Whether transcripts are handed to that system.")

    @classmethod
    def of(cls, connection: Connection) -> ConnectionResponse:
        fields = same_fields(cls, connection)
        return cls(**fields, organization_id=connection.org, integration_platform=connection.platform, sync_status=[])


class ConnectionPage(CamelResponseModel):
    """Connections, those added last first."""

    model_config = ConfigDict(json_schema_extra=example({"data": [_CONNECTION], "cursor": None}))

    data: list[ConnectionResponse] = Field(description="The connections of this page.")
    cursor: str | None = Field(description="Where to go on; null at the end.")
