"""The one CRM record a recording is linked to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints

from api.legacy.reading import Asked, Id
from api.legacy.surface import Call, etag
from api.legacy.surfaces.core.wire import WRITE, enveloped, surface, timestamp
from auricle.recordings.recording import CrmLink

if TYPE_CHECKING:
    from starlette.responses import Response

    from auricle.crm.contacts import Contact
    from auricle.crm.deals import Deal
    from auricle.recordings.recording import Recording

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


class CrmLinkRequest(Asked):
    """`PUT` and `DELETE /recordings/{id}/link`: the record by Auricle's id, or by its CRM's and the connection."""

    id: Id | None = None
    external_id: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = Field(
        None, alias="externalId"
    )
    connection_id: Id | None = Field(None, alias="integrationConnectionId")
    data_type: Literal["ACCOUNT", "LEAD", "OPPORTUNITY", "ENGAGEMENT", "CONTACT"] = Field(alias="dataType")
    trigger: Trigger = "EXTERNAL_API_LINK"

    def value(self) -> CrmLink:
        return CrmLink(
            data_type=self.data_type,
            id=self.id,
            external_id=self.external_id,
            connection_id=self.connection_id,
            trigger=self.trigger,
        )


@surface.put("/recordings/{recording_id}/link", scope=WRITE, reads=CrmLinkRequest)
async def link_core_recording(call: Call, asked: CrmLinkRequest) -> Response:
    from auricle.crm.crm_link import find_linked, link_to_crm

    recording_id = call.recording_id()
    call.recording(recording_id)  # of two ids that are unknown, the one in the path is named
    services = call.services
    linked = find_linked(call.org, asked.value(), records=services, contacts=services.contacts)
    recording = link_to_crm(
        call.org,
        recording_id,
        linked,
        recordings=services.recordings,
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    found = linked.deal or linked.contact
    return enveloped(
        {
            "id": linked.id,
            "externalId": linked.external_id,
            "dataType": asked.data_type,
            "name": linked.name,
            "lastActivityAt": timestamp(found.updated_at if found else recording.updated_at),
        },
        headers=etag(recording.revision),
    )


@surface.delete("/recordings/{recording_id}/link", scope=WRITE, reads=CrmLinkRequest, in_query=False)
async def unlink_core_recording(call: Call, asked: CrmLinkRequest) -> Response:
    from auricle.crm.crm_link import unlink_from_crm

    named = asked.value()
    unlinked = unlink_from_crm(
        call.org,
        call.recording_id(),
        named=named,
        recordings=call.services.recordings,
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    return enveloped(unlinked)


def crm_customers(call: Call, recordings: Sequence[Recording]) -> list[dict[str, Any] | None]:
    """Whom each recording concerns, as the core API shows it; None of one that concerns nobody."""
    from auricle.crm.crm_link import linked_contacts, linked_deals

    contacts = linked_contacts(call.org, recordings, call.services.contacts)
    in_crm = [one for one in recordings if one.crm_link and one.crm_link.data_type == "OPPORTUNITY"]
    deals = linked_deals(call.org, in_crm, call.services)
    return [_customer(recording, contacts, deals) for recording in recordings]


def crm_customer(call: Call, recording: Recording) -> dict[str, Any] | None:
    """Whom the recording concerns: what its link leads to, else its first contact."""
    return crm_customers(call, [recording])[0]


def crm_opportunities(call: Call, recording: Recording) -> list[dict[str, Any]]:
    """The deal the recording concerns, with the account and the CRM it comes from."""
    from auricle.crm.crm_link import linked_deals

    return [_opportunity(call, deal) for deal in linked_deals(call.org, [recording], call.services).values()]


def media_opportunities(_call: Call, _recording: Recording) -> list[dict[str, Any]]:
    """None: no connection brings any yet."""
    return []


def _customer(
    recording: Recording, contacts: Mapping[str, Contact], deals: Mapping[str, Deal]
) -> dict[str, Any] | None:
    link = recording.crm_link
    if link is not None and link.data_type == "OPPORTUNITY" and (deal := deals.get(link.id or "")):
        return _said(
            {
                "id": deal.id,
                "name": deal.account_name or deal.name,
                "customerType": "OPPORTUNITY",
                "externalId": deal.external_id,
                "crmUrl": deal.crm_url,
                "amount": deal.amount,
                "disposition": deal.disposition.value,
                "closedAt": timestamp(deal.closed_at),
                **_dated(deal),
            }
        )
    first = link.id if link is not None and link.id in contacts else next(iter(recording.contact_ids), None)
    contact = contacts.get(first or "")
    if contact is None:
        return None
    return _said(
        {
            "id": contact.id,
            "name": contact.name,
            "customerType": contact.customer_type.value,
            "externalId": contact.external_id,
            "crmUrl": contact.crm_url,
            "emailAddress": contact.email,
            "phoneNumber": contact.phone,
            **_dated(contact),
        }
    )


def _dated(record: Contact | Deal) -> dict[str, Any]:
    return {
        "lastActivityAt": timestamp(record.updated_at),
        "createdAt": timestamp(record.created_at),
        "updatedAt": timestamp(record.updated_at),
        "matchingSource": "DIRECT",
        "organizationId": record.org,
    }


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not known: the reference admits no null of some of them."""
    return {name: value for name, value in fields.items() if value is not None}


def _opportunity(call: Call, deal: Deal) -> dict[str, Any]:
    connection = None
    if deal.connection_id is not None:
        from auricle.crm.connections import CONNECTIONS

        connection = call.services.records(CONNECTIONS).find(call.org, [deal.connection_id]).get(deal.connection_id)
    return {
        "opportunityExternalId": deal.external_id,
        "accountId": next(iter(deal.contact_ids), None),
        "accountName": deal.account_name,
        "accountExternalId": None,
        "disposition": deal.disposition.value,
        "closedAt": timestamp(deal.closed_at),
        "name": deal.name,
        "amount": deal.amount,
        "integrationName": connection.name if connection else None,
        "integrationPlatform": connection.platform.value if connection else None,
        "addresses": [_said(_address(address)) for address in deal.addresses],
    }


def _address(address: Any) -> dict[str, Any]:
    return {name: getattr(address, name) for name in ("street", "city", "state", "zip", "country")}
