"""In the OpenAPI document: recordings made elsewhere: a signed URL for the file, then the recording of it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from api.legacy.documents import RECORDING_ID, CamelShown, Documented, Refusal


class UploadHeaders(CamelShown):
    """Headers to send with the PUT."""

    content_type: str = Field(alias="Content-Type")
    content_length_range: str = Field(alias="x-goog-content-length-range")


class SignedUrls(CamelShown):
    """Where to PUT the file, and what to give to `POST /v1/core/recordings/upload` afterwards."""

    upload_url: str = Field(description="Presigned PUT of that type and size. Treat it like a password.")
    upload_headers: UploadHeaders
    download_url: str
    expires_at: str


class SignedUrlsAnswer(CamelShown):
    """The URLs."""

    data: SignedUrls


class CreatedRecording(CamelShown):
    """The recording's id, under both names it is known by."""

    id: str
    recording_id: str


class CreatedRecordingAnswer(CamelShown):
    """The new recording."""

    data: CreatedRecording


_SLOT = f"https://bucket.s3.eu-central-1.amazonaws.com/orgs/acme/recordings/{RECORDING_ID}/source"

OPERATIONS: Mapping[str, Documented] = {
    "create_signed_urls": Documented(
        "Get a signed URL to upload a file to",
        "PUT the file to `uploadUrl` with `uploadHeaders`, then create the recording of it from `downloadUrl`. Nothing "
        "is processed before that. Both URLs are good for 15 minutes at most; a file that was uploaded in time can "
        "become a recording later.",
        SignedUrlsAnswer,
        {
            "data": {
                "uploadUrl": f"{_SLOT}?X-Amz-Signature=0a1b",
                "uploadHeaders": {"Content-Type": "audio/mpeg", "x-goog-content-length-range": "0,1958444"},
                "downloadUrl": f"{_SLOT}?X-Amz-Signature=0a1b",
                "expiresAt": "2026-03-30T12:15:00.000Z",
            }
        },
        request_example={"fileType": "mp3", "fileSize": 1958444},
    ),
    "create_recording_from_upload": Documented(
        "Create a recording from an uploaded file",
        "`downloadUrl` is the one of `POST /v1/core/recordings/signed-urls`; another host is refused unless it is "
        "allow-listed, and then the file (64 MiB at most) is fetched at once. The recording is its user's, by id, "
        "email or phone, else the caller's. It is linked to the first of `crmObjects`, or to the contact with "
        "`customerPhone`. Processing starts as soon as the bytes are there. `fileUrl`, `contactPhone` and "
        "`contactName` are other names of `downloadUrl`, `customerPhone` and `customerName`.",
        CreatedRecordingAnswer,
        {"data": {"id": RECORDING_ID, "recordingId": RECORDING_ID}},
        status=201,
        request_example={
            "downloadUrl": f"{_SLOT}?X-Amz-Signature=0a1b",
            "fileType": "mp3",
            "title": "Renewal with Jane Smith",
            "customerPhone": "+1 555 123 4567",
            "dateCreated": "2026-03-30T12:00:00Z",
        },
        refusals=(Refusal(409, "conflict", "The upload has become a recording already."),),
    ),
}
