"""What the phone reports of a recording: started, paused, offline and the like."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from api.core.errors import NO_RECORDING
from api.core.mobile_events import models
from api.core.shared import PREFIX, Reader, WriterOnce
from api.dependencies import Cursor, RecordingId, page_size, path_id
from api.models import CommaSeparated, Id, Moment, QueryInteger
from api.paging import Cursors, fit_page
from api.problems import PossibleError, errors
from api.routing import api_router
from auricle.errors import EventNotFound, InvalidRequest, RecordingNotFound
from auricle.ports import Position
from auricle.recordings import mobile_events as domain

router = api_router(PREFIX, tags=["mobile events"])

MobileEventId = Annotated[str, path_id(EventNotFound, "mobile event")]
LongPageSize = Annotated[QueryInteger, page_size("pageSize", 1000)]

NO_ROOM = PossibleError(409, "conflict", "The recording would have more than 1,000 events, or than 1.5 MB of them.")


@router.post(
    "/recordings/{recording_id}/mobile-events",
    status_code=201,
    responses=errors(NO_RECORDING, NO_ROOM),
    summary="Report what happened on the phone",
)
async def report_mobile_events(
    recording_id: RecordingId, body: models.ReportMobileEventsRequest, context: WriterOnce
) -> models.ReportedMobileEventsResponse:
    """One event or up to 100, in the order they happened; they are shown with the recording (`showMobileEvents`). What
    an event says besides its name follows from the name."""
    recording, events = context.recording(recording_id), context.stores.records(domain.MOBILE_EVENTS)
    reported = [event.as_domain() for event in body.events]
    added = domain.add_mobile_events(
        context.org, recording.id, reported, user=context.caller.user, events=events, now=context.now
    )
    return models.ReportedMobileEventsResponse(data=[models.MobileEvent.of(event) for event in added])


@router.get("/mobile-events", summary="List what happened on phones")
async def list_mobile_events(
    context: Reader,
    created_after: Annotated[
        Moment | None, Query(alias="createdAtGt", description="Reported after this moment, itself left out.")
    ] = None,
    created_before: Annotated[
        Moment | None, Query(alias="createdAtLt", description="Reported before this moment, itself left out.")
    ] = None,
    event_code: Annotated[models.MobileEventCode | None, Query(alias="eventCode", description="Of this kind.")] = None,
    event_codes: Annotated[
        list[models.MobileEventCode] | None,
        Query(
            alias="eventCodeIn", max_length=10, description="Of these or `eventCode`; with commas between, or repeated."
        ),
        CommaSeparated,
    ] = None,
    user_id: Annotated[
        str | None, Query(alias="userId", min_length=1, max_length=256, description="Reported by this user.")
    ] = None,
    recording_id: Annotated[Id | None, Query(alias="recordingId", description="Of this recording.")] = None,
    cursor: Cursor = None,
    page_size: LongPageSize = 100,
) -> models.MobileEventPage:
    """Of all recordings, newest first; of one recording (`recordingId`), oldest first. Events of recordings that are
    hidden from the caller are left out."""
    if created_after and created_before and created_after >= created_before:
        raise InvalidRequest("createdAtGt must be earlier than createdAtLt", field="createdAtGt")
    names = tuple(sorted({*(event_codes or ()), *((event_code,) if event_code else ())}))
    wanted = domain.MobileEventFilter(
        created_after=created_after,
        created_before=created_before,
        names=names,
        user_id=user_id,
        recording_id=recording_id,
    )
    recordings, events = context.stores.recordings, context.stores.records(domain.MOBILE_EVENTS)
    cursors = Cursors(context.settings, org=context.org, route=f"{PREFIX}/mobile-events", filters=repr(wanted))
    position = cursors.position(cursor)

    def read(count: int) -> tuple[list[models.MobileEvent], Position | None]:
        page = domain.list_mobile_events(context.org, wanted, count, position, recordings=recordings, events=events)
        return [models.MobileEvent.of(event) for event in page.records], page.next_position

    found, following = fit_page(read, page_size)
    return models.MobileEventPage(data=[found] if found else [], cursor=cursors.seal(following))


@router.get(
    "/mobile-events/{event_id}",
    responses=errors(PossibleError(404, "event-not-found", "Unknown, or of a recording that is not there.")),
    summary="Get an event",
)
async def get_mobile_event(event_id: MobileEventId, context: Reader) -> models.MobileEvent:
    """One event of a phone."""
    events = context.stores.records(domain.MOBILE_EVENTS, by_id=True)
    event = domain.find_mobile_event(context.org, event_id, events=events)
    try:
        context.recording(event.recording_id)
    except RecordingNotFound:
        raise domain.MOBILE_EVENTS.not_found(event_id) from None
    return models.MobileEvent.of(event)
