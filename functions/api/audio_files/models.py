"""What the audio-files API reads and answers."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from api.examples import example, parsed
from api.findings import EngineUsed, ProcessingError, ProcessingWarning
from api.models import (
    CamelRequestModel,
    CamelResponseModel,
    Id,
    Line,
    MediaType,
    ShownMoment,
    WholeNumber,
    left_out,
    same_fields,
)
from api.problems import ProblemDetails
from auricle.recordings.recording import Recording, Run, Stage, StageResult, StageState, Status
from auricle.transcripts.transcript import display_name

MAX_PUT_BYTES = 5 * 1024**3
"""The most that one PUT can hold on S3; what is processed is bounded by a setting, and less."""

Checksum = Annotated[str, StringConstraints(max_length=64, pattern=r"^([0-9a-fA-F]{64}|[A-Za-z0-9+/]{43}=)$")]


class AudioFileStatus(StrEnum):
    """How far an audio file is. `completed` and `failed` are final unless it is processed again."""

    PENDING = "pending"
    PROCESSING = "processing"
    EVALUATING = "evaluating"
    COMPLETED = "completed"
    FAILED = "failed"


class ConsentStatus(StrEnum):
    """Whether the people who are heard have consented. While `pending` and once `withdrawn`, nothing is processed."""

    ALL_CONSENTED = "all_consented"
    ONE_PARTY = "one_party"
    PENDING = "pending"
    WITHDRAWN = "withdrawn"


_STATUSES: Mapping[Status, AudioFileStatus] = {
    Status.RECORDING: AudioFileStatus.PENDING,
    Status.UPLOADING: AudioFileStatus.PENDING,
    Status.UPLOADED: AudioFileStatus.PENDING,
    Status.TRANSCRIBING: AudioFileStatus.PROCESSING,
    Status.AWAITING_REDACTION: AudioFileStatus.EVALUATING,
    Status.REDACTING: AudioFileStatus.EVALUATING,
    Status.COMPLETE: AudioFileStatus.COMPLETED,
    Status.RAW_SPLIT: AudioFileStatus.COMPLETED,
    Status.ERROR: AudioFileStatus.FAILED,
    Status.UNRECOVERABLE_ERROR: AudioFileStatus.FAILED,
}


def status_of(recording: Recording, run: Run | None = None) -> AudioFileStatus:
    """The status as this API names it; `evaluating` also while a finished transcript is being summarized."""
    is_transcribed = run is not None and run.stage(Stage.ASSEMBLE).state is StageState.COMPLETE
    if recording.status is Status.TRANSCRIBING and is_transcribed:
        return AudioFileStatus.EVALUATING
    return _STATUSES[recording.status]


# --- requests -----------------------------------------------------------------------------------------------


class UploadUrlRequest(CamelRequestModel):
    """A file that is to be uploaded. What is said of its bytes is part of the signature: the PUT must carry it too."""

    model_config = ConfigDict(
        json_schema_extra=example(
            '{"fileName": "call-2026-03-30.wav", "engagementId": "eng_abc123", "campaignId": "camp_xyz"}'
        )
    )

    file_name: Line = Field(description="The name it is shown and downloaded by.")
    engagement_id: Id | None = Field(None, description="The engagement it belongs to, by the client's own id.")
    campaign_id: Id | None = Field(None, description="The campaign it belongs to, by the client's own id.")
    title: Line | None = Field(None, description="A title to show in place of the file's name.")
    content_type: MediaType | None = Field(None, description="The media type that the PUT will carry.")
    size_bytes: WholeNumber | None = Field(
        None, ge=1, le=MAX_PUT_BYTES, description="How many bytes the PUT will have; any other number is refused."
    )
    checksum_sha256: Checksum | None = Field(None, description="SHA-256 of the file, in hexadecimal digits or Base64.")
    consent_status: Literal["all_consented", "one_party", "pending"] = left_out(
        description="Whether who is heard has consented. The organization's settings decide where it is left out."
    )
    contact_ids: list[Id] = Field([], max_length=20, description="Contacts that the conversation was with.")
    is_ai_call: bool = Field(False, alias="isAICall", description="Whether an AI agent made the call.")


class ChangeAudioFileRequest(CamelRequestModel):
    """What is sent replaces, what is left out stays, and null takes away."""

    model_config = ConfigDict(json_schema_extra=example('{"title": "Renewal", "campaignId": "camp_xyz"}'))

    title: Line | None = Field(None, description="A title to show in place of the file's name.")
    campaign_id: Id | None = Field(None, description="The campaign it belongs to, by the client's own id.")
    engagement_id: Id | None = Field(None, description="The engagement it belongs to, by the client's own id.")


class ProcessRequest(CamelRequestModel):
    """Whether an audio file that is finished is processed again."""

    model_config = ConfigDict(json_schema_extra=example('{"reprocess": false}'))

    reprocess: bool = Field(False, description="Process again what has been processed, with the present engines.")


# --- responses ----------------------------------------------------------------------------------------------


class AudioFileProblem(ProblemDetails):
    """An error as RFC 9457 has it; of a result that is not there, with how far processing is."""

    processing_status: AudioFileStatus | None = Field(
        None, alias="processingStatus", description="How far the audio file is, where a result is not there."
    )
    processing_error: ProcessingError | None = Field(
        None, alias="processingError", description="Which stage failed, where one did."
    )


class UploadUrl(CamelResponseModel):
    """A new audio file and where to PUT its bytes. Extra headers of other stores, like x-ms-blob-type, do no harm."""

    model_config = ConfigDict(
        json_schema_extra=example("""
          {"audioFileId": "rec_19d4f2a1b00c0ffee12345678901234", "expiresAt": "2026-03-30T12:15:00Z",
           "uploadUrl": "https://bucket.s3.eu-central-1.amazonaws.com/…?X-Amz-Signature=0a1b"}
        """)
    )

    audio_file_id: str = Field(description="The id of the new audio file.")
    upload_url: str = Field(description="Presigned PUT. Whoever has it can upload: treat it like a password.")
    expires_at: ShownMoment = Field(description="Until when the URL is good.")
    required_headers: dict[str, str] = Field({}, description="Headers that the PUT must carry, of what was declared.")


class DownloadUrl(CamelResponseModel):
    """Where to GET the audio as it was uploaded; no credential is needed with it."""

    model_config = ConfigDict(
        json_schema_extra=example("""
          {"downloadUrl": "https://bucket.s3.eu-central-1.amazonaws.com/…?X-Amz-Signature=0a1b",
           "expiresAt": "2026-03-30T12:15:00Z"}
        """)
    )

    download_url: str = Field(description="Presigned GET. Whoever has it can download: treat it like a password.")
    expires_at: ShownMoment = Field(description="Until when the URL is good.")


_FILE = parsed("""
  {"audioFileId": "rec_19d4f2a1b00c0ffee12345678901234", "fileName": "call-2026-03-30.wav", "title": null,
   "status": "completed", "engagementId": "eng_abc123", "campaignId": "camp_xyz", "contactIds": [],
   "isAICall": false, "consentStatus": "all_consented", "contentType": "audio/wav", "sizeBytes": 1958444,
   "durationSeconds": 61.2, "language": "en", "error": null,
   "createdAt": "2026-03-30T12:00:00Z", "updatedAt": "2026-03-30T12:01:10Z"}
