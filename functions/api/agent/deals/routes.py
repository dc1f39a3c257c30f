"""Deals: what conversations are held to win."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import Body, Query, Response

from api.agent.deals import models
from api.agent.errors import ID_TAKEN, NO_CONTACT, NO_DEAL
from api.agent.shared import PREFIX, Founder, FounderOnce, PerPage, tagged
from api.dependencies import Cursor, IfMatch, Page, path_id
from api.models import Id, Line
from api.paging import Cursors, read_page
from api.problems import errors
from api.routing import api_router
from auricle.crm.deals import DEALS, DealFilter, Disposition, add_deal, change_deal
from auricle.errors import DealNotFound

router = api_router(PREFIX, tags=["deals"])

DealId = Annotated[str, path_id(DealNotFound, "deal")]


@router.post("/deals", status_code=201, responses=errors(NO_CONTACT, ID_TAKEN), summary="Create a deal")
async def create_deal(body: models.CreateDealRequest, context: FounderOnce, response: Response) -> models.Deal:
    """Without an `id` one is made. Recordings may have named the id before the deal was known here."""
    deal = add_deal(
        models.deal_fields(body),
        deal_id=body.id,
        org=context.org,
        deals=context.stores.records(DEALS),
        contacts=context.stores.contacts,
        now=context.now,
    )
    response.headers["location"] = f"{PREFIX}/deals/{deal.id}"
    return tagged(models.Deal, deal, response)


@router.get("/deals", summary="List deals")
async def list_deals(
    context: Founder,
    contact_id: Annotated[Id | None, Query(description="With this contact.")] = None,
    stage: Annotated[Line | None, Query(description="At this stage.")] = None,
    disposition: Annotated[Disposition | None, Query(description="With this outcome.")] = None,
    page: Page = None,
    per_page: PerPage = 20,
    cursor: Cursor = None,
) -> models.DealPage:
    """Newest first."""
    wanted = DealFilter(contact_id=contact_id, stage=stage, disposition=disposition)
    cursors = Cursors(context.settings, org=context.org, route="agent deals", filters=repr(wanted))
    admits = None if wanted == DealFilter() else wanted.admits
    read = partial(context.stores.records(DEALS).list, context.org, wanted=admits)
    found, position = read_page(read, cursors, page=page, page_size=per_page, cursor=cursor)
    return models.DealPage(
        deals=[models.Deal.model_validate(deal) for deal in found],
        page=None if cursor else page or 1,
        per_page=per_page,
        next=cursors.seal(position),
    )


@router.get("/deals/{deal_id}", responses=errors(NO_DEAL), summary="Get a deal")
async def get_deal(deal_id: DealId, context: Founder, response: Response) -> models.Deal:
    """As it stands now."""
    return tagged(models.Deal, context.stores.records(DEALS).get(context.org, deal_id), response)


@router.patch("/deals/{deal_id}", responses=errors(NO_DEAL, NO_CONTACT), summary="Change a deal")
async def update_deal(
    deal_id: DealId,
    body: Annotated[models.UpdateDealRequest, Body(default_factory=models.UpdateDealRequest)],
    context: Founder,
    if_match: IfMatch,
    response: Response,
) -> models.Deal:
    """What is named is changed; null empties it."""
    changes = models.deal_fields(body)
    deal = change_deal(
        context.org,
        deal_id,
        lambda before: replace(before, **changes),
        deals=context.stores.records(DEALS),
        contacts=context.stores.contacts,
        now=context.now,
        if_revision=if_match,
    )
    return tagged(models.Deal, deal, response)
