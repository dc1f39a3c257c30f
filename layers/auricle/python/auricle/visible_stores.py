"""The stores as one viewer sees them: what `visibility` hides from the viewer is not there.

Whatever answers a request reads and writes through `VisibleStores`, so that no route can forget the rule. What works
for nobody in particular (stages, the sweep, the publisher) uses the stores themselves.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Generic, Protocol

from auricle.crm.contacts import Contact
from auricle.crm.timeline import EntryType, TimelineEntry
from auricle.directory.visibility import Viewer
from auricle.domain_events import DomainEvent
from auricle.ports import (
    ContactStore,
    Downloads,
    IdempotencyStore,
    ObjectStore,
    Position,
    RateLimitStore,
    RecordingFilter,
    RecordingPage,
    RecordingStore,
    RecordStore,
    TimelinePage,
    Workflow,
)
from auricle.recordings.chunks import ChunksChange
from auricle.recordings.counters import CountersChange
from auricle.recordings.job import Job
from auricle.recordings.recording import (
    Failure,
    Recording,
    RecordingDetail,
    Stage,
    StageResult,
    StageState,
    Status,
    recording_not_found,
)
from auricle.records import Page, RecordKind, T, recording_of

MAX_READINGS = 10
"""How often a page is filled up that hidden records leave short, until one more is found than it shows."""
_LOOK_AHEAD = 50
"""At least as many records are looked at in one reading."""
_NO_RECORDING = "none"


class Stores(Protocol):
    """The ports a request needs, as `bootstrap` wires them."""

    @property
    def recordings(self) -> RecordingStore: ...
    @property
    def contacts(self) -> ContactStore: ...
    @property
    def objects(self) -> ObjectStore: ...
    @property
    def workflow(self) -> Workflow: ...
    @property
    def downloads(self) -> Downloads: ...
    @property
    def answers(self) -> IdempotencyStore: ...
    @property
    def rate_limit_store(self) -> RateLimitStore: ...
    def records(self, kind: RecordKind[T]) -> RecordStore[T]: ...


class VisibleStores:
    """The stores of one request. `stores` is called when the first of them is needed."""

    __slots__ = ("_recordings", "_stores", "viewer")

    def __init__(self, stores: Callable[[], Stores], viewer: Viewer) -> None:
        self.viewer = viewer
        self._stores = stores
        self._recordings: VisibleRecordings | None = None

    @property
    def recordings(self) -> RecordingStore:
        return self._stores().recordings if self.viewer.sees_all else self._visible()

    @property
    def recordings_for_consent(self) -> RecordingStore:
        """The tenant's own recordings, hidden ones too: for what follows from consent, and for nothing else.

        Who withdraws consent to a recording withdraws it from all that is made of it, also from what others made
        private since. `consent_changes` and `updates` alone take them, after the viewer was admitted to the
        recording that the request names, and answers with nothing of the others.
        """
        return self._stores().recordings

    @property
    def contacts(self) -> ContactStore:
        contacts = self._stores().contacts
        return contacts if self.viewer.sees_all else VisibleContacts(contacts, self.viewer)

    def records(self, kind: RecordKind[T], *, by_id: bool = False) -> RecordStore[T]:
        """Records of one kind; those of recordings, as far as the viewer may see the recordings.

        `by_id` is for looking up a record whose id the viewer has: it admits those of undiscoverable recordings.
        """
        records = self._stores().records(kind)
        if self.viewer.sees_all or not kind.of_recording:
            return records
        return VisibleCollection(records, self._visible(), by_id=by_id)

    def hidden(self, org: str, recording_ids: Iterable[str], *, listed: bool = False) -> frozenset[str]:
        """Those of the ids that are recordings the viewer may not open (`listed`: find), removed ones among them.

        For what stands elsewhere and names recordings, like the logs of a call.
        """
        wanted = () if self.viewer.sees_all else tuple(dict.fromkeys(recording_ids))
        if not wanted:
            return frozenset()
        found = self._stores().recordings.find(org, wanted, with_trashed=True, with_removed=True)
        admits = self.viewer.may_find if listed else self.viewer.may_open
        return frozenset(recording.id for recording in found.values() if not admits(recording))

    def as_seen(self, detail: RecordingDetail, reader: frozenset[str]) -> RecordingDetail:
        """The detail with the reader's own unread private comments, and without parts and originals that are hidden.

        Who came to an undiscoverable recording by its id is led on to its undiscoverable parts, and nobody else is.
        """
        if detail.counters.unread_private:
            detail = replace(detail, counters=detail.counters.as_seen_by(reader))
        recording = detail.recording
        original = recording.made_of[0].recording_id if len(recording.made_of) == 1 else None
        relatives = [cut.recording_id for cut in recording.splits] + ([original] if original else [])
        hidden = self.hidden(recording.org, relatives, listed=recording.discoverable)
        if not hidden:
            return detail
        seen = replace(
            recording,
            splits=tuple(cut for cut in recording.splits if cut.recording_id not in hidden),
            made_of=() if original in hidden else recording.made_of,
        )
        return replace(detail, recording=seen)

    @property
    def objects(self) -> ObjectStore:
        return self._stores().objects

    @property
    def workflow(self) -> Workflow:
        return self._stores().workflow

    @property
    def downloads(self) -> Downloads:
        return self._stores().downloads

    @property
    def answers(self) -> IdempotencyStore:
        return self._stores().answers

    @property
    def rate_limit_store(self) -> RateLimitStore:
        return self._stores().rate_limit_store

    def _visible(self) -> VisibleRecordings:
        if self._recordings is None:
            self._recordings = VisibleRecordings(self._stores().recordings, self.viewer)
        return self._recordings


class VisibleRecordings:
    """RecordingStore for one viewer: a hidden recording is an unknown one, in the same words and after one reading.

    Changes are refused in the same way; a change of who sees the recording raises NotYours where it is not the
    viewer's to make.
    """

    def __init__(self, recordings: RecordingStore, viewer: Viewer) -> None:
        self._recordings = recordings
        self._opened: set[tuple[str, str]] = set()
        """Recordings the viewer was found to may open, so that what belongs to them costs no further reading."""
        self.viewer = viewer

    def require(self, org: str, recording_id: str) -> None:
        """Raises RecordingNotFound: the viewer may not open it, or it is not there."""
        if (org, recording_id) not in self._opened:
            self.get(org, recording_id, with_trashed=True)

    def create(self, recording: Recording, events: Sequence[DomainEvent]) -> None:
        self._recordings.create(recording, events)

    def get(self, org: str, recording_id: str, *, with_trashed: bool = False) -> Recording:
        return self._open(self._recordings.get(org, recording_id, with_trashed=with_trashed))

    def find(
        self, org: str, recording_ids: Sequence[str], *, with_trashed: bool = False, with_removed: bool = False
    ) -> Mapping[str, Recording]:
        found = self._recordings.find(org, recording_ids, with_trashed=with_trashed, with_removed=with_removed)
        return {key: recording for key, recording in found.items() if self.viewer.may_open(recording)}

    def detail(
        self,
        org: str,
        recording_id: str,
        *,
        children: Sequence[RecordKind[Any]] = (),
        with_trashed: bool = False,
    ) -> RecordingDetail:
        found = self._recordings.detail(org, recording_id, children=children, with_trashed=with_trashed)
        self._open(found.recording)
        return found

    def list(
        self,
        org: str,
        wanted: RecordingFilter,
        limit: int,
        position: Position | None = None,
        *,
        oldest_first: bool = False,
        viewer: Viewer | None = None,  # noqa: ARG002  # nobody reads for somebody else
    ) -> RecordingPage:
        return self._recordings.list(org, wanted, limit, position, oldest_first=oldest_first, viewer=self.viewer)

    def save(
        self,
        recording: Recording,
        *,
        expected: Recording,
        events: Sequence[DomainEvent] = (),
        finished_stages: Mapping[Stage, StageResult] | None = None,
        chunks: ChunksChange | None = None,
    ) -> bool:
        self._check_change(recording, expected)
        return self._recordings.save(
            recording, expected=expected, events=events, finished_stages=finished_stages, chunks=chunks
        )

    def add_later_version(self, org: str, recording_id: str, version: str) -> None:
        self.require(org, recording_id)
        self._recordings.add_later_version(org, recording_id, version)

    def begin_run(self, recording: Recording, *, expected: Recording, events: Sequence[DomainEvent]) -> bool:
        self._check_change(recording, expected)
        return self._recordings.begin_run(recording, expected=expected, events=events)

    def note_stage(self, job: Job, stage: Stage, state: StageState, failure: Failure | None = None) -> None:
        self.require(job.org, job.recording)
        self._recordings.note_stage(job, stage, state, failure)

    def note_windows(self, job: Job, total: int) -> None:
        self.require(job.org, job.recording)
        self._recordings.note_windows(job, total)

    def note_window_done(self, job: Job, index: int) -> None:
        self.require(job.org, job.recording)
        self._recordings.note_window_done(job, index)

    def was_removed(self, org: str, recording_id: str) -> bool:
        return self._recordings.was_removed(org, recording_id)

    def count(self, org: str, recording_id: str, change: CountersChange) -> None:
        self.require(org, recording_id)
        self._recordings.count(org, recording_id, change)

    def change_chunks(self, org: str, recording_id: str, change: ChunksChange) -> None:
        self.require(org, recording_id)
        self._recordings.change_chunks(org, recording_id, change)

    def forget_children(self, org: str, recording_id: str) -> None:
        self.require(org, recording_id)
        self._recordings.forget_children(org, recording_id)

    def confirm_erased(self, org: str, recording_id: str) -> None:
        self.require(org, recording_id)
        self._recordings.confirm_erased(org, recording_id)

    def _open(self, recording: Recording) -> Recording:
        if not self.viewer.may_open(recording):
            raise recording_not_found(recording.id)
        self._opened.add((recording.org, recording.id))
        return recording

    def _check_change(self, after: Recording, before: Recording) -> None:
        self._open(before)
        if after.status is not Status.REMOVED:  # of one that is removed nothing is left to see
            self.viewer.check_change(before, private=after.private, discoverable=after.discoverable)


class VisibleCollection(Generic[T]):
    """Collection of a kind that belongs to recordings, for one viewer: those of hidden recordings are not there."""

    def __init__(self, records: RecordStore[T], recordings: VisibleRecordings, *, by_id: bool) -> None:
        self._records = records
        self._recordings = recordings
        self._by_id = by_id

    def add(self, record: T, *, counters: CountersChange | None = None) -> None:
        self._require(record)
        self._records.add(record, counters=counters)

    def add_all(self, records: Sequence[T]) -> None:
        for record in records:
            self._require(record)
        self._records.add_all(records)

    def get(self, org: str, record_id: str, *, recording_id: str | None = None) -> T:
        if recording_id is not None:
            self._recordings.require(org, recording_id)
        return self._records.get(org, record_id, recording_id=recording_id)

    def find(self, org: str, record_ids: Sequence[str]) -> Mapping[str, T]:
        return self._records.find(org, record_ids)

    def replace(self, record: T, *, expected: T, counters: CountersChange | None = None) -> bool:
        self._require(record)
        return self._records.replace(record, expected=expected, counters=counters)

    def remove(self, record: T, *, counters: CountersChange | None = None) -> bool:
        self._require(record)
        return self._records.remove(record, counters=counters)

    def list(
        self,
        org: str,
        limit: int,
        position: Position | None = None,
        *,
        recording_id: str | None = None,
        wanted: Callable[[T], bool] | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
    ) -> Page[T]:
        """Of one recording, or those of all recordings that the viewer may find (`by_id`: open).

        There is a next position where a visible record follows, or where that would take more than `MAX_READINGS` to
        know.
        """
        if recording_id is not None:
            self._recordings.require(org, recording_id)
        read = partial(
            self._records.list,
            org,
            recording_id=recording_id,
            wanted=wanted,
            created_from=created_from,
            created_to=created_to,
        )
        if recording_id is not None:
            return read(limit, position)
        found: builtins.list[T] = []
        for _ in range(MAX_READINGS):
            missing = limit - len(found)
            page = read(max(missing + 1, _LOOK_AHEAD), position)
            visible = self._visible(org, page.records)
            if len(visible) > missing:
                if missing:  # the page ends within what was read: where, the store says
                    found += visible[:missing]
                    position = read(page.records.index(found[-1]) + 1, position).next_position
                return Page(tuple(found), position)
            found += visible
            position = page.next_position
            if position is None:
                break
        return Page(tuple(found), position)

    def _visible(self, org: str, records: Sequence[T]) -> Sequence[T]:
        ids = tuple(dict.fromkeys(map(recording_of, records)))
        if self._by_id:
            ids = ids or (_NO_RECORDING,)  # so that an unknown id takes as long as a hidden one
        found = self._recordings.find(org, ids, with_trashed=True) if ids else {}
        viewer = self._recordings.viewer
        if not self._by_id:
            found = {key: recording for key, recording in found.items() if viewer.may_find(recording)}
        return [record for record in records if recording_of(record) in found]

    def _require(self, record: T) -> None:
        self._recordings.require(record.org, recording_of(record))


class VisibleContacts:
    """ContactStore for one viewer: lines of recordings that are hidden from the viewer are on no timeline."""

    def __init__(self, contacts: ContactStore, viewer: Viewer) -> None:
        self._contacts = contacts
        self._viewer = viewer

    def create_contact(self, contact: Contact) -> None:
        self._contacts.create_contact(contact)

    def get_contact(self, org: str, contact_id: str) -> Contact:
        return self._contacts.get_contact(org, contact_id)

    def get_contacts(self, org: str, contact_ids: Sequence[str]) -> Sequence[Contact]:
        return self._contacts.get_contacts(org, contact_ids)

    def replace_contact(self, contact: Contact, *, expected: Contact) -> bool:
        return self._contacts.replace_contact(contact, expected=expected)

    def list_contacts(
        self,
        org: str,
        limit: int,
        position: Position | None = None,
        *,
        wanted: Callable[[Contact], bool] | None = None,
    ) -> Page[Contact]:
        return self._contacts.list_contacts(org, limit, position, wanted=wanted)

    def add_interaction(self, entry: TimelineEntry) -> None:
        self._contacts.add_interaction(entry)

    def get_interaction(self, org: str, contact_id: str, interaction_id: str) -> TimelineEntry:
        return self._contacts.get_interaction(org, contact_id, interaction_id)

    def remove_interaction(self, org: str, contact_id: str, interaction_id: str) -> None:
        self._contacts.remove_interaction(org, contact_id, interaction_id)

    def recent_interactions(self, org: str, limit: int) -> Sequence[TimelineEntry]:
        return self._contacts.recent_interactions(org, limit)

    def timeline(
        self,
        org: str,
        contact_id: str,
        *,
        types: Sequence[EntryType] = (),
        date_from: datetime | None = None,
        date_to: datetime | None = None,
        limit: int = 100,
        position: Position | None = None,
        viewer: Viewer | None = None,  # noqa: ARG002  # nobody reads for somebody else
    ) -> TimelinePage:
        return self._contacts.timeline(
            org,
            contact_id,
            types=types,
            date_from=date_from,
            date_to=date_to,
            limit=limit,
            position=position,
            viewer=self._viewer,
        )
