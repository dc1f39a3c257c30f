"""The audio-files API: upload by presigned URL, list, download, transcript, processing. camelCase, RFC 9457."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import Field, StringConstraints

from api.legacy.answers import json_response
from api.legacy.faults import RETRY_SOON_S, Fault, Refused, problem_response
from api.legacy.paging import Batch, Cursors, read_page
from api.legacy.reading import Asked, EndMoment, Id, Line, Moment
from api.legacy.surface import Call, Surface, etag
from api.legacy.transcripts import read_transcript
from auricle.errors import ContactNotFound, InvalidRequest
from auricle.ports import Position, RecordingFilter
from auricle.recordings.consent import Consent
from auricle.recordings.recording import (
    Failure,
    Recording,
    RecordingDetail,
    Run,
    Stage,
    StageResult,
    StageState,
    Status,
)
from auricle.transcripts.transcript import Engine, display_name

if TYPE_CHECKING:
    from starlette.responses import Response

READ = "audio:read"
WRITE = "audio:write"
DOWNLOAD = "audio:download"

SHA256_BASE64_CHARACTERS = 44
MAX_PUT_BYTES = 5 * 1024**3
"""The most that one PUT can hold on S3; what is processed is bounded by a setting, and less."""

surface = Surface("audio files", "/api/v1/audio-files", render=problem_response)

STATUSES: Mapping[Status, str] = {
    Status.RECORDING: "pending",
    Status.UPLOADING: "pending",
    Status.UPLOADED: "pending",
    Status.TRANSCRIBING: "processing",
    Status.AWAITING_REDACTION: "evaluating",
    Status.REDACTING: "evaluating",
    Status.COMPLETE: "completed",
    Status.RAW_SPLIT: "completed",
    Status.ERROR: "failed",
    Status.UNRECOVERABLE_ERROR: "failed",
}
"""This surface's word for each status; `evaluating` also while a finished transcript is being summarized."""


Checksum = Annotated[str, StringConstraints(max_length=64, pattern=r"^([0-9a-fA-F]{64}|[A-Za-z0-9+/]{43}=)$")]
"""SHA-256 of the file, in hexadecimal digits or, as S3 writes it, in Base64."""


class UploadRequest(Asked):
    """`POST /upload-url`. What it declares of the bytes is part of the signature: the PUT must carry it as well."""

    file_name: Line = Field(alias="fileName")
    engagement_id: Id | None = Field(None, alias="engagementId")
    campaign_id: Id | None = Field(None, alias="campaignId")
    title: Line | None = None
    content_type: (
        Annotated[str, StringConstraints(max_length=127, pattern=r"^[\w.+-]+/[\w.+-]+(; ?[\w=\"-]+)*$")] | None
    ) = Field(None, alias="contentType")
    size_bytes: int | None = Field(None, alias="sizeBytes", ge=1, le=MAX_PUT_BYTES)
    checksum_sha256: Checksum | None = Field(None, alias="checksumSha256")
    consent_status: Literal["all_consented", "one_party", "pending"] = Field(
        default_factory=cast(Any, lambda: None), alias="consentStatus"
    )
    """May be left out, and is never null: the organization's settings decide then."""
    contact_ids: Annotated[tuple[Id, ...], Field(max_length=20)] = Field((), alias="contactIds")
    is_ai_call: bool = Field(False, alias="isAICall")


class ChangeRequest(Asked):
    """`PATCH /{id}`. What is sent replaces, what is left out stays, null takes away."""

    title: Line | None = None
    campaign_id: Id | None = Field(None, alias="campaignId")
    engagement_id: Id | None = Field(None, alias="engagementId")


class ListRequest(Asked):
    """`GET /api/v1/audio-files`. Page numbers and cursors are two ways through the same listing."""

    campaign_id: Id | None = Field(None, alias="campaignId")
    engagement_id: Id | None = Field(None, alias="engagementId")
    is_ai_call: bool | None = Field(None, alias="isAICall")
    date_from: Moment | None = Field(None, alias="dateFrom")
    date_to: EndMoment | None = Field(None, alias="dateTo")
    page: int | None = Field(None, ge=1)
    page_size: int = Field(50, alias="pageSize", ge=1, le=100)
    cursor: Annotated[str, StringConstraints(max_length=2048)] | None = None


