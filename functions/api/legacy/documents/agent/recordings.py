"""The agent API's links of recordings in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from api.legacy.documents import CREATED_AT, RECORDING_ID, Documented, Shown
from api.legacy.documents.agent.wire import LOCKED, NO_CONTACT, NO_RECORDING, STALE


class Links(Shown):
    """What a recording is linked to."""

    id: str
    contact_ids: list[str]
    deal_id: str | None
    updated_at: datetime


_LINKS = {
    "id": RECORDING_ID,
    "contact_ids": ["contact_uuid_1", "contact_uuid_2"],
    "deal_id": "deal_uuid",
    "updated_at": CREATED_AT,
}

OPERATIONS: Mapping[str, Documented] = {
    "link_recording_to_crm": Documented(
        "Link to contacts and a deal",
        "Contacts are added to those linked already, and the recording appears on their timelines. A deal is named by "
        "its id in the CRM, known here or not.",
        Links,
        _LINKS,
        request_example={"contact_ids": ["contact_uuid_1", "contact_uuid_2"], "deal_id": "deal_uuid"},
        refusals=(NO_RECORDING, NO_CONTACT, LOCKED, STALE),
    ),
    "unlink_recording_from_crm": Documented(
        "Take contacts and the deal off a recording",
        "What the recording was not linked to changes nothing.",
        Links,
        {**_LINKS, "contact_ids": ["contact_uuid_1"], "deal_id": None},
        request_example={"contact_ids": ["contact_uuid_2"], "deal_id": "deal_uuid"},
        refusals=(NO_RECORDING, LOCKED, STALE),
    ),
}
