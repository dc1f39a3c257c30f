"""RecordingStore in memory."""

from __future__ import annotations

import builtins
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from auricle.crm.timeline import recording_entries
from auricle.directory.visibility import Viewer
from auricle.domain_events import DomainEvent
from auricle.errors import Conflict, InvalidRequest, SupersededRun
from auricle.ports import Position, RecordingFilter, RecordingPage
from auricle.recordings.chunks import Chunks, ChunksChange, noted
from auricle.recordings.counters import NOTHING_COUNTED, Counters, CountersChange, counted
from auricle.recordings.job import Job
from auricle.recordings.recording import (
    MAX_CONTACTS,
    MAX_LATER_VERSIONS,
    Failure,
    Recording,
    RecordingDetail,
    Run,
    Stage,
    StageResult,
    StageState,
    Status,
    visible_recording,
)
from auricle.records import RecordKind
from tests.fakes.contacts import FakeContacts
from tests.fakes.item_size import check_item_size
from tests.fakes.records import FakeRecords

_Key = tuple[str, str]


@dataclass(slots=True)
class _Run:
    version: str
    started_at: datetime
    finished_at: datetime | None = None
    windows_total: int = 0
    windows_done: set[int] = field(default_factory=set)
    stages: dict[Stage, StageResult] = field(default_factory=dict)


