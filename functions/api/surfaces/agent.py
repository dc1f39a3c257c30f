"""The agent API of founders: recordings with who said what, contacts and their timelines. snake_case, seconds.

Errors are `{"error": {"code", "message"}}`. What a later stage or engine would fill is null or empty, never invented:
sentiment, action items, entities, and which contact a speaker is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from api.answers import json_response
from api.faults import RETRY_SOON_S, Fault, Refused
from api.paging import Cursors
from api.reading import Asked, EndMoment, Id, Line, Moment
from api.surface import Call, Surface
from api.transcripts import has_transcript, read_transcript
from auricle.contacts import Contact, NewContact, add_contact
from auricle.errors import ContactNotFound, InvalidRequest
from auricle.recording import Recording, RecordingDetail, Status
from auricle.stored_audio import stored_audio
from auricle.timeline import EntryType, TimelineEntry
from auricle.transcript import display_name

if TYPE_CHECKING:
    from starlette.responses import Response

ROLE = "founder"

CODES: Mapping[str, str] = {
    "recording-not-found": "RECORDING_NOT_FOUND",
    "contact-not-found": "CONTACT_NOT_FOUND",
    "unsupported-audio": "INVALID_AUDIO_FORMAT",
    "consent-required": "CONSENT_REQUIRED",
    "transcription-failed": "TRANSCRIPTION_FAILED",
}
"""The codes the API's documents name; any other is the error's own code in the same style."""

DOCUMENTED_STATUSES: Mapping[str, int] = {"consent-required": 422}
"""Where the documents give a code another HTTP status than the rest of the API does."""


def _error_response(fault: Fault, _path: str, request_id: str) -> Response:
    error: dict[str, Any] = {
        "code": CODES.get(fault.code, fault.code.upper().replace("-", "_")),
        "message": fault.detail,
        "request_id": request_id,
        **fault.facts,
    }
    if fault.fields:
        error["fields"] = [{"field": one.field, "message": one.message} for one in fault.fields]
    return json_response({"error": error}, DOCUMENTED_STATUSES.get(fault.code, fault.status), headers=fault.headers)


surface = Surface("agent", "/api/v1/agent/founder", render=_error_response, role=ROLE)

TRANSCRIPTION_STATUSES: Mapping[Status, str] = {
    Status.RECORDING: "queued",
    Status.UPLOADING: "queued",
    Status.UPLOADED: "queued",
    Status.TRANSCRIBING: "processing",
    Status.AWAITING_REDACTION: "completed",
    Status.REDACTING: "completed",
    Status.COMPLETE: "completed",
    Status.RAW_SPLIT: "completed",
    Status.ERROR: "failed",
    Status.UNRECOVERABLE_ERROR: "failed",
}
"""This surface's word for how far the transcription is."""

STATUSES: Mapping[Status, str] = {
    **dict.fromkeys(TRANSCRIPTION_STATUSES, "processing"),
    Status.COMPLETE: "completed",
    Status.RAW_SPLIT: "completed",
    Status.ERROR: "failed",
    Status.UNRECOVERABLE_ERROR: "failed",
}
"""This surface's word for how far the recording is as a whole."""


def _entry_types(given: str) -> str:
    unknown = [name for name in given.split(",") if name.strip() not in {known.value for known in EntryType}]
    if unknown:
        raise ValueError(f"must list {', '.join(EntryType)}, separated by commas")
    return given


class LinkRequest(Asked):
    """`POST /recordings/{id}/link`: contacts are added to those linked already, the deal is set."""

    contact_ids: Annotated[tuple[Id, ...], Field(max_length=20)] = ()
    deal_id: Id | None = None


class ContactRequest(Asked):
    """`POST /contacts`. Without an `id` one is made."""

    id: Id | None = None
    name: Line
    company: Line | None = None
    email: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")] | None = (
        None
    )
    phone: Annotated[str, StringConstraints(max_length=40, pattern=r"^\+?[0-9][0-9 ()./-]*$")] | None = None


class TimelineRequest(Asked):
    """`GET /contacts/{id}/timeline`. `types` lists entry types separated by commas."""

    types: Annotated[str, AfterValidator(_entry_types)] | None = None
    date_from: Moment | None = None
    date_to: EndMoment | None = None
    limit: int = Field(50, ge=1, le=100)
    cursor: Annotated[str, StringConstraints(max_length=2048)] | None = None


@surface.get("/recordings/{recording_id}")
async def get_recording(call: Call) -> Response:
    detail = call.detail(call.recording_id())
    transcript = read_transcript(detail, call.services.objects)
    return json_response(_recording(detail, transcript, bucket=call.parts.settings().bucket))


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


