"""Collection in memory: one place for the records of every kind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic

from auricle.errors import Conflict
from auricle.ports import Position
from auricle.recordings.counters import CountersChange
from auricle.records import Page, RecordKind, T, recording_of
from tests.fakes.item_size import check_item_size

if TYPE_CHECKING:
    from tests.fakes.recordings import FakeRecordings

_Key = tuple[str, str, str, str]
"""Kind, tenant, recording (or nothing) and id."""


class FakeRecords:
    """Everything the collections of one process hold."""

    def __init__(self, recordings: FakeRecordings) -> None:
        self.recordings = recordings
        self.held: dict[_Key, Any] = {}
        self.looks_at = 2000
        """How many records one listing looks at, as in the table: its page is shorter where few are wanted."""
        self.lock = threading.RLock()

    def of(self, kind: RecordKind[T], org: str, recording_id: str = "") -> Iterable[T]:
        """Oldest first, as ids sort."""
        found = [record for key, record in self.held.items() if key[:3] == (kind.name, org, recording_id)]
        return sorted(found, key=lambda record: record.id)

    def listed(self, kind: RecordKind[T], org: str) -> Iterable[T]:
        """Of all recordings, in no order."""
        return [record for key, record in self.held.items() if key[:2] == (kind.name, org)]

    def forget(self, org: str, recording_id: str) -> None:
        """What belongs to a removed recording."""
        for key in [key for key in self.held if key[1:3] == (org, recording_id)]:
            del self.held[key]


class FakeRecordStore(Generic[T]):
    """Records of one kind."""

    def __init__(self, records: FakeRecords, kind: RecordKind[T]) -> None:
        self._records = records
        self._kind = kind

    def add(self, record: T, *, counters: CountersChange | None = None) -> None:
        key = self._key_of(record)
        check_item_size(record)
        with self._records.lock:
            if self._kind.of_recording:
                self._records.recordings.get(record.org, recording_of(record), with_trashed=True)
            if key in self._records.held:
                raise self._taken(record)
            self._records.held[key] = record
            self._count(record, counters)

    def add_all(self, records: Sequence[T]) -> None:
        with self._records.lock:
            for record in records:
                check_item_size(record)
                self._records.recordings.get(record.org, recording_of(record), with_trashed=True)
                if self._key_of(record) in self._records.held:
                    raise self._taken(record)
            self._records.held |= {self._key_of(record): record for record in records}

    def get(self, org: str, record_id: str, *, recording_id: str | None = None) -> T:
        assert (recording_id is not None) == self._kind.of_recording
        try:
            found: T = self._records.held[self._kind.name, org, recording_id or "", record_id]
        except KeyError:
            raise self._kind.not_found(record_id) from None
        return found

    def find(self, org: str, record_ids: Sequence[str]) -> Mapping[str, T]:
        assert not self._kind.of_recording
        keys = {record_id: (self._kind.name, org, "", record_id) for record_id in record_ids}
        return {record_id: self._records.held[key] for record_id, key in keys.items() if key in self._records.held}

    def replace(self, record: T, *, expected: T, counters: CountersChange | None = None) -> bool:
        key = self._key_of(record)
        check_item_size(record)
        with self._records.lock:
            stored = self._records.held.get(key)
            if stored is None or stored.revision != expected.revision or not self._counts(record, counters):
                return False
            self._records.held[key] = replace(record, revision=expected.revision + 1)  # type: ignore[type-var]  # records are dataclasses
            self._count(record, counters)
            return True

    def remove(self, record: T, *, counters: CountersChange | None = None) -> bool:
        key = self._key_of(record)
        with self._records.lock:
            stored = self._records.held.get(key)
            if stored is None or stored.revision != record.revision or not self._counts(record, counters):
                return False
            del self._records.held[key]
            self._count(record, counters)
            return True

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
        newest_first = recording_id is None
        assert not newest_first or self._kind.listed or not self._kind.of_recording
        held = (
            self._records.of(self._kind, org, recording_id) if recording_id else self._records.listed(self._kind, org)
        )
        known = [
            (f"{f'{record.created_at.timestamp():020.6f}' if newest_first else ''}#{record.id}", record)
            for record in held
            if (created_from is None or record.created_at >= created_from)
            and (created_to is None or record.created_at <= created_to)
        ]
        known.sort(key=lambda one: one[0], reverse=newest_first)
        if position is not None:
            after = position["after"]
            known = [one for one in known if (one[0] < after if newest_first else one[0] > after)]
        looked_at = known[: self._records.looks_at]
        found = [one for one in looked_at if wanted is None or wanted(one[1])]
        page = found[:limit]
        ends_at = page[-1][0] if len(found) > limit else looked_at[-1][0] if len(known) > len(looked_at) else None
        return Page(tuple(one for _, one in page), {"after": ends_at} if ends_at else None)

    def _key_of(self, record: T) -> _Key:
        owner = recording_of(record) if self._kind.of_recording else ""
        if not record.id or (self._kind.of_recording and not owner):
            raise AssertionError("The table refuses an empty text in a key.")
        return self._kind.name, record.org, owner, record.id

    def _taken(self, record: T) -> Conflict:
        return Conflict(f"There is a {self._kind.name.replace('-', ' ')} {record.id} already.")

    def _counts(self, record: T, counters: CountersChange | None) -> bool:
        """Whether what it counts for is still there."""
        return counters is None or (record.org, recording_of(record)) in self._records.recordings

    def _count(self, record: T, counters: CountersChange | None) -> None:
        if counters is not None:
            self._records.recordings.count(record.org, recording_of(record), counters)
