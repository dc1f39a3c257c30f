"""The people conversations concern: as much of a CRM as a timeline needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from auricle.identifiers import new_id

if TYPE_CHECKING:
    from auricle.ports import ContactStore


class CustomerType(StrEnum):
    """What a contact is in the CRM it comes from. The values are the core API's wire names."""

    CONTACT = "CONTACT"
    ACCOUNT = "ACCOUNT"
    LEAD = "LEAD"


@dataclass(frozen=True, slots=True)
class Contact:
    """A customer of the tenant. `phone` and `email` are kept as given."""

    org: str
    id: str
    name: str
    created_at: datetime
    updated_at: datetime
    company: str | None = None
    email: str | None = None
    phone: str | None = None
    title: str | None = None
    """What they do at their company."""
    customer_type: CustomerType = CustomerType.CONTACT
    external_id: str | None = None
    """Its id in the CRM that `connection_id` leads to."""
    connection_id: str | None = None
    crm_url: str | None = None
    revision: int = 1


@dataclass(frozen=True, slots=True)
class NewContact:
    """What is said of a contact when it is added; without an id one is made."""

    name: str
    id: str | None = None
    company: str | None = None
    email: str | None = None
    phone: str | None = None
    title: str | None = None
    customer_type: CustomerType = CustomerType.CONTACT
    external_id: str | None = None
    connection_id: str | None = None
    crm_url: str | None = None


def add_contact(wanted: NewContact, *, org: str, contacts: ContactStore, now: datetime) -> Contact:
    """Adds a contact to the tenant's.

    Raises:
        Conflict: the id is taken.
    """
    contact = Contact(
        org=org,
        id=wanted.id or new_id("contact", now),
        name=wanted.name,
        created_at=now,
        updated_at=now,
        company=wanted.company,
        email=wanted.email,
        phone=wanted.phone,
        title=wanted.title,
        customer_type=wanted.customer_type,
        external_id=wanted.external_id,
        connection_id=wanted.connection_id,
        crm_url=wanted.crm_url,
    )
    contacts.create_contact(contact)
    return contact


def change_contact(
    org: str,
    contact_id: str,
    change: Callable[[Contact], Contact],
    *,
    contacts: ContactStore,
    now: datetime,
    if_revision: int | None = None,
) -> Contact:
    """The contact as `change` makes it, stored. A change that changes nothing writes nothing.

    Raises:
        ContactNotFound: not the tenant's.
        PreconditionFailed: it is not at `if_revision` (any more).
        TransientError: it kept changing under the write.
    """
    from auricle.records import change_record

    return change_record(
        "contact",
        lambda: contacts.get_contact(org, contact_id),
        lambda after, before: contacts.replace_contact(after, expected=before),
        change,
        now=now,
        if_revision=if_revision,
    )
