"""Connections of an organization, also while something else changes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auricle.crm.connections import (
    CONNECTIONS,
    Connection,
    Platform,
    add_connection,
    change_connection,
    check_connection,
    connection_id,
    remove_connection,
)
from auricle.errors import Conflict, ConnectionNotFound, InvalidRequest, PreconditionFailed, TransientError
from auricle.ports import RecordStore
from tests.fakes import Fakes

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def connections() -> RecordStore[Connection]:
    """One connection, and nothing else."""
    made = Fakes().records(CONNECTIONS)
    add_connection(connection(), made)
    return made


def connection(org: str = "acme", platform: Platform = Platform.MERGE) -> Connection:
    return Connection(org, connection_id(org, platform), NOW, NOW, "Our CRM", platform, "acct")


ONE = connection().id


def rename(connections: RecordStore[Connection], name: str, if_revision: int | None = None) -> Connection:
    return change_connection(
        "acme",
        ONE,
        lambda before: replace(before, name=name),
        connections=connections,
        now=LATER,
        if_revision=if_revision,
    )


def meanwhile(connections: RecordStore[Connection], monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """The connection is renamed between being read and being written."""
    whole = getattr(connections, method)

    def late(record: Connection, **given: Connection) -> bool:
        monkeypatch.undo()
        rename(connections, "Renamed")
        return bool(whole(record, **given))

    monkeypatch.setattr(connections, method, late)


def test_ids_are_of_one_tenant_and_platform() -> None:
    ids = {connection(org, platform).id for org in ("acme", "globex") for platform in Platform}
    assert len(ids) == 2 * len(Platform)
    assert connection().id == ONE


def test_there_is_one_for_each_platform(connections: RecordStore[Connection]) -> None:
    with pytest.raises(Conflict, match="MERGE already"):
        add_connection(connection(), connections)
    add_connection(connection(platform=Platform.SPOTIO), connections)
    add_connection(connection("globex"), connections)


def test_a_change_of_nothing_writes_nothing(connections: RecordStore[Connection]) -> None:
    assert rename(connections, "Our CRM") == connection() == connections.get("acme", ONE)


def test_a_change_begins_again_when_another_came_first(
    connections: RecordStore[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(connections, monkeypatch, "replace")
    after = rename(connections, "CRM")
    assert (after.name, after.revision, after.updated_at) == ("CRM", 3, LATER)
    assert after == connections.get("acme", ONE)


def test_one_that_was_changed_meanwhile_is_removed_unless_another_was_meant(
    connections: RecordStore[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(connections, monkeypatch, "remove")
    with pytest.raises(PreconditionFailed):
        remove_connection("acme", ONE, connections=connections, if_revision=1)
    meanwhile(connections, monkeypatch, "remove")
    remove_connection("acme", ONE, connections=connections, if_revision=None)
    with pytest.raises(ConnectionNotFound):
        remove_connection("acme", ONE, connections=connections, if_revision=None)


def test_what_keeps_changing_is_written_later(
    connections: RecordStore[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    for method in ("replace", "remove"):
        monkeypatch.setattr(connections, method, lambda *_args, **_given: False)
    with pytest.raises(TransientError):
        rename(connections, "CRM")
    with pytest.raises(TransientError):
        remove_connection("acme", ONE, connections=connections, if_revision=None)


def test_a_connection_that_is_named_is_the_tenants(connections: RecordStore[Connection]) -> None:
    check_connection("acme", None, connections)
    check_connection("acme", ONE, connections)
    for org, named in (("acme", "connection_none"), ("globex", ONE)):
        with pytest.raises(InvalidRequest, match="no connection of the organization"):
            check_connection(org, named, connections)
