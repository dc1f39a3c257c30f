"""What the agent API reads and answers of deals."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from api.examples import CONTACT_ID, CREATED_AT
from api.models import ByValue, Id, Line, Moment, RequestModel, ResponseModel, ShownMoment, left_out
from api.urls import WebUrl
from auricle.crm import deals
from auricle.crm.deals import Disposition

Amount = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
ShortLine = Annotated[Line, StringConstraints(max_length=100)]

_DEAL: dict[str, Any] = {
    "id": "deal_19d4f2a1b0512345678901234abcdef",
    "name": "Q3 renewal",
    "account_name": "Acme Corp",
    "amount": 12500.0,
    "stage": "negotiation",
    "disposition": "OPEN",
    "contact_ids": [CONTACT_ID],
    "external_id": "0065e00000C2def",
    "connection_id": None,
    "crm_url": None,
    "closed_at": None,
    "addresses": [],
    "created_at": CREATED_AT,
    "updated_at": CREATED_AT,
}


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


class CreateDealRequest(RequestModel):
    """A deal that is new here."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "Q3 renewal", "amount": 12500.0, "stage": "negotiation", "contact_ids": [CONTACT_ID]},
            ],
        },
    )

    id: Id | None = Field(None, description="The id to create it by; one is made where it is left out.")
    name: Line = Field(description="The name to show.")
    account_name: Line | None = Field(None, description="The company it is with.")
    amount: Amount | None = Field(None, description="What it is worth, in the currency that the CRM keeps.")
    stage: Line | None = Field(None, description="How far it is, in the CRM's own words.")
    disposition: Annotated[Disposition, ByValue] = Field(Disposition.OPEN, description="What became of it.")
    contact_ids: ContactIds = Field([], description="Contacts that it is with; each must be known here.")
    external_id: Line | None = Field(None, description="Its id in the CRM that `connection_id` leads to.")
    connection_id: Id | None = Field(None, description="The connection to the CRM it comes from.")
    crm_url: WebUrl | None = Field(None, description="Its page in the CRM.")
    closed_at: Moment | None = Field(None, description="When it was won or lost.")
    addresses: Addresses = Field([], description="Where something is sold or delivered.")


class UpdateDealRequest(RequestModel):
    """What is named is changed; null empties what may be empty."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"disposition": "WON", "closed_at": "2026-03-30T12:00:00Z"}]}
    )

    name: Line = left_out(description="The name to show.")
    account_name: Line | None = Field(None, description="The company it is with.")
    amount: Amount | None = Field(None, description="What it is worth, in the currency that the CRM keeps.")
    stage: Line | None = Field(None, description="How far it is, in the CRM's own words.")
    disposition: Annotated[Disposition, ByValue] = left_out(description="What became of it.")
    contact_ids: ContactIds = left_out(description="Contacts that it is with; each must be known here.")
    external_id: Line | None = Field(None, description="Its id in the CRM that `connection_id` leads to.")
    connection_id: Id | None = Field(None, description="The connection to the CRM it comes from.")
    crm_url: WebUrl | None = Field(None, description="Its page in the CRM.")
    closed_at: Moment | None = Field(None, description="When it was won or lost.")
    addresses: Addresses = left_out(description="Where something is sold or delivered.")


def deal_fields(body: CreateDealRequest | UpdateDealRequest) -> dict[str, Any]:
    """The fields that were sent, as a deal of the domain has them; its id is none of them."""
    fields = {name: getattr(body, name) for name in body.model_fields_set - {"id"}}
    if "contact_ids" in fields:
        fields["contact_ids"] = tuple(dict.fromkeys(fields["contact_ids"]))
    if "addresses" in fields:
        fields["addresses"] = tuple(deals.Address(**address.model_dump()) for address in fields["addresses"])
    return fields


# --- responses ----------------------------------------------------------------------------------------------


class DealAddress(ResponseModel):
    """Where something is sold or delivered."""

    street: str | None = Field(description="Street and number.")
    city: str | None = Field(description="The city.")
    state: str | None = Field(description="The state or province.")
    zip: str | None = Field(description="The postal code.")
    country: str | None = Field(description="The country.")

    @classmethod
    def of(cls, address: deals.Address) -> DealAddress:
        return cls(
            street=address.street, city=address.city, state=address.state, zip=address.zip, country=address.country
        )


class Deal(ResponseModel):
    """A CRM deal."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DEAL]})

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

    @classmethod
    def of(cls, deal: deals.Deal) -> Deal:
        return cls(
            id=deal.id,
            name=deal.name,
            account_name=deal.account_name,
            amount=deal.amount,
            stage=deal.stage,
            disposition=deal.disposition,
            contact_ids=list(deal.contact_ids),
            external_id=deal.external_id,
            connection_id=deal.connection_id,
            crm_url=deal.crm_url,
            closed_at=deal.closed_at,
            addresses=[DealAddress.of(address) for address in deal.addresses],
            created_at=deal.created_at,
            updated_at=deal.updated_at,
        )


class DealPage(ResponseModel):
    """Some deals, newest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"deals": [_DEAL], "page": 1, "per_page": 20, "next": None}]}
    )

    deals: list[Deal] = Field(description="The deals of this page.")
    page: int | None = Field(description="The page asked for; null where a cursor was sent.")
    per_page: int = Field(description="How many a page has at most.")
    next: str | None = Field(description="The cursor of what follows; null at the end.")
