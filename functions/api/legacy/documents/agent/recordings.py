"""The agent API's recordings in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from api.legacy.documents import CONTACT_ID, CREATED_AT, RECORDING_ID, Documented, Refusal, Shown
from api.legacy.documents.agent.wire import (
    LOCKED,
    NO_CONTACT,
    NO_RECORDING,
    STALE,
    ConsentStatus,
    Status,
    TranscriptionStatus,
)
from api.legacy.documents.audio_files import Engine, Warning  # noqa: A004  # the name clients see
from api.legacy.reading import Id, Line


class SpokenSegment(Shown):
    """What a speaker said in one go."""

    start_seconds: float
    end_seconds: float
    text: str


class SpeakerDiarization(Shown):
    """One speaker, and everything they said. `contact_id` is null until somebody says who it is."""

    speaker: str
    contact_id: str | None
    segments: list[SpokenSegment]


class ActionItem(Shown):
    """Something promised in the conversation."""

    text: str
    assignee: str | None


class AgentHighlight(Shown):
    """A quotation, with the segment it stands in and its times."""

    text: str
    speaker: str
    segment: int
    start_seconds: float
    end_seconds: float


class AgentSpeaker(Shown):
    """How much one speaker talked."""

    speaker: str
    talk_seconds: float
    word_count: int


class AgentAudio(Shown):
    """What was found in the uploaded file."""

    format: str
    codec: str
    channels: int
    sample_rate_hz: int
    duration_seconds: float


class AgentProcessingError(Shown):
    """Which stage failed, and why."""

    stage: str
    code: str
    message: str


class RecordingSummary(Shown):
    """A recording in a list: everything but what was said in it."""

    id: str
    type: str
    source: str | None
    contact_ids: list[str]
    deal_id: str | None
    duration_seconds: float | None
    audio_url: str | None = Field(description="Where the audio lies (s3://…); null until it is uploaded.")
    summary: str | None
    action_items: list[ActionItem]
    sentiment_score: float | None
    consent_status: ConsentStatus
    created_at: datetime
    updated_at: datetime
    status: Status
    transcription_status: TranscriptionStatus
    title: str | None
    file_name: str
    language: str | None


class RecordingPage(Shown):
    """Recordings, newest first. `next` is the cursor of what follows, null at the end."""

    recordings: list[RecordingSummary]
    page: int | None = Field(description="Null where a cursor was sent.")
    per_page: int
    next: str | None


class AgentRecording(Shown):
    """A recording with who said what."""

    id: str
    type: str
    source: str | None
    contact_ids: list[str]
    deal_id: str | None
    duration_seconds: float | None
    audio_url: str | None = Field(description="Where the audio lies (s3://…); null until it is uploaded.")
    transcript_text: str | None = Field(description="`Speaker 1: …`, a line for each segment.")
    summary: str | None = Field(description="`summary_kind` says what it is.")
    action_items: list[ActionItem]
    sentiment_score: float | None
    speaker_diarization: list[SpeakerDiarization]
    consent_status: ConsentStatus
    created_at: datetime
    updated_at: datetime
    status: Status
    transcription_status: TranscriptionStatus
    title: str | None
    file_name: str
    language: str | None
    summary_kind: Literal["highlights"] | None = Field(description="highlights: quotations, nothing paraphrased.")
    highlights: list[AgentHighlight]
    speakers: list[AgentSpeaker]
    audio: AgentAudio | None
    engines: dict[str, Engine]
    warnings: list[Warning]
    error: AgentProcessingError | None


class AgentWord(Shown):
    """One word; confidence 0 to 1, null where the engine gives none."""

    text: str
    start_seconds: float
    end_seconds: float
    confidence: float | None


class Entity(Shown):
    """A person, amount, date or other thing named in a segment."""

    text: str
    type: str


class AgentSegment(Shown):
    """What one speaker said in one go, word by word."""

    index: int
    speaker: str
    contact_id: str | None
    start_seconds: float
    end_seconds: float
    text: str
    confidence: float | None
    words: list[AgentWord]
    entities: list[Entity]


class AgentTranscript(Shown):
    """Who said what when."""

    id: str
    transcription_status: TranscriptionStatus
    language: str | None
    duration_seconds: float | None
    transcript_text: str
    segments: list[AgentSegment]
    speaker_diarization: list[SpeakerDiarization]
    entities: list[Entity]


class Links(Shown):
    """What a recording is linked to."""

    id: str
    contact_ids: list[str]
    deal_id: str | None
    updated_at: datetime


def _optional(**said: Any) -> Any:
    """A part of a form that may be left out; a part is never null."""
    return Field(default=None, json_schema_extra=_without_default, **said)


def _without_default(schema: JsonDict) -> None:
    schema.pop("default", None)


class UploadForm(BaseModel):
    """The form of an upload. A file of more than 4.5 MB is left out, and its name and size said instead."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"anyOf": [{"required": ["file"]}, {"required": ["file_name", "file_size"]}]}
    )

    file: bytes = _optional(description="WAV, MP3, M4A, OGG, WEBM or any other format that is processed, up to 4.5 MB.")
    type: Literal["phone", "in_person", "video", "voice_memo"]
    consent_status: Literal["all_consented", "one_party", "pending"]
    source: Line = _optional(description="Like `twilio`, `google_meet` or `manual`.")
    contact_ids: str = _optional(max_length=4096, description="A JSON array of contact ids.")
    deal_id: Id = _optional()
    title: Line = _optional()
    file_name: Line = _optional(description="Of a file that is left out.")
    file_size: int = _optional(ge=1, le=2**53 - 1, description="Of a file that is left out, in bytes.")


