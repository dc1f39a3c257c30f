"""What the agent API reads and answers of contacts."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from api.examples import example, parsed
from api.models import ByValue, Id, Line, RequestModel, ResponseModel, ShownMoment, left_out
from api.urls import WebUrl
from auricle.crm.contacts import CustomerType

Email = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")]
Phone = Annotated[str, StringConstraints(max_length=40, pattern=r"^\+?[0-9][0-9 ()./-]*$")]

_CONTACT = parsed("""
  {"id": "contact_19d4f2a1b0512345678901234abcdef", "name": "Jane Smith", "company": "Acme Corp",
   "email": "jane@acme.example", "phone": "+1 555 0100", "title": "Head of Purchasing", "customer_type": "CONTACT",
   "external_id": "0035e00000B1abc", "connection_id": null, "crm_url": null,
   "created_at": "2026-03-30T12:00:00Z", "updated_at": "2026-03-30T12:00:00Z"}
""")


class ContactFacts(RequestModel):
    """What may be sent of a contact besides what it must have."""

    company: Line | None = Field(None, description="The company they work for.")
    email: Email | None = Field(None, description="Their address.")
    phone: Phone | None = Field(None, description="Their number, kept as it is written.")
    title: Line | None = Field(None, description="What they do at their company.")
    external_id: Line | None = Field(None, description="Their id in the CRM that `connection_id` leads to.")
    connection_id: Id | None = Field(None, description="The connection to the CRM they come from.")
    crm_url: WebUrl | None = Field(None, description="Their page in the CRM.")


class CreateContactRequest(ContactFacts):
    """A contact that is new here."""

    model_config = ConfigDict(json_schema_extra=example('{"name": "Jane Smith", "company": "Acme Corp"}'))

    id: Id | None = Field(None, description="The id to create it by; one is made where it is left out.")
    name: Line = Field(description="The name to show.")
    customer_type: Annotated[CustomerType, ByValue] = Field(CustomerType.CONTACT, description="Their kind in the CRM.")


class UpdateContactRequest(ContactFacts):
    """What is named is changed; null empties what may be empty."""

    model_config = ConfigDict(json_schema_extra=example('{"title": "Head of Purchasing"}'))

    name: Line = left_out(description="The name to show.")
    customer_type: Annotated[CustomerType, ByValue] = left_out(description="What they are in the CRM.")


class Contact(ResponseModel):
    """A CRM contact."""

    model_config = ConfigDict(json_schema_extra=example(_CONTACT))

    id: str = Field(description="Its id.")
    name: str = Field(description="The name to show.")
    company: str | None = Field(description="The company they work for.")
    email: str | None = Field(description="Their address.")
    phone: str | None = Field(description="Their number, as it was written.")
    title: str | None = Field(description="What they do at their company.")
    customer_type: CustomerType = Field(description="What they are in the CRM.")
    external_id: str | None = Field(description="Their id in the CRM that `connection_id` leads to.")
    connection_id: str | None = Field(description="The connection to the CRM they come from.")
    crm_url: str | None = Field(description="Their page in the CRM.")
    created_at: ShownMoment = Field(description="When it was created here.")
    updated_at: ShownMoment = Field(description="When it was last changed.")


class ContactPage(ResponseModel):
    """Some contacts, newest first."""

    model_config = ConfigDict(
        json_schema_extra=example({"contacts": [_CONTACT], "page": 1, "per_page": 20, "next": None})
    )

    contacts: list[Contact] = Field(description="The contacts of this page.")
    page: int | None = Field(description="The page asked for; null where a cursor was sent.")
    per_page: int = Field(description="How many a page has at most.")
    next: str | None = Field(description="The cursor of what follows; null at the end.")
