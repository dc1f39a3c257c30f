"""What the core API reads and answers of images and multimedia events."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from api.core.recordings.parts import CAPTURED, CapturedImage, CapturedMultimedia
from api.core.shared import EpochMilliseconds, Timestamp
from api.examples import CORE_EXPIRES_AT, example, parsed
from api.models import CamelRequestModel, CamelResponseModel
from api.urls import HttpsUrl

MimeType = Annotated[str, StringConstraints(max_length=127, pattern=r"^(image|video|audio)/[a-z0-9][a-z0-9.+-]*$")]
RenderingType = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]

_CURSOR = "Leads to what follows; null at the end."
_RENDERING = "https://images.example.com/roof.jpg"
_CAPTURED_IMAGE: dict[str, Any] = {
    "rawImages": [{"type": "web", "uri": _RENDERING, "url": _RENDERING}],
    "linkedImage": "https://app.example.com/images/2176982453",
    "timestamp": 1774872000000,
}
_IMAGE: dict[str, Any] = {"id": "image_19d4f2a1b0c00aa11bb22cc33dd44e", **_CAPTURED_IMAGE}
_EVENT = parsed("""{
  "id": "media_19d4f2a1b0c00aa11bb22cc33dd44e",
  "storageUrl": "rec_19d4f2a1b00c0ffee12345678901234/media_19d4f2a1b0c00aa11bb22cc33dd44e", "mimeType": "image/jpeg",
  "timestampInMilliseconds": 1774872000000
}""")
_URL = "https://bucket.s3.eu-central-1.amazonaws.com/…?X-Amz-Signature=0a1b"


class AddImageRendering(CamelRequestModel):
    """One rendering of an image."""

    type: RenderingType = Field(description="What it is for, like `web`.")
    uri: HttpsUrl = Field(description="Where it is; kept as it is, and never fetched.")
    url: HttpsUrl = Field(description="Where it is; kept as it is, and never fetched.")


class AddImageRequest(CamelRequestModel):
    """An image that lies elsewhere. Addresses are https; Auricle keeps them and fetches none."""

    model_config = ConfigDict(json_schema_extra=example(_CAPTURED_IMAGE))

    raw_images: list[AddImageRendering] = Field(min_length=1, max_length=20, description="The image's renderings.")
    linked_image: HttpsUrl | None = Field(None, description="The page that the image links to.")
    timestamp: EpochMilliseconds | None = Field(None, description=f"{CAPTURED}.")


class AddMultimediaEventRequest(CamelRequestModel):
    """A photo, a video or a voice note whose file is to be uploaded."""

    model_config = ConfigDict(
        json_schema_extra=example({"mimeType": "image/jpeg", "timestampInMilliseconds": 1774872000000})
    )

    mime_type: MimeType = Field(description="The file's media type. The PUT of the file must carry the same.")
    timestamp_in_milliseconds: EpochMilliseconds = Field(description=f"{CAPTURED}.")


class _Identified(CamelResponseModel):
    id: str = Field(description="Its id.")


class Image(CapturedImage, _Identified):
    """One image in its renderings, with its id. Auricle keeps the addresses, and fetches none."""


class ImageResponse(CamelResponseModel):
    """The image."""

    model_config = ConfigDict(json_schema_extra=example({"data": _IMAGE}))

    data: Image = Field(description="The image.")


class ImagePage(CamelResponseModel):
    """Some images, oldest first."""

    model_config = ConfigDict(json_schema_extra=example({"data": [_IMAGE], "cursor": None, "pageSize": 100}))

    data: list[Image] = Field(description="The images of this page.")
    cursor: str | None = Field(description=_CURSOR)
    page_size: int = Field(description="How many a page has at most.")


class MultimediaEvent(CapturedMultimedia, _Identified):
    """One file that was captured during the recording, with its id."""


class MultimediaUpload(CapturedMultimedia, _Identified):
    """The event, and where to PUT its file."""

    upload_url: str = Field(description="Presigned PUT. Whoever has it can upload: treat it like a password.")
    expires_at: Timestamp = Field(description="Until when the URL is good.")


class MultimediaDownload(CapturedMultimedia, _Identified):
    """The event, and where to GET its file."""

    download_url: str | None = Field(description="Presigned GET; null until the file has been uploaded.")


class MultimediaEventResponse(CamelResponseModel):
    """The event."""

    model_config = ConfigDict(json_schema_extra=example({"data": _EVENT}))

    data: MultimediaEvent = Field(description="The event.")


class MultimediaUploadResponse(CamelResponseModel):
    """The event, and where to PUT its file."""

    model_config = ConfigDict(
        json_schema_extra=example({"data": {**_EVENT, "uploadUrl": _URL, "expiresAt": CORE_EXPIRES_AT}})
    )

    data: MultimediaUpload = Field(description="The event, with a presigned PUT.")


class MultimediaDownloadResponse(CamelResponseModel):
    """The event, and where to GET its file."""

    model_config = ConfigDict(json_schema_extra=example({"data": {**_EVENT, "downloadUrl": _URL}}))

    data: MultimediaDownload = Field(description="The event, with a presigned GET.")


class MultimediaEventPage(CamelResponseModel):
    """Some events, oldest first."""

    model_config = ConfigDict(json_schema_extra=example({"data": [_EVENT], "cursor": None, "pageSize": 100}))

    data: list[MultimediaEvent] = Field(description="The events of this page.")
    cursor: str | None = Field(description=_CURSOR)
    page_size: int = Field(description="How many a page has at most.")