class ProcessRequest(Asked):
    """`POST /{id}/process`. A finished recording is processed again only when asked."""

    reprocess: bool = False


@surface.post("/upload-url", scope=WRITE, reads=UploadRequest)
async def request_upload_url(call: Call, asked: UploadRequest) -> Response:
    from auricle.directory.organization_settings import consent_at_creation
    from auricle.directory.users import rep_of_id
    from auricle.recordings.uploads import NewRecording, request_upload

    services, settings = call.services, call.parts.settings()
    if asked.size_bytes is not None and asked.size_bytes > settings.max_upload_bytes:
        raise InvalidRequest(f"{settings.max_upload_bytes} bytes is the most that is processed here", field="sizeBytes")
    stated = Consent(asked.consent_status) if asked.consent_status else None
    consent, basis = consent_at_creation(call.org, stated, records=services, now=call.parts.now())
    try:
        upload = request_upload(
            NewRecording(
                file_name=asked.file_name,
                title=asked.title,
                content_type=asked.content_type,
                size_bytes=asked.size_bytes,
                checksum_sha256=_in_base64(asked.checksum_sha256),
                consent=consent,
                consent_basis=basis,
                contact_ids=asked.contact_ids,
                campaign_id=asked.campaign_id,
                engagement_id=asked.engagement_id,
                is_ai_call=asked.is_ai_call,
            ),
            org=call.org,
            user=call.caller.user,
            rep=rep_of_id(call.org, call.caller.user, services),
            recordings=services.recordings,
            contacts=services.contacts,
            objects=services.objects,
            url_seconds=settings.upload_url_seconds,
            now=call.parts.now(),
        )
    except ContactNotFound as error:
        raise InvalidRequest(error.message, field="contactIds") from None
    answer: dict[str, Any] = {
        "audioFileId": upload.recording.id,
        "uploadUrl": upload.url,
        "expiresAt": upload.expires_at,
    }
    if upload.headers:
        answer["requiredHeaders"] = upload.headers
    return json_response(answer, 201, headers={"location": f"{surface.prefix}/{upload.recording.id}"})


@surface.get("", scope=READ, reads=ListRequest)
async def list_audio_files(call: Call, asked: ListRequest) -> Response:
    if asked.date_from and asked.date_to and asked.date_from > asked.date_to:
        raise InvalidRequest("dateFrom must not be later than dateTo", field="dateFrom")
    wanted = RecordingFilter(
        campaign_id=asked.campaign_id,
        engagement_id=asked.engagement_id,
        is_ai_call=asked.is_ai_call,
        created_from=asked.date_from,
        created_to=asked.date_to,
    )
    cursors = Cursors(call.parts.settings(), org=call.org, route=surface.prefix, filters=repr(wanted))

    def read(count: int, position: Position | None) -> Batch[Recording]:
        page = call.services.recordings.list(call.org, wanted, count, position)
        return page.recordings, page.next_position

    found, position = read_page(read, cursors, page=asked.page, page_size=asked.page_size, cursor=asked.cursor)
    return json_response(
        {
            "items": [_audio_file(recording) for recording in found],
            "page": None if asked.cursor else asked.page or 1,
            "pageSize": asked.page_size,
            "next": cursors.seal(position),
        },
    )


@surface.get("/{audio_file_id}", scope=READ)
async def get_audio_file(call: Call) -> Response:
    return _shown(call.detail(_id(call)))


