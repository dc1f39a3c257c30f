"""The trash: a recording put there is hidden from everyone but who asks for it by id, and can be had back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from auricle.ports import RecordingStore
from auricle.recordings.changes import change_recording
from auricle.recordings.recording import Recording


def move_to_trash(
    org: str, recording_id: str, *, recordings: RecordingStore, now: datetime, if_revision: int | None = None
) -> Recording:
    """The recording in the trash; one that is there already stays as it is.

    Raises:
        RecordingNotFound: unknown, or removed for good.
        PreconditionFailed: it is not at `if_revision` (any more).
        Conflict: it is locked, or protected from deletion.
    """

    def trashed(before: Recording) -> Recording:
        if before.deleted_at is not None:
            return before
        before.check_deletable()
        return replace(before, deleted_at=now)

    return change_recording(
        org, recording_id, trashed, recordings=recordings, now=now, if_revision=if_revision, with_trashed=True
    )


def restore(
    org: str, recording_id: str, *, recordings: RecordingStore, now: datetime, if_revision: int | None = None
) -> Recording:
    """The recording out of the trash; one that is not there stays as it is.

    Raises:
        RecordingNotFound: unknown, or removed for good.
        PreconditionFailed: it is not at `if_revision` (any more).
    """
    return change_recording(
        org,
        recording_id,
        lambda before: replace(before, deleted_at=None),
        recordings=recordings,
        now=now,
        if_revision=if_revision,
        with_trashed=True,
        locked=True,
    )
