"""RecordingStore on the table."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial, reduce
from heapq import merge
from itertools import islice
from operator import and_
from typing import Any

from pynamodb.attributes import Attribute
from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action
from pynamodb.pagination import PageIterator
from pynamodb.transactions import TransactWrite

from auricle.adapters.dynamodb import documents, items
from auricle.adapters.dynamodb.chunks import change_chunks, noting_chunks
from auricle.adapters.dynamodb.items import (
    RECORDING_KIND,
    ChunksItem,
    CountersItem,
    Item,
    MonthsItem,
    OutboxItem,
    RawItem,
    RecordingItem,
    RecordItem,
    RunItem,
)
from auricle.adapters.dynamodb.paging import FILTERED_PAGE, Budget, read_newest
from auricle.adapters.dynamodb.records import counting, still_there
from auricle.adapters.dynamodb.translate import ConditionFailed, repeated, transact
from auricle.crm.timeline import TimelineEntry, recording_entries
from auricle.directory.visibility import Viewer
from auricle.domain_events import DomainEvent
from auricle.errors import Conflict, InvalidRequest, SupersededRun
from auricle.ports import Position, RecordingFilter, RecordingPage
from auricle.recordings.chunks import ChunksChange
from auricle.recordings.counters import NOTHING_COUNTED, CountersChange
from auricle.recordings.job import Job
from auricle.recordings.recording import (
    MAX_CONTACTS,
    MAX_LATER_VERSIONS,
    Failure,
    Recording,
    RecordingDetail,
    Stage,
    StageResult,
    StageState,
    Status,
    recording_not_found,
    visible_recording,
)
from auricle.records import RecordKind

_ITEMS_OF_A_DETAIL = 4
"""Counts, chunks, state, and the latest run."""


class DynamoRecordings:
    """Recordings, runs and the outbox. Reads are consistent: what was written is seen by who reads next."""

    def __init__(self, table: str) -> None:
        items.use_table(table)
        self._known_months: set[tuple[str, str]] = set()

    def create(self, recording: Recording, events: Sequence[DomainEvent]) -> None:
        """Raises Conflict when the id is taken, InvalidRequest for too many contacts."""
        _check_contacts(recording)
        recording = recording.as_consented()
        self._remember_month(recording)

        def fill(transaction: TransactWrite) -> None:
            transaction.save(items.recording_item(recording), condition=Item.pk.does_not_exist())
            _change_timelines(transaction, (), recording_entries(recording))
            _announce(transaction, events)

        try:
            transact(fill)
        except ConditionFailed:
            raise Conflict(f"There is a recording {recording.id} already.") from None

    def get(self, org: str, recording_id: str, *, with_trashed: bool = False) -> Recording:
        return visible_recording(self._stored(org, recording_id), recording_id, with_trashed=with_trashed)

    def find(
        self, org: str, recording_ids: Sequence[str], *, with_trashed: bool = False, with_removed: bool = False
    ) -> Mapping[str, Recording]:
        keys = [
            (items.recording_key(org, recording_id), items.STATE_KEY) for recording_id in dict.fromkeys(recording_ids)
        ]
        read = repeated(lambda: tuple(RecordingItem.batch_get(keys, consistent_read=True))) if keys else ()
        found = map(items.recording_of, read)
        return {one.id: one for one in found if one.is_visible(with_trashed=with_trashed, with_removed=with_removed)}

    def detail(
        self,
        org: str,
        recording_id: str,
        *,
        children: Sequence[RecordKind[Any]] = (),
        with_trashed: bool = False,
    ) -> RecordingDetail:
        """The query goes backwards from the end of the partition: what it needs lies there, and all else is unread.

        Children lie before that, so a detail with them reads on to the first of theirs.
        """
        first = min((items.child_key(kind.name, "") for kind in children), default=items.RUN_KEYS)

        def read() -> Sequence[Item]:
            return tuple(
                Item.query(
                    items.recording_key(org, recording_id),
                    Item.sk.between(first, items.LAST_KEY),
                    scan_index_forward=False,
                    consistent_read=True,
                    limit=None if children else _ITEMS_OF_A_DETAIL,
                ),
            )

        found = {item.sk: item for item in repeated(read)}
        state = found.get(items.STATE_KEY)
        stored = items.recording_of(state) if isinstance(state, RecordingItem) else None
        recording = visible_recording(stored, recording_id, with_trashed=with_trashed)
        run, noted = found.get(items.run_key(recording.run)), found.get(items.CHUNKS_KEY)
        counters = found.get(items.TALLY_KEY)
        return RecordingDetail(
            recording,
            items.run_of(run) if isinstance(run, RunItem) else None,
            items.chunks_of(noted) if isinstance(noted, ChunksItem) else None,
            items.counters_of(counters) if isinstance(counters, CountersItem) else NOTHING_COUNTED,
            {kind.name: _children(found, kind) for kind in children},
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
        budget = Budget()
        found: builtins.list[Recording] = []
        after = position.get("after") if position else None
        value = partial(_admitted, viewer)
        for month in self._months(org, wanted, position["month"] if position else None, oldest_first=oldest_first):
            if budget.spent:
                return RecordingPage(tuple(found), {"month": month})
            pages = _month_query(org, month, wanted, limit + 1 - len(found), after, oldest_first=oldest_first)
            after = None
            if pages is None:
                continue
            read = read_newest(pages, limit + 1 - len(found), budget, sort_key="gsi1sk", value=value)
            found += read.found
            if len(found) > limit:
                return RecordingPage(tuple(found[:limit]), _place(found[limit - 1]))
            if read.stopped_at:
                return RecordingPage(tuple(found), {"month": month, "after": read.stopped_at})
        return RecordingPage(tuple(found), None)

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
            self._finish_run(_run(recording.org, recording.id, recording.run), recording.updated_at, finished_stages)
        item, actions = noting_chunks(recording.org, recording.id, chunks) if chunks else (None, ())
        return self._save(recording, expected, events, item, actions)

    def begin_run(self, recording: Recording, *, expected: Recording, events: Sequence[DomainEvent]) -> bool:
        run = _run(recording.org, recording.id, recording.run)
        beginning = [
            Item.kind.set(RunItem),
            RunItem.version.set(RunItem.version | recording.current_job().version),
            RunItem.started_at.set(RunItem.started_at | recording.updated_at),
        ]
        return self._save(recording, expected, events, run, beginning)

    def add_later_version(self, org: str, recording_id: str, version: str) -> None:
        noted = RecordingItem.later_versions
        how_many = size(noted)  # type: ignore[no-untyped-call]  # pynamodb's function has no types
        is_new = noted.does_not_exist() | (~noted.contains(version) & (how_many < MAX_LATER_VERSIONS))
        self._update(
            RecordingItem(items.recording_key(org, recording_id), items.STATE_KEY),
            [noted.set((noted | []).append([version])), RecordingItem.revision.add(1)],
            Item.pk.exists() & (RecordingItem.status != Status.REMOVED.value) & is_new,
        )

    def note_stage(self, job: Job, stage: Stage, state: StageState, failure: Failure | None = None) -> None:
        noted = items.stored_stage(StageResult(state, failure))
        self._update_run(job, items.stage_attribute(stage).set(noted))

    def note_windows(self, job: Job, total: int) -> None:
        self._update_run(job, RunItem.windows_total.set(total))

    def note_window_done(self, job: Job, index: int) -> None:
        self._update_run(job, RunItem.windows_done.add({index}))

    def open_recordings(self, untouched_since: datetime, limit: int) -> Iterable[Recording]:
        for recording in self._indexed(items.open_key, untouched_since, limit):
            if recording.awaits_work:
                yield recording

    def was_removed(self, org: str, recording_id: str) -> bool:
        recording = self._stored(org, recording_id)
        return recording is not None and recording.status is Status.REMOVED

    def consent_work(self, due: datetime, limit: int) -> Iterable[Recording]:
        for recording in self._indexed(items.consent_key, due, limit):
            if recording.consent_work_at is not None and recording.consent_work_at < due:
                yield recording

    def removed_recordings(self, untouched_since: datetime, limit: int) -> Iterable[Recording]:
        yield from self._indexed(items.removed_key, untouched_since, limit)

    def count(self, org: str, recording_id: str, change: CountersChange) -> None:
        item, actions = counting(org, recording_id, change)

        def fill(transaction: TransactWrite) -> None:
            still_there(transaction, org, recording_id)
            transaction.update(item, actions)

        try:
            transact(fill)
        except ConditionFailed:
            raise recording_not_found(recording_id) from None

    def change_chunks(self, org: str, recording_id: str, change: ChunksChange) -> None:
        try:
            change_chunks(org, recording_id, change)
        except ConditionFailed:
            raise recording_not_found(recording_id) from None

    def forget_children(self, org: str, recording_id: str) -> None:
        key = items.recording_key(org, recording_id)

        def delete() -> None:
            """Another try reads anew: what the one before has deleted is there no more."""
            with Item.batch_write() as batch:
                for beside in (Item.sk < items.STATE_KEY, Item.sk > items.STATE_KEY):
                    for item in Item.query(key, beside, consistent_read=True):
                        if not isinstance(item, OutboxItem):
                            batch.delete(item)

        repeated(delete)

    def confirm_erased(self, org: str, recording_id: str) -> None:
        self._update(
            RecordingItem(items.recording_key(org, recording_id), items.STATE_KEY),
            [RecordingItem.gsi2pk.remove(), RecordingItem.gsi2sk.remove()],
            RecordingItem.status == Status.REMOVED.value,
        )

    # --- reading ------------------------------------------------------------------------------------------

    def _stored(self, org: str, recording_id: str) -> Recording | None:
        def read() -> Recording | None:
            try:
                key = items.recording_key(org, recording_id)
                return items.recording_of(RecordingItem.get(key, items.STATE_KEY, consistent_read=True))
            except RecordingItem.DoesNotExist:
                return None

        return repeated(read)

    def _indexed(self, key_of: Any, untouched_since: datetime, limit: int) -> Iterator[Recording]:
        """What the index of unfinished work names, oldest first over all its partitions, as the table has it."""

        def shard(number: int) -> Sequence[tuple[str, str]]:
            found = RecordingItem.unfinished.query(
                key_of(number),
                items.Unfinished.gsi2sk < items.sortable(untouched_since),
                limit=limit,
            )
            return [(item.gsi2sk, item.pk) for item in found if isinstance(item, RecordingItem) and item.gsi2sk]

        shards = [repeated(partial(shard, number)) for number in range(items.SHARDS)]
        for _, key in islice(merge(*shards), limit):
            recording = self._stored(*items.recording_owner(key))
            if recording is not None:
                yield recording

    def _months(self, org: str, wanted: RecordingFilter, begin: str | None, *, oldest_first: bool) -> Sequence[str]:
        """The tenant's months that can hold what is wanted, in the order of the listing, from `begin` on."""

        def read() -> set[str]:
            try:
                return MonthsItem.get(items.tenant_key(org), items.MONTHS_KEY, consistent_read=True).months or set()
            except MonthsItem.DoesNotExist:
                return set()

        first = items.month_of(wanted.created_from) if wanted.created_from else ""
        last = items.month_of(wanted.created_to) if wanted.created_to else "~"
        if begin is not None:
            first, last = (max(first, begin), last) if oldest_first else (first, min(last, begin))
        return sorted((month for month in repeated(read) if first <= month <= last), reverse=not oldest_first)

    # --- writing ------------------------------------------------------------------------------------------

    def _save(
        self,
        recording: Recording,
        expected: Recording,
        events: Sequence[DomainEvent],
        beside: RunItem | ChunksItem | None = None,
        actions: Sequence[Action] = (),
    ) -> bool:
        """`beside` is an item of the recording that is updated in the same transaction, by `actions`."""
        _check_contacts(recording)
        if recording.created_at != expected.created_at:
            self._remember_month(recording)
        stored = replace(recording.as_consented(), revision=expected.revision + 1)

        def fill(transaction: TransactWrite) -> None:
            transaction.save(items.recording_item(stored), condition=_as_expected(expected))
            if beside is not None:
                transaction.update(beside, [*actions])
            elif stored.status is Status.REMOVED:
                transaction.delete(_run(stored.org, stored.id, stored.run))
            _change_timelines(transaction, recording_entries(expected), recording_entries(stored))
            _announce(transaction, events)

        try:
            transact(fill)
        except ConditionFailed:
            return False
        return True

    def _update(self, item: Item, actions: Sequence[Action], condition: Condition) -> bool:
        """Whether the condition held."""
        try:
            repeated(lambda: item.update([*actions], condition=condition))
        except ConditionFailed:
            return False
        return True

    def _update_run(self, job: Job, action: Action) -> None:
        if not self._update(_run(job.org, job.recording, job.run), [action], Item.pk.exists()):
            raise SupersededRun(f"Run {job.run} of recording {job.recording} is gone.")

    def _finish_run(self, run: RunItem, at: datetime, stages: Mapping[Stage, StageResult]) -> None:
        """The run's end, before the recording tells of it: alone it costs half of what it costs in a transaction.

        Who ends a run first has said how it ended; a second try, or a rival, changes nothing of that. Windows are
        counted for good: their indexes would only make the item long.
        """
        try:
            found = repeated(lambda: RunItem.get(run.pk, run.sk, consistent_read=True))
        except RunItem.DoesNotExist:
            raise SupersededRun("The run is gone: the recording was removed meanwhile.") from None
        actions: builtins.list[Action] = [RunItem.finished_at.set(at)]
        actions += [items.stage_attribute(stage).set(items.stored_stage(result)) for stage, result in stages.items()]
        if found.windows_done:
            actions += [RunItem.windows_counted.set(len(found.windows_done)), RunItem.windows_done.remove()]
        self._update(run, actions, Item.pk.exists() & RunItem.finished_at.does_not_exist())

    def _remember_month(self, recording: Recording) -> None:
        """Noted before the recording is there, so that no listing can miss it."""
        month = (recording.org, items.month_of(recording.created_at))
        if month in self._known_months:
            return
        noted = MonthsItem(items.tenant_key(recording.org), items.MONTHS_KEY)
        repeated(lambda: noted.update([Item.kind.set(MonthsItem), MonthsItem.months.add({month[1]})]))
        self._known_months.add(month)


