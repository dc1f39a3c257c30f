"""Recordings made elsewhere: a signed URL for the file, then the recording of it."""

from __future__ import annotations

from fastapi import Response

from api.core.crm_objects import link_to_first
from api.core.shared import PREFIX, WriterOnce
from api.core.uploads import models
from api.problems import PossibleError, errors
from api.routing import api_router
from auricle.errors import InvalidRequest
from auricle.recordings.recording import Result

router = api_router(f"{PREFIX}/recordings", tags=["uploaded files"])

RECORDED = PossibleError(409, "conflict", "The upload has become a recording already.")
_SAME_FIELDS = {"file_type", "title", "conversation_type", "discoverable", "user_id", "user_email", "user_phone"}
"""What the domain calls by the same names."""


@router.post("/signed-urls", summary="Get a signed URL to upload a file to")
async def create_signed_urls(body: models.SignedUrlsRequest, context: WriterOnce) -> models.SignedUrlsResponse:
    """PUT the file to `uploadUrl` with `uploadHeaders`, then create the recording of it from `downloadUrl`. Nothing is
    processed before that. Both URLs are good for 15 minutes at most; a file that was uploaded in time can become a
    recording later."""
    from auricle.recordings.upload_slots import open_slot

    settings = context.settings
    most = settings.max_upload_bytes
    if body.file_size > most:
        raise InvalidRequest(
            f"fileSize is too large: {most} bytes is the most that is processed here", field="fileSize"
        )
    slot = open_slot(
        context.org,
        file_type=body.file_type,
        size_bytes=body.file_size,
        objects=context.stores.objects,
        url_seconds=settings.upload_url_seconds,
        now=context.now,
    )
    return models.SignedUrlsResponse.of(slot, size_bytes=body.file_size)


@router.post("/upload", status_code=201, responses=errors(RECORDED), summary="Create a recording from an uploaded file")
async def create_recording_from_upload(
    body: models.RecordingFromUploadRequest, context: WriterOnce, response: Response
) -> models.RecordingFromUploadResponse:
    """`downloadUrl` is the one of `POST /v1/core/recordings/signed-urls`; another host is refused unless it is
    allow-listed, and then the file (64 MiB at most) is fetched at once. The recording is its user's, by id, email or
    phone, else the caller's. It is linked to the first of `crmObjects`, or to the contact with `customerPhone`.
    Processing starts as soon as the bytes are there. `fileUrl`, `contactPhone` and `contactName` are other names of
    `downloadUrl`, `customerPhone` and `customerName`."""
    from auricle.crm.uploaded_files import UploadedFile, record_uploaded_file

    url_field, url = _one_of(downloadUrl=body.download_url, fileUrl=body.file_url)
    if url is None:
        raise InvalidRequest("downloadUrl is missing, and so is fileUrl: give one of them", field="downloadUrl")
    _, phone = _one_of(customerPhone=body.customer_phone, contactPhone=body.contact_phone)
    _, name = _one_of(customerName=body.customer_name, contactName=body.contact_name)
    if body.organization_id not in (None, context.org):
        raise InvalidRequest("organizationId must be the organization of the credential", field="organizationId")
    is_linked = bool(body.crm_objects)
    recording = record_uploaded_file(
        UploadedFile(
            url=url,
            url_field=url_field,
            **body.model_dump(include=_SAME_FIELDS),
            created_at=body.date_created,
            result=Result(body.result) if body.result else None,
            connection_id=body.integration_connection_id,
            contact_phone=None if is_linked else phone,
            contact_name=None if is_linked else name,
        ),
        org=context.org,
        caller=context.caller.user,
        link=link_to_first(context, body.crm_objects, body.integration_connection_id),
        intake=context.intake,
        records=context.stores,
        contacts=context.stores.contacts,
        downloads=context.stores.downloads,
        download_hosts=[host.strip().lower() for host in context.settings.download_hosts.split(",") if host.strip()],
        now=context.now,
    )
    response.headers["location"] = f"{PREFIX}/recordings/{recording.id}"
    data = models.RecordingFromUpload(id=recording.id, recording_id=recording.id)
    return models.RecordingFromUploadResponse(data=data)


def _one_of(**named: str | None) -> tuple[str, str | None]:
    """The one of two names of a field that is given, and its value.

    Raises:
        InvalidRequest: both are, and say different things.
    """
    given = [(name, value) for name, value in named.items() if value is not None]
    if len({value for _, value in given}) > 1:
        raise InvalidRequest(f"{given[0][0]} and {given[1][0]} say the same: give one of them", field=given[1][0])
    return given[0] if given else next(iter(named.items()))