@surface.post("/recordings/{recording_id}/link", reads=LinkRequest)
async def link_recording_to_crm(call: Call, asked: LinkRequest) -> Response:
    from auricle.linking import link_recording

    if not asked.contact_ids and asked.deal_id is None:
        raise InvalidRequest("Give contact_ids or a deal_id to link.", field="contact_ids")
    services = call.services
    recording = link_recording(
        call.org,
        call.recording_id(),
        contact_ids=asked.contact_ids,
        deal_id=asked.deal_id,
        recordings=services.recordings,
        contacts=services.contacts,
        now=call.parts.now(),
    )
    return json_response(
        {
            "id": recording.id,
            "contact_ids": recording.contact_ids,
            "deal_id": recording.deal_id,
            "updated_at": recording.updated_at,
        },
    )


@surface.post("/contacts", reads=ContactRequest)
async def create_contact(call: Call, asked: ContactRequest) -> Response:
    contact = add_contact(
        NewContact(id=asked.id, name=asked.name, company=asked.company, email=asked.email, phone=asked.phone),
        org=call.org,
        contacts=call.services.contacts,
        now=call.parts.now(),
    )
    return json_response(_contact(contact), 201, headers={"location": f"{surface.prefix}/contacts/{contact.id}"})


@surface.get("/contacts/{contact_id}")
async def get_contact(call: Call) -> Response:
    return json_response(_contact(call.services.contacts.get_contact(call.org, _contact_id(call))))


@surface.get("/contacts/{contact_id}/timeline", reads=TimelineRequest)
async def get_contact_timeline(call: Call, asked: TimelineRequest) -> Response:
    if asked.date_from and asked.date_to and asked.date_from > asked.date_to:
        raise InvalidRequest("date_from must not be later than date_to", field="date_from")
    contact_id = _contact_id(call)
    types = tuple(EntryType(name.strip()) for name in asked.types.split(",")) if asked.types else ()
    contacts = call.services.contacts
    contact = contacts.get_contact(call.org, contact_id)

    def cursors() -> Cursors:
        filters = repr((contact_id, sorted(types), asked.date_from, asked.date_to))
        return Cursors(call.parts.settings(), org=call.org, route="timeline", filters=filters)

    page = contacts.timeline(
        call.org,
        contact_id,
        types=types,
        date_from=asked.date_from,
        date_to=asked.date_to,
        limit=asked.limit,
        position=cursors().position(asked.cursor) if asked.cursor is not None else None,
    )
    return json_response(
        {
            "contact": {"id": contact.id, "name": contact.name, "company": contact.company},
            "timeline": [_entry(entry) for entry in page.entries],
            "next": cursors().sign(page.next_position) if page.next_position else None,
        },
    )


def _contact_id(call: Call) -> str:
    return call.path_id("contact_id", ContactNotFound, "contact")


def _transcription_status(detail: RecordingDetail) -> str:
    return "completed" if has_transcript(detail) else TRANSCRIPTION_STATUSES[detail.recording.status]


def _recording(detail: RecordingDetail, transcript: Mapping[str, Any] | None, *, bucket: str) -> dict[str, Any]:
    """The documented fields first, then what Auricle adds to them."""
    recording = detail.recording
    segments = transcript["segments"] if transcript else ()
    highlights = recording.highlights
    audio = stored_audio(recording)
    return {
        "id": recording.id,
        "type": recording.kind,
        "source": recording.source,
        "contact_ids": recording.contact_ids,
        "deal_id": recording.deal_id,
        "duration_seconds": recording.duration_s,
        # Where the audio lies, as documented; to fetch it takes a download URL, which is a credential.
        "audio_url": f"s3://{bucket}/{audio.key}" if audio else None,
        "transcript_text": _text(segments) if transcript else None,
        "summary": " … ".join(highlight.text for highlight in highlights) if highlights else None,
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
        "warnings": [{"code": caution.code, "message": caution.message} for caution in recording.cautions],
        "error": {
            "stage": recording.failure.stage.value,
            "code": CODES.get(recording.failure.code, recording.failure.code.upper().replace("-", "_")),
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


def _contact(contact: Contact) -> dict[str, Any]:
    return {
        "id": contact.id,
        "name": contact.name,
        "company": contact.company,
        "email": contact.email,
        "phone": contact.phone,
        "created_at": contact.created_at,
        "updated_at": contact.updated_at,
    }


_ALWAYS_SHOWN: Mapping[EntryType, Mapping[str, Any]] = {
    EntryType.RECORDING: {"summary": None, "sentiment_score": None, "duration_seconds": None, "action_items": []},
}
"""Documented fields of an entry's type, as they are shown when nothing is known of them."""


def _entry(entry: TimelineEntry) -> dict[str, Any]:
    shown = {
        "type": entry.type.value,
        "id": entry.id,
        "date": entry.date,
        **_ALWAYS_SHOWN.get(entry.type, {}),
        **entry.facts,
    }
    if entry.type is EntryType.RECORDING and "status" in shown:
        shown["status"] = STATUSES[Status(shown["status"])]
    return shown