def _children(found: Mapping[str, Item], kind: RecordKind[Any]) -> tuple[Any, ...]:
    prefix = items.child_key(kind.name, "")
    return tuple(
        documents.unpack(kind.record, item.document, revision=int(item.revision))
        for key, item in sorted(found.items())
        if key.startswith(prefix) and isinstance(item, RecordItem)
    )


def _admitted(viewer: Viewer | None, raw: RawItem) -> Recording | None:
    """The recording, if the viewer may find it."""
    if raw["kind"]["S"] != RECORDING_KIND:
        return None
    recording = items.recording_of_raw(raw)
    return recording if viewer is None or viewer.may_find(recording) else None


def _place(recording: Recording) -> Position:
    return {"month": items.month_of(recording.created_at), "after": items.list_key(recording)}


def _month_query(
    org: str, month: str, wanted: RecordingFilter, limit: int, after: str | None, *, oldest_first: bool
) -> PageIterator[Any] | None:
    """Raw pages of the month's recordings that the filter admits, in order; None when none can be."""
    first = max(month, items.sortable(wanted.created_from)) if wanted.created_from else month
    last = min(f"{month}~", f"{items.sortable(wanted.created_to)}~") if wanted.created_to else f"{month}~"
    if first > last:
        return None
    key = items.month_key(org, month)
    passes_over_many = replace(wanted, created_from=None, created_to=None) != RecordingFilter()
    return RecordingItem.by_month.query(
        key,
        items.ByMonth.gsi1sk.between(first, last),
        filter_condition=_filter_condition(wanted),
        scan_index_forward=oldest_first,
        page_size=max(limit, FILTERED_PAGE) if passes_over_many else limit,
        last_evaluated_key=_start_key(org, key, after) if after else None,
    ).page_iter


