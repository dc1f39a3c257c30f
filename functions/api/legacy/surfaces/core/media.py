"""Images and multimedia events that were captured during a recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints

from api.legacy.paging import Cursors
from api.legacy.reading import Asked
from api.legacy.surface import Call
from api.legacy.surfaces.core.mobile_events import EpochMs
from api.legacy.surfaces.core.wire import READ, WRITE, enveloped, surface, timestamp
from api.urls import HttpsUrl
from auricle.errors import EventNotFound
from auricle.recordings.consent import check_content_may_be_shown
from auricle.recordings.media import IMAGES, MULTIMEDIA, ImageGroup, MultimediaEvent

if TYPE_CHECKING:
    from starlette.responses import Response

    from auricle.records import Page, RecordKind, T

MimeType = Annotated[str, StringConstraints(max_length=127, pattern=r"^(image|video|audio)/[a-z0-9][a-z0-9.+-]*$")]


class ImageLink(Asked):
    """One rendering of an image."""

    type: Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
    uri: HttpsUrl
    url: HttpsUrl


class ImageRequest(Asked):
    """`POST /recordings/{id}/images`. Addresses are https; Auricle keeps them and fetches none."""

    raw_images: Annotated[list[ImageLink], Field(min_length=1, max_length=20)] = Field(alias="rawImages")
    linked_image: HttpsUrl | None = Field(None, alias="linkedImage")
    captured_at_ms: EpochMs | None = Field(None, alias="timestamp")


class MultimediaRequest(Asked):
    """`POST /recordings/{id}/multimedia-events`. The PUT of the file must carry the same type."""

    mime_type: MimeType = Field(alias="mimeType")
    happened_at_ms: EpochMs = Field(alias="timestampInMilliseconds")


class ChildrenRequest(Asked):
    """Of lists of what lies with a recording."""

    cursor: Annotated[str, StringConstraints(max_length=2048)] | None = None
    page_size: int = Field(100, alias="pageSize", ge=1, le=100)


@surface.post("/recordings/{recording_id}/images", scope=WRITE, reads=ImageRequest)
async def add_image(call: Call, asked: ImageRequest) -> Response:
    from auricle.identifiers import new_id
    from auricle.recordings.media import RawImage, add_image

    recording, now = call.recording(call.recording_id()), call.parts.now()
    image = ImageGroup(
        org=call.org,
        id=new_id("image", now),
        recording_id=recording.id,
        created_at=now,
        raw_images=tuple(RawImage(type=one.type, uri=one.uri, url=one.url) for one in asked.raw_images),
        linked_image=asked.linked_image,
        captured_at_ms=asked.captured_at_ms,
    )
    add_image(image, images=call.services.records(IMAGES))
    return enveloped(_image(image), 201, headers=_place(call, "images", image.id))


@surface.get("/recordings/{recording_id}/images", scope=READ, reads=ChildrenRequest)
async def list_images(call: Call, asked: ChildrenRequest) -> Response:
    page, cursor = _children(call, asked, IMAGES)
    return enveloped([_image(image) for image in page.records], cursor=cursor, pageSize=asked.page_size)


@surface.get("/recordings/{recording_id}/images/{image_id}", scope=READ)
async def get_image(call: Call) -> Response:
    return enveloped(_image(_child(call, IMAGES, "image_id")))


@surface.delete("/recordings/{recording_id}/images/{image_id}", scope=WRITE)
async def remove_image(call: Call) -> Response:
    from auricle.recordings.media import take_out

    image = _child(call, IMAGES, "image_id")
    take_out(image, records=call.services.records(IMAGES))
    return enveloped(_image(image))


@surface.post("/recordings/{recording_id}/multimedia-events", scope=WRITE, reads=MultimediaRequest)
async def add_multimedia_event(call: Call, asked: MultimediaRequest) -> Response:
    from auricle.ports import MAX_URL_SECONDS
    from auricle.recordings.media import add_multimedia

    recording = call.recording(call.recording_id())
    upload = add_multimedia(
        call.org,
        recording.id,
        mime_type=asked.mime_type,
        happened_at_ms=asked.happened_at_ms,
        events=call.services.records(MULTIMEDIA),
        objects=call.services.objects,
        url_seconds=min(call.parts.settings().upload_url_seconds, MAX_URL_SECONDS),
        now=call.parts.now(),
    )
    shown = {**_multimedia(upload.event), "uploadUrl": upload.url, "expiresAt": timestamp(upload.expires_at)}
    return enveloped(shown, 201, headers=_place(call, "multimedia-events", upload.event.id))


@surface.get("/recordings/{recording_id}/multimedia-events", scope=READ, reads=ChildrenRequest)
async def list_multimedia_events(call: Call, asked: ChildrenRequest) -> Response:
    page, cursor = _children(call, asked, MULTIMEDIA)
    return enveloped([_multimedia(event) for event in page.records], cursor=cursor, pageSize=asked.page_size)


@surface.get("/recordings/{recording_id}/multimedia-events/{event_id}", scope=READ)
async def get_multimedia_event(call: Call) -> Response:
    from auricle.ports import MAX_URL_SECONDS

    event = _child(call, MULTIMEDIA, "event_id")
    seconds = min(call.parts.settings().download_url_seconds, MAX_URL_SECONDS)
    url = None
    if (stored := call.services.objects.first_version(event.key)) is not None:
        check_content_may_be_shown(call.recording(event.recording_id))
        url = call.services.objects.download_url(
            event.key,
            file_name=event.id,
            content_type=event.mime_type,
            seconds=seconds,
            version=stored.version,
        )
    return enveloped({**_multimedia(event), "downloadUrl": url})


@surface.delete("/recordings/{recording_id}/multimedia-events/{event_id}", scope=WRITE)
async def remove_multimedia_event(call: Call) -> Response:
    from auricle.recordings.media import remove_multimedia

    event = _child(call, MULTIMEDIA, "event_id")
    remove_multimedia(event, events=call.services.records(MULTIMEDIA), objects=call.services.objects)
    return enveloped(_multimedia(event))


def images_shown(children: Mapping[str, Sequence[ImageGroup]]) -> list[dict[str, Any]]:
    """The images among a recording's children, as the recording shows them."""
    return [_image_shown(image) for image in children[IMAGES.name]]


