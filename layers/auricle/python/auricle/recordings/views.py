"""Who viewed a recording, who starred it, and how long they listened.

What each user did is a record of its own; the recording's counts change in the same transaction, so that what is
sent twice counts once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from auricle.errors import Conflict, InvalidRequest, NotFound, PreconditionFailed, TransientError
from auricle.identifiers import new_id
from auricle.recordings.counters import CountersChange
from auricle.records import RecordKind

if TYPE_CHECKING:
    from auricle.ports import RecordStore

MAX_DURATION_MS = 86_400_000
"""A day: nobody views or listens for longer at one time."""
VIEW_STAYS_OPEN = timedelta(hours=12)
"""How long a view that was begun waits for its duration."""
_ATTEMPTS = 8


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

    def viewed(before: Viewer) -> tuple[Viewer, CountersChange]:
        if before.open_since is not None and now - before.open_since < VIEW_STAYS_OPEN:
            return before, CountersChange()
        return _one_more(replace(before, open_since=now))

    return _change(org, recording_id, user, viewed, viewers=viewers, now=now, if_revision=if_revision)


def end_view(
    org: str, recording_id: str, user: str, duration_ms: int, *, viewers: RecordStore[Viewer], now: datetime
) -> Viewer:
    """The user viewed the recording for so long: the view that was begun, or else one more.

    Raises:
        RecordingNotFound: the recording is not there (any more).
    """

    def viewed(before: Viewer) -> tuple[Viewer, CountersChange]:
        after = replace(before, viewed_ms=before.viewed_ms + duration_ms, open_since=None)
        if before.open_since is not None:
            return after, CountersChange(viewed_ms=duration_ms)
        after, counted = _one_more(after)
        return after, replace(counted, viewed_ms=duration_ms)

    return _change(org, recording_id, user, viewed, viewers=viewers, now=now)


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

    def marked(before: Viewer) -> tuple[Viewer, CountersChange]:
        if before.starred is starred:
            return before, CountersChange()
        return replace(before, starred=starred), CountersChange(stars=1 if starred else -1)

    return _change(org, recording_id, user, marked, viewers=viewers, now=now, if_revision=if_revision)


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
        check_revision(None, if_revision)
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
    for _ in range(_ATTEMPTS):
        before = _session(org, recording_id, user, session, engagements)
        check_revision(before.revision, if_revision)
        after = replace(
            before,
            duration_ms=max(before.duration_ms, duration_ms),
            client_platform=client_platform or before.client_platform,
            updated_at=now,
        )
        counted = CountersChange(listened_ms=after.duration_ms - before.duration_ms)
        if engagements.replace(after, expected=before, counters=counted):
            return replace(after, revision=before.revision + 1)
    raise TransientError("The listening session kept changing while it was being written. Try again.")


def check_revision(present: int | None, wanted: int | None) -> None:
    """Raises PreconditionFailed: it is not the state the caller means to change; None is what is not there."""
    if wanted is not None and wanted != present:
        raise PreconditionFailed("It was changed meanwhile. Read it again, then send the change anew.")


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


def _one_more(viewer: Viewer) -> tuple[Viewer, CountersChange]:
    return replace(viewer, views=viewer.views + 1), CountersChange(views=1, viewers=1 if viewer.views == 0 else 0)


def _change(
    org: str,
    recording_id: str,
    user: str,
    change: Callable[[Viewer], tuple[Viewer, CountersChange]],
    *,
    viewers: RecordStore[Viewer],
    now: datetime,
    if_revision: int | None = None,
) -> Viewer:
    """The user's record as `change` makes it, stored with what it counts for; it is begun where there is none."""
    for _ in range(_ATTEMPTS):
        try:
            before = viewers.get(org, user, recording_id=recording_id)
        except NotFound:
            check_revision(None, if_revision)
            after, counted = change(Viewer(org=org, id=user, recording_id=recording_id, created_at=now))
            try:
                viewers.add(after, counters=counted)
            except Conflict:  # begun by another request meanwhile
                continue
            return after
        check_revision(before.revision, if_revision)
        after, counted = change(before)
        if after == before:
            return before
        if viewers.replace(after, expected=before, counters=counted):
            return replace(after, revision=before.revision + 1)
    raise TransientError("What you did with the recording kept changing while it was being written. Try again.")
