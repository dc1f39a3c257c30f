"""What the agent API answers of recordings and their transcripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from api.agent.errors import code_of
from api.agent.shared import STATUSES, TRANSCRIPTION_STATUSES, RecordingStatus, TranscriptionStatus
from api.examples import SOURCE_URL, example, parsed
from api.findings import EngineUsed, ProcessingError, ProcessingWarning
from api.models import ResponseModel, ShownMoment, same_fields
from api.transcripts import has_transcript
from auricle.recordings.consent import Consent, content_may_be_shown
from auricle.recordings.recording import Recording, RecordingDetail
from auricle.recordings.stored_audio import stored_audio
from auricle.transcripts.transcript import display_name

_START = "Seconds from the beginning of the recording to where it begins."
_END = "Seconds from the beginning of the recording to where it ends."
_CONFIDENCE = "How sure the engine is, 0 to 1; null where it does not tell."
_DIARIZATION = parsed("""
  {"speaker_diarization": [
    {"speaker": "Speaker 1", "contact_id": null,
     "segments": [{"start_seconds": 0.51, "end_seconds": 3.2, "text": "Thank you for calling"}]}]}
""")
_SUMMARY = parsed("""
  {"id": "rec_19d4f2a1b00c0ffee12345678901234", "type": "phone", "source": "twilio",
   "contact_ids": ["contact_19d4f2a1b0512345678901234abcdef"], "deal_id": "deal_1", "duration_seconds": 61.2,
   "summary": "we could renew for two years", "action_items": [], "sentiment_score": null,
   "consent_status": "all_consented", "created_at": "2026-03-30T12:00:00Z", "updated_at": "2026-03-30T12:01:10Z",
   "status": "completed", "transcription_status": "completed", "title": null, "file_name": "call-2026-03-30.wav",
   "language": "en"}
