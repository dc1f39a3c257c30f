"""What the core API reads and answers of files that become recordings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from api.core.crm_objects import CrmObjects
from api.core.shared import Timestamp
from api.examples import RECORDING_ID, SIGNED_URL, example
from api.models import CamelRequestModel, CamelResponseModel, Line, Moment, WholeNumber, same_fields
from api.urls import SignedUrl
from auricle.recordings.upload_slots import UploadSlot

Ending = Literal["closed", "not closed", "in progress"]
FileType = Literal["mp3", "aac", "wav"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]
MAX_FILE_BYTES = 2**53 - 1
"""The largest whole number that every client writes as it means it; what is processed is a setting, and far below."""


class SignedUrlsRequest(CamelRequestModel):
    """What is going to be uploaded."""

    model_config = ConfigDict(json_schema_extra=example({"fileType": "mp3", "fileSize": 1958444}))

    file_type: FileType = Field(description="The type of the file.")
    file_size: WholeNumber = Field(ge=1, le=MAX_FILE_BYTES, description="In bytes; the environment may allow fewer.")


class UploadHeaders(CamelResponseModel):
    """Headers to send with the PUT."""

    content_type: str = Field(alias="Content-Type", description="The media type that is signed.")
    content_length_range: str = Field(
        alias="x-goog-content-length-range",
        description="What other stores take for the bounds of the size; here the size itself is signed.",
    )


class SignedUrls(CamelResponseModel):
    """Where to PUT the file, and what to give to `POST /v1/core/recordings/upload` afterwards."""

    upload_url: str = Field(description="Presigned PUT of that type and size. Treat it like a password.")
    upload_headers: UploadHeaders = Field(description="What the PUT must carry.")
    download_url: str = Field(description="Presigned GET, by which its recording is created. Treat it like a password.")
    expires_at: Timestamp = Field(description="Until when both URLs are good.")


class SignedUrlsResponse(CamelResponseModel):
    """The URLs."""

    model_config = ConfigDict(
        json_schema_extra=example(
            {
                "data": {
                    "uploadUrl": SIGNED_URL,
                    "uploadHeaders": {"Content-Type": "audio/mpeg", "x-goog-content-length-range": "0,1958444"},
                    "downloadUrl": SIGNED_URL,
                    "expiresAt": "2026-03-30T12:15:00.000Z",
                }
            }
        )
    )

    data: SignedUrls = Field(description="The URLs.")

    @classmethod
    def of(cls, slot: UploadSlot, *, size_bytes: int) -> SignedUrlsResponse:
        headers = {"Content-Type": slot.content_type, "x-goog-content-length-range": f"0,{size_bytes}"}
        fields = same_fields(SignedUrls, slot)
        return cls(data=SignedUrls(**fields, upload_headers=UploadHeaders.model_validate(headers)))


class RecordingFromUploadRequest(CamelRequestModel):
    """An uploaded file, and what is said of the recording that it becomes. Three fields have two names: clients of
    both documents are understood."""

    model_config = ConfigDict(
        json_schema_extra=example(
            {
                "downloadUrl": SIGNED_URL,
                "fileType": "mp3",
                "title": "Renewal with Jane Smith",
                "customerPhone": "+1 555 123 4567",
                "dateCreated": "2026-03-30T12:00:00Z",
            }
        )
    )

    download_url: SignedUrl | None = Field(
        None,
        description="The `downloadUrl` of `POST /v1/core/recordings/signed-urls`, or an address on an allow-listed "
        "host. It must be given, by this name or as `fileUrl`.",
    )
    file_url: SignedUrl | None = Field(None, description="Another name of `downloadUrl`.")
    file_type: FileType = Field(description="The type of the file.")
    title: Line | None = Field(None, description="The title of the recording.")
    user_id: Name | None = Field(None, description="Whose recording it is; the caller's, where nobody is named.")
    user_email: Name | None = Field(None, description="Whose it is, by email address, where `userId` is not given.")
    user_phone: Name | None = Field(None, description="Whose it is, by phone, where neither id nor email is given.")
    organization_id: Name | None = Field(None, description="None but the organization of the credential.")
    conversation_type: Line | None = Field(None, description="What kind of conversation it is, in the client's words.")
    integration_connection_id: Name | None = Field(None, description="The connection that `crmObjects` are of.")
    crm_objects: CrmObjects = Field([])
    customer_phone: Name | None = Field(None, description="Links to the latest contact with it, if no `crmObjects`.")
    contact_phone: Name | None = Field(None, description="Another name of `customerPhone`.")
    customer_name: Name | None = Field(None, description="Links to the only contact so named, if there is no number.")
    contact_name: Name | None = Field(None, description="Another name of `customerName`.")
    date_created: Moment | None = Field(None, description="From 1990 to a day from now; left out, it was recorded now.")
    discoverable: bool = Field(True, description="Where false, not listed or found by others than its owner.")
    result: Ending | None = Field(None, description="How the conversation ended.")


class RecordingFromUpload(CamelResponseModel):
    """The recording's id, under both names it is known by."""

    id: str = Field(description="The id of the recording.")
    recording_id: str = Field(description="The same.")


class RecordingFromUploadResponse(CamelResponseModel):
    """The new recording."""

    model_config = ConfigDict(json_schema_extra=example({"data": {"id": RECORDING_ID, "recordingId": RECORDING_ID}}))

    data: RecordingFromUpload = Field(description="The recording's id.")
