"""Images and multimedia that were captured during a conversation: images by their addresses, files in the bucket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from auricle.errors import EventNotFound
from auricle.identifiers import new_id
from auricle.ports import MAX_URL_SECONDS
from auricle.record_sizes import check_room
from auricle.recordings.consent import check_content_may_be_shown
from auricle.recordings.keys import RecordingKeys
from auricle.records import RecordKind

if TYPE_CHECKING:
    from auricle.ports import ObjectStore, RecordStore
    from auricle.recordings.recording import Recording
    from auricle.records import T


@dataclass(frozen=True, slots=True)
class RawImage:
    """One rendering of an image: what it is for, and where it is."""

    type: str
    uri: str
    url: str


@dataclass(frozen=True, slots=True)
class ImageGroup:
    """An image that lies elsewhere, in its renderings. `captured_at_ms` counts from the epoch."""

    org: str
    id: str
    recording_id: str
    created_at: datetime
    revision: int = 1
    raw_images: tuple[RawImage, ...] = ()
    linked_image: str | None = None
    captured_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class MultimediaEvent:
    """A file of the recording's in the bucket: a photo, a video, a voice note."""

    org: str
    id: str
    recording_id: str
    created_at: datetime
    revision: int = 1
    mime_type: str = "image/jpeg"
    happened_at_ms: int = 0

    @property
    def storage_url(self) -> str:
        """What it is known by: no address anything could be fetched from without a credential."""
        return f"{self.recording_id}/{self.id}"

    @property
    def key(self) -> str:
        """Where the file lies in the bucket: under the recording's prefix, so it is erased with it."""
        return RecordingKeys(self.org, self.recording_id).media(self.id)


MAX_IMAGES = 100
MAX_IMAGES_BYTES = 1_500_000
MAX_MULTIMEDIA = 200
"""Of one recording: with a flag, it shows them all."""

IMAGES = RecordKind("image", ImageGroup, EventNotFound, of_recording=True)
MULTIMEDIA = RecordKind("multimedia-event", MultimediaEvent, EventNotFound, of_recording=True)


@dataclass(frozen=True, slots=True)
class MediaUpload:
    """Where to PUT a file, and until when. The URL is a credential: never logged."""

    event: MultimediaEvent
    url: str
    expires_at: datetime


def add_image(image: ImageGroup, *, images: RecordStore[ImageGroup]) -> None:
    """Notes an image that lies elsewhere.

    Raises:
        RecordingNotFound: the recording is not there (any more).
        Conflict: it has as many images, or as much of them, as it may have.
    """
    check_room([image], kind=IMAGES, records=images, max_count=MAX_IMAGES, max_bytes=MAX_IMAGES_BYTES)
    images.add(image)


def add_multimedia(
    org: str,
    recording_id: str,
    *,
    mime_type: str,
    happened_at_ms: int,
    events: RecordStore[MultimediaEvent],
    objects: ObjectStore,
    url_seconds: int,
    now: datetime,
) -> MediaUpload:
    """Notes the event and gives a presigned PUT for its file, of that type alone.

    Raises:
        RecordingNotFound: the recording is not there (any more).
        Conflict: it has as many as it may have.
    """
    event = MultimediaEvent(
        org=org,
        id=new_id("media", now),
        recording_id=recording_id,
        created_at=now,
        mime_type=mime_type,
        happened_at_ms=happened_at_ms,
    )
    check_room([event], kind=MULTIMEDIA, records=events, max_count=MAX_MULTIMEDIA)
    seconds = min(url_seconds, MAX_URL_SECONDS)
    url = objects.upload_url(event.key, content_type=mime_type, seconds=seconds)
    events.add(event)
    return MediaUpload(event, url, now + timedelta(seconds=seconds))


def download_url(event: MultimediaEvent, recording: Recording, *, objects: ObjectStore, url_seconds: int) -> str | None:
    """A presigned GET of the event's file; None until the file has been uploaded.

    Raises:
        ConsentRequired, TransientError: as `check_content_may_be_shown` does.
    """
    stored = objects.first_version(event.key)
    if stored is None:
        return None
    check_content_may_be_shown(recording)
    return objects.download_url(
        event.key,
        file_name=event.id,
        content_type=event.mime_type,
        seconds=min(url_seconds, MAX_URL_SECONDS),
        version=stored.version,
    )


def remove_multimedia(event: MultimediaEvent, *, events: RecordStore[MultimediaEvent], objects: ObjectStore) -> None:
    """The event and every version of its file: the file first, so that none is left that nothing names."""
    objects.erase(event.key)
    take_out(event, records=events)


def take_out(record: T, *, records: RecordStore[T]) -> None:
    """Removes a record that nothing ever changes.

    Raises:
        EventNotFound: somebody removed it meanwhile.
    """
    if not records.remove(record):
        raise EventNotFound(f"There is nothing by the id {record.id} any more.")
