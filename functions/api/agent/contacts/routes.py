"""Contacts: the people conversations are held with."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import Body, Query, Response

from api.agent.contacts import models
from api.agent.errors import ID_TAKEN, NO_CONTACT
from api.agent.shared import PREFIX, ContactId, Founder, FounderOnce, PerPage, tagged
from api.dependencies import Cursor, IfMatch, Page
from api.models import Line
from api.paging import Cursors, read_page
from api.problems import errors
from api.routing import api_router
from auricle.crm.contacts import ContactFilter, NewContact, add_contact, change_contact

router = api_router(PREFIX, tags=["contacts"])


@router.post("/contacts", status_code=201, responses=errors(ID_TAKEN), summary="Create a contact")
async def create_contact(body: models.CreateContactRequest, context: FounderOnce, response: Response) -> models.Contact:
    """Without an `id` one is made."""
    contact = add_contact(
        NewContact(**body.model_dump()), org=context.org, contacts=context.stores.contacts, now=context.now
    )
    response.headers["location"] = f"{PREFIX}/contacts/{contact.id}"
    return tagged(models.Contact, contact, response)


@router.get("/contacts", summary="List contacts")
async def list_contacts(
    context: Founder,
    q: Annotated[Line | None, Query(description="Words, all in name, company, title, address or number.")] = None,
    email: Annotated[Line | None, Query(description="With this address, whatever its case.")] = None,
    phone: Annotated[models.Phone | None, Query(description="With this number, however it is written.")] = None,
    company: Annotated[Line | None, Query(description="Of this company, whatever its case.")] = None,
    page: Page = None,
    per_page: PerPage = 20,
    cursor: Cursor = None,
) -> models.ContactPage:
    """Newest first. `q` is looked for in names, companies, titles, addresses and numbers, whatever their case; `email`,
    `company` and `phone` must be the contact's own."""
    wanted = ContactFilter(words=q, email=email, phone=phone, company=company)
    cursors = Cursors(context.settings, org=context.org, route="agent contacts", filters=repr(wanted))
    admits = None if wanted == ContactFilter() else wanted.admits
    read = partial(context.stores.contacts.list_contacts, context.org, wanted=admits)
    found, position = read_page(read, cursors, page=page, page_size=per_page, cursor=cursor)
    return models.ContactPage(
        contacts=[models.Contact.model_validate(contact) for contact in found],
        page=None if cursor else page or 1,
        per_page=per_page,
        next=cursors.seal(position),
    )


@router.get("/contacts/{contact_id}", responses=errors(NO_CONTACT), summary="Get a contact")
async def get_contact(contact_id: ContactId, context: Founder, response: Response) -> models.Contact:
    """As it stands now."""
    return tagged(models.Contact, context.stores.contacts.get_contact(context.org, contact_id), response)


@router.patch("/contacts/{contact_id}", responses=errors(NO_CONTACT), summary="Change a contact")
async def update_contact(
    contact_id: ContactId,
    body: Annotated[models.UpdateContactRequest, Body(default_factory=models.UpdateContactRequest)],
    context: Founder,
    if_match: IfMatch,
    response: Response,
) -> models.Contact:
    """What is named is changed; null empties it."""
    changes = body.model_dump(exclude_unset=True)
    contact = change_contact(
        context.org,
        contact_id,
        lambda before: replace(before, **changes),
        contacts=context.stores.contacts,
        now=context.now,
        if_revision=if_match,
    )
    return tagged(models.Contact, contact, response)
