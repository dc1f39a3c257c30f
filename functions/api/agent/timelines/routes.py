"""A contact's timeline: recordings, emails, text messages, meetings and notes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, StringConstraints, WithJsonSchema

from api.agent.errors import NO_CONTACT
from api.agent.shared import PREFIX, ContactId, DateFrom, DateTo, Founder, check_dates
from api.agent.timelines import models
from api.dependencies import Cursor, Page, page_size
from api.models import QueryInteger
from api.paging import Batch, Cursors, read_page
from api.problems import errors
from api.routing import api_router
from auricle.crm.timeline import EntryType, TimelineEntry
from auricle.errors import InvalidRequest
from auricle.ports import Position

_USUAL_PAGE = 50
_ANY_TYPE = f" *({'|'.join(EntryType)}) *"

router = api_router(f"{PREFIX}/contacts/{{contact_id}}/timeline", tags=["timelines"])


def _check_types(text: str) -> str:
    if any(name.strip() not in set(EntryType) for name in text.split(",")):
        raise ValueError(f"must list {', '.join(EntryType)}, separated by commas")
    return text


EntryTypes = Annotated[
    str,
    StringConstraints(max_length=255),
    AfterValidator(_check_types),
    WithJsonSchema({"type": "string", "maxLength": 255, "pattern": f"^{_ANY_TYPE}(,{_ANY_TYPE})*$"}),
]


@router.get("", response_model_exclude_unset=True, responses=errors(NO_CONTACT), summary="Get a contact's timeline")
async def get_contact_timeline(
    contact_id: ContactId,
    context: Founder,
    types: Annotated[EntryTypes | None, Query(description="Of these types alone, separated by commas.")] = None,
    date_from: DateFrom = None,
    date_to: DateTo = None,
    limit: Annotated[QueryInteger | None, page_size("limit")] = None,
    page: Page = None,
    per_page: Annotated[QueryInteger | None, page_size("per_page")] = None,
    cursor: Cursor = None,
) -> models.Timeline:
    """Recordings, emails, text messages, meetings and notes, newest first; dates are both inclusive. `limit` and
    `per_page` are the same, 50 where neither is given."""
    check_dates(date_from, date_to)
    if limit and per_page:
        raise InvalidRequest("limit and per_page are two ways to go on: give one of them", field="limit")
    wanted = tuple(EntryType(name.strip()) for name in types.split(",")) if types else ()
    contacts = context.stores.contacts
    contact = contacts.get_contact(context.org, contact_id)
    filters = repr((contact_id, sorted(wanted), date_from, date_to))
    cursors = Cursors(context.settings, org=context.org, route="timeline", filters=filters)

    def read(count: int, position: Position | None) -> Batch[TimelineEntry]:
        return contacts.timeline(
            context.org, contact_id, types=wanted, date_from=date_from, date_to=date_to, limit=count, position=position
        )

    page_length = per_page or limit or _USUAL_PAGE
    found, position = read_page(read, cursors, page=page, page_size=page_length, cursor=cursor)
    shown = [models.entry_of(entry) for entry in found]
    return models.Timeline(
        contact=models.TimelineContact.model_validate(contact), timeline=shown, next=cursors.seal(position)
    )
