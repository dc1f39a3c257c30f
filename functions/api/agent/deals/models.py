"""What the agent API reads and answers of deals."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from api.examples import example, parsed
from api.models import ByValue, Id, Line, Moment, RequestModel, ResponseModel, ShownMoment, left_out
from api.urls import WebUrl
from auricle.crm.deals import Address, Disposition

Amount = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
ShortLine = Annotated[Line, StringConstraints(max_length=100)]

_DEAL = parsed("""
  {"id": "deal_19d4f2a1b0512345678901234abcdef", "name": "Q3 renewal", "account_name": "Acme Corp", "amount": 12500.0,
   "stage": "negotiation", "disposition": "OPEN", "contact_ids": ["contact_19d4f2a1b0512345678901234abcdef"],
   "external_id": "0065e00000C2def", "connection_id": null, "crm_url": null, "closed_at": null, "addresses": [],
   "created_at": "2026-03-30T12:00:00Z", "updated_at": "2026-03-30T12:00:00Z"}
""")


# --- requests -----------------------------------------------------------------------------------------------


class DealAddressRequest(RequestModel):
    """Where something is sold or delivered."""

    street: Line | None = Field(None, description="Street and number.")
    city: ShortLine | None = Field(None, description="The city.")
    state: ShortLine | None = Field(None, description="The state or province.")
    zip: ShortLine | None = Field(None, description="The postal code.")
    country: ShortLine | None = Field(None, description="The country.")


ContactIds = Annotated[list[Id], Field(max_length=20)]
Addresses = Annotated[list[DealAddressRequest], Field(max_length=10)]


class DealFacts(RequestModel):
    """What may be sent of a deal besides what it must have."""

    account_name: Line | None = Field(None, description="The company it is with.")
    amount: Amount | None = Field(None, description="What it is worth, in the currency that the CRM keeps.")
    stage: Line | None = Field(None, description="How far it is, in the CRM's own words.")
    external_id: Line | None = Field(None, description="Its id in the CRM that `connection_id` leads to.")
    connection_id: Id | None = Field(None, description="The connection to the CRM it comes from.")
    crm_url: WebUrl | None = Field(None, description="Its page in the CRM.")
    closed_at: Moment | None = Field(None, description="When it was won or lost.")


class CreateDealRequest(DealFacts):
    """A deal that is new here."""

    model_config = ConfigDict(
        json_schema_extra=example("""
          {"name": "Q3 renewal", "amount": 12500.0, "stage": "negotiation",
           "contact_ids": ["contact_19d4f2a1b0512345678901234abcdef"]}
        """)
    )

    id: Id | None = Field(None, description="The id to create it by; one is made where it is left out.")
    name: Line = Field(description="The name to show.")
    disposition: Annotated[Disposition, ByValue] = Field(Disposition.OPEN, description="What became of it.")
    contact_ids: ContactIds = Field([], description="Contacts that it is with; each must be known here.")
    addresses: Addresses = Field([], description="Where something is sold or delivered.")


class UpdateDealRequest(DealFacts):
    """What is named is changed; null empties what may be empty."""

    model_config = ConfigDict(json_schema_extra=example('{"disposition": "WON", "closed_at": "2026-03-30T12:00:00Z"}'))

    name: Line = left_out(description="The name to show.")
    disposition: Annotated[Disposition, ByValue] = left_out(description="What became of it.")
    contact_ids: ContactIds = left_out(description="Contacts that it is with; each must be known here.")
    addresses: Addresses = left_out(description="Where something is sold or delivered.")


def deal_fields(body: CreateDealRequest | UpdateDealRequest) -> dict[str, Any]:
    """The fields that were sent, as a deal of the domain has them; its id is none of them."""
    fields = body.model_dump(exclude_unset=True, exclude={"id"})
    if "contact_ids" in fields:
        fields["contact_ids"] = tuple(dict.fromkeys(fields["contact_ids"]))
    if "addresses" in fields:
        fields["addresses"] = tuple(Address(**address) for address in fields["addresses"])
    return fields


# --- responses ----------------------------------------------------------------------------------------------


class DealAddress(ResponseModel):
    """Where something is sold or delivered."""

    street: str | None = Field(description="Street and number.")
    city: str | None = Field(description="The city.")
    state: str | None = Field(description="The state or province.")
    zip: str | None = Field(description="The postal code.")
    country: str | None = Field(description="The country.")


class Deal(ResponseModel):
    """A CRM deal."""

    model_config = ConfigDict(json_schema_extra=example(_DEAL))

    id: str = Field(description="Its id.")
    name: str = Field(description="The name to show.")
    account_name: str | None = Field(description="The company it is with.")
    amount: float | None = Field(description="What it is worth, in the currency that the CRM keeps.")
    stage: str | None = Field(description="How far it is, in the CRM's own words.")
    disposition: Disposition = Field(description="What became of it.")
    contact_ids: list[str] = Field(description="Contacts that it is with.")
    external_id: str | None = Field(description="Its id in the CRM that `connection_id` leads to.")
    connection_id: str | None = Field(description="The connection to the CRM it comes from.")
    crm_url: str | None = Field(description="Its page in the CRM.")
    closed_at: ShownMoment | None = Field(description="When it was won or lost.")
    addresses: list[DealAddress] = Field(description="Where something is sold or delivered.")
    created_at: ShownMoment = Field(description="When it was created here.")
    updated_at: ShownMoment = Field(description="When it was last changed.")


class DealPage(ResponseModel):
    """Some deals, newest first."""

    model_config = ConfigDict(json_schema_extra=example({"deals": [_DEAL], "page": 1, "per_page": 20, "next": None}))

    deals: list[Deal] = Field(description="The deals of this page.")
    page: int | None = Field(description="The page asked for; null where a cursor was sent.")
    per_page: int = Field(description="How many a page has at most.")
    next: str | None = Field(description="The cursor of what follows; null at the end.")