""")


class AudioFile(CamelResponseModel):
    """One audio file, as lists show it."""

    audio_file_id: str = Field(description="Its id.")
    file_name: str = Field(description="The name it was uploaded by.")
    title: str | None = Field(description="The title to show in place of the file's name.")
    status: AudioFileStatus = Field(description="How far it is.")
    engagement_id: str | None = Field(description="The engagement it belongs to.")
    campaign_id: str | None = Field(description="The campaign it belongs to.")
    contact_ids: list[str] = Field(description="Contacts that the conversation was with.")
    is_ai_call: bool = Field(alias="isAICall", description="Whether an AI agent made the call.")
    consent_status: ConsentStatus = Field(description="Whether the people who are heard have consented.")
    content_type: str | None = Field(description="As declared by the uploader; `audio` says what was found.")
    size_bytes: int | None = Field(description="Null until it is uploaded.")
    duration_seconds: float | None = Field(description="Null until the audio has been read.")
    language: str | None = Field(description="The language that is spoken, as an ISO 639-1 code.")
    error: ProcessingError | None = Field(description="Why processing failed, where it did.")
    created_at: ShownMoment = Field(description="When it was made.")
    updated_at: ShownMoment = Field(description="When it was last changed, by anybody or by processing.")


def audio_file_fields(recording: Recording, run: Run | None = None) -> dict[str, Any]:
    """The fields of an `AudioFile`."""
    return same_fields(AudioFile, recording) | {
        "audio_file_id": recording.id,
        "status": status_of(recording, run),
        "consent_status": recording.consent,
        "duration_seconds": recording.duration_s,
        "error": recording.failure,
    }


class Audio(CamelResponseModel):
    """What was found in the uploaded file."""

    format: str = Field(description="The container, like `wav`.")
    codec: str = Field(description="The codec, as FFmpeg names it.")
    channels: int = Field(description="How many channels it has.")
    sample_rate_hz: int = Field(description="Samples a second, of each channel.")
    is_video: bool = Field(description="Whether there is a picture too.")


class Speaker(CamelResponseModel):
    """How much one speaker talked."""

    speaker: str = Field(description="The speaker, as segments name them.")
    talk_seconds: float = Field(description="How long they talked.")
    word_count: int = Field(description="How many words they said.")


class Highlight(CamelResponseModel):
    """A quotation, with the segment it stands in and its times in seconds."""

    text: str = Field(description="What was said.")
    speaker: str = Field(description="Who said it.")
    segment: int = Field(description="The index of the transcript's segment it stands in.")
    start: float = Field(description="Seconds from the beginning of the recording.")
    end: float = Field(description="Seconds from the beginning of the recording.")


def _speakers(recording: Recording) -> list[Speaker]:
    return [
        Speaker(speaker=display_name(talk.speaker), talk_seconds=talk.talk_s, word_count=talk.word_count)
        for talk in recording.speakers
    ]


_ANALYSIS = parsed("""
  {"speakers": [
    {"speaker": "Speaker 1", "talkSeconds": 33.1, "wordCount": 91},
    {"speaker": "Speaker 2", "talkSeconds": 24.8, "wordCount": 70}],
   "engines": {"transcribe": {"name": "pocketsphinx", "version": "5.1.1", "model": "en-us"}}}
