"""Recordings on the agent API: the list, the detail, and the transcript."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints

from api.legacy.answers import json_response
from api.legacy.faults import RETRY_SOON_S, Fault, Refused
from api.legacy.paging import Batch, Cursors, read_page
from api.legacy.reading import Asked, EndMoment, Id, Moment
from api.legacy.surface import Call, etag
from api.legacy.surfaces.agent.wire import STATUSES, TRANSCRIPTION_STATUSES, code_of, surface
from api.legacy.transcripts import has_transcript, read_transcript
from auricle.crm.links import linked_recordings
from auricle.errors import InvalidRequest
from auricle.ports import Position, RecordingFilter
from auricle.recordings.consent import content_may_be_shown
from auricle.recordings.recording import Recording, RecordingDetail, Status
from auricle.recordings.stored_audio import stored_audio
from auricle.transcripts.transcript import display_name

if TYPE_CHECKING:
    from starlette.responses import Response


class RecordingsRequest(Asked):
    """`GET /recordings`. Page numbers and cursors are two ways through the same listing."""

    contact_id: Id | None = None
    deal_id: Id | None = None
    type: Literal["phone", "in_person", "video", "voice_memo"] | None = None
    date_from: Moment | None = None
    date_to: EndMoment | None = None
    page: int | None = Field(None, ge=1)
    per_page: int = Field(20, ge=1, le=100)
    cursor: Annotated[str, StringConstraints(max_length=2048)] | None = None


@surface.get("/recordings", reads=RecordingsRequest)
async def list_recordings(call: Call, asked: RecordingsRequest) -> Response:
    if asked.date_from and asked.date_to and asked.date_from > asked.date_to:
        raise InvalidRequest("date_from must not be later than date_to", field="date_from")
    wanted = RecordingFilter(
        contact_id=asked.contact_id,
        deal_id=asked.deal_id,
        kind=asked.type,
        created_from=asked.date_from,
        created_to=asked.date_to,
    )
    settings = call.parts.settings()
    cursors = Cursors(settings, org=call.org, route="agent recordings", filters=repr(wanted))

    services = call.services

    def read(count: int, position: Position | None) -> Batch[Recording]:
        if asked.contact_id is None:
            page = services.recordings.list(call.org, wanted, count, position)
        else:
            page = linked_recordings(
                call.org,
                asked.contact_id,
                wanted,
                count,
                position,
                recordings=services.recordings,
                contacts=services.contacts,
            )
        return page.recordings, page.next_position

    found, position = read_page(read, cursors, page=asked.page, page_size=asked.per_page, cursor=asked.cursor)
    return json_response(
        {
            "recordings": [_summary(recording, settings.bucket) for recording in found],
            "page": None if asked.cursor else asked.page or 1,
            "per_page": asked.per_page,
            "next": cursors.seal(position),
        },
    )


@surface.get("/recordings/{recording_id}")
async def get_recording(call: Call) -> Response:
    detail = call.detail(call.recording_id())
    may_be_shown = content_may_be_shown(detail.recording)
    transcript = read_transcript(detail, call.services.objects) if may_be_shown else None
    shown = _recording(detail, transcript, bucket=call.parts.settings().bucket)
    return json_response(shown, headers=etag(detail.recording.revision))


@surface.get("/recordings/{recording_id}/transcript")
async def get_recording_transcript(call: Call) -> Response:
    detail = call.detail(call.recording_id())
    transcript = read_transcript(detail, call.services.objects)
    if transcript is None:
        raise Refused(_no_transcript(detail))
    recording = detail.recording
    return json_response(
        {
            "id": recording.id,
            "transcription_status": _transcription_status(detail),
            "language": transcript["language"],
            "duration_seconds": recording.duration_s,
            "transcript_text": _text(transcript["segments"]),
            "segments": [_segment(segment) for segment in transcript["segments"]],
            "speaker_diarization": _speaker_diarization(transcript["segments"]),
            "entities": [],
        },
    )


def _audio_url(recording: Recording, bucket: str) -> str | None:
    """Where the audio lies, as documented; to fetch it takes a download URL, which is a credential."""
    audio = stored_audio(recording) if content_may_be_shown(recording) else None
    return f"s3://{bucket}/{audio.key}" if audio else None


def _summary(recording: Recording, bucket: str) -> dict[str, Any]:
    """A recording in a list: everything but what was said in it."""
    return {
        "id": recording.id,
        "type": recording.kind,
        "source": recording.source,
        "contact_ids": recording.contact_ids,
        "deal_id": recording.deal_id,
        "duration_seconds": recording.duration_s,
        "audio_url": _audio_url(recording, bucket),
        "summary": _spoken_summary(recording),
        "action_items": [],
        "sentiment_score": None,
        "consent_status": recording.consent.value,
        "created_at": recording.created_at,
        "updated_at": recording.updated_at,
        "status": STATUSES[recording.status],
        "transcription_status": TRANSCRIPTION_STATUSES[recording.status],
        "title": recording.title,
        "file_name": recording.file_name,
        "language": recording.language,
    }


def _spoken_summary(recording: Recording) -> str | None:
    return " … ".join(highlight.text for highlight in recording.highlights) or None


def _transcription_status(detail: RecordingDetail) -> str:
    return "completed" if has_transcript(detail) else TRANSCRIPTION_STATUSES[detail.recording.status]


def _recording(detail: RecordingDetail, transcript: Mapping[str, Any] | None, *, bucket: str) -> dict[str, Any]:
    """The documented fields first, then what Auricle adds to them."""
    recording = detail.recording
    segments = transcript["segments"] if transcript else ()
    highlights = recording.highlights
    return {
        "id": recording.id,
        "type": recording.kind,
        "source": recording.source,
        "contact_ids": recording.contact_ids,
        "deal_id": recording.deal_id,
        "duration_seconds": recording.duration_s,
        "audio_url": _audio_url(recording, bucket),
        "transcript_text": _text(segments) if transcript else None,
        "summary": _spoken_summary(recording),
        "action_items": [],
        "sentiment_score": None,
        "speaker_diarization": _speaker_diarization(segments),
        "consent_status": recording.consent.value,
        "created_at": recording.created_at,
        "updated_at": recording.updated_at,
        "status": STATUSES[recording.status],
        "transcription_status": _transcription_status(detail),
        "title": recording.title,
        "file_name": recording.file_name,
        "language": recording.language,
        "summary_kind": "highlights" if highlights else None,
        "highlights": [
            {
                "text": highlight.text,
                "speaker": display_name(highlight.speaker),
                "segment": highlight.segment,
                "start_seconds": highlight.start_s,
                "end_seconds": highlight.end_s,
            }
            for highlight in highlights
        ],
        "speakers": [
            {"speaker": display_name(talk.speaker), "talk_seconds": talk.talk_s, "word_count": talk.word_count}
            for talk in recording.speakers
        ],
        "audio": _audio(recording),
        "engines": {
            stage: {"name": engine.name, "version": engine.version, "model": engine.model}
            for stage, engine in recording.engines.items()
        },
        "warnings": [{"code": warning.code, "message": warning.message} for warning in recording.warnings],
        "error": {
            "stage": recording.failure.stage.value,
            "code": code_of(recording.failure.code),
            "message": recording.failure.message,
        }
        if recording.failure
        else None,
    }


def _audio(recording: Recording) -> dict[str, Any] | None:
    audio = recording.audio
    if audio is None:
        return None
    return {
        "format": audio.format,
        "codec": audio.codec,
        "channels": audio.channels,
        "sample_rate_hz": audio.sample_rate_hz,
        "duration_seconds": audio.duration_s,
    }


def _text(segments: Iterable[Mapping[str, Any]]) -> str:
    return "\n".join(f"{display_name(segment['speaker'])}: {segment['text']}" for segment in segments)


def _speaker_diarization(segments: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One entry a speaker, in the order they first speak; words nobody could be told for come last."""
    spoken: dict[str | None, list[dict[str, Any]]] = {}
    for segment in segments:
        spoken.setdefault(segment["speaker"], []).append(
            {"start_seconds": segment["start_s"], "end_seconds": segment["end_s"], "text": segment["text"]},
        )
    if None in spoken:
        spoken[None] = spoken.pop(None)
    return [
        {"speaker": display_name(speaker), "contact_id": None, "segments": said} for speaker, said in spoken.items()
    ]


