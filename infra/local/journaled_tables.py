"""The engine's tables and their streams, every change of which goes into the journal."""

from __future__ import annotations

import threading
from functools import wraps
from typing import TYPE_CHECKING, Any

from infra.local import glue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from infra.local.glue import PrivateName
    from infra.local.journal import Journal

WRITERS = (
    glue.PUT_ITEM,
    glue.UPDATE_ITEM,
    glue.DELETE_ITEM,
    glue.WRITE_BATCH,
    glue.WRITE_TRANSACTION,
    glue.EXECUTE_STATEMENT,
    glue.EXECUTE_BATCH,
    glue.EXECUTE_TRANSACTION,
)
"""Each is one change of the journal: all of a transaction with the stream's records of it, or nothing."""

DEFINITIONS = (
    "tags",
    "ttl_settings",
    "pitr_settings",
    "kinesis_destinations",
    "contributor_insights",
    "backups",
    "resource_policies",
    "exports",
    "imports",
)
"""What the engine saves of tables beside the tables themselves."""

COUNTED = frozenset({"items", "ItemCount", "TableSizeBytes"})


class JournaledTables:
    """Hooks into the engine's tables, and copies of them for a save."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        # A stream's records are found again by their position: no two may be added, or a copy taken, at a time.
        self._streaming = threading.Lock()

    def install(self) -> None:
        """From now on every change is journaled. Call once, after the engine was imported."""
        for writer in WRITERS:
            self._make_atomic(writer)
        set_item, remove_item, emit = (
            name.resolve() for name in (glue.SET_ITEM, glue.REMOVE_ITEM, glue.EMIT_STREAM_RECORD)
        )

        def set_and_journal(table: dict[str, Any], pk_val: str, sk_val: str, item: dict[str, Any]) -> Any:
            before = set_item(table, pk_val, sk_val, item)
            self._journal.append(["item", *_place(table), pk_val, sk_val, item])
            return before

        def remove_and_journal(table: dict[str, Any], pk_val: str, sk_val: str) -> Any:
            before = remove_item(table, pk_val, sk_val)
            self._journal.append(["item", *_place(table), pk_val, sk_val, None])
            return before

        def emit_and_journal(
            table_name: str, event_name: str, old_item: Any, new_item: Any, replicate: bool = True
        ) -> None:
            with self._streaming:
                newest = _newest(table_name)
                emit(table_name, event_name, old_item, new_item, replicate)
                record = _newest(table_name)
                if record is not None and record is not newest:
                    account, region = glue.CURRENT_ACCOUNT.resolve()(), glue.CURRENT_REGION.resolve()()
                    trimmed = glue.STREAM_TRIMMED.resolve().get(table_name, 0)
                    position = trimmed + len(glue.STREAM_RECORDS.resolve()[table_name]) - 1
                    self._journal.append(["stream", account, region, table_name, position, record])

        glue.SET_ITEM.replace(set_and_journal)
        glue.REMOVE_ITEM.replace(remove_and_journal)
        glue.EMIT_STREAM_RECORD.replace(emit_and_journal)

    def _make_atomic(self, writer: PrivateName) -> None:
        write: Callable[[dict[str, Any]], Any] = writer.resolve()

        @wraps(write)
        def write_atomically(data: dict[str, Any]) -> Any:
            with self._journal.atomic():
                return write(data)

        writer.replace(write_atomically)

    # --- copies -------------------------------------------------------------------------------------------

    @staticmethod
    def copy() -> Mapping[str, Any]:
        """Tables and items as they are. Items are never changed in place, so that copying the maps is enough.

        What changes meanwhile is in the journal too, and is repeated over this copy.
        """
        tables = glue.SCOPED_STORE.resolve()()
        for key, table in list(glue.TABLES.resolve()._data.items()):  # noqa: SLF001
            kept = {name: value for name, value in table.items() if name != glue.TABLE_INDEX_MEMBERS.resolve()}
            kept["items"] = {partition: dict(items) for partition, items in list(table["items"].items())}
            tables._data[key] = kept  # noqa: SLF001
        return {"tables": tables, **_definitions()}

    @staticmethod
    def definitions() -> Mapping[str, Any]:
        """All but the items: what the journal does not repeat."""
        tables = {
            key: {name: value for name, value in table.items() if name not in COUNTED | {_index_members()}}
            for key, table in list(glue.TABLES.resolve()._data.items())  # noqa: SLF001
        }
        return {"tables": {str(key): table for key, table in tables.items()}, **_definitions()}

    def copy_streams(self, delivered_up_to: Mapping[tuple[str, str, str], int]) -> Mapping[str, Any]:
        """The streams' records that no function has had at the positions given (those of the same save)."""
        store = glue.SCOPED_STORE.resolve()
        records, trimmed = store(), store()
        all_trimmed = glue.STREAM_TRIMMED.resolve()
        with self._streaming:
            for key, kept in list(glue.STREAM_RECORDS.resolve()._data.items()):  # noqa: SLF001
                start = all_trimmed.get_scoped(*key, 0)
                delivered = max(0, delivered_up_to.get(key, start) - start)
                records._data[key] = list(kept[delivered:])  # noqa: SLF001
                trimmed._data[key] = start + delivered  # noqa: SLF001
            return {"records": records, "trimmed": trimmed, "sequence": glue.STREAM_SEQUENCE.resolve()}

    @staticmethod
    def load_streams(state: Mapping[str, Any]) -> None:
        """Put back what `copy_streams` copied. The engine saves where readers are, not what they have to read."""
        glue.STREAM_TRIMMED.resolve().update(state["trimmed"])
        glue.STREAM_RECORDS.resolve().update(state["records"])
        glue.STREAM_SEQUENCE.replace(state["sequence"])


def delivered_up_to() -> Mapping[tuple[str, str, str], int]:
    """For each table with readers of its stream, the position all of them have reached."""
    sources = glue.EVENT_SOURCES.resolve()
    found: dict[tuple[str, str, str], int] = {}
    for (account, region, mapping_id), position in list(glue.STREAM_POSITIONS.resolve()._data.items()):  # noqa: SLF001
        source = (sources.get_scoped(account, region, mapping_id) or {}).get("EventSourceArn", "")
        if ":table/" not in source:
            continue
        key = (account, region, source.split(":table/")[1].split("/")[0])
        found[key] = min(position, found.get(key, position))
    return found


def _definitions() -> Mapping[str, Any]:
    module = glue.TABLES.owner()
    return {name: getattr(module, f"_{name}") for name in DEFINITIONS}


def _index_members() -> str:
    return str(glue.TABLE_INDEX_MEMBERS.resolve())


def _place(table: Mapping[str, Any]) -> Iterator[str]:
    """Account, region and name. Not those of the request: the engine also removes what has expired."""
    _arn, _aws, _service, region, account, _name = table["TableArn"].split(":", 5)
    return iter((account, region, table["TableName"]))


def _newest(table: str) -> Any:
    records = glue.STREAM_RECORDS.resolve().get(table)
    return records[-1] if records else None
