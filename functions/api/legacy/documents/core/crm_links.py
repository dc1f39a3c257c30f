"""In the OpenAPI document: the one CRM record a recording is linked to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from api.legacy.documents import CREATED_AT, CamelShown, Documented, Refusal


class CrmLinkShown(CamelShown):
    """What the recording is linked to now. A record no CRM knows has Auricle's id as `externalId`."""

    id: str
    external_id: str
    data_type: Literal["ACCOUNT", "LEAD", "OPPORTUNITY", "ENGAGEMENT", "CONTACT"]
    name: str
    last_activity_at: str


class CrmLinkAnswer(CamelShown):
    """The link."""

    data: CrmLinkShown


class UnlinkedAnswer(CamelShown):
    """Whether there was such a link."""

    data: bool


_REFUSALS = (
    Refusal(404, "recording-not-found", "Unknown, removed, or in the trash."),
    Refusal(409, "conflict", "The recording is locked."),
)

OPERATIONS: Mapping[str, Documented] = {
    "link_core_recording": Documented(
        summary="Link to a CRM record",
        description="Instead of whatever the recording is linked to: a deal (`OPPORTUNITY`), a contact (`CONTACT`, "
        "`ACCOUNT`, `LEAD`) by its id or its CRM's, or an engagement. It stands on the contact's timeline by it.",
        answer=CrmLinkAnswer,
        example={
            "data": {
                "id": "deal_q3",
                "externalId": "opp_12345",
                "dataType": "OPPORTUNITY",
                "name": "Q3 renewal",
                "lastActivityAt": CREATED_AT,
            }
        },
        refusals=(
            *_REFUSALS,
            Refusal(404, "deal-not-found", "No such deal."),
            Refusal(404, "contact-not-found", "No such contact."),
        ),
        request_example={"externalId": "opp_12345", "dataType": "OPPORTUNITY"},
    ),
    "unlink_core_recording": Documented(
        summary="Take the CRM link off",
        description="Answers whether the recording had that link.",
        answer=UnlinkedAnswer,
        example={"data": True},
        refusals=_REFUSALS,
        request_example={"id": "deal_q3", "dataType": "OPPORTUNITY"},
    ),
}
