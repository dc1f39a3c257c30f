"""What the API reads and answers of a recording's link to the CRM, and whom a recording concerns."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from api.core.shared import Timestamp
from api.examples import CORE_CREATED_AT
from api.models import ByValue, CamelRequestModel, CamelResponseModel, Id, left_out, without_none
from auricle.crm.connections import Connection, Platform
from auricle.crm.contacts import Contact
from auricle.crm.crm_link import Linked
from auricle.crm.deals import Address, Deal, Disposition
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


class CrmCustomerType(StrEnum):
    """What somebody is in the CRM. An opportunity is a deal."""

    OPPORTUNITY = "OPPORTUNITY"
    CONTACT = "CONTACT"
    ACCOUNT = "ACCOUNT"
    LEAD = "LEAD"


# --- requests -----------------------------------------------------------------------------------------------


class CrmLinkFields(CamelRequestModel):
    """A record of the CRM, named by Auricle's id of it, or by its CRM's and the connection."""

    id: Id | None = Field(None, description="Auricle's id of the record.")
    external_id: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = Field(
        None, description="The CRM's id of the record."
    )
    integration_connection_id: Id | None = Field(
        None, description="The connection to the CRM whose id it is; any of them where it is null."
    )
    data_type: Annotated[CrmDataType, ByValue] = Field(description="What the record is.")
    trigger: Trigger = Field("EXTERNAL_API_LINK", description="What made the link.")

    def link(self) -> CrmLink:
        """The link that it names."""
        return CrmLink(
            data_type=self.data_type.value,
            id=self.id,
            external_id=self.external_id,
            connection_id=self.integration_connection_id,
            trigger=self.trigger,
        )


class CrmLinkRequest(CrmLinkFields):
    """The record that a recording is linked to. `id` or `externalId` must be given."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"externalId": "opp_12345", "dataType": "OPPORTUNITY"}]})


class CrmUnlinkRequest(CrmLinkFields):
    """The record whose link is taken off. Without `id` and `externalId` it is any of that type."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "deal_q3", "dataType": "OPPORTUNITY"}]})


# --- responses ----------------------------------------------------------------------------------------------


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
        json_schema_extra={
            "examples": [
                {
                    "data": {
                        "id": "deal_q3",
                        "externalId": "opp_12345",
                        "dataType": "OPPORTUNITY",
                        "name": "Q3 renewal",
                        "lastActivityAt": CORE_CREATED_AT,
                    },
                },
            ],
        },
    )

    data: LinkedRecord = Field(description="The record, whose link replaced any other.")

    @classmethod
    def of(cls, linked: Linked, recording: Recording) -> CrmLinkResponse:
        return cls(
            data=LinkedRecord(
                id=linked.id,
                external_id=linked.external_id,
                data_type=CrmDataType(linked.link.data_type),
                name=linked.name,
                last_activity_at=(linked.deal or linked.contact or recording).updated_at,
            ),
        )


class CrmUnlinkResponse(CamelResponseModel):
    """Whether there was such a link."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"data": True}]})

    data: bool = Field(description="Whether the recording had that link.")


class CrmCustomer(CamelResponseModel):
    """Whom a recording concerns: the deal or contact it is linked to, else its first contact.

    What it has none of is left out.
    """

    id: str = Field(description="Auricle's id of the deal or contact.")
    name: str = Field(description="The name of the contact; of a deal, its account's, where that is known.")
    customer_type: CrmCustomerType = Field(description="What it is in the CRM.")
    external_id: str = left_out(description="The CRM's id of it.")
    crm_url: str = left_out(description="Where the CRM shows it.")
    email_address: str = left_out(description="The contact's email address.")
    phone_number: str = left_out(description="The contact's telephone number.")
    amount: float = left_out(description="What the deal is worth.")
    disposition: Disposition = left_out(description="What became of the deal.")
    closed_at: Timestamp = left_out(description="When the deal was closed.")
    last_activity_at: Timestamp = Field(description="When it was last changed.")
    created_at: Timestamp = Field(description="When it was added.")
    updated_at: Timestamp = Field(description="When it was last changed.")
    matching_source: Literal["DIRECT"] = Field(description="How it was found: by its id.")
    organization_id: str = Field(description="The organization it belongs to.")

    @classmethod
    def of(cls, customer: Deal | Contact) -> CrmCustomer:
        own: dict[str, Any]
        if isinstance(customer, Deal):
            name, kind = customer.account_name or customer.name, CrmCustomerType.OPPORTUNITY
            own = {"amount": customer.amount, "disposition": customer.disposition, "closed_at": customer.closed_at}
        else:
            name, kind = customer.name, CrmCustomerType(customer.customer_type)
            own = {"email_address": customer.email, "phone_number": customer.phone}
        return cls(
            id=customer.id,
            name=name,
            customer_type=kind,
            **without_none({"external_id": customer.external_id, "crm_url": customer.crm_url, **own}),
            last_activity_at=customer.updated_at,
            created_at=customer.created_at,
            updated_at=customer.updated_at,
            matching_source="DIRECT",
            organization_id=customer.org,
        )


class CrmAddress(CamelResponseModel):
    """An address in the CRM's own words. What it has none of is left out."""

    street: str = left_out(description="Street and number.")
    city: str = left_out(description="The city.")
    state: str = left_out(description="The state.")
    zip: str = left_out(description="The postal code.")
    country: str = left_out(description="The country.")

    @classmethod
    def of(cls, address: Address) -> CrmAddress:
        parts = {name: getattr(address, name) for name in ("street", "city", "state", "zip", "country")}
        return cls(**without_none(parts))


class CrmOpportunity(CamelResponseModel):
    """The deal a recording concerns, with the account and the CRM it comes from."""

    opportunity_external_id: str | None = Field(description="The CRM's id of the deal.")
    account_id: str | None = Field(description="Auricle's id of its first contact.")
    account_name: str | None = Field(description="The account's name.")
    account_external_id: str | None = Field(description="Always null: deals do not carry the CRM's id of the account.")
    disposition: Disposition = Field(description="What became of the deal.")
    closed_at: Timestamp | None = Field(description="When it was closed.")
    name: str = Field(description="The deal's name.")
    amount: float | None = Field(description="What it is worth.")
    integration_name: str | None = Field(description="The name of the connection it comes from.")
    integration_platform: Platform | None = Field(description="The system it comes from.")
    addresses: list[CrmAddress] = Field(description="Where it is sold or delivered.")

    @classmethod
    def of(cls, deal: Deal, connection: Connection | None) -> CrmOpportunity:
        return cls(
            opportunity_external_id=deal.external_id,
            account_id=next(iter(deal.contact_ids), None),
            account_name=deal.account_name,
            account_external_id=None,
            disposition=deal.disposition,
            closed_at=deal.closed_at,
            name=deal.name,
            amount=deal.amount,
            integration_name=connection.name if connection else None,
            integration_platform=connection.platform if connection else None,
            addresses=[CrmAddress.of(address) for address in deal.addresses],
        )
