"""Images and multimedia events that were captured during a recording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Response

from api.core.errors import NO_CONSENT, NO_RECORDING
from api.core.media import models
from api.core.shared import PREFIX, PageSize, Reader, Writer, WriterOnce
from api.dependencies import Cursor, RecordingId, RequestContext, path_id
from api.paging import Cursors
from api.problems import PossibleError, errors
from api.routing import api_router
from auricle.errors import EventNotFound
from auricle.identifiers import new_id
from auricle.recordings import media as domain
from auricle.records import RecordKind, T

router = api_router(f"{PREFIX}/recordings/{{recording_id}}", tags=["media"])

ImageId = Annotated[str, path_id(EventNotFound, "image")]
MultimediaEventId = Annotated[str, path_id(EventNotFound, "multimedia event")]

NO_ROOM_FOR_IMAGES = PossibleError(409, "conflict", "The recording has 100 images already, or 1.5 MB of them.")
NO_CHILD = PossibleError(404, "event-not-found", "The recording has nothing by that id.")


@router.post("/images", status_code=201, responses=errors(NO_RECORDING, NO_ROOM_FOR_IMAGES), summary="Add an image")
async def add_image(
    recording_id: RecordingId, body: models.AddImageRequest, context: WriterOnce, response: Response
) -> models.ImageResponse:
    """An image that lies elsewhere, by its addresses: https alone. It is shown with the recording (`showPhotos`)."""
    recording, now = context.recording(recording_id), context.now
    image = domain.ImageGroup(
        org=context.org,
        id=new_id("image", now),
        recording_id=recording.id,
        created_at=now,
        raw_images=tuple(domain.RawImage(**rendering.model_dump()) for rendering in body.raw_images),
        linked_image=body.linked_image,
        captured_at_ms=body.timestamp,
    )
    domain.add_image(image, images=context.stores.records(domain.IMAGES))
    response.headers["location"] = f"{PREFIX}/recordings/{recording.id}/images/{image.id}"
    return models.ImageResponse(data=models.Image.of(image))


@router.get("/images", responses=errors(NO_RECORDING), summary="List images")
async def list_images(
    recording_id: RecordingId, context: Reader, cursor: Cursor = None, page_size: PageSize = 100
) -> models.ImagePage:
    """Oldest first."""
    images, following = _page(domain.IMAGES, recording_id, context, cursor, page_size)
    return models.ImagePage(data=[models.Image.of(image) for image in images], cursor=following, page_size=page_size)


@router.get("/images/{image_id}", responses=errors(NO_RECORDING, NO_CHILD), summary="Get an image")
async def get_image(recording_id: RecordingId, image_id: ImageId, context: Reader) -> models.ImageResponse:
    """One image."""
    return models.ImageResponse(data=models.Image.of(_child(domain.IMAGES, recording_id, image_id, context)))


@router.delete("/images/{image_id}", responses=errors(NO_RECORDING, NO_CHILD), summary="Remove an image")
async def remove_image(recording_id: RecordingId, image_id: ImageId, context: Writer) -> models.ImageResponse:
    """What it was is answered."""
    image = _child(domain.IMAGES, recording_id, image_id, context)
    domain.take_out(image, records=context.stores.records(domain.IMAGES))
    return models.ImageResponse(data=models.Image.of(image))


@router.post(
    "/multimedia-events",
    status_code=201,
    responses=errors(NO_RECORDING, PossibleError(409, "conflict", "The recording has 200 of them already.")),
    summary="Add a photo, a video or a voice note",
)
async def add_multimedia_event(
    recording_id: RecordingId, body: models.AddMultimediaEventRequest, context: WriterOnce, response: Response
) -> models.MultimediaUploadResponse:
    """Answers a presigned PUT for the file, good for 15 minutes at most; it must carry the same type. The file is kept
    with the recording and goes with it. It is shown with the recording (`showMultimediaEvents`)."""
    upload = domain.add_multimedia(
        context.org,
        context.recording(recording_id).id,
        mime_type=body.mime_type,
        happened_at_ms=body.timestamp_in_milliseconds,
        events=context.stores.records(domain.MULTIMEDIA),
        objects=context.stores.objects,
        url_seconds=context.settings.upload_url_seconds,
        now=context.now,
    )
    event = upload.event
    response.headers["location"] = f"{PREFIX}/recordings/{recording_id}/multimedia-events/{event.id}"
    data = models.MultimediaUpload.of(event, upload_url=upload.url, expires_at=upload.expires_at)
    return models.MultimediaUploadResponse(data=data)


@router.get("/multimedia-events", responses=errors(NO_RECORDING), summary="List multimedia events")
async def list_multimedia_events(
    recording_id: RecordingId, context: Reader, cursor: Cursor = None, page_size: PageSize = 100
) -> models.MultimediaEventPage:
    """Oldest first."""
    events, following = _page(domain.MULTIMEDIA, recording_id, context, cursor, page_size)
    data = [models.MultimediaEvent.of(event) for event in events]
    return models.MultimediaEventPage(data=data, cursor=following, page_size=page_size)


@router.get(
    "/multimedia-events/{event_id}",
    responses=errors(NO_RECORDING, NO_CHILD, NO_CONSENT),
    summary="Get a multimedia event",
)
async def get_multimedia_event(
    recording_id: RecordingId, event_id: MultimediaEventId, context: Reader
) -> models.MultimediaDownloadResponse:
    """With a presigned GET of its file, good for 15 minutes at most."""
    recording, seconds = context.recording(recording_id), context.settings.download_url_seconds
    event = context.stores.records(domain.MULTIMEDIA).get(context.org, event_id, recording_id=recording.id)
    url = domain.download_url(event, recording, objects=context.stores.objects, url_seconds=seconds)
    return models.MultimediaDownloadResponse(data=models.MultimediaDownload.of(event, download_url=url))


@router.delete(
    "/multimedia-events/{event_id}", responses=errors(NO_RECORDING, NO_CHILD), summary="Remove a multimedia event"
)
async def remove_multimedia_event(
    recording_id: RecordingId, event_id: MultimediaEventId, context: Writer
) -> models.MultimediaEventResponse:
    """The event and its file. What it was is answered."""
    event = _child(domain.MULTIMEDIA, recording_id, event_id, context)
    domain.remove_multimedia(event, events=context.stores.records(domain.MULTIMEDIA), objects=context.stores.objects)
    return models.MultimediaEventResponse(data=models.MultimediaEvent.of(event))


def _child(kind: RecordKind[T], recording_id: str, child_id: str, context: RequestContext) -> T:
    """What the path names, of a recording that is there."""
    recording = context.recording(recording_id)
    return context.stores.records(kind).get(context.org, child_id, recording_id=recording.id)


def _page(
    kind: RecordKind[T], recording_id: str, context: RequestContext, cursor: str | None, page_size: int
) -> tuple[Sequence[T], str | None]:
    """Some of what lies with the recording, and the cursor of what follows."""
    recording = context.recording(recording_id)
    cursors = Cursors(context.settings, org=context.org, route=f"{PREFIX}/{kind.name}", filters=recording.id)
    records = context.stores.records(kind)
    page = records.list(context.org, page_size, cursors.position(cursor), recording_id=recording.id)
    return page.records, cursors.seal(page.next_position)
