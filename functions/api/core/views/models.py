"""What the core API reads and answers of views, listening and stars."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.core.shared import Timestamp
from api.examples import example
from api.models import CamelRequestModel, CamelResponseModel, Id, WholeNumber, same_fields
from auricle.recordings import views as domain

DurationMs = Annotated[WholeNumber, Field(ge=0, le=domain.MAX_DURATION_MS)]
ClientPlatform = Literal["WEB", "IOS", "ANDROID"]


class ReportViewRequest(CamelRequestModel):
    """How long the recording was viewed."""

    model_config = ConfigDict(json_schema_extra=example({"duration": 61200}))

    duration: DurationMs = Field(description="In milliseconds; a day at most.")


class ReportListeningRequest(CamelRequestModel):
    """How long somebody has listened in one session."""

    model_config = ConfigDict(json_schema_extra=example({"duration": 42000, "clientPlatform": "WEB"}))

    recording_engagement_id: Id | None = Field(None, description="The session's id; left out, it begins a session.")
    duration: DurationMs = Field(description="Of the whole session so far, in milliseconds; a day at most.")
    client_platform: ClientPlatform | None = Field(None, description="Where it is listened to; left out, it stays.")


class Success(CamelResponseModel):
    """It was noted."""

    success: Literal[True] = Field(True, description="That it was noted.")


class SuccessResponse(CamelResponseModel):
    """It was noted."""

    model_config = ConfigDict(json_schema_extra=example({"data": {"success": True}}))

    data: Success = Field(description="Always the same.")


class RecordingEngagement(CamelResponseModel):
    """One listening session of one user."""

    id: str = Field(description="The id of the session.")
    duration_milliseconds: int = Field(description="Of the whole session so far; it never shrinks.")
    user_id: str = Field(description="The id of the user who listens.")
    recording_id: str = Field(description="The id of the recording.")
    organization_id: str = Field(description="The id of the organization.")
    created_at: Timestamp = Field(description="When it was first reported.")
    updated_at: Timestamp = Field(description="When it was last reported.")
    client_platform: ClientPlatform | None = Field(description="Where it is listened to; null where it was not said.")

    @classmethod
    def of(cls, engagement: domain.Engagement) -> RecordingEngagement:
        fields = same_fields(cls, engagement)
        return cls(**fields, duration_milliseconds=engagement.duration_ms, organization_id=engagement.org)


class Listening(CamelResponseModel):
    """The session as it is kept."""

    recording_engagement: RecordingEngagement = Field(description="The session.")


class ListeningResponse(CamelResponseModel):
    """The session as it is kept."""

    model_config = ConfigDict(
        json_schema_extra=example("""{"data": {"recordingEngagement": {
          "id": "engagement_19d4f2a1b0c00aa11bb22cc33dd44e", "durationMilliseconds": 42000, "userId": "user_1",
          "recordingId": "rec_19d4f2a1b00c0ffee12345678901234", "organizationId": "acme",
          "createdAt": "2026-03-30T12:00:00.000Z", "updatedAt": "2026-03-30T12:00:42.000Z", "clientPlatform": "WEB"
        }}}""")
    )

    data: Listening = Field(description="What is kept of the session.")


class Star(CamelResponseModel):
    """Whether the caller has starred the recording."""

    starred: bool = Field(description="Whether the caller has starred it.")


class StarResponse(CamelResponseModel):
    """Whether the caller has starred the recording."""

    model_config = ConfigDict(json_schema_extra=example({"data": {"starred": True}}))

    data: Star = Field(description="The state of the star.")