@surface.patch("/{audio_file_id}", scope=WRITE, reads=ChangeRequest)
async def change_audio_file(call: Call, asked: ChangeRequest) -> Response:
    from auricle.recordings.edits import Edit, edit_recording

    changed = edit_recording(
        call.org,
        _id(call),
        Edit({name: getattr(asked, name) for name in asked.model_fields_set}),
        recordings=call.services.recordings,
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    return _shown(call.detail(changed.id))


@surface.delete("/{audio_file_id}", scope=WRITE)
async def remove_audio_file(call: Call) -> Response:
    from starlette.responses import Response

    from auricle.recordings.intake import remove

    services = call.services
    remove(
        call.org,
        _id(call),
        recordings=services.recordings,
        objects=services.objects,
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    return Response(status_code=204)


@surface.get("/{audio_file_id}/download-url", scope=DOWNLOAD)
async def get_download_url(call: Call) -> Response:
    from auricle.ports import MAX_URL_SECONDS
    from auricle.recordings.stored_audio import audio_to_download

    objects = call.services.objects
    audio = audio_to_download(call.recording(_id(call)), objects)
    seconds = min(call.parts.settings().download_url_seconds, MAX_URL_SECONDS)
    url = objects.download_url(
        audio.key, file_name=audio.file_name, content_type=audio.content_type, seconds=seconds, version=audio.version
    )
    return json_response({"downloadUrl": url, "expiresAt": call.parts.now() + timedelta(seconds=seconds)})


@surface.get("/{audio_file_id}/transcript", scope=READ)
async def get_transcript(call: Call) -> Response:
    detail = call.detail(_id(call))
    stored = read_transcript(detail, call.services.objects)
    if stored is None:
        raise Refused(_no_transcript(detail))
    recording = detail.recording
    return json_response(
        {
            "audioFileId": recording.id,
            "status": _status(recording, detail.run),
            "language": stored["language"],
            "durationSeconds": recording.duration_s,
            "speakers": _speakers(recording),
            "segments": [_segment(segment) for segment in stored["segments"]],
            "engines": stored["engines"],
        },
    )


@surface.post("/{audio_file_id}/process", scope=WRITE, reads=ProcessRequest)
async def process_audio_file(call: Call, asked: ProcessRequest) -> Response:
    from auricle.recordings.intake import process

    recording = process(
        call.org,
        call.recording(_id(call)).id,
        reprocess=asked.reprocess,
        intake=call.intake,
        now=call.parts.now(),
    )
    status = _status(recording)
    return json_response({"status": status, "message": _PROCESS_MESSAGES[status]}, 202 if status == "pending" else 200)


@surface.get("/{audio_file_id}/processing-status", scope=READ)
async def get_processing_status(call: Call) -> Response:
    detail = call.detail(_id(call))
    recording, run = detail.recording, detail.run
    status = _status(recording, run)
    return json_response(
        {
            "audioFileId": recording.id,
            "status": status,
            "message": _status_message(recording, run),
            "progress": _progress(status, run),
            "run": recording.run,
            "startedAt": run.started_at if run else None,
            "finishedAt": run.finished_at if run else None,
            "stages": {stage.value: _stage(run, stage) for stage in Stage},
            "error": _failure(recording.failure),
            "warnings": _warnings(recording),
            "updatedAt": recording.updated_at,
        },
        headers={} if status in {"completed", "failed"} else {"retry-after": str(RETRY_SOON_S)},
    )


_PROCESS_MESSAGES = {
    "pending": "Processing queued successfully",
    "processing": "Processing is under way",
    "evaluating": "Processing is under way",
    "completed": 'Processing has finished already. Send {"reprocess": true} to process it again',
    "failed": "Processing failed",
}


def _in_base64(checksum: str | None) -> str | None:
    """The checksum as S3 writes it."""
    if checksum is None or len(checksum) == SHA256_BASE64_CHARACTERS:
        return checksum
    return b64encode(bytes.fromhex(checksum)).decode()


def _id(call: Call) -> str:
    return call.recording_id("audio_file_id")


def _status(recording: Recording, run: Run | None = None) -> str:
    if (
        recording.status is Status.TRANSCRIBING
        and run is not None
        and run.stage(Stage.ASSEMBLE).state is StageState.COMPLETE
    ):
        return "evaluating"
    return STATUSES[recording.status]


def _shown(detail: RecordingDetail) -> Response:
    recording = detail.recording
    content = {**_audio_file(recording, detail.run), **_findings(recording)}
    return json_response(content, headers=etag(recording.revision))


def _audio_file(recording: Recording, run: Run | None = None) -> dict[str, Any]:
    return {
        "audioFileId": recording.id,
        "fileName": recording.file_name,
        "title": recording.title,
        "status": _status(recording, run),
        "engagementId": recording.engagement_id,
        "campaignId": recording.campaign_id,
        "contactIds": recording.contact_ids,
        "isAICall": recording.is_ai_call,
        "consentStatus": recording.consent,
        "contentType": recording.content_type,
        "sizeBytes": recording.size_bytes,
        "durationSeconds": recording.duration_s,
        "language": recording.language,
        "error": _failure(recording.failure) if recording.failure else None,
        "createdAt": recording.created_at,
        "updatedAt": recording.updated_at,
    }


def _findings(recording: Recording) -> dict[str, Any]:
    """What processing found: shown of one audio file, left out of lists."""
    audio = recording.audio
    return {
        "audio": {
            "format": audio.format,
            "codec": audio.codec,
            "channels": audio.channels,
            "sampleRateHz": audio.sample_rate_hz,
            "isVideo": audio.is_video,
        }
        if audio
        else None,
        "wordCount": recording.word_count,
        "speakers": _speakers(recording),
        "highlights": [
            {
                "text": highlight.text,
                "speaker": display_name(highlight.speaker),
                "segment": highlight.segment,
                "start": highlight.start_s,
                "end": highlight.end_s,
            }
            for highlight in recording.highlights
        ],
        "engines": {stage: _engine(engine) for stage, engine in recording.engines.items()},
        "warnings": _warnings(recording),
        "laterUploads": len(recording.later_versions),
    }


def _engine(engine: Engine) -> dict[str, Any]:
    return {"name": engine.name, "version": engine.version, "model": engine.model}


def _speakers(recording: Recording) -> list[dict[str, Any]]:
    return [
        {"speaker": display_name(talk.speaker), "talkSeconds": talk.talk_s, "wordCount": talk.word_count}
        for talk in recording.speakers
    ]


def _segment(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "index": stored["index"],
        "speaker": display_name(stored["speaker"]),
        "start": stored["start_s"],
        "end": stored["end_s"],
        "text": stored["text"],
        "confidence": stored["confidence"],
        "words": [
            {"text": text, "start": start, "end": end, "confidence": confidence}
            for text, start, end, confidence in stored["words"]
        ],
    }


def _warnings(recording: Recording) -> list[dict[str, str]]:
    return [{"code": warning.code, "message": warning.message} for warning in recording.warnings]


def _failure(failure: Failure | None) -> dict[str, str] | None:
    if failure is None:
        return None
    return {"stage": failure.stage.value, "code": failure.code, "message": failure.message}


def _stage(run: Run | None, stage: Stage) -> dict[str, Any]:
    result = run.stage(stage) if run else StageResult()
    error = {"code": result.failure.code, "message": result.failure.message} if result.failure else None
    return {"state": result.state.value, "error": error}


def _progress(status: str, run: Run | None) -> float:
    """The share of the audio that is transcribed, 0 to 1; 1 only of what has completed."""
    if status == "completed":
        return 1.0
    if run is None or run.windows_total == 0:
        return 0.0
    return min(0.99, round(run.windows_done / run.windows_total, 3))


def _status_message(recording: Recording, run: Run | None) -> str:
    status = _status(recording, run)
    if recording.failure is not None and status == "failed":
        return recording.failure.message
    if recording.status in {Status.RECORDING, Status.UPLOADING}:
        return "Waiting for the upload"
    if status == "pending" and not recording.consent.allows_processing:
        return "Held until consent is recorded"
    if status == "processing" and run is not None and run.windows_total:
        return f"Transcribing: {run.windows_done} of {run.windows_total} parts done"
    return {
        "pending": "Uploaded, waiting to be picked up",
        "processing": "Reading the audio",
        "evaluating": "The transcript is there and is being evaluated",
        "completed": "Processing finished successfully",
        "failed": "Processing failed",
    }[status]


def _no_transcript(detail: RecordingDetail) -> Fault:
    """Why there is no transcript: not yet, or which stage failed."""
    recording = detail.recording
    status = _status(recording, detail.run)
    if status == "failed":
        failure = recording.failure
        stage = f" at the stage {failure.stage.value}: {failure.message}" if failure else "."
        return Fault(
            409,
            "processing-failed",
            f"There is no transcript, processing failed{stage}",
            facts={"processingStatus": status, "processingError": _failure(failure)},
        )
    return Fault(
        409,
        "not-ready",
        f"The transcript is not ready yet. {_status_message(recording, detail.run)}.",
        headers={"retry-after": str(RETRY_SOON_S)},
        facts={"processingStatus": status},
    )
