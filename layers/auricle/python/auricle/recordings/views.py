"""Who viewed a recording, who starred it, and how long they listened.

What each user did is a record of its own; the recording's counts change in the same transaction, so that what is
sent twice counts once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from auricle.errors import Conflict, InvalidRequest, NotFound
from auricle.identifiers import new_id
from auricle.recordings.counters import CountersChange
from auricle.records import RecordKind, check_revision, until_written

if TYPE_CHECKING:
    from auricle.ports import RecordStore

MAX_DURATION_MS = 86_400_000
"""A day: nobody views or listens for longer at one time."""
VIEW_STAYS_OPEN = timedelta(hours=12)
"""How long a view that was begun waits for its duration."""
_CHANGED = "It was changed meanwhile. Read it again, then send the change anew."


@dataclass(frozen=True, slots=True)
class Viewer:
    """What one user did with one recording; its id is the user's."""

    org: str
    id: str
    recording_id: str
    created_at: datetime
    revision: int = 1
    views: int = 0
    viewed_ms: int = 0
    open_since: datetime | None = None
    """When the view began whose duration has not been told; None where there is no such view."""
    starred: bool = False


@dataclass(frozen=True, slots=True)
class Engagement:
    """One listening session of one user."""

    org: str
    id: str
    recording_id: str
    created_at: datetime
    updated_at: datetime
    user_id: str
    revision: int = 1
    duration_ms: int = 0
    client_platform: str | None = None


# Names that sort before those of the children a recording's detail shows: what it reads is the end of the partition.
VIEWERS = RecordKind("audience", Viewer, NotFound, of_recording=True)
ENGAGEMENTS = RecordKind("engagement", Engagement, NotFound, of_recording=True)


def begin_view(
    org: str, recording_id: str, user: str, *, viewers: RecordStore[Viewer], now: datetime, if_revision: int | None
) -> Viewer:
    """The user views the recording: one more view, unless the one begun before has not ended.

    Raises:
        RecordingNotFound: the recording is not there (any more).
        PreconditionFailed: the user's record is not at `if_revision`.
    """

    def begin(before: Viewer) -> Viewer:
        if before.open_since is not None and now - before.open_since < VIEW_STAYS_OPEN:
            return before
        return replace(before, views=before.views + 1, open_since=now)

    return _change(org, recording_id, user, begin, viewers=viewers, now=now, if_revision=if_revision)


def end_view(
    org: str, recording_id: str, user: str, duration_ms: int, *, viewers: RecordStore[Viewer], now: datetime
) -> Viewer:
    """The user viewed the recording for so long: the view that was begun, or else one more.

    Raises:
        RecordingNotFound: the recording is not there (any more).
    """

    def end(before: Viewer) -> Viewer:
        begun = before if before.open_since is not None else replace(before, views=before.views + 1)
        return replace(begun, viewed_ms=before.viewed_ms + duration_ms, open_since=None)

    return _change(org, recording_id, user, end, viewers=viewers, now=now)


def star(
    org: str,
    recording_id: str,
    user: str,
    starred: bool,
    *,
    viewers: RecordStore[Viewer],
    now: datetime,
    if_revision: int | None = None,
) -> Viewer:
    """The user stars the recording, or takes the star back; doing so twice is doing it once.

    Raises:
        RecordingNotFound: the recording is not there (any more).
        PreconditionFailed: the user's record is not at `if_revision`.
    """

    return _change(
        org,
        recording_id,
        user,
        lambda before: replace(before, starred=starred),
        viewers=viewers,
        now=now,
        if_revision=if_revision,
    )


def listen(
    org: str,
    recording_id: str,
    user: str,
    duration_ms: int,
    *,
    session: str | None,
    client_platform: str | None,
    engagements: RecordStore[Engagement],
    now: datetime,
    if_revision: int | None = None,
) -> Engagement:
    """The user has listened for so long altogether in this session, or in a new one.

    A report that comes late, with less than is known already, takes nothing back.

    Raises:
        InvalidRequest: the session is unknown, or another user's.
        RecordingNotFound: the recording is not there (any more).
        PreconditionFailed: the session is not at `if_revision`.
    """
    if session is None:
        check_revision(None, if_revision, _CHANGED)
        made = Engagement(
            org=org,
            id=new_id("engagement", now),
            recording_id=recording_id,
            created_at=now,
            updated_at=now,
            user_id=user,
            duration_ms=duration_ms,
            client_platform=client_platform,
        )
        engagements.add(made, counters=CountersChange(listened_ms=duration_ms))
        return made

    def attempt() -> Engagement | None:
        before = _session(org, recording_id, user, session, engagements)
        check_revision(before.revision, if_revision, _CHANGED)
        after = replace(
            before,
            duration_ms=max(before.duration_ms, duration_ms),
            client_platform=client_platform or before.client_platform,
            updated_at=now,
        )
        counted = CountersChange(listened_ms=after.duration_ms - before.duration_ms)
        if not engagements.replace(after, expected=before, counters=counted):
            return None
        return replace(after, revision=before.revision + 1)

    return until_written(attempt, "The listening session kept changing while it was being written. Try again.")


def _session(org: str, recording_id: str, user: str, session: str, engagements: RecordStore[Engagement]) -> Engagement:
    try:
        found = engagements.get(org, session, recording_id=recording_id)
    except NotFound:
        found = None
    if found is None or found.user_id != user:
        raise InvalidRequest(
            "recordingEngagementId is no listening session of yours on this recording: leave it out to begin one",
            field="recordingEngagementId",
        )
    return found


def _counted(before: Viewer, after: Viewer) -> CountersChange:
    """What the change of a user's record adds to the recording's counts."""
    return CountersChange(
        views=after.views - before.views,
        viewers=1 if before.views == 0 and after.views > 0 else 0,
        viewed_ms=after.viewed_ms - before.viewed_ms,
        stars=after.starred - before.starred,
    )


def _change(
    org: str,
    recording_id: str,
    user: str,
    change: Callable[[Viewer], Viewer],
    *,
    viewers: RecordStore[Viewer],
    now: datetime,
    if_revision: int | None = None,
) -> Viewer:
    """Changes the user's record and the recording's counts with it; adds the record where there is none."""

    def attempt() -> Viewer | None:
        try:
            before = viewers.get(org, user, recording_id=recording_id)
        except NotFound:
            return add()
        check_revision(before.revision, if_revision, _CHANGED)
        after = change(before)
        if after == before:
            return before
        if not viewers.replace(after, expected=before, counters=_counted(before, after)):
            return None
        return replace(after, revision=before.revision + 1)

    def add() -> Viewer | None:
        check_revision(None, if_revision, _CHANGED)
        nothing_done = Viewer(org=org, id=user, recording_id=recording_id, created_at=now)
        first = change(nothing_done)
        try:
            viewers.add(first, counters=_counted(nothing_done, first))
        except Conflict:  # added by another request meanwhile
            return None
        return first

    failure = "What you did with the recording kept changing while it was being written. Try again."
    return until_written(attempt, failure)
