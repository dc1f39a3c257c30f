"""The audio-files API in the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from api.legacy.documents import (
    CREATED_AT,
    EXPIRES_AT,
    RECORDING_ID,
    CamelShown,
    Documented,
    Refusal,
    SurfaceDocument,
)

Status = Literal["pending", "processing", "evaluating", "completed", "failed"]
StageState = Literal["not-started", "in-progress", "complete", "failed", "skipped"]


class FieldProblem(CamelShown):
    """What is wrong with one field of the request."""

    field: str
    message: str


class ProcessingError(CamelShown):
    """Which stage failed, and why, in words for the recording's owner."""

    stage: str
    code: str
    message: str


class Problem(CamelShown):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[FieldProblem] = Field(default=[], description="The fields that are wrong, where some are.")
    processing_status: Status | None = Field(None, description="Present status, where a result is not there.")
    processing_error: ProcessingError | None = None


class UploadUrl(CamelShown):
    """A new audio file and where to PUT its bytes. Extra headers of other stores, like x-ms-blob-type, do no harm."""

    audio_file_id: str
    upload_url: str = Field(description="Presigned PUT. Whoever has it can upload: treat it like a password.")
    expires_at: datetime
    required_headers: dict[str, str] = Field(
        {}, description="Where type, length or checksum were declared: the headers that the PUT must carry with them."
    )


class DownloadUrl(CamelShown):
    """Where to GET the audio as it was uploaded; no credential is needed with it."""

    download_url: str
    expires_at: datetime


class AudioFile(CamelShown):
    """One audio file, as lists show it."""

    audio_file_id: str
    file_name: str
    title: str | None
    status: Status
    engagement_id: str | None
    campaign_id: str | None
    contact_ids: list[str]
    is_ai_call: bool = Field(alias="isAICall")
    consent_status: Literal["all_consented", "one_party", "pending", "withdrawn"]
    content_type: str | None = Field(description="As declared by the uploader; `audio` says what was found.")
    size_bytes: int | None
    duration_seconds: float | None = Field(description="Null until the audio has been read.")
    language: str | None
    error: ProcessingError | None
    created_at: datetime
    updated_at: datetime


class Audio(CamelShown):
    """What was found in the uploaded file."""

    format: str
    codec: str
    channels: int
    sample_rate_hz: int
    is_video: bool


class Speaker(CamelShown):
    """How much one speaker talked."""

    speaker: str
    talk_seconds: float
    word_count: int


class Highlight(CamelShown):
    """A quotation, with the segment it stands in and its times in seconds."""

    text: str
    speaker: str
    segment: int
    start: float
    end: float


class Engine(CamelShown):
    """What made a result."""

    name: str
    version: str
    model: str | None


class Warning(CamelShown):  # noqa: A001  # the name clients see
    """Something to know although nothing failed."""

    code: str
    message: str


class AudioFileDetail(AudioFile):
    """One audio file with what processing found."""

    audio: Audio | None
    word_count: int
    speakers: list[Speaker]
    highlights: list[Highlight]
    engines: dict[str, Engine]
    warnings: list[Warning]
    later_uploads: int = Field(
        description="How many files were put to the upload URL after the first; never processed."
    )


class AudioFilePage(CamelShown):
    """Some audio files, newest first. `next` is the cursor of what follows, null at the end."""

    items: list[AudioFile]
    page: int | None = Field(description="The page asked for; null where a cursor was.")
    page_size: int
    next: str | None


class TranscriptWord(CamelShown):
    """One word, times in seconds; confidence 0 to 1, null where the engine gives none."""

    text: str
    start: float
    end: float
    confidence: float | None


class TranscriptSegment(CamelShown):
    """What one speaker said in one go."""

    index: int
    speaker: str
    start: float
    end: float
    text: str
    confidence: float | None
    words: list[TranscriptWord]


class Transcript(CamelShown):
    """Who said what when."""

    audio_file_id: str
    status: Status
    language: str | None
    duration_seconds: float | None
    speakers: list[Speaker]
    segments: list[TranscriptSegment]
    engines: dict[str, Engine]


