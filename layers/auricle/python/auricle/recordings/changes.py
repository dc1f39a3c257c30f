"""Changing a recording: read, change, write if nobody else did meanwhile, else begin again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from auricle.domain_events import DomainEvent
from auricle.errors import Conflict, PreconditionFailed, RecordingNotFound, TransientError
from auricle.ports import RecordingStore
from auricle.recordings.recording import Recording

_ATTEMPTS = 8


def change_recording(
    org: str,
    recording_id: str,
    change: Callable[[Recording], Recording],
    *,
    recordings: RecordingStore,
    now: datetime,
    if_revision: int | None = None,
    events: Callable[[Recording], Sequence[DomainEvent]] = lambda _after: (),
    in_trash: bool = False,
    locked: bool = False,
) -> Recording:
    """The recording as `change` makes it, stored. A change that changes nothing writes nothing.

    `change` may be called several times, each time with the recording as it then stands. `in_trash` admits one that is
    in the trash, `locked` one that is locked.

    Raises:
        RecordingNotFound: unknown, removed, or in the trash.
        PreconditionFailed: it is not at `if_revision` (any more).
        Conflict: it is locked.
        TransientError: it kept changing under the write.
    """
    for _ in range(_ATTEMPTS):
        before = recordings.get(org, recording_id)
        if before.deleted_at is not None and not in_trash:
            raise RecordingNotFound(f"There is no recording {recording_id}.")
        if if_revision is not None and before.revision != if_revision:
            raise PreconditionFailed("The recording was changed meanwhile. Read it again, then send the change anew.")
        after = change(before)
        if after == before:
            return before
        if before.locked and not locked:
            raise Conflict("The recording is locked. Unlock it first, then send the change anew.")
        after = replace(after, updated_at=now)
        if recordings.save(after, expected=before, events=events(after)):
            return replace(after, revision=before.revision + 1)
    raise TransientError("The recording kept changing while it was being written. Try again.")