def _start_key(org: str, month_key: str, after: str) -> dict[str, dict[str, Any]]:
    """The index's and the table's key of the recording a page ended with: all of it follows from its sort key."""
    recording_key = items.recording_key(org, after.partition("#")[2])
    key = {"gsi1pk": month_key, "gsi1sk": after, "pk": recording_key, "sk": items.STATE_KEY}
    return {name: {"S": value} for name, value in key.items()}


def _filter_condition(wanted: RecordingFilter) -> Condition:
    asked: Sequence[tuple[Attribute[Any], Any]] = (
        (RecordingItem.campaign_id, wanted.campaign_id),
        (RecordingItem.engagement_id, wanted.engagement_id),
        (RecordingItem.deal_id, wanted.deal_id),
        (RecordingItem.call_kind, wanted.kind),
        (RecordingItem.is_ai_call, wanted.is_ai_call),
        (RecordingItem.user_id, wanted.user_id),
        (RecordingItem.result, wanted.result),
    )
    conditions: builtins.list[Condition] = [attribute == value for attribute, value in asked if value is not None]
    if wanted.contact_id is not None:
        conditions.append(RecordingItem.contact_ids.contains(wanted.contact_id))
    if wanted.team_ids:
        conditions.append(RecordingItem.team_id.is_in(*sorted(wanted.team_ids)))
    if wanted.conversation_types:
        conditions.append(RecordingItem.conversation_type.is_in(*sorted(wanted.conversation_types)))
    if wanted.linked_to_crm is not None:
        linked = RecordingItem.crm_type
        conditions.append(linked.exists() if wanted.linked_to_crm else linked.does_not_exist())
    conditions.append(RecordingItem.in_trash.exists() if wanted.in_trash else RecordingItem.in_trash.does_not_exist())
    return reduce(and_, conditions)