class UploadedRecording(Shown):
    """A recording whose processing begins."""

    id: str
    status: Status
    audio_url: str
    estimated_duration_seconds: int
    transcription_status: TranscriptionStatus
    created_at: datetime


class ConsentEntry(Shown):
    """Who recorded which consent when."""

    consent_status: ConsentStatus
    recorded_at: datetime
    recorded_by: str | None
    note: str | None


class ConsentBasisShown(Shown):
    """What consent rests on."""

    kind: Literal["stated", "policy"] = Field(
        description="`stated`: a client or a person said it of this recording. `policy`: nobody did, and the "
        "organization's settings decided."
    )
    legal_basis: str | None = Field(description="What the settings named when the policy assumed consent.")
    since: datetime


class RecordingConsent(Shown):
    """The consent that holds, and everything that was recorded of it, oldest first."""

    id: str
    consent_status: ConsentStatus = Field(
        description="`withdrawn`: refused by somebody who was recorded, or taken back. Then, and while it is "
        "`pending`, nothing is processed and no content is shown."
    )
    basis: ConsentBasisShown | None = Field(
        description="What it rests on; null of recordings that were made before this was noted."
    )
    customer_consents: bool | None = Field(description="What the customer said, as attested; null: not known.")
    rep_consents: bool | None = Field(description="What the representative said, as attested; null: not known.")
    content_shown: bool = Field(
        description="Whether audio, transcript, summary and everything else found in the recording are shown."
    )
    withdrawn_at: datetime | None
    erase_at: datetime | None = Field(
        description="When the recording is erased for good, unless consent is recorded again before."
    )
    withdrawn_with: str | None = Field(
        description="The recording this one is made of, where consent was withdrawn from that one."
    )
    status: Status
    history: list[ConsentEntry]
    updated_at: datetime