""") | {"audio_url": SOURCE_URL}


class ActionItem(ResponseModel):
    """Something promised in the conversation."""

    text: str = Field(description="What was promised.")
    assignee: str | None = Field(description="Who promised it; null where that is not known.")


class _RecordingHead(ResponseModel):
    """What every view of a recording begins with."""

    id: str = Field(description="The id of the recording.")
    type: str = Field(
        description="What kind of conversation it is: `phone`, `in_person`, `video` or `voice_memo`; `in-person` of "
        "what a phone recorded by itself."
    )
    source: str | None = Field(description="Where it comes from, in the uploader's word; null where none was given.")
    contact_ids: list[str] = Field(description="The contacts it is linked to.")
    deal_id: str | None = Field(description="The deal it is linked to, where there is one.")
    duration_seconds: float | None = Field(description="How long it is; null until the audio has been read.")
    audio_url: str | None = Field(description="Its s3:// address; null until it is uploaded, and without consent.")


# Fields of both, between which the detail has others: its documented fields come first, in their order.
Summary = Annotated[str | None, Field(description="What it was about; null where nothing has been found.")]
ActionItems = Annotated[list[ActionItem], Field(description="What was promised: empty until an engine finds such.")]
SentimentScore = Annotated[float | None, Field(description="The mood: null until an engine measures it.")]
ConsentStatus = Annotated[Consent, Field(description="Who agreed. Without consent nothing is processed or shown.")]
CreatedAt = Annotated[ShownMoment, Field(description="When the recording was made.")]
UpdatedAt = Annotated[ShownMoment, Field(description="When the record was last changed.")]
WholeStatus = Annotated[RecordingStatus, Field(description="How far the recording is as a whole.")]
Transcribed = Annotated[TranscriptionStatus, Field(description="How far the transcription is.")]
Title = Annotated[str | None, Field(description="The title it was given, if any.")]
FileName = Annotated[str, Field(description="The name of the uploaded file.")]
Language = Annotated[str | None, Field(description="What is spoken, as an ISO 639-1 code; null until known.")]


class AgentRecordingSummary(_RecordingHead):
    """A recording in a list: everything but what was said in it."""

    summary: Summary
    action_items: ActionItems
    sentiment_score: SentimentScore
    consent_status: ConsentStatus
    created_at: CreatedAt
    updated_at: UpdatedAt
    status: WholeStatus
    transcription_status: Transcribed
    title: Title
    file_name: FileName
    language: Language


def summary_fields(recording: Recording, *, bucket: str) -> dict[str, Any]:
    """The fields of an `AgentRecordingSummary`."""
    return same_fields(AgentRecordingSummary, recording) | {
        "type": recording.kind,
        "duration_seconds": recording.duration_s,
        "audio_url": _audio_url(recording, bucket),
        "summary": " … ".join(highlight.text for highlight in recording.highlights) or None,
        "action_items": [],
        "sentiment_score": None,
        "consent_status": recording.consent,
        "status": STATUSES[recording.status],
        "transcription_status": TRANSCRIPTION_STATUSES[recording.status],
    }


def _audio_url(recording: Recording, bucket: str) -> str | None:
    """Where the audio lies, as documented; to fetch it takes a download URL, which is a credential."""
    audio = stored_audio(recording) if content_may_be_shown(recording) else None
    return f"s3://{bucket}/{audio.key}" if audio else None


class AgentRecordingPage(ResponseModel):
    """Some recordings, newest first."""

    model_config = ConfigDict(
        json_schema_extra=example({"recordings": [_SUMMARY], "page": 1, "per_page": 20, "next": None})
    )

    recordings: list[AgentRecordingSummary] = Field(description="The recordings of this page.")
    page: int | None = Field(description="The number of the page; null where a cursor was sent.")
    per_page: int = Field(description="How many a page has at most.")
    next: str | None = Field(description="The cursor of what follows; null at the end.")


class SpokenSegment(ResponseModel):
    """What a speaker said in one go."""

    start_seconds: float = Field(description=_START)
    end_seconds: float = Field(description=_END)
    text: str = Field(description="What was said.")


class SpeakerDiarization(ResponseModel):
    """One speaker, and everything they said."""

    speaker: str = Field(description="The speaker, as segments name them.")
    contact_id: str | None = Field(description="Which contact it is; null until somebody says so.")
    segments: list[SpokenSegment] = Field(description="What they said, in order.")


class AgentHighlight(ResponseModel):
    """A quotation, with the segment it stands in and its times."""

    text: str = Field(description="What was said.")
    speaker: str = Field(description="Who said it.")
    segment: int = Field(description="The index of the transcript's segment it stands in.")
    start_seconds: float = Field(description=_START)
    end_seconds: float = Field(description=_END)


class AgentSpeaker(ResponseModel):
    """How much one speaker talked."""

    speaker: str = Field(description="The speaker, as segments name them.")
    talk_seconds: float = Field(description="How long they talked, in seconds.")
    word_count: int = Field(description="How many words they said.")


class AgentAudio(ResponseModel):
    """What was found in the uploaded file."""

    format: str = Field(description="The container, like `wav`.")
    codec: str = Field(description="The codec, as FFmpeg names it.")
    channels: int = Field(description="How many channels it has.")
    sample_rate_hz: int = Field(description="Samples a second, of each channel.")
    duration_seconds: float = Field(description="How long it is.")


_FOUND = parsed("""
  {"transcript_text": "Speaker 1: Thank you for calling", "summary_kind": "highlights",
   "highlights": [
     {"text": "we could renew for two years", "speaker": "Speaker 2", "segment": 7, "start_seconds": 31.4,
      "end_seconds": 33.9}],
   "speakers": [{"speaker": "Speaker 1", "talk_seconds": 33.1, "word_count": 91}],
   "audio": {"format": "wav", "codec": "pcm_s16le", "channels": 1, "sample_rate_hz": 16000, "duration_seconds": 61.2},
   "engines": {"transcribe": {"name": "pocketsphinx", "version": "5.1.1", "model": "en-us"}},
   "warnings": [], "error": null}
