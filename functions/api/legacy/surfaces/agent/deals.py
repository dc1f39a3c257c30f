"""Deals: what conversations are held to win."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints

from api.legacy.answers import json_response
from api.legacy.paging import Batch, Cursors, read_page
from api.legacy.reading import Asked, Id, Line, Moment
from api.legacy.surface import Call, etag
from api.legacy.surfaces.agent.wire import left_out, surface
from api.urls import WebUrl
from auricle.crm.deals import DEALS, Address, Deal, Disposition, add_deal, change_deal
from auricle.errors import DealNotFound
from auricle.ports import Position

if TYPE_CHECKING:
    from starlette.responses import Response

_Amount = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
_ContactIds = Annotated[tuple[Id, ...], Field(max_length=20)]


ShortLine = Annotated[Line, StringConstraints(max_length=100)]


class DealAddress(Asked):
    """Where something is sold or delivered."""

    street: Line | None = None
    city: ShortLine | None = None
    state: ShortLine | None = None
    zip: ShortLine | None = None
    country: ShortLine | None = None


_Addresses = Annotated[tuple[DealAddress, ...], Field(max_length=10)]


class DealRequest(Asked):
    """`POST /deals`. Without an `id` one is made."""

    id: Id | None = None
    name: Line
    account_name: Line | None = None
    amount: _Amount | None = None
    stage: Line | None = None
    disposition: Disposition = Disposition.OPEN
    contact_ids: _ContactIds = ()
    external_id: Line | None = None
    connection_id: Id | None = None
    crm_url: WebUrl | None = None
    closed_at: Moment | None = None
    addresses: _Addresses = ()


class DealChange(Asked):
    """`PATCH /deals/{id}`: what is named is changed; null empties what may be empty."""

    name: Line = left_out()
    account_name: Line | None = None
    amount: _Amount | None = None
    stage: Line | None = None
    disposition: Disposition = left_out()
    contact_ids: _ContactIds = left_out()
    external_id: Line | None = None
    connection_id: Id | None = None
    crm_url: WebUrl | None = None
    closed_at: Moment | None = None
    addresses: _Addresses = left_out()


class DealsRequest(Asked):
    """`GET /deals`."""

    contact_id: Id | None = None
    stage: Line | None = None
    disposition: Disposition | None = None
    page: int | None = Field(None, ge=1)
    per_page: int = Field(20, ge=1, le=100)
    cursor: Annotated[str, StringConstraints(max_length=2048)] | None = None


@surface.post("/deals", reads=DealRequest)
async def create_deal(call: Call, asked: DealRequest) -> Response:
    given = {name: getattr(asked, name) for name in DealRequest.model_fields if name != "id"}
    deal = add_deal(
        _fields(given),
        deal_id=asked.id,
        org=call.org,
        deals=call.services.records(DEALS),
        contacts=call.services.contacts,
        now=call.parts.now(),
    )
    location = f"{surface.prefix}/deals/{deal.id}"
    return json_response(_deal(deal), 201, headers={"location": location, **etag(deal.revision)})


@surface.get("/deals", reads=DealsRequest)
async def list_deals(call: Call, asked: DealsRequest) -> Response:
    filters = (asked.contact_id, asked.stage, asked.disposition)
    cursors = Cursors(call.parts.settings(), org=call.org, route="agent deals", filters=repr(filters))
    deals = call.services.records(DEALS)

    def admits(deal: Deal) -> bool:
        return (
            (asked.contact_id is None or asked.contact_id in deal.contact_ids)
            and asked.stage in (None, deal.stage)
            and asked.disposition in (None, deal.disposition)
        )

    def read(count: int, position: Position | None) -> Batch[Deal]:
        page = deals.list(call.org, count, position, wanted=admits if any(filters) else None)
        return page.records, page.next_position

    found, position = read_page(read, cursors, page=asked.page, page_size=asked.per_page, cursor=asked.cursor)
    return json_response(
        {
            "deals": [_deal(deal) for deal in found],
            "page": None if asked.cursor else asked.page or 1,
            "per_page": asked.per_page,
            "next": cursors.seal(position),
        },
    )


@surface.get("/deals/{deal_id}")
async def get_deal(call: Call) -> Response:
    deal = call.services.records(DEALS).get(call.org, _deal_id(call))
    return json_response(_deal(deal), headers=etag(deal.revision))


@surface.patch("/deals/{deal_id}", reads=DealChange)
async def update_deal(call: Call, asked: DealChange) -> Response:
    given = {name: getattr(asked, name) for name in asked.model_fields_set}
    fields = _fields(given)
    deal = change_deal(
        call.org,
        _deal_id(call),
        lambda before: replace(before, **fields),
        deals=call.services.records(DEALS),
        contacts=call.services.contacts,
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    return json_response(_deal(deal), headers=etag(deal.revision))


def _deal_id(call: Call) -> str:
    return call.path_id("deal_id", DealNotFound, "deal")


def _fields(given: dict[str, Any]) -> dict[str, Any]:
    """What was given, as a deal has it."""
    if "contact_ids" in given:
        given["contact_ids"] = tuple(dict.fromkeys(given["contact_ids"]))
    if "addresses" in given:
        addresses: Sequence[DealAddress] = given["addresses"]
        given["addresses"] = tuple(Address(**address.model_dump()) for address in addresses)
    return given


def _deal(deal: Deal) -> dict[str, Any]:
    return {
        "id": deal.id,
        "name": deal.name,
        "account_name": deal.account_name,
        "amount": deal.amount,
        "stage": deal.stage,
        "disposition": deal.disposition.value,
        "contact_ids": deal.contact_ids,
        "external_id": deal.external_id,
        "connection_id": deal.connection_id,
        "crm_url": deal.crm_url,
        "closed_at": deal.closed_at,
        "addresses": [asdict(address) for address in deal.addresses],
        "created_at": deal.created_at,
        "updated_at": deal.updated_at,
    }
