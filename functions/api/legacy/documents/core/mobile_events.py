"""In the OpenAPI document: what the phone reports of a recording: started, paused, offline and the like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from api.legacy.documents import RECORDING_ID, CamelShown, Documented, Refusal

MobileEventCode = Literal[
    "recorderStateChange",
    "networkStatusChange",
    "appStateChange",
    "consentStatusChanged",
    "recordingMetadataChanged",
    "deeplinkReceived",
    "deeplinkConsumed",
    "userAuthStatusChanged",
]


class MobileEventShown(CamelShown):
    """One event, as lists show it. `createdAt` is when it was told, by our clock."""

    id: str
    recording_id: str
    external_opportunity_ids: list[str]
    user_id: str
    organization_id: str
    event_code: MobileEventCode
    event: dict[str, str] = Field(
        description="`value` and `trigger` of a recorder's change; `value` of a network's or an app's; `status` of "
        "consent and sign-in; `title`; `fullUrl` of a deep link."
    )
    created_at: str


class MobileEventsTold(CamelShown):
    """The events as they were noted, in the order told."""

    data: list[MobileEventShown]


class MobileEventPage(CamelShown):
    """A page of events is a list within the list; there is none of no events. `cursor` leads to what follows."""

    data: list[list[MobileEventShown]]
    cursor: str | None


_EVENT: dict[str, Any] = {
    "id": "evt_19d4f2a1b0c00aa11bb22cc33dd44e",
    "recordingId": RECORDING_ID,
    "externalOpportunityIds": [],
    "userId": "user_1",
    "organizationId": "acme",
    "eventCode": "recorderStateChange",
    "event": {"value": "start", "trigger": "buttonPress"},
    "createdAt": "2026-03-30T12:00:00.000Z",
}

OPERATIONS: Mapping[str, Documented] = {
    "report_mobile_events": Documented(
        "Report what happened on the phone",
        "One event or up to 100, in the order they happened; they are shown with the recording (`showMobileEvents`). "
        "What an event says besides its name follows from the name.",
        MobileEventsTold,
        {"data": [_EVENT]},
        status=201,
        refusals=(
            Refusal(404, "recording-not-found", "The recording is unknown, or in the trash."),
            Refusal(409, "conflict", "The recording would have more than 1,000 events, or than 1.5 MB of them."),
        ),
        request_example={
            "events": [
                {
                    "event": {"name": "recorderStateChange", "value": "start", "trigger": "buttonPress"},
                    "timestampInMilliseconds": 1774872000000,
                },
            ],
        },
    ),
    "list_mobile_events": Documented(
        "List what happened on phones",
        "Of all recordings, newest first; of one recording (`recordingId`), oldest first. `eventCodeIn` names up to "
        "ten codes, separated by commas, or is given several times. Events of recordings that are hidden from the "
        "caller are left out.",
        MobileEventPage,
        {"data": [[_EVENT]], "cursor": None},
    ),
    "get_mobile_event": Documented(
        "Get an event",
        "One event of a phone.",
        MobileEventShown,
        _EVENT,
        refusals=(Refusal(404, "event-not-found", "Unknown, or of a recording that is not there."),),
    ),
}
