"""Changing a recording by the optimistic write loop, unless it is locked or in the trash."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from auricle.domain_events import DomainEvent
from auricle.errors import Conflict
from auricle.ports import RecordingStore
from auricle.recordings.chunks import ChunksChange, noted
from auricle.recordings.recording import Recording, RecordingDetail
from auricle.records import change_record, check_revision, until_written

_CHANGED_MEANWHILE = "The recording was changed meanwhile. Read it again, then send the change anew."


def change_recording(
    org: str,
    recording_id: str,
    change: Callable[[Recording], Recording],
    *,
    recordings: RecordingStore,
    now: datetime,
    if_revision: int | None = None,
    events: Callable[[Recording], Sequence[DomainEvent]] = lambda _after: (),
    with_trashed: bool = False,
    locked: bool = False,
) -> Recording:
    """Changes a recording and returns it as stored. A change that changes nothing writes nothing.

    `change` may be called several times, each time with the recording as it then stands. `with_trashed`
    accepts one that is in the trash, `locked` one that is locked.

    Raises:
        RecordingNotFound: unknown, removed, or in the trash.
        PreconditionFailed: it is not at `if_revision` (any more).
        Conflict: it is locked.
        TransientError: it kept changing under the write.
    """

    def change_unless_locked(before: Recording) -> Recording:
        after = change(before)
        if after != before and not locked:
            check_unlocked(before)
        return after

    return change_record(
        "recording",
        lambda: recordings.get(org, recording_id, with_trashed=with_trashed),
        lambda after, before: recordings.save(after, expected=before, events=events(after)),
        change_unless_locked,
        if_revision=if_revision,
        now=now,
    )


def check_unlocked(recording: Recording) -> None:
    """Raises Conflict: it is locked."""
    if recording.locked:
        raise Conflict("The recording is locked. Unlock it first, then send the change anew.")


def change_with_chunks(
    org: str,
    recording_id: str,
    change: Callable[[RecordingDetail], tuple[Recording, ChunksChange]],
    *,
    recordings: RecordingStore,
    now: datetime,
    if_revision: int | None = None,
    events: Callable[[Recording, Recording], Sequence[DomainEvent]] = lambda _before, _after: (),
) -> Recording:
    """Changes a recording and what is noted of its chunks in one write, and returns the recording as stored.

    A change that changes neither writes nothing. One of its chunks alone leaves its revision as it is, which is checked
    where it is read: it overwrites nothing that others write. `change` may be called several times, each time with the
    recording as it then stands; what it raises refuses the whole. `events` are told from the recording before and
    after.

    Raises:
        RecordingNotFound: unknown, removed, or in the trash.
        PreconditionFailed: it is not at `if_revision` (any more).
        TransientError: it kept changing under the write.
    """

    def attempt() -> Recording | None:
        detail = recordings.detail(org, recording_id)
        before = detail.recording
        check_revision(before.revision, if_revision, _CHANGED_MEANWHILE)
        after, chunks = change(detail)
        notes_nothing = chunks == ChunksChange() or noted(detail.chunks, chunks) == detail.chunks
        if after == before:
            if not notes_nothing:
                recordings.change_chunks(org, recording_id, chunks)
            return before
        after = replace(after, updated_at=now)
        if not recordings.save(
            after, expected=before, events=events(before, after), chunks=None if notes_nothing else chunks
        ):
            return None
        return replace(after, revision=before.revision + 1)

    return until_written(attempt, "The recording kept changing while it was being written. Try again.")