_SAID = {"start_seconds": 0.51, "end_seconds": 3.2, "text": "Thank you for calling"}
_DIARIZATION = [{"speaker": "Speaker 1", "contact_id": None, "segments": [_SAID]}]
_LINKS = {
    "id": RECORDING_ID,
    "contact_ids": ["contact_uuid_1", "contact_uuid_2"],
    "deal_id": "deal_uuid",
    "updated_at": CREATED_AT,
}
_CONSENT = {
    "id": RECORDING_ID,
    "consent_status": "all_consented",
    "basis": {"kind": "stated", "legal_basis": None, "since": "2026-03-30T12:05:00Z"},
    "customer_consents": None,
    "rep_consents": None,
    "content_shown": True,
    "withdrawn_at": None,
    "erase_at": None,
    "withdrawn_with": None,
    "status": "processing",
    "history": [
        {"consent_status": "pending", "recorded_at": CREATED_AT, "recorded_by": "user_1", "note": None},
        {
            "consent_status": "all_consented",
            "recorded_at": "2026-03-30T12:05:00Z",
            "recorded_by": "user_1",
            "note": "agreed by email",
        },
    ],
    "updated_at": "2026-03-30T12:05:00Z",
}
_SUMMARY = {
    "id": RECORDING_ID,
    "type": "phone",
    "source": "twilio",
    "contact_ids": [CONTACT_ID],
    "deal_id": "deal_1",
    "duration_seconds": 61.2,
    "audio_url": f"s3://bucket/orgs/acme/recordings/{RECORDING_ID}/source",
    "summary": "we could renew for two years",
    "action_items": [],
    "sentiment_score": None,
    "consent_status": "all_consented",
    "created_at": CREATED_AT,
    "updated_at": "2026-03-30T12:01:10Z",
    "status": "completed",
    "transcription_status": "completed",
    "title": None,
    "file_name": "call-2026-03-30.wav",
    "language": "en",
}