def multimedia_shown(children: Mapping[str, Sequence[MultimediaEvent]]) -> list[dict[str, Any]]:
    """The multimedia events among a recording's children, as the recording shows them."""
    return [_multimedia_shown(event) for event in children[MULTIMEDIA.name]]


def _image_shown(image: ImageGroup) -> dict[str, Any]:
    return {
        "rawImages": [{"type": raw.type, "uri": raw.uri, "url": raw.url} for raw in image.raw_images],
        "linkedImage": image.linked_image,
        "timestamp": image.captured_at_ms,
    }


def _multimedia_shown(event: MultimediaEvent) -> dict[str, Any]:
    return {
        "storageUrl": event.storage_url,
        "mimeType": event.mime_type,
        "timestampInMilliseconds": event.happened_at_ms,
    }


def _image(image: ImageGroup) -> dict[str, Any]:
    return {"id": image.id, **_image_shown(image)}


def _multimedia(event: MultimediaEvent) -> dict[str, Any]:
    return {"id": event.id, **_multimedia_shown(event)}


def _child(call: Call, kind: RecordKind[T], name: str) -> T:
    """The child the path names, of a recording that is there."""
    recording = call.recording(call.recording_id())
    child_id = call.path_id(name, EventNotFound, kind.name.replace("-", " "))
    return call.services.records(kind).get(call.org, child_id, recording_id=recording.id)


def _children(call: Call, asked: ChildrenRequest, kind: RecordKind[T]) -> tuple[Page[T], str | None]:
    recording = call.recording(call.recording_id())
    cursors = Cursors(call.parts.settings(), org=call.org, route=f"{surface.prefix}/{kind.name}", filters=recording.id)
    page = call.services.records(kind).list(
        call.org,
        asked.page_size,
        cursors.position(asked.cursor) if asked.cursor is not None else None,
        recording_id=recording.id,
    )
    return page, cursors.seal(page.next_position)


def _place(call: Call, what: str, child_id: str) -> Mapping[str, str]:
    return {"location": f"{surface.prefix}/recordings/{call.recording_id()}/{what}/{child_id}"}
