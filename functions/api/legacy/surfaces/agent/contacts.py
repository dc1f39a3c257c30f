"""Contacts: the people conversations are held with."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints

from api.legacy.answers import json_response
from api.legacy.paging import Batch, Cursors, read_page
from api.legacy.reading import Asked, Id, Line
from api.legacy.surface import Call, etag
from api.legacy.surfaces.agent.wire import left_out, surface
from api.urls import WebUrl
from auricle.crm.contacts import Contact, CustomerType, NewContact, add_contact, change_contact
from auricle.errors import ContactNotFound
from auricle.ports import Position

if TYPE_CHECKING:
    from starlette.responses import Response

_Email = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")]
_Phone = Annotated[str, StringConstraints(max_length=40, pattern=r"^\+?[0-9][0-9 ()./-]*$")]
_NOT_DIGITS = re.compile(r"[^0-9]")


class ContactRequest(Asked):
    """`POST /contacts`. Without an `id` one is made."""

    id: Id | None = None
    name: Line
    company: Line | None = None
    email: _Email | None = None
    phone: _Phone | None = None
    title: Line | None = None
    customer_type: CustomerType = CustomerType.CONTACT
    external_id: Line | None = None
    connection_id: Id | None = None
    crm_url: WebUrl | None = None


class ContactChange(Asked):
    """`PATCH /contacts/{id}`: what is named is changed; null empties what may be empty."""

    name: Line = left_out()
    company: Line | None = None
    email: _Email | None = None
    phone: _Phone | None = None
    title: Line | None = None
    customer_type: CustomerType = left_out()
    external_id: Line | None = None
    connection_id: Id | None = None
    crm_url: WebUrl | None = None


class ContactsRequest(Asked):
    """`GET /contacts`. `q` is looked for in names, companies, addresses and numbers."""

    q: Line | None = None
    email: Line | None = None
    phone: _Phone | None = None
    company: Line | None = None
    page: int | None = Field(None, ge=1)
    per_page: int = Field(20, ge=1, le=100)
    cursor: Annotated[str, StringConstraints(max_length=2048)] | None = None


@surface.post("/contacts", reads=ContactRequest)
async def create_contact(call: Call, asked: ContactRequest) -> Response:
    contact = add_contact(
        NewContact(**asked.model_dump()), org=call.org, contacts=call.services.contacts, now=call.parts.now()
    )
    location = f"{surface.prefix}/contacts/{contact.id}"
    return json_response(_contact(contact), 201, headers={"location": location, **etag(contact.revision)})


@surface.get("/contacts", reads=ContactsRequest)
async def list_contacts(call: Call, asked: ContactsRequest) -> Response:
    filters = (asked.q, asked.email, asked.phone, asked.company)
    cursors = Cursors(call.parts.settings(), org=call.org, route="agent contacts", filters=repr(filters))
    wanted = _wanted(asked) if any(filters) else None

    def read(count: int, position: Position | None) -> Batch[Contact]:
        page = call.services.contacts.list_contacts(call.org, count, position, wanted=wanted)
        return page.records, page.next_position

    found, position = read_page(read, cursors, page=asked.page, page_size=asked.per_page, cursor=asked.cursor)
    return json_response(
        {
            "contacts": [_contact(contact) for contact in found],
            "page": None if asked.cursor else asked.page or 1,
            "per_page": asked.per_page,
            "next": cursors.seal(position),
        },
    )


@surface.get("/contacts/{contact_id}")
async def get_contact(call: Call) -> Response:
    contact = call.services.contacts.get_contact(call.org, contact_id(call))
    return json_response(_contact(contact), headers=etag(contact.revision))


@surface.patch("/contacts/{contact_id}", reads=ContactChange)
async def update_contact(call: Call, asked: ContactChange) -> Response:
    given = {name: getattr(asked, name) for name in asked.model_fields_set}
    contact = change_contact(
        call.org,
        contact_id(call),
        lambda before: replace(before, **given),
        contacts=call.services.contacts,
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    return json_response(_contact(contact), headers=etag(contact.revision))


def contact_id(call: Call) -> str:
    """The contact's id in the path. Raises ContactNotFound."""
    return call.path_id("contact_id", ContactNotFound, "contact")


def _wanted(asked: ContactsRequest) -> Callable[[Contact], bool]:
    words = asked.q.casefold().split() if asked.q else []
    email, company = (given.casefold() if given else None for given in (asked.email, asked.company))
    phone = _digits(asked.phone) if asked.phone else None

    def admits(contact: Contact) -> bool:
        said = " ".join(
            part
            for part in (contact.name, contact.company, contact.title, contact.email, contact.phone)
            if part is not None
        ).casefold()
        return (
            all(word in said for word in words)
            and email in (None, (contact.email or "").casefold())
            and company in (None, (contact.company or "").casefold())
            and phone in (None, _digits(contact.phone or ""))
        )

    return admits


def _digits(phone: str) -> str:
    """What makes two ways to write a number the same."""
    return _NOT_DIGITS.sub("", phone)


def _contact(contact: Contact) -> dict[str, Any]:
    return {
        "id": contact.id,
        "name": contact.name,
        "company": contact.company,
        "email": contact.email,
        "phone": contact.phone,
        "title": contact.title,
        "customer_type": contact.customer_type.value,
        "external_id": contact.external_id,
        "connection_id": contact.connection_id,
        "crm_url": contact.crm_url,
        "created_at": contact.created_at,
        "updated_at": contact.updated_at,
    }
