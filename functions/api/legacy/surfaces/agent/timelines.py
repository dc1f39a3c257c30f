"""A contact's timeline: recordings, emails, text messages, meetings and notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from api.legacy.answers import json_response
from api.legacy.paging import Batch, Cursors, read_page
from api.legacy.reading import Asked, EndMoment, Moment
from api.legacy.surface import Call
from api.legacy.surfaces.agent.contacts import contact_id
from api.legacy.surfaces.agent.wire import STATUSES, surface
from auricle.crm.timeline import EntryType, TimelineEntry
from auricle.errors import InvalidRequest
from auricle.ports import Position
from auricle.recordings.recording import Status

if TYPE_CHECKING:
    from starlette.responses import Response

_USUAL_PAGE = 50


_ANY_TYPE = f" *({'|'.join(EntryType)}) *"


def _entry_types(given: str) -> str:
    unknown = [name for name in given.split(",") if name.strip() not in {known.value for known in EntryType}]
    if unknown:
        raise ValueError(f"must list {', '.join(EntryType)}, separated by commas")
    return given


class TimelineRequest(Asked):
    """`GET /contacts/{id}/timeline`. `types` lists entry types separated by commas; `limit` is `per_page`."""

    types: (
        Annotated[
            str,
            StringConstraints(max_length=255),
            AfterValidator(_entry_types),
            WithJsonSchema({"type": "string", "maxLength": 255, "pattern": f"^{_ANY_TYPE}(,{_ANY_TYPE})*$"}),
        ]
        | None
    ) = None
    date_from: Moment | None = None
    date_to: EndMoment | None = None
    limit: int | None = Field(None, ge=1, le=100)
    page: int | None = Field(None, ge=1)
    per_page: int | None = Field(None, ge=1, le=100)
    cursor: Annotated[str, StringConstraints(max_length=2048)] | None = None


@surface.get("/contacts/{contact_id}/timeline", reads=TimelineRequest)
async def get_contact_timeline(call: Call, asked: TimelineRequest) -> Response:
    if asked.date_from and asked.date_to and asked.date_from > asked.date_to:
        raise InvalidRequest("date_from must not be later than date_to", field="date_from")
    if asked.limit and asked.per_page:
        raise InvalidRequest("limit and per_page are two ways to go on: give one of them", field="limit")
    owner = contact_id(call)
    types = tuple(EntryType(name.strip()) for name in asked.types.split(",")) if asked.types else ()
    contacts = call.services.contacts
    contact = contacts.get_contact(call.org, owner)
    filters = repr((owner, sorted(types), asked.date_from, asked.date_to))
    cursors = Cursors(call.parts.settings(), org=call.org, route="timeline", filters=filters)

    def read(count: int, position: Position | None) -> Batch[TimelineEntry]:
        page = contacts.timeline(
            call.org,
            owner,
            types=types,
            date_from=asked.date_from,
            date_to=asked.date_to,
            limit=count,
            position=position,
        )
        return page.entries, page.next_position

    page_size = asked.per_page or asked.limit or _USUAL_PAGE
    found, position = read_page(read, cursors, page=asked.page, page_size=page_size, cursor=asked.cursor)
    return json_response(
        {
            "contact": {"id": contact.id, "name": contact.name, "company": contact.company},
            "timeline": [_entry(entry) for entry in found],
            "next": cursors.seal(position),
        },
    )


_SHOWN: Mapping[EntryType, Mapping[str, Any]] = {
    EntryType.RECORDING: {
        "summary": None,
        "sentiment_score": None,
        "duration_seconds": None,
        "action_items": [],
    },
    EntryType.EMAIL: {"subject": None, "preview": None},
    EntryType.SMS: {"preview": None, "direction": None},
    EntryType.MEETING: {"subject": None, "preview": None, "duration_seconds": None},
    EntryType.NOTE: {"subject": None, "preview": None},
}
"""The fields of an entry's type, as they are shown when nothing is known of them."""


def _entry(entry: TimelineEntry) -> dict[str, Any]:
    facts = entry.facts
    shown = {
        "type": entry.type.value,
        "id": entry.id,
        "date": entry.date,
        **{name: facts.get(name, unknown) for name, unknown in _SHOWN[entry.type].items()},
    }
    if "status" in facts:
        shown["status"] = STATUSES[Status(facts["status"])]
    if "title" in facts:
        shown["title"] = facts["title"]
    return shown
