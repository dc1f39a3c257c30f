"""Erasing what a removed recording left in the bucket, but for the audio that others are still made of."""

from __future__ import annotations

from datetime import datetime, timedelta

from auricle.errors import RecordingNotFound
from auricle.ports import ObjectStore, RecordingStore
from auricle.recordings.recording import Recording, Status

MADE_WITHIN = timedelta(minutes=10)
"""A recording is noted in what it is made of before it is made; one that is not there by then never will be."""


def erase_objects(recording: Recording, *, recordings: RecordingStore, objects: ObjectStore, now: datetime) -> bool:
    """Erases every version of everything under the removed recording's prefix; whether nothing of it is left.

    While a recording made of this one has no copy of its audio yet, the working audio stays, and nothing else.
    """
    keys = recording.keys
    needed = any(
        _needs_audio(recording, made, recordings=recordings, objects=objects, now=now) for made in recording.made_into
    )
    objects.erase(keys.prefix, keep=keys.audio if needed else None)
    return not needed


def _needs_audio(
    removed: Recording, made_id: str, *, recordings: RecordingStore, objects: ObjectStore, now: datetime
) -> bool:
    """Whether the recording of that id still has to fetch its audio, now or when it is tried again."""
    try:
        made = recordings.get(removed.org, made_id, with_trashed=True)
    except RecordingNotFound:
        return not recordings.was_removed(removed.org, made_id) and now - removed.updated_at < MADE_WITHIN
    if made.status is Status.UNRECOVERABLE_ERROR:
        return False
    return objects.first_version(made.keys.audio) is None