""")
_FOUND = parsed("""
  {"audio": {"format": "wav", "codec": "pcm_s16le", "channels": 1, "sampleRateHz": 16000, "isVideo": false},
   "wordCount": 161, "warnings": [], "laterUploads": 0,
   "highlights": [
     {"text": "we could renew for two years", "speaker": "Speaker 2", "segment": 7, "start": 31.4, "end": 33.9}]}
""")


class AudioFileDetail(AudioFile):
    """One audio file with what processing found."""

    model_config = ConfigDict(json_schema_extra=example(_FILE | _FOUND | _ANALYSIS))

    audio: Audio | None = Field(description="What was found in the file; null until it has been read.")
    word_count: int = Field(description="How many words the transcript has.")
    speakers: list[Speaker] = Field(description="Who talked, and how much.")
    highlights: list[Highlight] = Field(description="What stands out of what was said.")
    engines: dict[str, EngineUsed] = Field(description="What made the results, by the stage of the workflow.")
    warnings: list[ProcessingWarning] = Field(description="What to know although nothing failed.")
    later_uploads: int = Field(description="How many files were put to the upload URL later; they are not processed.")

    @classmethod
    def of(cls, recording: Recording, run: Run | None) -> AudioFileDetail:
        found: dict[str, Any] = {
            "audio": recording.audio,
            "word_count": recording.word_count,
            "speakers": _speakers(recording),
            "highlights": [
                Highlight(
                    text=highlight.text,
                    speaker=display_name(highlight.speaker),
                    segment=highlight.segment,
                    start=highlight.start_s,
                    end=highlight.end_s,
                )
                for highlight in recording.highlights
            ],
            "engines": recording.engines,
            "warnings": recording.warnings,
            "later_uploads": len(recording.later_versions),
        }
        return cls(**audio_file_fields(recording, run), **found)


class AudioFilePage(CamelResponseModel):
    """Some audio files, newest first."""

    model_config = ConfigDict(json_schema_extra=example({"items": [_FILE], "page": 1, "pageSize": 50, "next": None}))

    items: list[AudioFile] = Field(description="The audio files of this page.")
    page: int | None = Field(description="The page asked for; null where a cursor was.")
    page_size: int = Field(description="How many a page has at most.")
    next: str | None = Field(description="The cursor of what follows; null at the end.")


class TranscriptWord(CamelResponseModel):
    """One word."""

    text: str = Field(description="The word.")
    start: float = Field(description="Seconds from the beginning of the recording.")
    end: float = Field(description="Seconds from the beginning of the recording.")
    confidence: float | None = Field(description="0 to 1; null where the engine gives none.")


class TranscriptSegment(CamelResponseModel):
    """What one speaker said in one go."""

    index: int = Field(description="Its place in the transcript, from 0.")
    speaker: str = Field(description="Who said it.")
    start: float = Field(description="Seconds from the beginning of the recording.")
    end: float = Field(description="Seconds from the beginning of the recording.")
    text: str = Field(description="What was said.")
    confidence: float | None = Field(description="0 to 1; null where the engine gives none.")
    words: list[TranscriptWord] = Field(description="Its words, in order.")


_TRANSCRIPT = parsed("""
  {"audioFileId": "rec_19d4f2a1b00c0ffee12345678901234", "status": "completed", "language": "en",
   "durationSeconds": 61.2,
   "segments": [
     {"index": 0, "speaker": "Speaker 1", "start": 0.51, "end": 1.32, "text": "thank you", "confidence": 0.87,
      "words": [
        {"text": "thank", "start": 0.51, "end": 0.92, "confidence": 0.91},
        {"text": "you", "start": 0.92, "end": 1.32, "confidence": 0.83}]}]}
