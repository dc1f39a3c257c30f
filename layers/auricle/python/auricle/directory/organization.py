"""The organization itself: what a tenant says of itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from auricle.errors import Conflict, NotFound
from auricle.records import RecordKind, change_record

if TYPE_CHECKING:
    from auricle.directory.organization_settings import RecordStores


@dataclass(frozen=True, slots=True)
class Organization:
    """What a tenant says of itself. Its id is the tenant's; one that has said nothing has no name."""

    org: str
    id: str
    created_at: datetime
    updated_at: datetime
    name: str | None = None
    revision: int = 1


ORGANIZATIONS = RecordKind("organization", Organization, NotFound)


def organization_of(org: str, records: RecordStores, now: datetime) -> Organization:
    """What the tenant says of itself; nothing, where it has said nothing."""
    found = records.records(ORGANIZATIONS).find(org, [org]).get(org)
    return found or Organization(org=org, id=org, created_at=now, updated_at=now, revision=0)


def name_organization(
    org: str, name: str, *, records: RecordStores, now: datetime, if_revision: int | None
) -> Organization:
    """Gives the organization its name. Raises PreconditionFailed, TransientError."""
    organizations = records.records(ORGANIZATIONS)

    def write(after: Organization, before: Organization) -> bool:
        if before.revision:
            return organizations.replace(after, expected=before)
        try:
            organizations.add(replace(after, revision=1))
        except Conflict:
            return False
        return True

    return change_record(
        "organization",
        lambda: organization_of(org, records, now),
        write,
        lambda before: replace(before, name=name),
        if_revision=if_revision,
        now=now,
    )