def _segment(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "index": stored["index"],
        "speaker": display_name(stored["speaker"]),
        "contact_id": None,
        "start_seconds": stored["start_s"],
        "end_seconds": stored["end_s"],
        "text": stored["text"],
        "confidence": stored["confidence"],
        "words": [
            {"text": text, "start_seconds": start, "end_seconds": end, "confidence": confidence}
            for text, start, end, confidence in stored["words"]
        ],
        "entities": [],
    }


def _no_transcript(detail: RecordingDetail) -> Fault:
    """Why there is no transcript: the recording is no audio, a stage failed, or it is not ready yet."""
    recording, failure = detail.recording, detail.recording.failure
    if recording.status is Status.UNRECOVERABLE_ERROR and failure:
        return Fault(422, failure.code, failure.message, facts={"stage": failure.stage.value})
    if recording.status in {Status.ERROR, Status.UNRECOVERABLE_ERROR}:
        facts = {"stage": failure.stage.value} if failure else {}
        return Fault(500, "transcription-failed", failure.message if failure else "Transcription failed.", facts=facts)
    return Fault(
        409,
        "transcript-not-ready",
        "The transcript is not ready yet. Ask again in a few seconds.",
        headers={"retry-after": str(RETRY_SOON_S)},
        facts={"transcription_status": _transcription_status(detail)},
    )