def _as_expected(expected: Recording) -> Condition:
    condition: Condition = (
        (RecordingItem.revision == expected.revision)
        & (RecordingItem.status == expected.status.value)
        & (RecordingItem.run == expected.run)
    )
    return condition


def _run(org: str, recording_id: str, number: int) -> RunItem:
    return RunItem(items.recording_key(org, recording_id), items.run_key(number))


def _change_timelines(
    transaction: TransactWrite, before: Sequence[TimelineEntry], after: Sequence[TimelineEntry]
) -> None:
    """Writes lines that are new or changed, and takes away those of contacts no longer linked, or of another date."""
    standing = {(entry.contact_id, entry.date) for entry in after}
    for entry in after:
        if entry not in before:
            transaction.save(items.timeline_item(entry))
    for entry in before:
        if (entry.contact_id, entry.date) not in standing:
            transaction.delete(items.timeline_item(entry))


def _announce(transaction: TransactWrite, events: Sequence[DomainEvent]) -> None:
    for event in events:
        transaction.save(items.outbox_item(event))


def _check_contacts(recording: Recording) -> None:
    if len(recording.contact_ids) > MAX_CONTACTS:
        raise InvalidRequest(f"A recording can have {MAX_CONTACTS} contacts at most.", field="contact_ids")
