"""In the OpenAPI document: images and multimedia events that were captured during a recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from api.legacy.documents import RECORDING_ID, CamelShown, Documented, Refusal


class RawImageShown(CamelShown):
    """One rendering of an image."""

    type: str
    uri: str
    url: str


class ImageShown(CamelShown):
    """One image in its renderings. Auricle keeps the addresses, and fetches none."""

    id: str
    raw_images: list[RawImageShown]
    linked_image: str | None
    timestamp: int | None = Field(description="When it was captured, in milliseconds since 1970.")


class ImageAnswer(CamelShown):
    """The image."""

    data: ImageShown


class ImagePage(CamelShown):
    """Some images, oldest first. `cursor` leads to what follows, null at the end."""

    data: list[ImageShown]
    cursor: str | None
    page_size: int


class MultimediaShown(CamelShown):
    """One file. `storageUrl` names it; it is no address to fetch it from."""

    id: str
    storage_url: str
    mime_type: str
    timestamp_in_milliseconds: int = Field(description="When it was captured, in milliseconds since 1970.")


class MultimediaUploadShown(MultimediaShown):
    """The event, and where to PUT its file."""

    upload_url: str = Field(description="Presigned PUT. Whoever has it can upload: treat it like a password.")
    expires_at: str


class MultimediaDownloadShown(MultimediaShown):
    """The event, and where to GET its file."""

    download_url: str | None = Field(description="Presigned GET; null until the file has been uploaded.")


class MultimediaAnswer(CamelShown):
    """The event."""

    data: MultimediaShown


class MultimediaUploadAnswer(CamelShown):
    """The event, and where to PUT its file."""

    data: MultimediaUploadShown


class MultimediaDownloadAnswer(CamelShown):
    """The event, and where to GET its file."""

    data: MultimediaDownloadShown


class MultimediaPage(CamelShown):
    """Some events, oldest first. `cursor` leads to what follows, null at the end."""

    data: list[MultimediaShown]
    cursor: str | None
    page_size: int


_NOT_THERE = Refusal(404, "recording-not-found", "The recording is unknown, or in the trash.")
_NO_CHILD = Refusal(404, "event-not-found", "The recording has nothing by that id.")
_RENDERING = "https://images.example.com/roof.jpg"
_IMAGE: dict[str, Any] = {
    "id": "image_19d4f2a1b0c00aa11bb22cc33dd44e",
    "rawImages": [{"type": "web", "uri": _RENDERING, "url": _RENDERING}],
    "linkedImage": "https://app.example.com/images/2176982453",
    "timestamp": 1774872000000,
}
_FILE: dict[str, Any] = {
    "id": "media_19d4f2a1b0c00aa11bb22cc33dd44e",
    "storageUrl": f"{RECORDING_ID}/media_19d4f2a1b0c00aa11bb22cc33dd44e",
    "mimeType": "image/jpeg",
    "timestampInMilliseconds": 1774872000000,
}
_URL = "https://bucket.s3.eu-central-1.amazonaws.com/…?X-Amz-Signature=0a1b"

OPERATIONS: Mapping[str, Documented] = {
    "add_image": Documented(
        "Add an image",
        "An image that lies elsewhere, by its addresses: https alone. It is shown with the recording (`showPhotos`).",
        ImageAnswer,
        {"data": _IMAGE},
        status=201,
        refusals=(_NOT_THERE, Refusal(409, "conflict", "The recording has 100 images already, or 1.5 MB of them.")),
        request_example={name: value for name, value in _IMAGE.items() if name != "id"},
    ),
    "list_images": Documented(
        "List images",
        "Oldest first.",
        ImagePage,
        {"data": [_IMAGE], "cursor": None, "pageSize": 100},
        refusals=(_NOT_THERE,),
    ),
    "get_image": Documented(
        "Get an image", "One image.", ImageAnswer, {"data": _IMAGE}, refusals=(_NOT_THERE, _NO_CHILD)
    ),
    "remove_image": Documented(
        "Remove an image", "What it was is answered.", ImageAnswer, {"data": _IMAGE}, refusals=(_NOT_THERE, _NO_CHILD)
    ),
    "add_multimedia_event": Documented(
        "Add a photo, a video or a voice note",
        "Answers a presigned PUT for the file, good for 15 minutes at most; it must carry the same type. The file is "
        "kept with the recording and goes with it. It is shown with the recording (`showMultimediaEvents`).",
        MultimediaUploadAnswer,
        {"data": {**_FILE, "uploadUrl": _URL, "expiresAt": "2026-03-30T12:15:00.000Z"}},
        status=201,
        refusals=(_NOT_THERE, Refusal(409, "conflict", "The recording has 200 of them already.")),
        request_example={"mimeType": "image/jpeg", "timestampInMilliseconds": 1774872000000},
    ),
    "list_multimedia_events": Documented(
        "List multimedia events",
        "Oldest first.",
        MultimediaPage,
        {"data": [_FILE], "cursor": None, "pageSize": 100},
        refusals=(_NOT_THERE,),
    ),
    "get_multimedia_event": Documented(
        "Get a multimedia event",
        "With a presigned GET of its file, good for 15 minutes at most.",
        MultimediaDownloadAnswer,
        {"data": {**_FILE, "downloadUrl": _URL}},
        refusals=(
            _NOT_THERE,
            _NO_CHILD,
            Refusal(409, "consent-required", "Consent is pending, refused or withdrawn: no content is shown."),
        ),
    ),
    "remove_multimedia_event": Documented(
        "Remove a multimedia event",
        "The event and its file. What it was is answered.",
        MultimediaAnswer,
        {"data": _FILE},
        refusals=(_NOT_THERE, _NO_CHILD),
    ),
}
