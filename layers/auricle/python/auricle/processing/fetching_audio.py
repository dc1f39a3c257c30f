"""Fetches the audio of a recording from the bucket, whether it is one file, chunks, or parts of other recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from auricle.errors import NotFound, UnusableRecording
from auricle.ports import ObjectStore, RecordingStore
from auricle.processing_warnings import ProcessingWarning, describe_chunks
from auricle.recordings.chunks import Chunks
from auricle.recordings.consent import check_content_may_be_shown
from auricle.recordings.job import Job
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.recording import Recording
from auricle.speech.decode import decode
from auricle.speech.excerpts import Excerpts, FlacExcerpt
from auricle.speech.joining import decode_pieces
from auricle.speech.working_copy import Sound


@dataclass(frozen=True, slots=True)
class Bounds:
    """What this environment processes at most."""

    max_duration_s: float
    max_size_bytes: int


@dataclass(frozen=True, slots=True)
class FetchedAudio:
    """The sound, to be iterated over once, and what is missing of it."""

    sound: Sound
    warnings: Sequence[ProcessingWarning] = ()


def fetch_audio(
    job: Job,
    recording: Recording,
    *,
    recordings: RecordingStore,
    objects: ObjectStore,
    bounds: Bounds,
    folder: Path,
) -> FetchedAudio:
    """Fetches it into the folder.

    Raises:
        UnusableRecording: what it is made of is no audio, does not fit together, or is gone.
        ConsentRequired: a recording it is made of has no consent.
    """
    if recording.made_of:
        return FetchedAudio(_excerpts(job, recording, recordings, objects, bounds, folder))
    if recording.chunked:
        chunks = recordings.detail(job.org, job.recording, with_trashed=True).chunks or Chunks()
        return _pieces(job, recording.chunk_numbers, chunks, objects, bounds, folder)
    source = folder / "source"
    objects.download(job.keys.source, source, version=job.version or None)
    return FetchedAudio(decode(source, max_duration_s=bounds.max_duration_s, max_size_bytes=bounds.max_size_bytes))


def _pieces(
    job: Job, numbers: Sequence[int], chunks: Chunks, objects: ObjectStore, bounds: Bounds, folder: Path
) -> FetchedAudio:
    pieces = {number: folder / f"{number:05d}" for number in numbers}
    for number, path in pieces.items():
        objects.download(job.keys.chunk(number), path, version=chunks.arrived[number].version)
    sound = decode_pieces(pieces, max_duration_s=bounds.max_duration_s, max_size_bytes=bounds.max_size_bytes)
    lacking = sorted(set(range(chunks.expected or 0)) - set(numbers))
    message = f"Of this recording {describe_chunks(lacking)} missing, and with it what was said then."
    return FetchedAudio(sound, [ProcessingWarning("chunks-missing", message)] if lacking else [])


def _excerpts(
    job: Job, recording: Recording, recordings: RecordingStore, objects: ObjectStore, bounds: Bounds, folder: Path
) -> Excerpts:
    """Reads the recording's own copy where it was prepared before: what it was made of may be gone by now."""
    own = folder / "own.flac"
    try:
        objects.download(job.keys.audio, own)
    except NotFound:
        sources = [excerpt.recording_id for excerpt in recording.made_of]
        for source in recordings.find(job.org, sources, with_trashed=True).values():
            check_content_may_be_shown(source)
        excerpts = [
            FlacExcerpt(_fetched(job, excerpt.recording_id, objects, folder), excerpt.start_ms, excerpt.end_ms)
            for excerpt in recording.made_of
        ]
    else:
        excerpts = [FlacExcerpt(own)]
    return Excerpts(excerpts, max_duration_s=bounds.max_duration_s)


def _fetched(job: Job, recording_id: str, objects: ObjectStore, folder: Path) -> Path:
    path = folder / f"{recording_id}.flac"
    if not path.exists():
        try:
            objects.download(RecordingKeys(job.org, recording_id).audio, path)
        except NotFound:
            raise UnusableRecording(
                "A recording this one is made of was removed before its audio could be taken."
            ) from None
    return path