""")


class Transcript(CamelResponseModel):
    """Who said what when."""

    model_config = ConfigDict(json_schema_extra=example(_TRANSCRIPT | _ANALYSIS))

    audio_file_id: str = Field(description="The id of the audio file.")
    status: AudioFileStatus = Field(description="How far the audio file is.")
    language: str | None = Field(description="The language that is spoken, as an ISO 639-1 code.")
    duration_seconds: float | None = Field(description="How long the recording is.")
    speakers: list[Speaker] = Field(description="Who talked, and how much.")
    segments: list[TranscriptSegment] = Field(description="What was said, in reading order.")
    engines: dict[str, EngineUsed] = Field(description="What made the transcript, by the stage of the workflow.")

    @classmethod
    def of(cls, recording: Recording, run: Run | None, stored: Mapping[str, Any]) -> Transcript:
        """The transcript as `auricle.transcripts.storage` keeps it."""
        return cls(
            audio_file_id=recording.id,
            status=status_of(recording, run),
            language=stored["language"],
            duration_seconds=recording.duration_s,
            speakers=_speakers(recording),
            segments=[
                TranscriptSegment(
                    index=segment["index"],
                    speaker=display_name(segment["speaker"]),
                    start=segment["start_s"],
                    end=segment["end_s"],
                    text=segment["text"],
                    confidence=segment["confidence"],
                    words=[
                        TranscriptWord(text=text, start=start, end=end, confidence=confidence)
                        for text, start, end, confidence in segment["words"]
                    ],
                )
                for segment in stored["segments"]
            ],
            engines=stored["engines"],
        )


class ProcessAnswer(CamelResponseModel):
    """Where processing stands after being asked for."""

    model_config = ConfigDict(
        json_schema_extra=example('{"status": "pending", "message": "Processing queued successfully"}')
    )

    status: AudioFileStatus = Field(description="How far the audio file is.")
    message: str = Field(description="The same in words.")


class StageError(CamelResponseModel):
    """Why a stage failed."""

    code: str = Field(description="The kind of failure, stable for programs.")
    message: str = Field(description="What was wrong, in a sentence.")


class StageStatus(CamelResponseModel):
    """One stage of the workflow."""

    state: StageState = Field(description="How far it is: `complete`, `failed` and `skipped` are final of a run.")
    error: StageError | None = Field(description="Why it failed, where it did.")


class ProcessingStatus(CamelResponseModel):
    """How far processing is. Poll every few seconds until `completed` or `failed`."""

    model_config = ConfigDict(
        json_schema_extra=example("""
          {"audioFileId": "rec_19d4f2a1b00c0ffee12345678901234", "status": "processing",
           "message": "Transcribing: 2 of 3 parts done", "progress": 0.667, "run": 1,
           "startedAt": "2026-03-30T12:00:40Z", "finishedAt": null, "updatedAt": "2026-03-30T12:00:52Z",
           "stages": {
             "prepare": {"state": "complete", "error": null}, "transcribe": {"state": "in-progress", "error": null},
             "diarize": {"state": "complete", "error": null}, "assemble": {"state": "not-started", "error": null},
             "redact": {"state": "not-started", "error": null}, "summarize": {"state": "not-started", "error": null}},
           "error": null, "warnings": []}
        """)
    )

    audio_file_id: str = Field(description="The id of the audio file.")
    status: AudioFileStatus = Field(description="How far it is.")
    message: str = Field(description="The same in words.")
    progress: float = Field(description="The share of the audio that is transcribed, 0 to 1; 1 only when completed.")
    run: int = Field(description="1, and one more each time the audio file is processed again.")
    started_at: ShownMoment | None = Field(description="When this run began.")
    finished_at: ShownMoment | None = Field(description="When this run ended.")
    stages: dict[Stage, StageStatus] = Field(description="The stages of the workflow. A failed one hides no other.")
    error: ProcessingError | None = Field(description="Why processing failed, where it did.")
    warnings: list[ProcessingWarning] = Field(description="What to know although nothing failed.")
    updated_at: ShownMoment = Field(description="When the audio file was last changed.")

    @classmethod
    def of(cls, recording: Recording, run: Run | None) -> ProcessingStatus:
        status = status_of(recording, run)
        results = {stage: run.stage(stage) if run else StageResult() for stage in Stage}
        shown = {
            "audio_file_id": recording.id,
            "status": status,
            "message": status_message(recording, run),
            "progress": _progress(status, run),
            "run": recording.run,
            "started_at": run.started_at if run else None,
            "finished_at": run.finished_at if run else None,
            "stages": {stage: {"state": each.state, "error": each.failure} for stage, each in results.items()},
            "error": recording.failure,
            "warnings": recording.warnings,
            "updated_at": recording.updated_at,
        }
        return cls.model_validate(shown)


def _progress(status: AudioFileStatus, run: Run | None) -> float:
    if status is AudioFileStatus.COMPLETED:
        return 1.0
    if run is None or run.windows_total == 0:
        return 0.0
    return min(0.99, round(run.windows_done / run.windows_total, 3))


def status_message(recording: Recording, run: Run | None) -> str:
    """How far processing is, in words."""
    status = status_of(recording, run)
    if recording.failure is not None and status is AudioFileStatus.FAILED:
        return recording.failure.message
    if recording.status in {Status.RECORDING, Status.UPLOADING}:
        return "Waiting for the upload"
    if status is AudioFileStatus.PENDING and not recording.consent.allows_processing:
        return "Held until consent is recorded"
    if status is AudioFileStatus.PROCESSING and run is not None and run.windows_total:
        return f"Transcribing: {run.windows_done} of {run.windows_total} parts done"
    return {
        AudioFileStatus.PENDING: "Uploaded, waiting to be picked up",
        AudioFileStatus.PROCESSING: "Reading the audio",
        AudioFileStatus.EVALUATING: "The transcript is there and is being evaluated",
        AudioFileStatus.COMPLETED: "Processing finished successfully",
        AudioFileStatus.FAILED: "Processing failed",
    }[status]
