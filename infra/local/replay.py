"""Repeating what the journal holds over saved state, before the engine sees either.

Each kind of operation says the whole new value, so that repeating one that the state already has changes nothing.

    ["item", account, region, table, partition key, sort key, item or null]
    ["stream", account, region, table, position, record]
    ["object", account, bucket, key, description or null]
    ["execution", account, region, ARN, execution]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.local.saved_state import EXECUTIONS, OBJECTS, STREAMS, TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping, Sequence

    from infra.local.journal import Operation

    States = Mapping[str, MutableMapping[str, Any]]


class CannotReplay(Exception):
    """A change does not fit the state it is to be repeated over."""


def replay(states: States, changes: Sequence[Operation], replay_from: Mapping[str, int]) -> None:
    """Apply to each journaled service the changes from its index on. Raises CannotReplay."""
    tables: set[tuple[str, str, str]] = set()
    for index, (kind, *arguments) in enumerate(changes):
        service, apply = _APPLIERS.get(kind, (None, None))
        if service is None or apply is None:
            raise CannotReplay(f"the journal holds a change of the unknown kind {kind!r}")
        if service not in states or index < replay_from.get(service, 0):
            continue
        apply(states[service], *arguments)
        if service == TABLES:
            tables.add((arguments[0], arguments[1], arguments[2]))
    for key in tables & set(states[TABLES]["tables"]._data if TABLES in states else ()):  # noqa: SLF001
        table = states[TABLES]["tables"]._data[key]  # noqa: SLF001
        table["ItemCount"] = sum(len(partition) for partition in table["items"].values())


def _item(
    state: MutableMapping[str, Any],
    account: str,
    region: str,
    table: str,
    partition_key: str,
    sort_key: str,
    item: dict[str, Any] | None,
) -> None:
    found = state["tables"]._data.get((account, region, table))  # noqa: SLF001
    if found is None:
        return  # deleted since, by an update of the stacks: they are saved whole when they change
    if item is not None:
        found["items"].setdefault(partition_key, {})[sort_key] = item
        return
    partition = found["items"].get(partition_key, {})
    partition.pop(sort_key, None)
    if not partition:
        found["items"].pop(partition_key, None)


def _stream(
    state: MutableMapping[str, Any], account: str, region: str, table: str, position: int, record: dict[str, Any]
) -> None:
    key = (account, region, table)
    records = state["records"]._data.setdefault(key, [])  # noqa: SLF001
    following = state["trimmed"]._data.setdefault(key, 0) + len(records)  # noqa: SLF001
    if position > following:
        raise CannotReplay(f"records {following} to {position - 1} of the stream of {table} are missing")
    if position == following:
        records.append(record)
        state["sequence"] = max(state["sequence"], int(record["dynamodb"]["SequenceNumber"][-10:]))


def _object(
    state: MutableMapping[str, Any], account: str, bucket: str, key: str, description: dict[str, Any] | None
) -> None:
    keys = state["objects"].setdefault(account, {}).setdefault(bucket, {})
    if description is None:
        keys.pop(key, None)
    else:
        keys[key] = description


def _execution(state: MutableMapping[str, Any], account: str, region: str, arn: str, execution: dict[str, Any]) -> None:
    state["executions"]._data[(account, region, arn)] = execution  # noqa: SLF001


_APPLIERS: Mapping[str, tuple[str, Callable[..., None]]] = {
    "item": (TABLES, _item),
    "stream": (STREAMS, _stream),
    "object": (OBJECTS, _object),
    "execution": (EXECUTIONS, _execution),
}