OPERATIONS: Mapping[str, Documented] = {
    "upload_recording": Documented(
        "Upload a recording",
        "A form with the file, up to 4.5 MB of audio; processing begins when it is stored. A larger file is refused "
        "with 413, and `upload` in the error says where to PUT it: it becomes the recording named there, and the rest "
        "of the form is kept. API Gateway itself refuses bodies of more than about 6 MB before they come here, without "
        "that word: for such a file send the form without `file`, with `file_name` and `file_size`.",
        UploadedRecording,
        {
            "id": RECORDING_ID,
            "status": "processing",
            "audio_url": f"s3://bucket/orgs/acme/recordings/{RECORDING_ID}/source",
            "estimated_duration_seconds": 720,
            "transcription_status": "queued",
            "created_at": CREATED_AT,
        },
        status=201,
        multipart=UploadForm,
        refusals=(
            Refusal(400, "broken-form", "The form is broken, was not sent whole, or is not in UTF-8."),
            NO_CONTACT,
            Refusal(413, "file-too-large", "More than 4.5 MB: `upload` says where the file goes instead."),
            Refusal(415, "unsupported-media-type", "The body is not multipart/form-data."),
            Refusal(422, "consent-required", "consent_status is missing."),
            Refusal(422, "unsupported-audio", "The file is no audio that can be processed."),
            Refusal(422, "too-large", "Larger than anything that is processed here."),
        ),
    ),
    "list_recordings": Documented(
        "List recordings",
        "Newest first; dates are both inclusive. Page numbers reach the first 10,000 recordings, `cursor` all of them.",
        RecordingPage,
        {"recordings": [_SUMMARY], "page": 1, "per_page": 20, "next": None},
    ),
    "get_recording": Documented(
        "Get recording detail",
        "Who said what, the summary and what the recording is linked to, as far as they are there.",
        AgentRecording,
        {
            "id": RECORDING_ID,
            "type": "phone",
            "source": "twilio",
            "contact_ids": [CONTACT_ID],
            "deal_id": "deal_1",
            "duration_seconds": 61.2,
            "audio_url": f"s3://bucket/orgs/acme/recordings/{RECORDING_ID}/source",
            "transcript_text": "Speaker 1: Thank you for calling",
            "summary": "we could renew for two years",
            "action_items": [],
            "sentiment_score": None,
            "speaker_diarization": _DIARIZATION,
            "consent_status": "all_consented",
            "created_at": CREATED_AT,
            "updated_at": "2026-03-30T12:01:10Z",
            "status": "completed",
            "transcription_status": "completed",
            "title": None,
            "file_name": "call-2026-03-30.wav",
            "language": "en",
            "summary_kind": "highlights",
            "highlights": [
                {
                    "text": "we could renew for two years",
                    "speaker": "Speaker 2",
                    "segment": 7,
                    "start_seconds": 31.4,
                    "end_seconds": 33.9,
                },
            ],
            "speakers": [{"speaker": "Speaker 1", "talk_seconds": 33.1, "word_count": 91}],
            "audio": {
                "format": "wav",
                "codec": "pcm_s16le",
                "channels": 1,
                "sample_rate_hz": 16000,
                "duration_seconds": 61.2,
            },
            "engines": {"transcribe": {"name": "pocketsphinx", "version": "5.1.1", "model": "en-us"}},
            "warnings": [],
            "error": None,
        },
        refusals=(NO_RECORDING,),
    ),
    "get_recording_transcript": Documented(
        "Get the full transcript",
        "Speakers, times per segment and word. Entities are empty until an entity engine is deployed.",
        AgentTranscript,
        {
            "id": RECORDING_ID,
            "transcription_status": "completed",
            "language": "en",
            "duration_seconds": 61.2,
            "transcript_text": "Speaker 1: Thank you for calling",
            "segments": [
                {
                    "index": 0,
                    "speaker": "Speaker 1",
                    "contact_id": None,
                    **_SAID,
                    "confidence": 0.87,
                    "words": [{"text": "Thank", "start_seconds": 0.51, "end_seconds": 0.92, "confidence": 0.91}],
                    "entities": [],
                },
            ],
            "speaker_diarization": _DIARIZATION,
            "entities": [],
        },
        refusals=(
            NO_RECORDING,
            Refusal(409, "transcript-not-ready", "Ask again after Retry-After."),
            Refusal(422, "consent-required", "Consent is pending, refused or withdrawn: no content is shown."),
            Refusal(422, "unsupported-audio", "What was uploaded cannot be transcribed."),
            Refusal(500, "transcription-failed", "A stage failed, which `stage` names; it can be processed again."),
        ),
    ),
    "link_recording_to_crm": Documented(
        "Link to contacts and a deal",
        "Contacts are added to those linked already, and the recording appears on their timelines. A deal is named by "
        "its id in the CRM, known here or not.",
        Links,
        _LINKS,
        request_example={"contact_ids": ["contact_uuid_1", "contact_uuid_2"], "deal_id": "deal_uuid"},
        refusals=(NO_RECORDING, NO_CONTACT, LOCKED, STALE),
    ),
    "unlink_recording_from_crm": Documented(
        "Take contacts and the deal off a recording",
        "What the recording was not linked to changes nothing.",
        Links,
        {**_LINKS, "contact_ids": ["contact_uuid_1"], "deal_id": None},
        request_example={"contact_ids": ["contact_uuid_2"], "deal_id": "deal_uuid"},
        refusals=(NO_RECORDING, LOCKED, STALE),
    ),
    "get_recording_consent": Documented(
        "Get a recording's consent",
        "What holds now and what it rests on, and who recorded what when, beginning with what held at the upload. Also "
        "of a recording in the trash.",
        RecordingConsent,
        _CONSENT,
        refusals=(NO_RECORDING,),
    ),
    "record_recording_consent": Documented(
        "Record or withdraw consent",
        "A recording that was held is processed once all parties, or the one that must, have consented. Withdrawing "
        "consent stops processing at its next step and hides the content at once, on every API: URLs that were signed "
        "before do not work any more either. After the organization's grace period everything is erased; recording "
        "consent again before that brings it back. Neither a lock nor the trash is a hindrance.",
        RecordingConsent,
        _CONSENT,
        request_example={"consent_status": "all_consented", "note": "agreed by email"},
        refusals=(NO_RECORDING,),
    ),
}