""")


class AgentRecording(_RecordingHead):
    """A recording with who said what."""

    model_config = ConfigDict(json_schema_extra=example(_SUMMARY | _DIARIZATION | _FOUND))

    transcript_text: str | None = Field(description="`Speaker 1: …`, a line a segment; null while there is none.")
    summary: Summary
    action_items: ActionItems
    sentiment_score: SentimentScore
    speaker_diarization: list[SpeakerDiarization] = Field(
        description="Who said what, in the order they first speak; what nobody could be told for comes last."
    )
    consent_status: ConsentStatus
    created_at: CreatedAt
    updated_at: UpdatedAt
    status: WholeStatus
    transcription_status: Transcribed
    title: Title
    file_name: FileName
    language: Language
    summary_kind: Literal["highlights"] | None = Field(description="What it is made of: `highlights` are quotations.")
    highlights: list[AgentHighlight] = Field(description="What stands out of what was said.")
    speakers: list[AgentSpeaker] = Field(description="Who talked, and how much.")
    audio: AgentAudio | None = Field(description="What was found in the file; null until it has been read.")
    engines: dict[str, EngineUsed] = Field(description="What made the results, by the stage of the workflow.")
    warnings: list[ProcessingWarning] = Field(description="What to know although nothing failed.")
    error: ProcessingError | None = Field(description="Why processing failed, where it did.")

    @classmethod
    def of(cls, detail: RecordingDetail, transcript: Mapping[str, Any] | None, *, bucket: str) -> AgentRecording:
        """The recording with its transcript as `auricle.transcripts.storage` keeps it."""
        recording = detail.recording
        segments = transcript["segments"] if transcript else ()
        audio, failure = recording.audio, recording.failure
        fields = summary_fields(recording, bucket=bucket) | {
            "transcription_status": transcription_status(detail),
            "transcript_text": transcript_text(segments) if transcript else None,
            "speaker_diarization": speaker_diarization(segments),
            "summary_kind": "highlights" if recording.highlights else None,
            "highlights": [
                AgentHighlight(
                    text=highlight.text,
                    speaker=display_name(highlight.speaker),
                    segment=highlight.segment,
                    start_seconds=highlight.start_s,
                    end_seconds=highlight.end_s,
                )
                for highlight in recording.highlights
            ],
            "speakers": [
                AgentSpeaker(speaker=display_name(talk.speaker), talk_seconds=talk.talk_s, word_count=talk.word_count)
                for talk in recording.speakers
            ],
            "audio": audio and AgentAudio(**same_fields(AgentAudio, audio), duration_seconds=audio.duration_s),
            "engines": recording.engines,
            "warnings": recording.warnings,
            "error": failure and replace(failure, code=code_of(failure.code)),
        }
        return cls(**fields)


def transcription_status(detail: RecordingDetail) -> TranscriptionStatus:
    """How far the transcription is, which may be done while later stages are not, or have failed."""
    return TranscriptionStatus.COMPLETED if has_transcript(detail) else TRANSCRIPTION_STATUSES[detail.recording.status]


def transcript_text(segments: Iterable[Mapping[str, Any]]) -> str:
    """A line for each stored segment."""
    return "\n".join(f"{display_name(segment['speaker'])}: {segment['text']}" for segment in segments)


def speaker_diarization(segments: Iterable[Mapping[str, Any]]) -> list[SpeakerDiarization]:
    """One entry a speaker, in the order they first speak; words nobody could be told for come last."""
    spoken: dict[str | None, list[SpokenSegment]] = {}
    for segment in segments:
        spoken.setdefault(segment["speaker"], []).append(
            SpokenSegment(start_seconds=segment["start_s"], end_seconds=segment["end_s"], text=segment["text"])
        )
    if None in spoken:
        spoken[None] = spoken.pop(None)
    return [
        SpeakerDiarization(speaker=display_name(speaker), contact_id=None, segments=segments)
        for speaker, segments in spoken.items()
    ]


class AgentWord(ResponseModel):
    """One word."""

    text: str = Field(description="The word.")
    start_seconds: float = Field(description=_START)
    end_seconds: float = Field(description=_END)
    confidence: float | None = Field(description=_CONFIDENCE)


class NamedEntity(ResponseModel):
    """A person, amount, date or other thing named in a segment."""

    text: str = Field(description="The words that name it.")
    type: str = Field(description="What kind of thing it is.")


class AgentSegment(ResponseModel):
    """What one speaker said in one go, word by word."""

    index: int = Field(description="Its place in the transcript, from 0.")
    speaker: str = Field(description="Who said it.")
    contact_id: str | None = Field(description="Which contact the speaker is; null until somebody says so.")
    start_seconds: float = Field(description=_START)
    end_seconds: float = Field(description=_END)
    text: str = Field(description="What was said.")
    confidence: float | None = Field(description=_CONFIDENCE)
    words: list[AgentWord] = Field(description="Its words, in order.")
    entities: list[NamedEntity] = Field(description="What is named in it: empty until an entity engine is deployed.")


_TRANSCRIPT = parsed("""
  {"id": "rec_19d4f2a1b00c0ffee12345678901234", "transcription_status": "completed", "language": "en",
   "duration_seconds": 61.2, "transcript_text": "Speaker 1: Thank you for calling",
   "segments": [
     {"index": 0, "speaker": "Speaker 1", "contact_id": null, "start_seconds": 0.51, "end_seconds": 3.2,
      "text": "Thank you for calling", "confidence": 0.87, "entities": [],
      "words": [{"text": "Thank", "start_seconds": 0.51, "end_seconds": 0.92, "confidence": 0.91}]}],
   "entities": []}
