"""The agent API in the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from api.documents import (
    CONTACT_ID,
    CREATED_AT,
    RECORDING_ID,
    Documented,
    Refusal,
    Shown,
    SurfaceDocument,
)
from api.documents.audio_files import Engine, FieldProblem, Warning  # noqa: A004  # the name clients see

TranscriptionStatus = Literal["queued", "processing", "completed", "failed"]


class AgentErrorBody(Shown):
    """`code` is one of RECORDING_NOT_FOUND, CONTACT_NOT_FOUND, INVALID_AUDIO_FORMAT, CONSENT_REQUIRED,
    TRANSCRIPTION_FAILED, or another error's name in the same style."""

    code: str
    message: str
    request_id: str
    fields: list[FieldProblem] = Field(default=[], description="The fields that are wrong, where some are.")
    stage: str | None = Field(None, description="The stage that failed, where one did.")
    transcription_status: TranscriptionStatus | None = None


class AgentError(Shown):
    """The agent API's error."""

    error: AgentErrorBody


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
    consent_status: Literal["all_consented", "one_party", "pending", "withdrawn"]
    created_at: datetime
    updated_at: datetime
    status: Literal["processing", "completed", "failed"]
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


class Contact(Shown):
    """A CRM contact."""

    id: str
    name: str
    company: str | None
    email: str | None
    phone: str | None
    created_at: datetime
    updated_at: datetime


class TimelineContact(Shown):
    """Whose timeline it is."""

    id: str
    name: str
    company: str | None


class TimelineItem(Shown):
    """Something that happened. Its further fields depend on its type."""

    model_config = ConfigDict(extra="allow")

    type: Literal["recording", "email", "sms", "meeting", "note"]
    id: str
    date: datetime


class Timeline(Shown):
    """What happened with a contact, newest first. `next` is the cursor of what follows, null at the end."""

    contact: TimelineContact
    timeline: list[TimelineItem]
    next: str | None


_SAID = {"start_seconds": 0.51, "end_seconds": 3.2, "text": "Thank you for calling"}
_DIARIZATION = [{"speaker": "Speaker 1", "contact_id": None, "segments": [_SAID]}]
_CONTACT: dict[str, Any] = {
    "id": CONTACT_ID,
    "name": "Jane Smith",
    "company": "Acme Corp",
    "email": "jane@acme.example",
    "phone": "+1 555 0100",
    "created_at": CREATED_AT,
    "updated_at": CREATED_AT,
}
_NO_RECORDING = Refusal(404, "recording-not-found", "Unknown, or of another tenant.")
_NO_CONTACT = Refusal(404, "contact-not-found", "Unknown, or of another tenant.")

DOCUMENT = SurfaceDocument(
    description="Recordings and CRM timelines for founders: the credential carries the role `founder`.",
    error=AgentError,
    operations={
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
            refusals=(_NO_RECORDING,),
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
                _NO_RECORDING,
                Refusal(409, "transcript-not-ready", "Ask again after Retry-After."),
                Refusal(422, "unsupported-audio", "What was uploaded cannot be transcribed."),
                Refusal(500, "transcription-failed", "A stage failed, which `stage` names; it can be processed again."),
            ),
        ),
        "link_recording_to_crm": Documented(
            "Link to contacts and a deal",
            "Contacts are added to those linked already, and the recording appears on their timelines.",
            Links,
            {
                "id": RECORDING_ID,
                "contact_ids": ["contact_uuid_1", "contact_uuid_2"],
                "deal_id": "deal_uuid",
                "updated_at": CREATED_AT,
            },
            request_example={"contact_ids": ["contact_uuid_1", "contact_uuid_2"], "deal_id": "deal_uuid"},
            refusals=(_NO_RECORDING, _NO_CONTACT),
        ),
        "create_contact": Documented(
            "Create a contact",
            "Without an `id` one is made.",
            Contact,
            _CONTACT,
            status=201,
            request_example={"name": "Jane Smith", "company": "Acme Corp"},
            refusals=(Refusal(409, "conflict", "The id is taken."),),
        ),
        "get_contact": Documented("Get a contact", "As it was created.", Contact, _CONTACT, refusals=(_NO_CONTACT,)),
        "get_contact_timeline": Documented(
            "Get a contact's timeline",
            "Recordings, emails, text messages, meetings and notes, newest first; dates are both inclusive.",
            Timeline,
            {
                "contact": {"id": CONTACT_ID, "name": "Jane Smith", "company": "Acme Corp"},
                "timeline": [
                    {
                        "type": "recording",
                        "id": RECORDING_ID,
                        "date": CREATED_AT,
                        "summary": "we could renew for two years",
                        "sentiment_score": None,
                        "duration_seconds": 61.2,
                        "action_items": [],
                        "status": "completed",
                    },
                ],
                "next": None,
            },
            refusals=(_NO_CONTACT,),
        ),
    },
)
