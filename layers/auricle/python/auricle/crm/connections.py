"""Connections of the organization to CRMs and other systems: what ids of theirs belong to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from auricle.errors import Conflict, ConnectionNotFound, InvalidRequest
from auricle.ports import RecordStore
from auricle.records import RecordKind, change_record, remove_record


class Platform(StrEnum):
    """Systems a connection may lead to."""

    # The values are the core API's wire names.
    MERGE = "MERGE"
    CUSTOM_INPUT = "SIRO_CUSTOM_INPUT"
    SERVICE_TITAN = "SERVICE_TITAN"
    COMPANY_CAM = "COMPANY_CAM"
    INGAGE = "INGAGE"
    LEAD_PERFECTION = "LEAD_PERFECTION"
    SPOTIO = "SPOTIO"


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection. An organization has one for each platform."""

    org: str
    id: str
    created_at: datetime
    updated_at: datetime
    name: str
    platform: Platform
    external_account_id: str
    revision: int = 1
    is_active: bool = True
    sync_transcript: bool = False


CONNECTIONS = RecordKind("connection", Connection, ConnectionNotFound)


def add_connection(connection: Connection, connections: RecordStore[Connection]) -> None:
    """Adds a connection. Its id follows from tenant and platform, so that two cannot be made at once.

    Raises:
        Conflict: the organization has one to this platform.
    """
    try:
        connections.add(connection)
    except Conflict:
        raise Conflict(f"The organization has a connection to {connection.platform.value} already.") from None


def check_connection(org: str, named_id: str | None, connections: RecordStore[Connection]) -> None:
    """Raises InvalidRequest: a connection is named that the tenant does not have."""
    if named_id is not None and named_id not in connections.find(org, [named_id]):
        raise InvalidRequest(
            "integrationConnectionId is no connection of the organization", field="integrationConnectionId"
        )


def connection_id(org: str, platform: Platform) -> str:
    """The id of the tenant's connection to the platform."""
    return f"connection_{hashlib.sha256(f'{org} {platform.value}'.encode()).hexdigest()[:24]}"


def change_connection(
    org: str,
    found_id: str,
    change: Callable[[Connection], Connection],
    *,
    connections: RecordStore[Connection],
    now: datetime,
    if_revision: int | None,
) -> Connection:
    """The connection as `change` makes it, stored. Raises ConnectionNotFound, PreconditionFailed, TransientError."""
    return change_record(
        "connection",
        lambda: connections.get(org, found_id),
        lambda after, before: connections.replace(after, expected=before),
        change,
        now=now,
        if_revision=if_revision,
    )


def remove_connection(
    org: str, found_id: str, *, connections: RecordStore[Connection], if_revision: int | None
) -> None:
    """Removes it. Raises ConnectionNotFound, PreconditionFailed, TransientError."""
    remove_record("connection", lambda: connections.get(org, found_id), connections.remove, if_revision=if_revision)