class ProcessAnswer(CamelShown):
    """Where processing stands after being asked for."""

    status: Status
    message: str


class StageError(CamelShown):
    """Why a stage failed."""

    code: str
    message: str


class StageStatus(CamelShown):
    """One stage of the workflow."""

    state: StageState
    error: StageError | None


class ProcessingStatus(CamelShown):
    """How far processing is. `progress` is the share of the audio transcribed, 0 to 1; 1 only when completed."""

    audio_file_id: str
    status: Status
    message: str
    progress: float
    run: int = Field(description="1, and one more each time the audio file is processed again.")
    started_at: datetime | None
    finished_at: datetime | None
    stages: dict[str, StageStatus]
    error: ProcessingError | None
    warnings: list[Warning]
    updated_at: datetime

    model_config = ConfigDict(json_schema_extra={"description": "Poll every few seconds until completed or failed."})


_FILE: dict[str, Any] = {
    "audioFileId": RECORDING_ID,
    "fileName": "call-2026-03-30.wav",
    "title": None,
    "status": "completed",
    "engagementId": "eng_abc123",
    "campaignId": "camp_xyz",
    "contactIds": [],
    "isAICall": False,
    "consentStatus": "all_consented",
    "contentType": "audio/wav",
    "sizeBytes": 1958444,
    "durationSeconds": 61.2,
    "language": "en",
    "error": None,
    "createdAt": CREATED_AT,
    "updatedAt": "2026-03-30T12:01:10Z",
}
_SPEAKERS = [
    {"speaker": "Speaker 1", "talkSeconds": 33.1, "wordCount": 91},
    {"speaker": "Speaker 2", "talkSeconds": 24.8, "wordCount": 70},
]
_ENGINES = {"transcribe": {"name": "pocketsphinx", "version": "5.1.1", "model": "en-us"}}
_DETAIL = {
    **_FILE,
    "audio": {
        "format": "wav",
        "codec": "pcm_s16le",
        "channels": 1,
        "sampleRateHz": 16000,
        "isVideo": False,
    },
    "wordCount": 161,
    "speakers": _SPEAKERS,
    "highlights": [
        {
            "text": "we could renew for two years",
            "speaker": "Speaker 2",
            "segment": 7,
            "start": 31.4,
            "end": 33.9,
        },
    ],
    "engines": _ENGINES,
    "warnings": [],
    "laterUploads": 0,
}
_NO_CONSENT = Refusal(409, "consent-required", "Consent is pending, refused or withdrawn: no content is shown.")
_NOT_THERE = Refusal(404, "recording-not-found", "Unknown, or of another tenant: the two look the same.")

