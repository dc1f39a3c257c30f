"""Audio files: upload by presigned URL, list, change, download, transcript, processing."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Annotated

from fastapi import Body, Query, Response, Security

from api.audio_files import models
from api.audio_files.app import PREFIX
from api.audio_files.models import AudioFileStatus, status_of
from api.dependencies import (
    Cursor,
    IfMatch,
    Page,
    RecordingId,
    RequestContext,
    page_size,
    request_context,
    tag_revision,
)
from api.idempotency import Idempotent
from api.models import EndMoment, Id, Moment, QueryInteger
from api.paging import Cursors, read_page
from api.problems import RETRY_SOON_S, HttpProblem, PossibleError, Problem, errors
from api.routing import api_router
from api.transcripts import read_transcript
from auricle.errors import ContactNotFound, InvalidRequest
from auricle.ports import RecordingFilter
from auricle.recordings.consent import Consent
from auricle.recordings.recording import RecordingDetail

SHA256_BASE64_CHARACTERS = 44

router = api_router(PREFIX, tags=["audio files"])

Reader = Annotated[RequestContext, Security(request_context, scopes=["audio:read"])]
Writer = Annotated[RequestContext, Security(request_context, scopes=["audio:write"])]
Downloader = Annotated[RequestContext, Security(request_context, scopes=["audio:download"])]
WriterOnce = Annotated[RequestContext, Security(Idempotent(), scopes=["audio:write"])]
PageSize = Annotated[QueryInteger, page_size("pageSize")]

NOT_THERE = PossibleError(404, "recording-not-found", "Unknown, or of another tenant: the two look the same.")
LOCKED = PossibleError(409, "conflict", "It is locked.")
KEPT = PossibleError(409, "conflict", "It is locked, or protected from deletion.")
NOT_ALLOWED = PossibleError(409, "illegal-transition", "Its present state does not allow it.")
NOT_TRANSCRIBED = PossibleError(409, "not-ready", "Not there yet; `processingStatus` says how far it is.")
FAILED = PossibleError(409, "processing-failed", "There is none; `processingError` says which stage failed.")
NO_CONSENT = PossibleError(409, "consent-required", "Consent is pending, refused or withdrawn: no content is shown.")
NOT_UPLOADED = PossibleError(409, "not-ready", "Nothing has been uploaded yet.")


@router.post("/upload-url", status_code=201, response_model_exclude_unset=True, summary="Request an upload URL")
async def request_upload_url(
    body: models.UploadUrlRequest, context: WriterOnce, response: Response
) -> models.UploadUrl:
    """Creates the audio file and a presigned PUT for its bytes, good for 15 minutes. Processing starts by itself when
    the bytes are there. What is declared of them (`contentType`, `sizeBytes`, and `checksumSha256` in hexadecimal
    digits or Base64) is signed: a PUT of anything else is refused. `requiredHeaders` says what it must carry then."""
    from auricle.directory.organization_settings import consent_at_creation
    from auricle.directory.users import rep_of_id
    from auricle.recordings.uploads import NewRecording, request_upload

    settings, stores = context.settings, context.stores
    if body.size_bytes is not None and body.size_bytes > settings.max_upload_bytes:
        raise InvalidRequest(f"{settings.max_upload_bytes} bytes is the most that is processed here", field="sizeBytes")
    stated = Consent(body.consent_status) if body.consent_status else None
    consent, basis = consent_at_creation(context.org, stated, records=stores, now=context.now)
    declared = body.model_dump(exclude={"consent_status"})
    declared |= {"checksum_sha256": _in_base64(body.checksum_sha256), "contact_ids": tuple(body.contact_ids)}
    try:
        upload = request_upload(
            NewRecording(**declared, consent=consent, consent_basis=basis),
            org=context.org,
            user=context.caller.user,
            rep=rep_of_id(context.org, context.caller.user, stores),
            recordings=stores.recordings,
            contacts=stores.contacts,
            objects=stores.objects,
            url_seconds=settings.upload_url_seconds,
            now=context.now,
        )
    except ContactNotFound as error:
        raise InvalidRequest(error.message, field="contactIds") from None
    response.headers["location"] = f"{PREFIX}/{upload.recording.id}"
    headers = {"required_headers": dict(upload.headers)} if upload.headers else {}
    return models.UploadUrl(
        audio_file_id=upload.recording.id, upload_url=upload.url, expires_at=upload.expires_at, **headers
    )


@router.get("", summary="List audio files")
async def list_audio_files(
    context: Reader,
    campaign_id: Annotated[Id | None, Query(alias="campaignId", description="Of this campaign.")] = None,
    engagement_id: Annotated[Id | None, Query(alias="engagementId", description="Of this engagement.")] = None,
    is_ai_call: Annotated[bool | None, Query(alias="isAICall", description="Made by an AI agent, or not.")] = None,
    date_from: Annotated[Moment | None, Query(alias="dateFrom", description="Created then or later.")] = None,
    date_to: Annotated[EndMoment | None, Query(alias="dateTo", description="Created by then, or that day.")] = None,
    page: Page = None,
    page_size: PageSize = 50,
    cursor: Cursor = None,
) -> models.AudioFilePage:
    """Newest first. Filters combine; dates bound the creation, both inclusive. Go on by `page` (within the first
    10,000) or by `cursor`, taken from `next`. While `next` is given there is more, even after a page that a filter
    left short."""
    if date_from and date_to and date_from > date_to:
        raise InvalidRequest("dateFrom must not be later than dateTo", field="dateFrom")
    wanted = RecordingFilter(
        campaign_id=campaign_id,
        engagement_id=engagement_id,
        is_ai_call=is_ai_call,
        created_from=date_from,
        created_to=date_to,
    )
    cursors = Cursors(context.settings, org=context.org, route=PREFIX, filters=repr(wanted))
    read = partial(context.stores.recordings.list, context.org, wanted)
    found, position = read_page(read, cursors, page=page, page_size=page_size, cursor=cursor)
    return models.AudioFilePage(
        items=[models.AudioFile(**models.audio_file_fields(recording)) for recording in found],
        page=None if cursor else page or 1,
        page_size=page_size,
        next=cursors.seal(position),
    )


@router.get("/{audio_file_id}", responses=errors(NOT_THERE), summary="Get an audio file")
async def get_audio_file(audio_file_id: RecordingId, context: Reader, response: Response) -> models.AudioFileDetail:
    """With what processing found so far."""
    return _shown(context.detail(audio_file_id), response)


@router.patch("/{audio_file_id}", responses=errors(NOT_THERE, LOCKED), summary="Change an audio file")
async def change_audio_file(
    audio_file_id: RecordingId,
    body: Annotated[models.ChangeAudioFileRequest, Body(default_factory=models.ChangeAudioFileRequest)],
    context: Writer,
    if_match: IfMatch,
    response: Response,
) -> models.AudioFileDetail:
    """What is sent replaces, what is left out stays, and null takes away."""
    from auricle.recordings.edits import Edit, edit_recording

    changed = edit_recording(
        context.org,
        audio_file_id,
        Edit(body.model_dump(exclude_unset=True)),
        recordings=context.stores.recordings,
        now=context.now,
        if_revision=if_match,
    )
    return _shown(context.detail(changed.id), response)


@router.delete(
    "/{audio_file_id}", status_code=204, responses=errors(NOT_THERE, KEPT, NOT_ALLOWED), summary="Remove an audio file"
)
async def remove_audio_file(audio_file_id: RecordingId, context: Writer, if_match: IfMatch) -> None:
    """It is gone from every surface at once; processing under way ends."""
    from auricle.recordings.intake import remove

    remove(
        context.org,
        audio_file_id,
        recordings=context.stores.recordings,
        objects=context.stores.objects,
        now=context.now,
        if_revision=if_match,
    )


@router.get(
    "/{audio_file_id}/download-url", responses=errors(NOT_THERE, NO_CONSENT, NOT_UPLOADED), summary="Get a download URL"
)
async def get_download_url(audio_file_id: RecordingId, context: Downloader) -> models.DownloadUrl:
    """A presigned GET of the audio as it was uploaded, good for 15 minutes, without a credential."""
    from auricle.ports import MAX_URL_SECONDS
    from auricle.recordings.stored_audio import audio_to_download

    objects = context.stores.objects
    audio = audio_to_download(context.recording(audio_file_id), objects)
    seconds = min(context.settings.download_url_seconds, MAX_URL_SECONDS)
    url = objects.download_url(
        audio.key, file_name=audio.file_name, content_type=audio.content_type, seconds=seconds, version=audio.version
    )
    return models.DownloadUrl(download_url=url, expires_at=context.now + timedelta(seconds=seconds))


@router.get(
    "/{audio_file_id}/transcript",
    responses=errors(NOT_THERE, NO_CONSENT, NOT_TRANSCRIBED, FAILED),
    summary="Get the transcript",
)
async def get_transcript(audio_file_id: RecordingId, context: Reader) -> models.Transcript:
    """Segments in reading order with their words. Times are seconds from the start."""
    detail = context.detail(audio_file_id)
    stored = read_transcript(detail, context.stores.objects)
    if stored is None:
        raise HttpProblem(_no_transcript(detail))
    return models.Transcript.of(detail.recording, detail.run, stored)


@router.post(
    "/{audio_file_id}/process",
    status_code=202,
    responses={
        200: {"description": "Nothing was queued: the present state.", "model": models.ProcessAnswer},
        **errors(NOT_THERE, NOT_UPLOADED, PossibleError(409, "consent-required", "Held until consent is recorded.")),
    },
    summary="Trigger processing",
)
async def process_audio_file(
    audio_file_id: RecordingId,
    body: Annotated[models.ProcessRequest, Body(default_factory=models.ProcessRequest)],
    context: WriterOnce,
    response: Response,
) -> models.ProcessAnswer:
    """Starts what has not started or has failed, and answers with the present state otherwise; asking again changes
    nothing. What is finished is processed again with `reprocess`."""
    from auricle.recordings.intake import process

    recording = process(
        context.org,
        context.recording(audio_file_id).id,
        reprocess=body.reprocess,
        intake=context.intake,
        now=context.now,
    )
    status = status_of(recording)
    if status is not AudioFileStatus.PENDING:
        response.status_code = 200
    return models.ProcessAnswer(status=status, message=_PROCESS_MESSAGES[status])


@router.get("/{audio_file_id}/processing-status", responses=errors(NOT_THERE), summary="Check the processing status")
async def get_processing_status(
    audio_file_id: RecordingId, context: Reader, response: Response
) -> models.ProcessingStatus:
    """Poll every few seconds until `completed` or `failed`. A failed stage never hides a finished one."""
    detail = context.detail(audio_file_id)
    status = models.ProcessingStatus.of(detail.recording, detail.run)
    if status.status not in {AudioFileStatus.COMPLETED, AudioFileStatus.FAILED}:
        response.headers["retry-after"] = str(RETRY_SOON_S)
    return status


_PROCESS_MESSAGES = {
    AudioFileStatus.PENDING: "Processing queued successfully",
    AudioFileStatus.PROCESSING: "Processing is under way",
    AudioFileStatus.EVALUATING: "Processing is under way",
    AudioFileStatus.COMPLETED: 'Processing has finished already. Send {"reprocess": true} to process it again',
    AudioFileStatus.FAILED: "Processing failed",
}


def _shown(detail: RecordingDetail, response: Response) -> models.AudioFileDetail:
    tag_revision(response, detail.recording.revision)
    return models.AudioFileDetail.of(detail.recording, detail.run)


def _in_base64(checksum: str | None) -> str | None:
    """The checksum as S3 writes it."""
    if checksum is None or len(checksum) == SHA256_BASE64_CHARACTERS:
        return checksum
    return b64encode(bytes.fromhex(checksum)).decode()


def _no_transcript(detail: RecordingDetail) -> Problem:
    """Why there is no transcript: not yet, or which stage failed."""
    recording = detail.recording
    status = status_of(recording, detail.run)
    if status is AudioFileStatus.FAILED:
        failure = recording.failure
        stage = f" at the stage {failure.stage.value}: {failure.message}" if failure else "."
        return Problem(
            409,
            "processing-failed",
            f"There is no transcript, processing failed{stage}",
            facts={"processingStatus": status, "processingError": failure and asdict(failure)},
        )
    return Problem(
        409,
        "not-ready",
        f"The transcript is not ready yet. {models.status_message(recording, detail.run)}.",
        headers={"retry-after": str(RETRY_SOON_S)},
        facts={"processingStatus": status},
    )
