"""One recording: get it with every field, change, trash, restore and remove it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Body, Query, Response, Security

from api.core.errors import NO_RECORDING
from api.core.recordings.models import ChangedRecordingResponse, ChangeRecordingRequest, Flag, RecordingResponse
from api.core.recordings.parts import CapturedImage, CapturedMultimedia, CrmOpportunity, RecordedMobileEvent
from api.core.recordings.recording import CoreRecording
from api.core.recordings.shared import CHANGE_ERRORS, as_it_stands, change, customers_of, shows
from api.core.shared import PREFIX, Reader, Writer
from api.dependencies import IfMatch, RecordingId, RequestContext, tag_revision
from api.idempotency import Idempotent
from api.problems import PossibleError, errors
from api.routing import SparseRoute, api_router

if TYPE_CHECKING:
    from auricle.records import RecordKind

router = api_router(f"{PREFIX}/recordings/{{recording_id}}", SparseRoute, tags=["recordings"])

ShowingWriterOnce = Annotated[RequestContext, Security(Idempotent(shows_content=True), scopes=["recordings:write"])]

PROTECTED = PossibleError(409, "conflict", "The recording is locked, or protected from deletion.")


@router.get("", responses=errors(NO_RECORDING), summary="Get a recording")
async def get_core_recording(
    recording_id: RecordingId,
    context: Reader,
    response: Response,
    photos: Annotated[Flag, shows("showPhotos", "`images`")] = "false",
    crm_opportunities: Annotated[Flag, shows("showCrmOpportunities", "`crmOpportunities`")] = "false",
    media_opportunities: Annotated[Flag, shows("showMediaOpportunities", "`mediaOpportunities`")] = "false",
    _evaluation_score: Annotated[Flag, shows("showEvaluationScore", "`evaluation`, which nothing sets yet")] = "false",
    multimedia_events: Annotated[Flag, shows("showMultimediaEvents", "`multimediaEvents`")] = "false",
    mobile_events: Annotated[Flag, shows("showMobileEvents", "`mobileEvents`")] = "false",
    _followups: Annotated[Flag, shows("showFollowups", "`followups`, which nothing sets yet")] = "false",
    crm_customer: Annotated[Flag, shows("showCrmCustomers", "`crmCustomer`")] = "false",
    summary: Annotated[Flag, shows("showSummary", "`summary`")] = "false",
    entity_extractions: Annotated[
        Flag, shows("showEntityExtractions", "`entityExtractions`, which nothing sets yet")
    ] = "false",
) -> RecordingResponse:
    """Every field, always; null is what nothing has set (yet), and only here: every other answer leaves such fields
    out. What a `show…` flag does not ask for is null. A recording in the trash is shown with `deleted: true`."""
    stores = context.stores
    parts: dict[str, tuple[RecordKind[Any], Callable[[Any], Any]]] = {}
    if "true" in (photos, multimedia_events, mobile_events):
        parts = _parts(photos=photos, multimedia_events=multimedia_events, mobile_events=mobile_events)
    kinds = [kind for kind, _ in parts.values()]
    detail = stores.recordings.detail(context.org, recording_id, children=kinds, with_trashed=True)
    recording = detail.recording
    flagged: dict[str, Any] = {
        field: [show(child) for child in detail.children[kind.name]] for field, (kind, show) in parts.items()
    }
    if crm_customer == "true":
        (flagged["crm_customer"],) = customers_of([recording], context)
    if crm_opportunities == "true":
        from auricle.crm.crm_link import opportunities_of

        found = opportunities_of(context.org, recording, stores)
        flagged["crm_opportunities"] = [CrmOpportunity.of(deal, connection) for deal, connection in found]
    if media_opportunities == "true":
        flagged["media_opportunities"] = []
    if summary == "true":
        flagged["summary"] = " … ".join(highlight.text for highlight in recording.highlights) or None
    if entity_extractions == "true":
        flagged["entity_extractions"] = None
    tag_revision(response, recording.revision)
    data = CoreRecording.of(stores.as_seen(detail, context.caller.reader), **flagged)
    return RecordingResponse(data=data, cursor=None, page_size=1, limit=1)


@router.patch("", responses=CHANGE_ERRORS, summary="Change a recording")
async def change_core_recording(
    recording_id: RecordingId,
    body: Annotated[ChangeRecordingRequest, Body(default_factory=ChangeRecordingRequest)],
    context: Writer,
    if_match: IfMatch,
    response: Response,
) -> ChangedRecordingResponse:
    """What is not sent stays; `null` clears what can be empty. `transcriptionStatus` takes one move: from RECORDING to
    UPLOADING, which says that nothing more is recorded. Who sees the recording, its owner and administrators say. All
    of it is changed, or, where a part is refused, nothing."""
    return change(recording_id, body, context, if_match, response)


@router.delete("", responses=errors(NO_RECORDING, PROTECTED), summary="Delete a recording")
async def delete_core_recording(
    recording_id: RecordingId,
    context: Writer,
    if_match: IfMatch,
    response: Response,
    permanent: Annotated[Flag, Query(description="For good, instead of into the trash.")] = "false",
) -> None:
    """Into the trash: hidden from every list and every other API, and restorable. With `permanent=true` for good:
    nothing of it is kept. Answers `null`."""
    stores, now = context.stores, context.now
    if permanent == "true":
        from auricle.recordings.intake import remove

        remove(
            context.org,
            recording_id,
            recordings=stores.recordings,
            objects=stores.objects,
            now=now,
            with_trashed=True,
            if_revision=if_match,
        )
        return
    from auricle.recordings.trash import move_to_trash

    trashed = move_to_trash(context.org, recording_id, recordings=stores.recordings, now=now, if_revision=if_match)
    tag_revision(response, trashed.revision)


@router.post("/restore", responses=errors(NO_RECORDING), summary="Restore a recording from the trash")
async def restore_core_recording(
    recording_id: RecordingId, context: ShowingWriterOnce, if_match: IfMatch, response: Response
) -> ChangedRecordingResponse:
    """One that is not in the trash stays as it is."""
    from auricle.recordings.trash import restore

    recordings = context.stores.recordings
    restored = restore(context.org, recording_id, recordings=recordings, now=context.now, if_revision=if_match)
    return as_it_stands(context, restored.id, response)


def _parts(
    *, photos: str, multimedia_events: str, mobile_events: str
) -> dict[str, tuple[RecordKind[Any], Callable[[Any], Any]]]:
    """What lies with the recording and is read with it, in the same query, by the field that shows it: its kind, and
    the model that one of it becomes."""
    from auricle.recordings.media import IMAGES, MULTIMEDIA
    from auricle.recordings.mobile_events import MOBILE_EVENTS

    parts: dict[str, tuple[str, RecordKind[Any], Callable[[Any], Any]]] = {
        "images": (photos, IMAGES, CapturedImage.of),
        "multimedia_events": (multimedia_events, MULTIMEDIA, CapturedMultimedia.of),
        "mobile_events": (mobile_events, MOBILE_EVENTS, RecordedMobileEvent.of),
    }
    return {field: (kind, show) for field, (flag, kind, show) in parts.items() if flag == "true"}
