"""What a phone tells of a recording while it is being made: started, paused, offline and the like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from auricle.errors import EventNotFound, RecordingNotFound
from auricle.identifiers import new_id
from auricle.moments import shifted
from auricle.record_sizes import check_room
from auricle.records import Page, RecordKind

if TYPE_CHECKING:
    from auricle.ports import Position, RecordingStore, RecordStore

_PREFIX = "evt"
_MOMENT = slice(len(_PREFIX) + 1, len(_PREFIX) + 12)
"""Where an id says when it was made, in milliseconds."""


@dataclass(frozen=True, slots=True)
class MobileEvent:
    """One event. `created_at` is when it was told, by our clock, in whole milliseconds, as its id has it."""

    org: str
    id: str
    recording_id: str
    created_at: datetime
    user_id: str
    name: str
    revision: int = 1
    facts: Mapping[str, str] = field(default_factory=dict)
    """What the event says besides its name: `value` and `trigger`, or `status`, `title`, `fullUrl`."""
    happened_at_ms: int | None = None
    """When it happened, by the phone's clock, since the epoch."""
    duration_ms: int | None = None
    opportunity_ids: tuple[str, ...] = ()
    """The CRM's ids of the opportunities it concerns."""


MAX_EVENTS = 1000
MAX_EVENTS_BYTES = 1_500_000
"""Of one recording: with a flag, it shows them all."""

MOBILE_EVENTS = RecordKind("mobile-event", MobileEvent, EventNotFound, of_recording=True, listed=True)


@dataclass(frozen=True, slots=True)
class NewMobileEvent:
    """An event as the phone reports it."""

    name: str
    facts: Mapping[str, str]
    happened_at_ms: int | None = None
    duration_ms: int | None = None
    opportunity_ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class MobileEventFilter:
    """Which events a list shows; None and an empty tuple admit them all. The moments themselves are left out."""

    created_after: datetime | None = None
    created_before: datetime | None = None
    names: tuple[str, ...] = ()
    user_id: str | None = None
    recording_id: str | None = None

    def admits(self, event: MobileEvent) -> bool:
        """Whether it is an event of that name and user."""
        return (not self.names or event.name in self.names) and self.user_id in (None, event.user_id)


def add_mobile_events(
    org: str,
    recording_id: str,
    new_events: Sequence[NewMobileEvent],
    *,
    user: str,
    events: RecordStore[MobileEvent],
    now: datetime,
) -> tuple[MobileEvent, ...]:
    """Stores the events in the order given: each is a millisecond after the one before, so that lists keep that order.

    Raises:
        RecordingNotFound: the recording is not there (any more).
        Conflict: it has as many, or as much of them, as it may have.
    """
    first = now.replace(microsecond=now.microsecond // 1000 * 1000)
    moments = [first + timedelta(milliseconds=number) for number in range(len(new_events))]
    made = tuple(
        MobileEvent(
            org=org,
            id=new_id(_PREFIX, at),
            recording_id=recording_id,
            created_at=at,
            user_id=user,
            name=one.name,
            facts=one.facts,
            happened_at_ms=one.happened_at_ms,
            duration_ms=one.duration_ms,
            opportunity_ids=tuple(one.opportunity_ids),
        )
        for one, at in zip(new_events, moments, strict=True)
    )
    check_room(made, kind=MOBILE_EVENTS, records=events, max_count=MAX_EVENTS, max_bytes=MAX_EVENTS_BYTES)
    events.add_all(made)
    return made


def find_mobile_event(org: str, event_id: str, *, events: RecordStore[MobileEvent]) -> MobileEvent:
    """The event of that id, whatever recording it lies with: its id says when it was made, and so where to look.

    Raises:
        EventNotFound: there is none.
    """
    try:
        made_at = datetime.fromtimestamp(int(event_id[_MOMENT], 16) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise MOBILE_EVENTS.not_found(event_id) from None
    # Seconds as floats are a little off; an event lies in the middle of what is looked through.
    around = timedelta(microseconds=500)
    found = events.list(
        org, 1, created_from=made_at - around, created_to=made_at + around, wanted=lambda one: one.id == event_id
    )
    if not found.records:
        raise MOBILE_EVENTS.not_found(event_id)
    return found.records[0]


def list_mobile_events(
    org: str,
    wanted: MobileEventFilter,
    count: int,
    position: Position | None,
    *,
    recordings: RecordingStore,
    events: RecordStore[MobileEvent],
) -> Page[MobileEvent]:
    """Events of all recordings, newest first; of one recording, oldest first, and none where it is not there."""
    if wanted.recording_id is not None:
        try:
            recordings.get(org, wanted.recording_id)
        except RecordingNotFound:
            return Page((), None)
    a_moment = timedelta(microseconds=1)
    return events.list(
        org,
        count,
        position,
        recording_id=wanted.recording_id,
        wanted=wanted.admits if wanted.names or wanted.user_id is not None else None,
        created_from=shifted(wanted.created_after, a_moment),
        created_to=shifted(wanted.created_before, -a_moment),
    )