DOCUMENT = SurfaceDocument(
    description="Upload, list, download and process audio. Errors are RFC 9457 problem details.",
    error=Problem,
    operations={
        "request_upload_url": Documented(
            "Request an upload URL",
            "Creates the audio file and a presigned PUT for its bytes, good for 15 minutes. Processing starts by "
            "itself when the bytes are there. What is declared of them (`contentType`, `sizeBytes`, and "
            "`checksumSha256` in hexadecimal digits or Base64) is signed: a PUT of anything else is refused. "
            "`requiredHeaders` says what it must carry then.",
            UploadUrl,
            {
                "audioFileId": RECORDING_ID,
                "uploadUrl": "https://bucket.s3.eu-central-1.amazonaws.com/…?X-Amz-Signature=0a1b",
                "expiresAt": EXPIRES_AT,
            },
            status=201,
            request_example={
                "fileName": "call-2026-03-30.wav",
                "engagementId": "eng_abc123",
                "campaignId": "camp_xyz",
            },
        ),
        "list_audio_files": Documented(
            "List audio files",
            "Newest first. Filters combine; dates bound the creation, both inclusive. Go on by `page` (within the "
            "first 10,000) or by `cursor`, taken from `next`. While `next` is given there is more, even after a "
            "page that a filter left short.",
            AudioFilePage,
            {"items": [_FILE], "page": 1, "pageSize": 50, "next": None},
        ),
        "get_audio_file": Documented(
            "Get an audio file",
            "With what processing found so far.",
            AudioFileDetail,
            _DETAIL,
            refusals=(_NOT_THERE,),
        ),
        "change_audio_file": Documented(
            "Change an audio file",
            "What is sent replaces, what is left out stays, and null takes away.",
            AudioFileDetail,
            _DETAIL,
            request_example={"title": "Renewal", "campaignId": "camp_xyz"},
            refusals=(_NOT_THERE, Refusal(409, "conflict", "It is locked.")),
        ),
        "remove_audio_file": Documented(
            "Remove an audio file",
            "It is gone from every surface at once; processing under way ends.",
            None,
            None,
            status=204,
            refusals=(
                _NOT_THERE,
                Refusal(409, "conflict", "It is locked, or protected from deletion."),
                Refusal(409, "illegal-transition", "Its present state does not allow it."),
                Refusal(412, "precondition-failed", "If-Match names a state that is no longer the present one."),
            ),
        ),
        "get_download_url": Documented(
            "Get a download URL",
            "A presigned GET of the audio as it was uploaded, good for 15 minutes, without a credential.",
            DownloadUrl,
            {
                "downloadUrl": "https://bucket.s3.eu-central-1.amazonaws.com/…?X-Amz-Signature=0a1b",
                "expiresAt": EXPIRES_AT,
            },
            refusals=(_NOT_THERE, _NO_CONSENT, Refusal(409, "not-ready", "Nothing has been uploaded yet.")),
        ),
        "get_transcript": Documented(
            "Get the transcript",
            "Segments in reading order with their words. Times are seconds from the start.",
            Transcript,
            {
                "audioFileId": RECORDING_ID,
                "status": "completed",
                "language": "en",
                "durationSeconds": 61.2,
                "speakers": _SPEAKERS,
                "segments": [
                    {
                        "index": 0,
                        "speaker": "Speaker 1",
                        "start": 0.51,
                        "end": 1.32,
                        "text": "thank you",
                        "confidence": 0.87,
                        "words": [
                            {"text": "thank", "start": 0.51, "end": 0.92, "confidence": 0.91},
                            {"text": "you", "start": 0.92, "end": 1.32, "confidence": 0.83},
                        ],
                    },
                ],
                "engines": _ENGINES,
            },
            refusals=(
                _NOT_THERE,
                _NO_CONSENT,
                Refusal(409, "not-ready", "Not there yet; `processingStatus` says how far it is."),
                Refusal(409, "processing-failed", "There is none; `processingError` says which stage failed."),
            ),
        ),
        "process_audio_file": Documented(
            "Trigger processing",
            "Starts what has not started or has failed, and answers with the present state otherwise; asking again "
            "changes nothing. What is finished is processed again with `reprocess`.",
            ProcessAnswer,
            {"status": "pending", "message": "Processing queued successfully"},
            status=202,
            other_statuses={200: "Nothing was queued: the present state."},
            request_example={"reprocess": False},
            refusals=(
                _NOT_THERE,
                Refusal(409, "not-ready", "Nothing has been uploaded yet."),
                Refusal(409, "consent-required", "Held until consent is recorded."),
            ),
        ),
        "get_processing_status": Documented(
            "Check the processing status",
            "Poll every few seconds until `completed` or `failed`. A failed stage never hides a finished one.",
            ProcessingStatus,
            {
                "audioFileId": RECORDING_ID,
                "status": "processing",
                "message": "Transcribing: 2 of 3 parts done",
                "progress": 0.667,
                "run": 1,
                "startedAt": "2026-03-30T12:00:40Z",
                "finishedAt": None,
                "stages": {
                    "prepare": {"state": "complete", "error": None},
                    "transcribe": {"state": "in-progress", "error": None},
                    "diarize": {"state": "complete", "error": None},
                    "assemble": {"state": "not-started", "error": None},
                    "redact": {"state": "not-started", "error": None},
                    "summarize": {"state": "not-started", "error": None},
                },
                "error": None,
                "warnings": [],
                "updatedAt": "2026-03-30T12:00:52Z",
            },
            refusals=(_NOT_THERE,),
        ),
    },
)