""")


class AgentTranscript(ResponseModel):
    """Who said what when."""

    model_config = ConfigDict(json_schema_extra=example(_TRANSCRIPT | _DIARIZATION))

    id: str = Field(description="The id of the recording.")
    transcription_status: TranscriptionStatus = Field(description="How far the transcription is.")
    language: str | None = Field(description="The language that is spoken, as an ISO 639-1 code; null where unknown.")
    duration_seconds: float | None = Field(description="How long the recording is.")
    transcript_text: str = Field(description="The transcript, `Speaker 1: …`, a line for each segment.")
    segments: list[AgentSegment] = Field(description="What was said, in reading order.")
    speaker_diarization: list[SpeakerDiarization] = Field(
        description="The same by speaker, in the order they first speak; what nobody could be told for comes last."
    )
    entities: list[NamedEntity] = Field(description="What is named in it: empty until an entity engine is deployed.")

    @classmethod
    def of(cls, detail: RecordingDetail, transcript: Mapping[str, Any]) -> AgentTranscript:
        """The transcript as `auricle.transcripts.storage` keeps it."""
        segments: Sequence[Mapping[str, Any]] = transcript["segments"]
        return cls(
            id=detail.recording.id,
            transcription_status=transcription_status(detail),
            language=transcript["language"],
            duration_seconds=detail.recording.duration_s,
            transcript_text=transcript_text(segments),
            segments=[
                AgentSegment(
                    index=segment["index"],
                    speaker=display_name(segment["speaker"]),
                    contact_id=None,
                    start_seconds=segment["start_s"],
                    end_seconds=segment["end_s"],
                    text=segment["text"],
                    confidence=segment["confidence"],
                    words=[
                        AgentWord(text=text, start_seconds=start, end_seconds=end, confidence=confidence)
                        for text, start, end, confidence in segment["words"]
                    ],
                    entities=[],
                )
                for segment in segments
            ],
            speaker_diarization=speaker_diarization(segments),
            entities=[],
        )
