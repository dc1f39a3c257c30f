"""Recording in chunks: asking for URLs, what arrives, what is skipped, and the end of it.

Everything here may happen in any order, at the same time, and again. What happens is noted first and looked at
afterwards, by a consistent read; so whichever note made the recording whole, whoever wrote it sees that it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from auricle.errors import Conflict, InvalidRequest, RecordingNotFound
from auricle.ports import MAX_URL_SECONDS, ObjectStore, RecordingStore
from auricle.processing_warnings import describe_chunks
from auricle.recordings.changes import change_recording, change_with_chunks
from auricle.recordings.chunks import MAX_CHUNKS, Chunk, Chunks, ChunksChange
from auricle.recordings.intake import Accepted, Intake, accept_upload
from auricle.recordings.keys import chunk_key_ids
from auricle.recordings.recording import Recording, RecordingDetail, Status

_TAKES_CHUNKS = frozenset({Status.RECORDING, Status.UPLOADING})


@dataclass(frozen=True, slots=True)
class ChunkUpload:
    """Where to PUT one chunk, and until when. The URL is a credential: never logged."""

    number: int
    url: str
    expires_at: datetime


def request_chunks(
    org: str,
    recording_id: str,
    numbers: Sequence[int],
    *,
    content_type: str | None,
    recordings: RecordingStore,
    objects: ObjectStore,
    url_seconds: int,
    now: datetime,
) -> Sequence[ChunkUpload]:
    """A presigned PUT for each number. The first request says that uploading has begun.

    Raises:
        RecordingNotFound: unknown, removed, or in the trash.
        Conflict: it is not uploaded in chunks, has all of them, or is locked.
        InvalidRequest: numbers that cannot be, or beyond the last expected.
    """
    detail = _open(org, recording_id, recordings)
    _check_numbers(numbers, detail.chunks)
    change_recording(org, recording_id, partial(_being_uploaded, now=now), recordings=recordings, now=now)
    recordings.change_chunks(org, recording_id, ChunksChange(requested=frozenset(numbers)))
    seconds = min(url_seconds, MAX_URL_SECONDS)
    keys, expires_at = detail.recording.keys, now + timedelta(seconds=seconds)
    return [
        ChunkUpload(
            number,
            objects.upload_url(keys.chunk(number), content_type=content_type, seconds=seconds),
            expires_at,
        )
        for number in dict.fromkeys(numbers)
    ]


def skip(org: str, recording_id: str, numbers: Sequence[int], *, intake: Intake, now: datetime) -> RecordingDetail:
    """Those chunks are waited for no more; one that comes before processing starts is taken all the same.

    Raises:
        RecordingNotFound, Conflict, InvalidRequest: as `request_chunks` does.
    """
    detail = _open(org, recording_id, intake.recordings)
    _check_numbers(numbers, detail.chunks)
    _look_anew(org, recording_id, intake.recordings, now)
    intake.recordings.change_chunks(org, recording_id, ChunksChange(skippable=frozenset(numbers)))
    return start_when_complete(org, recording_id, intake=intake, now=now)


def expect(org: str, recording_id: str, count: int, *, intake: Intake, now: datetime) -> RecordingDetail:
    """There are to be so many chunks, numbered from 0.

    Raises:
        RecordingNotFound: unknown, removed, or in the trash.
        Conflict: it is not uploaded in chunks, has all of them, or is locked.
        InvalidRequest: a chunk beyond that count is here already.
    """
    change_with_chunks(org, recording_id, partial(expecting, count=count), recordings=intake.recordings, now=now)
    return start_when_complete(org, recording_id, intake=intake, now=now)


def expecting(detail: RecordingDetail, count: int) -> tuple[Recording, ChunksChange]:
    """The recording, and what is noted of its chunks, when there are to be so many. Raises as `expect` does."""
    _check_open(detail.recording)
    _check_count(count, detail.chunks)
    # What was named as missing may not be waited for any more: the sweep looks again.
    return replace(detail.recording, failure=None), ChunksChange(expected=count)


def finish(org: str, recording_id: str, count: int | None = None, *, intake: Intake, now: datetime) -> RecordingDetail:
    """Nothing more is recorded. Without a count there are as many chunks as the highest number tells.

    Finishing what is finished changes nothing, unless another count is given.

    Raises:
        RecordingNotFound: unknown, removed, or in the trash.
        Conflict: it is not uploaded in chunks, is locked, or is being processed with another count.
        InvalidRequest: a chunk beyond that count is here already; or no count, and nothing to tell it by.
    """
    change = partial(finishing, count=count, now=now)
    change_with_chunks(org, recording_id, change, recordings=intake.recordings, now=now)
    return start_when_complete(org, recording_id, intake=intake, now=now)


def finishing(detail: RecordingDetail, count: int | None, *, now: datetime) -> tuple[Recording, ChunksChange]:
    """The recording, and what is noted of its chunks, when nothing more is recorded. Raises as `finish` does."""
    recording, chunks = detail.recording, detail.chunks or Chunks()
    if chunks.finished_at is not None and count in (None, chunks.expected) and recording.chunked:
        return recording, ChunksChange()
    _check_open(recording)
    count = count or chunks.expected or max(chunks.numbers, default=-1) + 1
    _check_count(count, chunks)
    return _being_uploaded(recording, now), ChunksChange(expected=count, finished_at=now)


def accept_chunk(org: str, recording_id: str, number: int, *, intake: Intake, now: datetime) -> Accepted:
    """A chunk is told to have arrived; processing starts where it was the last that was waited for.

    Raises:
        TransientError: something did not answer, or the recording kept changing.
    """
    with suppress(RecordingNotFound):  # accept_upload knows what to do with what comes too late
        detail = intake.recordings.detail(org, recording_id, with_trashed=True)
        note_arrived(detail, [number], recordings=intake.recordings, objects=intake.objects, now=now)
    accepted = accept_upload(org, recording_id, intake=intake, now=now)
    with suppress(RecordingNotFound):
        _note_lack(intake.recordings.detail(org, recording_id, with_trashed=True), intake.recordings, now)
    return accepted


def note_arrived(
    detail: RecordingDetail,
    numbers: Iterable[int],
    *,
    recordings: RecordingStore,
    objects: ObjectStore,
    now: datetime,
) -> None:
    """Notes those of the chunks that are in the bucket and not noted yet: of each, the version created first."""
    recording, known = detail.recording, detail.chunks or Chunks()
    arrived = {}
    for number in numbers if recording.chunked else ():
        first = objects.first_version(recording.keys.chunk(number)) if number not in known.arrived else None
        if first is not None:
            arrived[number] = Chunk(first.version, first.size_bytes, now)
    if arrived:
        recordings.change_chunks(recording.org, recording.id, ChunksChange(arrived=arrived))


def chunks_in_bucket(recording: Recording, objects: ObjectStore) -> Sequence[int]:
    """Numbers of the chunks that lie in the bucket, whether anyone told of them or not."""
    prefix = recording.keys.chunks_prefix
    found = (chunk_key_ids(key) for key in objects.keys(prefix))
    return [ids[2] for ids in found if ids is not None]


def start_when_complete(org: str, recording_id: str, *, intake: Intake, now: datetime) -> RecordingDetail:
    """The recording, after its processing was started if none of its chunks is waited for."""
    accept_upload(org, recording_id, intake=intake, now=now)
    detail = intake.recordings.detail(org, recording_id, with_trashed=True)
    if _note_lack(detail, intake.recordings, now) is None:
        return detail
    return intake.recordings.detail(org, recording_id, with_trashed=True)


def _note_lack(detail: RecordingDetail, recordings: RecordingStore, now: datetime) -> ChunksChange | None:
    """Notes since when a single chunk is lacking, or that it is not so any more; None where nothing changed."""
    chunks = detail.chunks or Chunks()
    lacks_one = chunks.expected is not None and len(chunks.outstanding) == 1
    if lacks_one == (chunks.lacking_one_since is not None):
        return None
    change = ChunksChange(lacking_one_since=now) if lacks_one else ChunksChange(lacks_one_no_more=True)
    recordings.change_chunks(detail.recording.org, detail.recording.id, change)
    return change


def _open(org: str, recording_id: str, recordings: RecordingStore) -> RecordingDetail:
    detail = recordings.detail(org, recording_id)
    _check_open(detail.recording)
    return detail


def check_chunked(recording: Recording) -> None:
    """Raises Conflict: the recording is not uploaded in chunks."""
    if not recording.chunked:
        raise Conflict("This recording is not uploaded in chunks.")


def _check_open(recording: Recording) -> None:
    check_chunked(recording)
    if recording.status not in _TAKES_CHUNKS:
        raise Conflict("This recording has all of its chunks: none is added, and nothing of them changes any more.")
    if recording.locked:
        raise Conflict("The recording is locked. Unlock it first, then go on.")


def _check_numbers(numbers: Sequence[int], chunks: Chunks | None) -> None:
    for number in numbers:
        if not 0 <= number < MAX_CHUNKS:
            raise InvalidRequest(f"Chunks are numbered from 0 to {MAX_CHUNKS - 1}.", field="chunkNumbers")
    if chunks is not None and chunks.expected is not None and max(numbers) >= chunks.expected:
        raise InvalidRequest(
            f"This recording has {chunks.expected} chunks, numbered from 0: there is no chunk {max(numbers)}.",
            field="chunkNumbers",
        )


def _check_count(count: int, chunks: Chunks | None) -> None:
    if not 1 <= count <= MAX_CHUNKS:
        raise InvalidRequest(
            f"A recording has from 1 to {MAX_CHUNKS} chunks: say how many.", field="numberOfExpectedChunks"
        )
    beyond = [number for number in (chunks.arrived if chunks else ()) if number >= count]
    if beyond:
        raise InvalidRequest(
            f"There are more than {count} chunks: {describe_chunks(sorted(beyond))} here already.",
            field="numberOfExpectedChunks",
        )


def _look_anew(org: str, recording_id: str, recordings: RecordingStore, now: datetime) -> None:
    """What was named as missing may not be waited for any more: the sweep looks again."""
    change_recording(
        org, recording_id, lambda before: replace(before, failure=None), recordings=recordings, now=now, locked=True
    )


def _being_uploaded(recording: Recording, now: datetime) -> Recording:
    """Uploading has begun, or goes on after something was found missing."""
    if recording.status is Status.RECORDING:
        return recording.to(Status.UPLOADING, at=now)
    return replace(recording, failure=None) if recording.status is Status.UPLOADING else recording