class FakeRecordings:
    """`len(store)` recordings that are not removed; `(org, id) in store`; `announced` holds the outbox."""

    def __init__(self, contacts: FakeContacts) -> None:
        self.announced: builtins.list[DomainEvent] = []
        self.before_save: Callable[[], None] = lambda: None
        """Called before each conditional write, outside its lock: what a rival does in between."""
        self.looks_at = 2000
        """How many recordings one listing looks at, as in the table: its page is shorter where few are admitted."""
        self._contacts = contacts
        self._recordings: dict[_Key, Recording] = {}
        self._runs: dict[tuple[str, str, int], _Run] = {}
        self._unconfirmed: set[_Key] = set()
        self.chunks: dict[_Key, Chunks] = {}
        self.tallies: dict[_Key, Counters] = {}
        self.children = FakeRecords(self)
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return sum(recording.status is not Status.REMOVED for recording in self._recordings.values())

    def __contains__(self, key: object) -> bool:
        return key in self._recordings and self._recordings[key].status is not Status.REMOVED

    def create(self, recording: Recording, events: Sequence[DomainEvent]) -> None:
        _check_contacts(recording)
        recording = recording.as_consented()
        key = (recording.org, recording.id)
        with self._lock:
            if key in self._recordings:
                raise Conflict(f"There is a recording {recording.id} already.")
            check_item_size(recording)
            self._recordings[key] = recording
            self._contacts.change_lines((), recording_entries(recording))
            self._announce(events)

    def get(self, org: str, recording_id: str, *, with_trashed: bool = False) -> Recording:
        return visible_recording(self._recordings.get((org, recording_id)), recording_id, with_trashed=with_trashed)

    def find(
        self, org: str, recording_ids: Sequence[str], *, with_trashed: bool = False, with_removed: bool = False
    ) -> Mapping[str, Recording]:
        held = {recording_id: self._recordings.get((org, recording_id)) for recording_id in recording_ids}
        return {
            recording_id: recording
            for recording_id, recording in held.items()
            if recording is not None and recording.is_visible(with_trashed=with_trashed, with_removed=with_removed)
        }

    def detail(
        self,
        org: str,
        recording_id: str,
        *,
        children: Sequence[RecordKind[Any]] = (),
        with_trashed: bool = False,
    ) -> RecordingDetail:
        with self._lock:
            recording = self.get(org, recording_id, with_trashed=with_trashed)
            key = (org, recording_id)
            run = self._runs.get((*key, recording.run))
            return RecordingDetail(
                recording,
                _as_run(recording.run, run) if run else None,
                self.chunks.get(key),
                self.tallies.get(key, NOTHING_COUNTED),
                {kind.name: tuple(self.children.of(kind, org, recording_id)) for kind in children},
            )

    def list(
        self,
        org: str,
        wanted: RecordingFilter,
        limit: int,
        position: Position | None = None,
        *,
        oldest_first: bool = False,
        viewer: Viewer | None = None,
    ) -> RecordingPage:
        known = sorted(
            (
                recording
                for recording in self._recordings.values()
                if recording.org == org and recording.status is not Status.REMOVED
            ),
            key=_place,
            reverse=not oldest_first,
        )
        if position is not None:
            last = position["before"]
            known = [one for one in known if (_place(one) > last if oldest_first else _place(one) < last)]
        looked_at = known[: self.looks_at]
        found = [one for one in looked_at if wanted.admits(one) and (viewer is None or viewer.may_find(one))]
        page = tuple(found[:limit])
        if len(found) > limit:
            return RecordingPage(page, {"before": _place(page[-1])})
        return RecordingPage(page, {"before": _place(looked_at[-1])} if len(known) > len(looked_at) else None)

    def save(
        self,
        recording: Recording,
        *,
        expected: Recording,
        events: Sequence[DomainEvent] = (),
        finished_stages: Mapping[Stage, StageResult] | None = None,
        chunks: ChunksChange | None = None,
    ) -> bool:
        if finished_stages is not None:
            with self._lock:
                run = self._run(Job(recording.org, recording.id, recording.run))
                if run.finished_at is None:
                    run.finished_at = recording.updated_at
                    run.stages.update(finished_stages)

        def note_chunks(stored: Recording) -> None:
            if chunks is not None:
                key = (stored.org, stored.id)
                self.chunks[key] = noted(self.chunks.get(key), chunks)

        return self._save(recording, expected, events, note_chunks)

    def add_later_version(self, org: str, recording_id: str, version: str) -> None:
        with self._lock:
            recording = self._recordings.get((org, recording_id))
            if recording is None or recording.status is Status.REMOVED:
                return
            known = recording.later_versions
            if version in known or len(known) >= MAX_LATER_VERSIONS:
                return
            self._recordings[org, recording_id] = replace(
                recording, later_versions=(*known, version), revision=recording.revision + 1
            )

    def begin_run(self, recording: Recording, *, expected: Recording, events: Sequence[DomainEvent]) -> bool:
        version = recording.current_job().version

        def begin(stored: Recording) -> None:
            self._runs.setdefault((stored.org, stored.id, stored.run), _Run(version, stored.updated_at))

        return self._save(recording, expected, events, begin)

    def note_stage(self, job: Job, stage: Stage, state: StageState, failure: Failure | None = None) -> None:
        with self._lock:
            self._run(job).stages[stage] = StageResult(state, failure)

    def note_windows(self, job: Job, total: int) -> None:
        with self._lock:
            self._run(job).windows_total = total

    def note_window_done(self, job: Job, index: int) -> None:
        with self._lock:
            self._run(job).windows_done.add(index)

    def open_recordings(self, untouched_since: datetime, limit: int) -> Iterable[Recording]:
        return self._oldest(limit, untouched_since, lambda recording: recording.awaits_work)

    def consent_work(self, due: datetime, limit: int) -> Iterable[Recording]:
        with self._lock:
            found = [one for one in self._recordings.values() if one.consent_work_at and one.consent_work_at < due]
        return sorted(found, key=lambda one: (one.consent_work_at, one.id))[:limit]

    def was_removed(self, org: str, recording_id: str) -> bool:
        recording = self._recordings.get((org, recording_id))
        return recording is not None and recording.status is Status.REMOVED

    def removed_recordings(self, untouched_since: datetime, limit: int) -> Iterable[Recording]:
        return self._oldest(limit, untouched_since, lambda found: (found.org, found.id) in self._unconfirmed)

    def count(self, org: str, recording_id: str, change: CountersChange) -> None:
        with self._lock:
            self.get(org, recording_id, with_trashed=True)
            key = (org, recording_id)
            self.tallies[key] = counted(self.tallies.get(key, NOTHING_COUNTED), change)

    def change_chunks(self, org: str, recording_id: str, change: ChunksChange) -> None:
        with self._lock:
            key = (org, recording_id)
            if key not in self.chunks:
                self.get(org, recording_id, with_trashed=True)
            self.chunks[key] = noted(self.chunks.get(key), change)

    def forget_children(self, org: str, recording_id: str) -> None:
        with self._lock:
            key = (org, recording_id)
            self.chunks.pop(key, None)
            self.tallies.pop(key, None)
            self.children.forget(org, recording_id)
            for run in [run for run in self._runs if run[:2] == key]:
                del self._runs[run]

    def confirm_erased(self, org: str, recording_id: str) -> None:
        self._unconfirmed.discard((org, recording_id))

    def _save(
        self,
        recording: Recording,
        expected: Recording,
        events: Sequence[DomainEvent],
        write_beside: Callable[[Recording], None],
    ) -> bool:
        _check_contacts(recording)
        self.before_save()
        key = (recording.org, recording.id)
        with self._lock:
            stored = self._recordings.get(key)
            if stored is None or _state(stored) != _state(expected):
                return False
            after = replace(recording.as_consented(), revision=expected.revision + 1)
            check_item_size(after)
            write_beside(after)
            self._recordings[key] = after
            if after.status is Status.REMOVED:
                self._unconfirmed.add(key)
                self._runs.pop((*key, after.run), None)
            self._contacts.change_lines(recording_entries(expected), recording_entries(after))
            self._announce(events)
            return True

    def _run(self, job: Job) -> _Run:
        try:
            return self._runs[job.org, job.recording, job.run]
        except KeyError:
            raise SupersededRun(f"Run {job.run} of recording {job.recording} is gone.") from None

    def _announce(self, events: Sequence[DomainEvent]) -> None:
        """An event of an id that is known is the same event: the table overwrites it, the stream skips it."""
        known = {event.id for event in self.announced}
        self.announced += [event for event in events if event.id not in known]

    def _oldest(
        self, limit: int, untouched_since: datetime, wanted: Callable[[Recording], bool]
    ) -> builtins.list[Recording]:
        with self._lock:
            found = [
                recording
                for recording in self._recordings.values()
                if recording.updated_at < untouched_since and wanted(recording)
            ]
        return sorted(found, key=lambda recording: (recording.updated_at, recording.id))[:limit]


def _state(recording: Recording) -> tuple[int, Status, int]:
    return recording.revision, recording.status, recording.run


def _place(recording: Recording) -> str:
    return f"{recording.created_at.timestamp():020.6f}#{recording.id}"


def _as_run(number: int, run: _Run) -> Run:
    return Run(
        number=number,
        version=run.version,
        started_at=run.started_at,
        finished_at=run.finished_at,
        windows_total=run.windows_total,
        windows_done=len(run.windows_done),
        stages=dict(run.stages),
    )


def _check_contacts(recording: Recording) -> None:
    if len(recording.contact_ids) > MAX_CONTACTS:
        raise InvalidRequest(f"A recording can have {MAX_CONTACTS} contacts at most.", field="contact_ids")
