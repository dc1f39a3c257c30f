"""Deals: what conversations are held to win. Recordings name them by id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from auricle.collection import Kind
from auricle.errors import DealNotFound


class Disposition(StrEnum):
    """What became of a deal. The values are the core API's wire names."""

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


DEALS = Kind("deal", Deal, DealNotFound)
