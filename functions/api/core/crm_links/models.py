"""What the API reads and answers of a recording's link to the CRM, and whom a recording concerns."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.core.crm_objects import ExternalId
from api.core.shared import Timestamp
from api.examples import example
from api.models import ByValue, CamelRequestModel, CamelResponseModel, Id, same_fields
from auricle.crm.crm_link import Linked
from auricle.recordings.recording import CrmLink, Recording

Trigger = Literal[
    "FUZZY_MATCH_RECORDINGS_FOR_ENGAGEMENT",
    "FUZZY_MATCH_ENGAGEMENTS_FOR_RECORDING",
    "FUZZY_MATCH_RECORDINGS_FOR_OPPORTUNITY",
    "FUZZY_MATCH_OPPORTUNITIES_FOR_RECORDING",
    "OPPORTUNITY_DEEPLINK_ADMIN",
    "OPPORTUNITY_DEEPLINK",
    "CRM_DEEPLINK",
    "AUDIO_UPLOAD_DEEPLINK",
    "CONTACT_MATCH_AUDIO_UPLOAD",
    "USER_LINK_WEB",
    "USER_LINK_MOBILE",
    "USER_LINK_POST_RECORDING",
    "USER_UNLINK",
    "USER_APPOINTMENT_LIST",
    "CALENDAR_MATCH",
    "EXTERNAL_API_LINK",
    "RECORDING_HARD_DELETED",
]


class CrmDataType(StrEnum):
    """What a record of the CRM is. An opportunity is a deal."""

    ACCOUNT = "ACCOUNT"
    LEAD = "LEAD"
    OPPORTUNITY = "OPPORTUNITY"
    ENGAGEMENT = "ENGAGEMENT"
    CONTACT = "CONTACT"


class CrmLinkFields(CamelRequestModel):
    """A record of the CRM, named by Auricle's id of it, or by its CRM's and the connection."""

    id: Id | None = Field(None, description="Auricle's id of the record.")
    external_id: ExternalId | None = Field(None, description="The CRM's id of the record.")
    integration_connection_id: Id | None = Field(None, description="The connection to that CRM; where it is null, any.")
    data_type: Annotated[CrmDataType, ByValue] = Field(description="What the record is.")
    trigger: Trigger = Field("EXTERNAL_API_LINK", description="What made the link.")

    def link(self) -> CrmLink:
        """The link that it names."""
        same = self.model_dump(include={"id", "external_id", "trigger"})
        return CrmLink(self.data_type.value, connection_id=self.integration_connection_id, **same)


class CrmLinkRequest(CrmLinkFields):
    """The record that a recording is linked to. `id` or `externalId` must be given."""

    model_config = ConfigDict(json_schema_extra=example({"externalId": "opp_12345", "dataType": "OPPORTUNITY"}))


class CrmUnlinkRequest(CrmLinkFields):
    """The record whose link is taken off. Without `id` and `externalId` it is any of that type."""

    model_config = ConfigDict(json_schema_extra=example({"id": "deal_q3", "dataType": "OPPORTUNITY"}))


class LinkedRecord(CamelResponseModel):
    """What the recording is linked to now."""

    id: str = Field(description="Auricle's id of the record.")
    external_id: str = Field(description="The CRM's id of it; Auricle's, of a record that no CRM knows.")
    data_type: CrmDataType = Field(description="What the record is.")
    name: str = Field(description="What people call it.")
    last_activity_at: Timestamp = Field(description="When it was last changed; of an engagement, the recording.")


class CrmLinkResponse(CamelResponseModel):
    """The link."""

    model_config = ConfigDict(
        json_schema_extra=example("""{"data": {
          "id": "deal_q3", "externalId": "opp_12345", "dataType": "OPPORTUNITY", "name": "Q3 renewal",
          "lastActivityAt": "2026-03-30T12:00:00.000Z"
        }}""")
    )

    data: LinkedRecord = Field(description="The record, whose link replaced any other.")

    @classmethod
    def of(cls, linked: Linked, recording: Recording) -> CrmLinkResponse:
        return cls(
            data=LinkedRecord(
                **same_fields(LinkedRecord, linked),
                data_type=CrmDataType(linked.link.data_type),
                last_activity_at=(linked.deal or linked.contact or recording).updated_at,
            )
        )


class CrmUnlinkResponse(CamelResponseModel):
    """Whether there was such a link."""

    model_config = ConfigDict(json_schema_extra=example({"data": True}))

    data: bool = Field(description="Whether the recording had that link.")
