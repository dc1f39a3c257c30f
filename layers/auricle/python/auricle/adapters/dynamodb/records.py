"""RecordStore on the table: records of every kind, each one item."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Generic

from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from auricle.adapters.dynamodb import documents, items
from auricle.adapters.dynamodb.items import CountersItem, Item, RecordingItem, RecordItem
from auricle.adapters.dynamodb.paging import FILTERED_PAGE, Budget
from auricle.adapters.dynamodb.translate import ConditionFailed, repeated, transact
from auricle.errors import Conflict
from auricle.ports import Position
from auricle.recordings.counters import CountersChange
from auricle.recordings.recording import Status, recording_not_found
from auricle.records import Page, RecordKind, T, recording_of

RECORD_KEY = "RECORD"
"""Sort key of a record that is the tenant's: its partition is its own."""
MAX_ADDED = 90
"""Records a transaction adds: it takes a hundred actions."""


class DynamoRecordStore(Generic[T]):
    """Records of one kind. What is the tenant's is listed by the index; what is a recording's lies with it."""

    def __init__(self, table: str, kind: RecordKind[T]) -> None:
        items.use_table(table)
        self._kind = kind

    def add(self, record: T, *, counters: CountersChange | None = None) -> None:
        if self._kind.of_recording:
            self._add([record], counters)
            return
        item = self._item(record)
        try:
            repeated(lambda: item.save(condition=Item.pk.does_not_exist()))
        except ConditionFailed:
            raise self._taken(record) from None

    def add_all(self, records: Sequence[T]) -> None:
        for first in range(0, len(records), MAX_ADDED):
            self._add(records[first : first + MAX_ADDED], None)

    def get(self, org: str, record_id: str, *, recording_id: str | None = None) -> T:
        found = self._stored(org, record_id, recording_id)
        if found is None:
            raise self._kind.not_found(record_id)
        return found

    def find(self, org: str, record_ids: Sequence[str]) -> Mapping[str, T]:
        keys = [self._key(org, record_id, None) for record_id in dict.fromkeys(record_ids)]
        read = repeated(lambda: tuple(RecordItem.batch_get(keys, consistent_read=True))) if keys else ()
        return {record.id: record for record in map(self._record, read)}

    def replace(self, record: T, *, expected: T, counters: CountersChange | None = None) -> bool:
        stored = replace(record, revision=expected.revision + 1)  # type: ignore[type-var]  # records are dataclasses
        item, unchanged = self._item(stored), RecordItem.revision == expected.revision
        return self._written(record, counters, lambda transaction: transaction.save(item, condition=unchanged))

    def remove(self, record: T, *, counters: CountersChange | None = None) -> bool:
        item, unchanged = self._item(record), RecordItem.revision == record.revision
        return self._written(record, counters, lambda transaction: transaction.delete(item, condition=unchanged))

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
        """Records are read in pages and chosen here: a budget bounds how many are looked at."""
        budget, after = Budget(), position["after"] if position else None
        found: builtins.list[tuple[str, T]] = []
        query = partial(self._query, org, recording_id, created_from, created_to)
        while True:
            read, after = repeated(partial(query, limit + 1 if wanted is None else FILTERED_PAGE, after))
            budget.items -= len(read)
            budget.queries -= 1
            for place, record in read:
                if recording_id is not None and not _within(record.created_at, created_from, created_to):
                    continue
                if wanted is not None and not wanted(record):
                    continue
                if len(found) == limit:
                    return Page(tuple(one for _, one in found), {"after": found[-1][0]})
                found.append((place, record))
            if after is None:
                return Page(tuple(one for _, one in found), None)
            if budget.spent:
                return Page(tuple(one for _, one in found), {"after": after})

    def _query(
        self,
        org: str,
        recording_id: str | None,
        created_from: datetime | None,
        created_to: datetime | None,
        limit: int,
        after: str | None,
    ) -> tuple[Sequence[tuple[str, T]], str | None]:
        """Some records with their places, and the place to go on after; None when that was all."""
        if recording_id is not None:
            key, prefix = items.recording_key(org, recording_id), items.child_key(self._kind.name, "")
            children = RecordItem.query(
                key,
                Item.sk.startswith(prefix),
                consistent_read=True,
                limit=limit,
                page_size=limit,
                last_evaluated_key=_key(key, after) if after else None,
            )
            read = [(item.sk, self._record(item)) for item in children if isinstance(item, RecordItem)]
            last = children.last_evaluated_key
            return read, last["sk"]["S"] if last else None
        if self._kind.of_recording and not self._kind.listed:
            raise TypeError(f"A {self._kind.name} is listed with its recording only.")
        key = items.records_key(org, self._kind.name)
        first = items.sortable(created_from) if created_from else "0"
        final = f"{items.sortable(created_to)}~" if created_to else "~"
        if first > final:
            return (), None
        start = None
        if after:
            record_id, owner = after.partition("#")[2], None
            if self._kind.of_recording:
                record_id, _, owner = record_id.partition("#")
            start = {"gsi1pk": {"S": key}, "gsi1sk": {"S": after}, **_key(*self._key(org, record_id, owner))}
        listed = RecordItem.by_month.query(
            key,
            items.ByMonth.gsi1sk.between(first, final),
            scan_index_forward=False,
            limit=limit,
            page_size=limit,
            last_evaluated_key=start,
        )
        read = [(str(item.gsi1sk), self._record(item)) for item in listed if isinstance(item, RecordItem)]
        last = listed.last_evaluated_key
        return read, last["gsi1sk"]["S"] if last else None

    def _stored(self, org: str, record_id: str, recording_id: str | None) -> T | None:
        key = self._key(org, record_id, recording_id)

        def read() -> T | None:
            try:
                return self._record(RecordItem.get(*key, consistent_read=True))
            except RecordItem.DoesNotExist:
                return None

        return repeated(read)

    def _add(self, records: Sequence[T], counters: CountersChange | None) -> None:
        org, owner = records[0].org, recording_of(records[0])
        new = [self._item(record) for record in records]

        def fill(transaction: TransactWrite) -> None:
            still_there(transaction, org, owner)
            for item in new:
                transaction.save(item, condition=Item.pk.does_not_exist())
            _count(transaction, org, owner, counters)

        try:
            transact(fill)
        except ConditionFailed:
            for record in records:
                if self._stored(org, record.id, owner) is not None:
                    raise self._taken(record) from None
            raise recording_not_found(owner) from None

    def _written(self, record: T, counters: CountersChange | None, write: Callable[[TransactWrite], None]) -> bool:
        def fill(transaction: TransactWrite) -> None:
            write(transaction)
            if counters is not None:
                still_there(transaction, record.org, recording_of(record))
                _count(transaction, record.org, recording_of(record), counters)

        try:
            transact(fill)
        except ConditionFailed:
            return False
        return True

    def _item(self, record: T) -> RecordItem:
        owner = recording_of(record) if self._kind.of_recording else None
        item = RecordItem(
            *self._key(record.org, record.id, owner),
            record_kind=self._kind.name,
            revision=record.revision,
            document=documents.pack(record, without=frozenset({"revision"})),
        )
        if owner is None or self._kind.listed:
            item.gsi1pk = items.records_key(record.org, self._kind.name)
            item.gsi1sk = "#".join((items.sortable(record.created_at), record.id, *((owner,) if owner else ())))
        return item

    def _record(self, item: RecordItem) -> T:
        return documents.unpack(self._kind.record, item.document, revision=int(item.revision))

    def _key(self, org: str, record_id: str, recording_id: str | None) -> tuple[str, str]:
        if (recording_id is not None) != self._kind.of_recording:
            raise TypeError(f"A {self._kind.name} {'needs' if self._kind.of_recording else 'has'} no recording id.")
        if recording_id is not None:
            return items.recording_key(org, recording_id), items.child_key(self._kind.name, record_id)
        return items.record_key(org, self._kind.name, record_id), RECORD_KEY

    def _taken(self, record: T) -> Conflict:
        return Conflict(f"There is a {self._kind.name.replace('-', ' ')} {record.id} already.")


