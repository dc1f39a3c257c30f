"""Changing a recording by the optimistic write loop, unless it is locked or in the trash."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from auricle.domain_events import DomainEvent
from auricle.errors import Conflict
from auricle.ports import RecordingStore
from auricle.recordings.recording import Recording
from auricle.records import change_record


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
        if after != before and before.locked and not locked:
            raise Conflict("The recording is locked. Unlock it first, then send the change anew.")
        return after

    return change_record(
        "recording",
        lambda: recordings.get(org, recording_id, with_trashed=with_trashed),
        lambda after, before: recordings.save(after, expected=before, events=events(after)),
        change_unless_locked,
        if_revision=if_revision,
        now=now,
    )
