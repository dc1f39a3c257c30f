"""Splitting one recording into several, and merging several into one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from api.legacy.reading import Asked, Id, Line
from api.legacy.surface import Call, etag
from api.legacy.surfaces.core.wire import WRITE, enveloped, surface, timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from auricle.recordings.recording import Recording

MAX_AT_ONCE = 50
"""Cuts, or recordings, that one request names."""

_DAY_MS = 24 * 3600 * 1000


class SplitRequest(Asked):
    """`POST …/split`: where to cut, in milliseconds, each later than the one before."""

    at_ms: Annotated[
        tuple[Annotated[int, Field(ge=1, lt=_DAY_MS)], ...], Field(min_length=1, max_length=MAX_AT_ONCE)
    ] = Field(alias="splitTimestampsMs")


class MergeRequest(Asked):
    """`POST /recordings/merge`: which recordings, in the order they are to follow each other."""

    recording_ids: Annotated[tuple[Id, ...], Field(min_length=2, max_length=MAX_AT_ONCE)] = Field(alias="recordingIds")
    title: Line | None = None

    def named_recordings(self) -> Sequence[str]:
        return self.recording_ids


@surface.post("/recordings/{recording_id}/split", scope=WRITE, reads=SplitRequest)
async def split_recording(call: Call, asked: SplitRequest) -> Response:
    from auricle.recordings.splitting import split

    original, parts = split(
        call.org,
        call.recording_id(),
        asked.at_ms,
        recordings=call.services.recordings,
        workflow=call.services.workflow,
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    hidden = call.services.hidden(call.org, (cut.recording_id for cut in original.splits))
    shown = {
        "id": original.id,
        "transcriptionStatus": original.status,
        "splitHistory": [
            {
                "splitTimestampMs": cut.at_ms,
                "splitRecordingId": cut.recording_id,
                "splitDate": timestamp(cut.made_at),
            }
            for cut in original.splits
            if cut.recording_id not in hidden
        ],
        "recordings": [_made(part) for part in parts],
    }
    return enveloped(shown, headers=etag(original.revision))


@surface.post("/recordings/merge", scope=WRITE, reads=MergeRequest)
async def merge_recordings(call: Call, asked: MergeRequest) -> Response:
    from auricle.recordings.splitting import merge

    merged = merge(
        call.org,
        asked.recording_ids,
        title=asked.title,
        max_duration_s=call.parts.settings().max_duration_s,
        recordings=call.services.recordings,
        workflow=call.services.workflow,
        now=call.parts.now(),
    )
    location = {"location": f"{surface.prefix}/recordings/{merged.id}"}
    return enveloped(_made(merged), 201, headers={**location, **etag(merged.revision)})


def _made(recording: Recording) -> dict[str, Any]:
    """A recording that was made of others, as it begins."""
    return {
        "id": recording.id,
        "title": recording.title,
        "dateCreated": timestamp(recording.created_at),
        "transcriptionStatus": recording.status,
        "madeOf": [
            {"recordingId": excerpt.recording_id, "startMs": excerpt.start_ms, "endMs": excerpt.end_ms}
            for excerpt in recording.made_of
        ],
    }
