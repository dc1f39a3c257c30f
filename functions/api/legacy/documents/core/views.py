"""In the OpenAPI document: who viewed a recording, who starred it, and how long they listened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from api.legacy.documents import RECORDING_ID, CamelShown, Documented, Refusal


class Success(CamelShown):
    """It was noted."""

    success: Literal[True]


class SuccessAnswer(CamelShown):
    """It was noted."""

    data: Success


class RecordingEngagement(CamelShown):
    """One listening session of one user."""

    id: str
    duration_milliseconds: int = Field(description="Of the whole session so far; it never shrinks.")
    user_id: str
    recording_id: str
    organization_id: str
    created_at: str
    updated_at: str
    client_platform: Literal["WEB", "IOS", "ANDROID"] | None


class Listening(CamelShown):
    """The session as it is kept."""

    recording_engagement: RecordingEngagement


class ListeningAnswer(CamelShown):
    """The session as it is kept."""

    data: Listening


class Star(CamelShown):
    """Whether the caller has starred the recording."""

    starred: bool


class StarAnswer(CamelShown):
    """Whether the caller has starred the recording."""

    data: Star


_NOT_THERE = Refusal(404, "recording-not-found", "The recording is unknown, or in the trash.")
_STALE = Refusal(412, "precondition-failed", "If-Match names another state than the present one.")

OPERATIONS: Mapping[str, Documented] = {
    "mark_viewed": Documented(
        "Say that you view a recording",
        "One more view (`viewCount`), unless the one you began within the last 12 hours has not ended: "
        "`POST …/views` ends it. Of each user the first counts in `uniqueViewCount`.",
        SuccessAnswer,
        {"data": {"success": True}},
        refusals=(_NOT_THERE,),
    ),
    "report_view": Documented(
        "Say how long you viewed a recording",
        "In milliseconds. It ends the view begun by `PUT …/viewed`, or is one more view.",
        SuccessAnswer,
        {"data": {"success": True}},
        refusals=(_NOT_THERE,),
        request_example={"duration": 61200},
    ),
    "report_listening": Documented(
        "Say how long you have listened to a recording",
        "`duration` is that of the whole session so far, in milliseconds. The first report of a session leaves "
        "`recordingEngagementId` out; further ones send the id answered.",
        ListeningAnswer,
        {
            "data": {
                "recordingEngagement": {
                    "id": "engagement_19d4f2a1b0c00aa11bb22cc33dd44e",
                    "durationMilliseconds": 42000,
                    "userId": "user_1",
                    "recordingId": RECORDING_ID,
                    "organizationId": "acme",
                    "createdAt": "2026-03-30T12:00:00.000Z",
                    "updatedAt": "2026-03-30T12:00:42.000Z",
                    "clientPlatform": "WEB",
                },
            },
        },
        refusals=(_NOT_THERE,),
        request_example={"duration": 42000, "clientPlatform": "WEB"},
    ),
    "star_recording": Documented(
        "Star a recording",
        "It counts once for each user in `starCount`.",
        StarAnswer,
        {"data": {"starred": True}},
        refusals=(_NOT_THERE,),
    ),
    "unstar_recording": Documented(
        "Take your star back",
        "Where there is none, nothing changes.",
        StarAnswer,
        {"data": {"starred": False}},
        refusals=(_NOT_THERE, _STALE),
    ),
}
