"""Deals: what conversations are held to win. Recordings name them by id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from auricle.errors import DealNotFound
from auricle.identifiers import new_id
from auricle.records import RecordKind

if TYPE_CHECKING:
    from auricle.ports import ContactStore, RecordStore


class Disposition(StrEnum):
    """What became of a deal. `WON` and `LOST` can be changed like all else."""

    OPEN = "OPEN"
    WON = "WON"
    LOST = "LOST"


@dataclass(frozen=True, slots=True)
class Address:
    """Where something is sold or delivered, in the CRM's own words."""

    street: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Deal:
    """An opportunity of the tenant's."""

    org: str
    id: str
    created_at: datetime
    updated_at: datetime
    name: str
    revision: int = 1
    account_name: str | None = None
    amount: float | None = None
    stage: str | None = None
    """How far it is, in the CRM's own words."""
    disposition: Disposition = Disposition.OPEN
    contact_ids: tuple[str, ...] = ()
    external_id: str | None = None
    """Its id in the CRM that `connection_id` leads to."""
    connection_id: str | None = None
    crm_url: str | None = None
    closed_at: datetime | None = None
    addresses: tuple[Address, ...] = ()


DEALS = RecordKind("deal", Deal, DealNotFound)


@dataclass(frozen=True, slots=True)
class DealFilter:
    """Which deals to list; None filters nothing."""

    contact_id: str | None = None
    stage: str | None = None
    disposition: Disposition | None = None

    def admits(self, deal: Deal) -> bool:
        """Whether the deal is one of those asked for."""
        return (
            (self.contact_id is None or self.contact_id in deal.contact_ids)
            and self.stage in (None, deal.stage)
            and self.disposition in (None, deal.disposition)
        )


def add_deal(
    fields: Mapping[str, Any],
    *,
    deal_id: str | None,
    org: str,
    deals: RecordStore[Deal],
    contacts: ContactStore,
    now: datetime,
) -> Deal:
    """Adds a deal to the tenant's; without an id one is made.

    Raises:
        ContactNotFound: one of its contacts is not the tenant's.
        Conflict: the id is taken.
    """
    deal = Deal(org=org, id=deal_id or new_id("deal", now), created_at=now, updated_at=now, **fields)
    if deal.contact_ids:
        contacts.get_contacts(org, deal.contact_ids)
    deals.add(deal)
    return deal


def change_deal(
    org: str,
    deal_id: str,
    change: Callable[[Deal], Deal],
    *,
    deals: RecordStore[Deal],
    contacts: ContactStore,
    now: datetime,
    if_revision: int | None = None,
) -> Deal:
    """The deal as `change` makes it, stored. A change that changes nothing writes nothing.

    Raises:
        DealNotFound: not the tenant's.
        ContactNotFound: one of the contacts it is to have is not the tenant's.
        PreconditionFailed: it is not at `if_revision` (any more).
        TransientError: it kept changing under the write.
    """
    from auricle.records import change_record

    def checked(before: Deal) -> Deal:
        after = change(before)
        if after.contact_ids and after.contact_ids != before.contact_ids:
            contacts.get_contacts(org, after.contact_ids)
        return after

    return change_record(
        "deal",
        lambda: deals.get(org, deal_id),
        lambda after, before: deals.replace(after, expected=before),
        checked,
        now=now,
        if_revision=if_revision,
    )
