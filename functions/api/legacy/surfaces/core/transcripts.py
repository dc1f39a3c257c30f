"""What was said: utterances, the summary, and where to download the audio."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from api.legacy.faults import RETRY_SOON_S, Fault, Refused
from api.legacy.reading import Asked
from api.legacy.surface import Call, etag
from api.legacy.surfaces.core.wire import READ, WRITE, enveloped, milliseconds, surface
from api.legacy.transcripts import read_transcript
from auricle.recordings.recording import RecordingDetail, Status
from auricle.transcripts.transcript import display_name

if TYPE_CHECKING:
    from starlette.responses import Response

MAX_UTTERANCES = 100_000
MAX_PAGE = 100_000
UNKNOWN_SPEAKER = "unknown"
"""The tag of words nobody could be told for."""


class UtterancesRequest(Asked):
    """`GET /recordings/{id}/utterances`. `cursor` is a page number: the first is 1."""

    cursor: int = Field(1, ge=1, le=MAX_PAGE)
    page_size: int = Field(MAX_UTTERANCES, alias="pageSize", ge=1, le=MAX_UTTERANCES)


class LanguageRequest(Asked):
    """`PATCH /recordings/{id}/transcription-language`."""

    language: Literal["English", "Spanish", "French"] = Field(alias="transcriptionLanguage")


@surface.get("/recordings/{recording_id}/utterances", scope=READ, reads=UtterancesRequest)
async def get_utterances(call: Call, asked: UtterancesRequest) -> Response:
    detail = call.detail(call.recording_id())
    stored = read_transcript(detail, call.services.objects)
    if stored is None:
        raise Refused(_no_transcript(detail))
    segments = stored["segments"]
    end = asked.cursor * asked.page_size
    data = {
        "utterances": [_utterance(segment) for segment in segments[end - asked.page_size : end]],
        "isLowDataMode": False,
        "speakerMap": {_tag(speaker): display_name(speaker) for speaker in _speakers(segments)},
    }
    return enveloped(data, pageSize=asked.page_size, cursor=asked.cursor + 1 if end < len(segments) else None)


@surface.get("/recordings/{recording_id}/summary", scope=READ)
async def get_summary(call: Call) -> Response:
    from auricle.recordings.consent import check_content_may_be_shown

    recording = call.recording(call.recording_id())
    check_content_may_be_shown(recording)
    highlights = recording.highlights
    if not highlights:
        return enveloped([])
    section = {
        "id": f"{recording.id}-highlights",
        "promptHeader": "Highlights",
        "promptResponse": "\n".join(f"{display_name(line.speaker)}: {line.text}" for line in highlights),
        "summaryResultIndex": 0,
        "quotes": [
            {
                "quote": line.text,
                "startTimeInMillis": milliseconds(line.start_s),
                "endTimeInMillis": milliseconds(line.end_s),
            }
            for line in highlights
        ],
    }
    return enveloped([section])


@surface.post("/recordings/{recording_id}/signedUrl", scope=READ, only_reads=True)
async def create_signed_url(call: Call) -> Response:
    from auricle.ports import MAX_URL_SECONDS
    from auricle.recordings.stored_audio import working_audio

    objects = call.services.objects
    audio = working_audio(call.recording(call.recording_id()), objects)
    seconds = min(call.parts.settings().download_url_seconds, MAX_URL_SECONDS)
    url = objects.download_url(
        audio.key, file_name=audio.file_name, content_type=audio.content_type, seconds=seconds, version=audio.version
    )
    expires_at = call.parts.now() + timedelta(seconds=seconds)
    return enveloped({"error": False, "url": url, "expiration": milliseconds(expires_at.timestamp())})


@surface.patch("/recordings/{recording_id}/transcription-language", scope=WRITE, reads=LanguageRequest)
async def change_transcription_language(call: Call, asked: LanguageRequest) -> Response:
    from auricle.recordings.edits import Edit, edit_recording

    changed = edit_recording(
        call.org,
        call.recording_id(),
        Edit({"transcription_language": asked.language}),
        recordings=call.services.recordings,
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    return enveloped(None, headers=etag(changed.revision))


def _tag(speaker: str | None) -> str:
    return speaker or UNKNOWN_SPEAKER


def _speakers(segments: list[dict[str, Any]]) -> list[str | None]:
    """In the order they first speak."""
    return list(dict.fromkeys(segment["speaker"] for segment in segments))


def _utterance(segment: Mapping[str, Any]) -> dict[str, Any]:
    shown = {
        "utterance": segment["text"],
        "startTimeInMillis": milliseconds(segment["start_s"]),
        "endTimeInMillis": milliseconds(segment["end_s"]),
        "speakerTag": _tag(segment["speaker"]),
        "redacted": False,
    }
    return shown if segment["confidence"] is None else {**shown, "confidence": segment["confidence"]}


def _no_transcript(detail: RecordingDetail) -> Fault:
    """Not there yet, or never to be, and why."""
    failure = detail.recording.failure
    if detail.recording.status in {Status.ERROR, Status.UNRECOVERABLE_ERROR} and failure is not None:
        return Fault(409, "processing-failed", failure.message)
    return Fault(
        409,
        "not-ready",
        "The transcript is not ready yet. Ask again in a few seconds.",
        headers={"retry-after": str(RETRY_SOON_S)},
    )
