"""What the phone reports of a recording: started, paused, offline and the like."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from api.legacy.answers import json_response
from api.legacy.paging import Cursors, fit_page
from api.legacy.reading import Asked, Id, Line, Moment
from api.legacy.surface import Call
from api.legacy.surfaces.core.wire import READ, WRITE, enveloped, surface, timestamp
from api.urls import DEEPLINK_PATTERN
from auricle.errors import EventNotFound, InvalidRequest, RecordingNotFound
from auricle.recordings.mobile_events import MOBILE_EVENTS, MobileEvent

if TYPE_CHECKING:
    from starlette.responses import Response

    from auricle.records import Page

MAX_EVENTS = 100
LAST_MOMENT_MS = 4_102_444_800_000
"""The year 2100: what lies after it was not meant as milliseconds since the epoch."""
MAX_DURATION_MS = 7 * 86_400_000

EpochMs = Annotated[int, Field(ge=0, le=LAST_MOMENT_MS)]
_CODES = (
    "recorderStateChange|networkStatusChange|appStateChange|consentStatusChanged|recordingMetadataChanged|"
    "deeplinkReceived|deeplinkConsumed|userAuthStatusChanged"
)
EventCode = Literal[
    "recorderStateChange",
    "networkStatusChange",
    "appStateChange",
    "consentStatusChanged",
    "recordingMetadataChanged",
    "deeplinkReceived",
    "deeplinkConsumed",
    "userAuthStatusChanged",
]


class RecorderStateChange(Asked):
    """The recorder was started, paused, resumed, stopped or cancelled, and by what."""

    name: Literal["recorderStateChange"]
    value: Literal["start", "resume", "pause", "stop", "cancelled"]
    trigger: Literal["interruption", "buttonPress", "deeplink", "maxRecordingTimeExceeded", "unknown"]


class NetworkStatusChange(Asked):
    """The phone went on or off line."""

    name: Literal["networkStatusChange"]
    value: Literal["online", "offline"]


class AppStateChange(Asked):
    """The app came to the front, or left it."""

    name: Literal["appStateChange"]
    value: Literal["background", "active", "inactive"]


class ConsentStatusChanged(Asked):
    """The customer was asked for consent, or answered."""

    name: Literal["consentStatusChanged"]
    status: Literal["requested", "granted", "declined"]


class RecordingMetadataChanged(Asked):
    """The recording was given a title on the phone."""

    name: Literal["recordingMetadataChanged"]
    title: Line


class Deeplink(Asked):
    """The app was opened by a link, or has done what the link asked."""

    name: Literal["deeplinkReceived", "deeplinkConsumed"]
    full_url: Annotated[str, StringConstraints(max_length=2048, pattern=DEEPLINK_PATTERN)] = Field(alias="fullUrl")


class UserAuthStatusChanged(Asked):
    """The user signed in or out."""

    name: Literal["userAuthStatusChanged"]
    status: Literal["authenticated", "unauthenticated"]


class ToldEvent(Asked):
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
    ]
    happened_at_ms: EpochMs | None = Field(None, alias="timestampInMilliseconds")
    duration_ms: Annotated[int, Field(ge=0, le=MAX_DURATION_MS)] | None = Field(None, alias="durationInMilliseconds")
    opportunity_ids: Annotated[tuple[Line, ...], Field(max_length=20)] = Field((), alias="externalOpportunityIds")


class MobileEventsReport(Asked):
    """`POST /recordings/{id}/mobile-events`: one event or many, in the order they happened."""

    events: Annotated[list[ToldEvent], Field(min_length=1, max_length=MAX_EVENTS)]


class MobileEventsRequest(Asked):
    """`GET /mobile-events`. Dates exclude the moment they name."""

    repeatable: ClassVar = frozenset({"eventCodeIn"})
    created_after: Moment | None = Field(None, alias="createdAtGt")
    created_before: Moment | None = Field(None, alias="createdAtLt")
    cursor: Annotated[str, StringConstraints(max_length=2048)] | None = None
    page_size: int = Field(100, alias="pageSize", ge=1, le=1000)
    code: EventCode | None = Field(None, alias="eventCode")
    codes: Annotated[str, StringConstraints(max_length=255, pattern=rf"^({_CODES})(,({_CODES})){{0,9}}$")] | None = (
        Field(None, alias="eventCodeIn", description="Event codes, separated by commas, or given several times.")
    )
    user_id: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = Field(None, alias="userId")
    recording_id: Id | None = Field(None, alias="recordingId")


@surface.post("/recordings/{recording_id}/mobile-events", scope=WRITE, reads=MobileEventsReport)
async def report_mobile_events(call: Call, asked: MobileEventsReport) -> Response:
    from auricle.recordings.mobile_events import NewMobileEvent, add_mobile_events

    recording = call.recording(call.recording_id())
    told = [
        NewMobileEvent(
            name=one.event.name,
            facts=one.event.model_dump(by_alias=True, exclude={"name"}),
            happened_at_ms=one.happened_at_ms,
            duration_ms=one.duration_ms,
            opportunity_ids=one.opportunity_ids,
        )
        for one in asked.events
    ]
    events = add_mobile_events(
        call.org,
        recording.id,
        told,
        user=call.caller.user,
        events=call.services.records(MOBILE_EVENTS),
        now=call.parts.now(),
    )
    return enveloped([_listed(event) for event in events], 201)


@surface.get("/mobile-events", scope=READ, reads=MobileEventsRequest)
async def list_mobile_events(call: Call, asked: MobileEventsRequest) -> Response:
    after, before = asked.created_after, asked.created_before
    if after and before and after >= before:
        raise InvalidRequest("createdAtGt must be earlier than createdAtLt", field="createdAtGt")
    route, filters = f"{surface.prefix}/mobile-events", repr(asked.model_copy(update={"cursor": None, "page_size": 0}))
    cursors = Cursors(call.parts.settings(), org=call.org, route=route, filters=filters)

    def read(count: int) -> tuple[list[dict[str, Any]], Mapping[str, str] | None]:
        page = _page(call, asked.model_copy(update={"page_size": count}), cursors)
        return [_listed(event) for event in page.records], page.next_position

    shown, following = fit_page(read, asked.page_size)
    # A page of events is a list within the list: so the documented answer has it.
    return json_response({"data": [shown] if shown else [], "cursor": cursors.seal(following)})


@surface.get("/mobile-events/{event_id}", scope=READ)
async def get_mobile_event(call: Call) -> Response:
    from auricle.recordings.mobile_events import find_mobile_event

    event_id = call.path_id("event_id", EventNotFound, "mobile event")
    event = find_mobile_event(call.org, event_id, events=call.services.records(MOBILE_EVENTS, by_id=True))
    try:
        call.recording(event.recording_id)
    except RecordingNotFound:
        raise MOBILE_EVENTS.not_found(event_id) from None
    return json_response(_listed(event))


def mobile_event_shown(event: MobileEvent) -> dict[str, Any]:
    """The event as its recording shows it."""
    return {
        "id": event.id,
        "recordingId": event.recording_id,
        "userId": event.user_id,
        "event": {"name": event.name, **event.facts},
        "organizationId": event.org,
        "dateCreated": timestamp(event.created_at),
        "dateCreatedString": timestamp(event.created_at),
        "timestampInMilliseconds": event.happened_at_ms,
        "durationInMilliseconds": event.duration_ms,
    }


def _listed(event: MobileEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "recordingId": event.recording_id,
        "externalOpportunityIds": event.opportunity_ids,
        "userId": event.user_id,
        "organizationId": event.org,
        "eventCode": event.name,
        "event": event.facts,
        "createdAt": timestamp(event.created_at),
    }


def _page(call: Call, asked: MobileEventsRequest, cursors: Cursors) -> Page[MobileEvent]:
    codes = set(asked.codes.split(",")) if asked.codes else set()
    if asked.code is not None:
        codes.add(asked.code)

    def wanted(event: MobileEvent) -> bool:
        return (
            (not codes or event.name in codes)
            and asked.user_id in (None, event.user_id)
            and asked.recording_id in (None, event.recording_id)
        )

    position = cursors.position(asked.cursor) if asked.cursor is not None else None
    if asked.recording_id is not None:
        try:
            call.recording(asked.recording_id)
        except RecordingNotFound:
            return _nothing()
    a_moment = timedelta(microseconds=1)
    return call.services.records(MOBILE_EVENTS).list(
        call.org,
        asked.page_size,
        position,
        recording_id=asked.recording_id,
        wanted=wanted if codes or asked.user_id is not None else None,
        created_from=asked.created_after + a_moment if asked.created_after else None,
        created_to=asked.created_before - a_moment if asked.created_before else None,
    )


def _nothing() -> Page[MobileEvent]:
    from auricle.records import Page

    return Page((), None)