def counting(org: str, recording_id: str, change: CountersChange) -> tuple[CountersItem, builtins.list[Action]]:
    """What adds the change to a recording's counts, whether there are any yet or not."""
    item = CountersItem(items.recording_key(org, recording_id), items.TALLY_KEY)
    actions: builtins.list[Action] = [Item.kind.set(CountersItem)]
    for attribute, amount in (
        (CountersItem.views, change.views),
        (CountersItem.viewers, change.viewers),
        (CountersItem.viewed_ms, change.viewed_ms),
        (CountersItem.listened_ms, change.listened_ms),
        (CountersItem.comments, change.comments),
        (CountersItem.stars, change.stars),
    ):
        if amount:
            actions.append(attribute.add(amount))
    unread = CountersItem.unread_private if change.private else CountersItem.unread
    for pairs, note in ((change.unread, unread.add), (change.read, unread.delete)):
        if pairs:
            actions.append(note({f"{comment} {user}" for user, comment in pairs}))
    return item, actions


def _count(transaction: TransactWrite, org: str, recording_id: str, change: CountersChange | None) -> None:
    if change is not None:
        item, actions = counting(org, recording_id, change)
        transaction.update(item, actions)


def still_there(transaction: TransactWrite, org: str, recording_id: str) -> None:
    """Nothing of the transaction is written where the recording is unknown or removed."""
    transaction.condition_check(
        RecordingItem,
        items.recording_key(org, recording_id),
        items.STATE_KEY,
        condition=RecordingItem.status.exists() & (RecordingItem.status != Status.REMOVED.value),
    )


def _within(moment: datetime, first: datetime | None, last: datetime | None) -> bool:
    return (first is None or moment >= first) and (last is None or moment <= last)


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}
