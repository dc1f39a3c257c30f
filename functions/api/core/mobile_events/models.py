"""What the core API reads and answers of mobile events."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from api.core.shared import EpochMilliseconds, Timestamp
from api.examples import example, parsed
from api.models import CamelRequestModel, CamelResponseModel, Line, WholeNumber, same_fields
from api.urls import DEEPLINK_PATTERN
from auricle.recordings import mobile_events as domain

MAX_EVENTS = 100
MAX_DURATION_MS = 7 * 86_400_000

DurationMs = Annotated[WholeNumber, Field(ge=0, le=MAX_DURATION_MS)]
Link = Annotated[str, StringConstraints(max_length=2048, pattern=DEEPLINK_PATTERN)]
RecorderTrigger = Literal["interruption", "buttonPress", "deeplink", "maxRecordingTimeExceeded", "unknown"]


class MobileEventCode(StrEnum):
    """What kind of event it is."""

    RECORDER_STATE_CHANGE = "recorderStateChange"
    NETWORK_STATUS_CHANGE = "networkStatusChange"
    APP_STATE_CHANGE = "appStateChange"
    CONSENT_STATUS_CHANGED = "consentStatusChanged"
    RECORDING_METADATA_CHANGED = "recordingMetadataChanged"
    DEEPLINK_RECEIVED = "deeplinkReceived"
    DEEPLINK_CONSUMED = "deeplinkConsumed"
    USER_AUTH_STATUS_CHANGED = "userAuthStatusChanged"


_NAME = "What kind of event it is."


class RecorderStateChange(CamelRequestModel):
    """The recorder was started, paused, resumed, stopped or cancelled, and by what."""

    name: Literal["recorderStateChange"] = Field(description=_NAME)
    value: Literal["start", "resume", "pause", "stop", "cancelled"] = Field(description="What became of the recorder.")
    trigger: RecorderTrigger = Field(description="What brought it about.")


class NetworkStatusChange(CamelRequestModel):
    """The phone went on or off line."""

    name: Literal["networkStatusChange"] = Field(description=_NAME)
    value: Literal["online", "offline"] = Field(description="What the phone is now.")


class AppStateChange(CamelRequestModel):
    """The app came to the front, or left it."""

    name: Literal["appStateChange"] = Field(description=_NAME)
    value: Literal["background", "active", "inactive"] = Field(description="Where the app is now.")


class ConsentStatusChanged(CamelRequestModel):
    """The customer was asked for consent, or answered."""

    name: Literal["consentStatusChanged"] = Field(description=_NAME)
    status: Literal["requested", "granted", "declined"] = Field(description="What was asked or answered.")


class RecordingMetadataChanged(CamelRequestModel):
    """The recording was given a title on the phone."""

    name: Literal["recordingMetadataChanged"] = Field(description=_NAME)
    title: Line = Field(description="The title.")


class Deeplink(CamelRequestModel):
    """The app was opened by a link, or has done what the link asked."""

    name: Literal["deeplinkReceived", "deeplinkConsumed"] = Field(description=_NAME)
    full_url: Link = Field(description="The link, of any scheme; kept as it is, and never followed.")


class UserAuthStatusChanged(CamelRequestModel):
    """The user signed in or out."""

    name: Literal["userAuthStatusChanged"] = Field(description=_NAME)
    status: Literal["authenticated", "unauthenticated"] = Field(description="What the user is now.")


class ReportedMobileEvent(CamelRequestModel):
    """One event: what happened, when by the phone's clock, and how long it lasted."""

    event: Annotated[
        RecorderStateChange
        | NetworkStatusChange
        | AppStateChange
        | ConsentStatusChanged
        | RecordingMetadataChanged
        | Deeplink
        | UserAuthStatusChanged,
        Field(discriminator="name"),
    ] = Field(description="What happened. What else it says follows from `name`.")
    timestamp_in_milliseconds: EpochMilliseconds | None = Field(
        None, description="When it happened, by the phone's clock, in milliseconds since 1970."
    )
    duration_in_milliseconds: DurationMs | None = Field(None, description="How long it lasted; a week at most.")
    external_opportunity_ids: list[Line] = Field([], max_length=20, description="The CRM's ids of its opportunities.")

    def as_domain(self) -> domain.NewMobileEvent:
        return domain.NewMobileEvent(
            name=self.event.name,
            facts=self.event.model_dump(by_alias=True, exclude={"name"}),
            happened_at_ms=self.timestamp_in_milliseconds,
            duration_ms=self.duration_in_milliseconds,
            opportunity_ids=self.external_opportunity_ids,
        )


class ReportMobileEventsRequest(CamelRequestModel):
    """One event or many, in the order they happened."""

    model_config = ConfigDict(
        json_schema_extra=example("""{"events": [{
          "event": {"name": "recorderStateChange", "value": "start", "trigger": "buttonPress"},
          "timestampInMilliseconds": 1774872000000
        }]}""")
    )

    events: list[ReportedMobileEvent] = Field(
        min_length=1, max_length=MAX_EVENTS, description="The events, in the order they happened."
    )


_EVENT = parsed("""{
  "id": "evt_19d4f2a1b0c00aa11bb22cc33dd44e", "recordingId": "rec_19d4f2a1b00c0ffee12345678901234",
  "externalOpportunityIds": [], "userId": "user_1", "organizationId": "acme", "eventCode": "recorderStateChange",
  "event": {"value": "start", "trigger": "buttonPress"}, "createdAt": "2026-03-30T12:00:00.000Z"
}""")


class MobileEvent(CamelResponseModel):
    """One event of a phone."""

    model_config = ConfigDict(json_schema_extra=example(_EVENT))

    id: str = Field(description="The id of the event.")
    recording_id: str = Field(description="The id of the recording it belongs to.")
    external_opportunity_ids: list[str] = Field(description="The CRM's ids of the opportunities it concerns.")
    user_id: str = Field(description="The id of the user who reported it.")
    organization_id: str = Field(description="The id of the organization.")
    event_code: MobileEventCode = Field(description="Its kind, as it was reported in `name`.")
    event: dict[str, str] = Field(
        description="`value` and `trigger` of a recorder's change; `value` of a network's or an app's; `status` of "
        "consent and sign-in; `title`; `fullUrl` of a deep link."
    )
    created_at: Timestamp = Field(description="When it was reported, by the server's clock.")

    @classmethod
    def of(cls, event: domain.MobileEvent) -> MobileEvent:
        return cls(
            **same_fields(cls, event),
            external_opportunity_ids=list(event.opportunity_ids),
            organization_id=event.org,
            event_code=MobileEventCode(event.name),
            event=dict(event.facts),
        )


class ReportedMobileEventsResponse(CamelResponseModel):
    """The events as they were noted."""

    model_config = ConfigDict(json_schema_extra=example({"data": [_EVENT]}))

    data: list[MobileEvent] = Field(description="The events, in the order they were reported.")


class MobileEventPage(CamelResponseModel):
    """Some events."""

    model_config = ConfigDict(json_schema_extra=example({"data": [[_EVENT]], "cursor": None}))

    data: list[list[MobileEvent]] = Field(description="One list of all the events; none where there are no events.")
    cursor: str | None = Field(description="Leads to what follows; null at the end.")
