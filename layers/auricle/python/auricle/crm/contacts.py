"""The people conversations concern: as much of a CRM as a timeline needs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from auricle.identifiers import new_id

if TYPE_CHECKING:
    from auricle.ports import ContactStore


_NOT_DIGITS = re.compile(r"[^0-9]")


class CustomerType(StrEnum):
    """What a contact is in the CRM it comes from."""

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


@dataclass(frozen=True, slots=True)
class ContactFilter:
    """Which contacts to list; None filters nothing. The case of letters makes no difference."""

    words: str | None = None
    """Each of them stands in the name, company, title, address or number."""
    email: str | None = None
    phone: str | None = None
    """Its digits alone count."""
    company: str | None = None

    def admits(self, contact: Contact) -> bool:
        """Whether the contact is one of those asked for."""
        return (
            (self.words is None or _has_words(contact, self.words))
            and (self.email is None or self.email.casefold() == (contact.email or "").casefold())
            and (self.company is None or self.company.casefold() == (contact.company or "").casefold())
            and (self.phone is None or _digits(self.phone) == _digits(contact.phone or ""))
        )


def _has_words(contact: Contact, words: str) -> bool:
    known = (contact.name, contact.company, contact.title, contact.email, contact.phone)
    text = " ".join(part for part in known if part is not None).casefold()
    return all(word in text for word in words.casefold().split())


def _digits(phone: str) -> str:
    """What makes two ways to write a number the same."""
    return _NOT_DIGITS.sub("", phone)


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
