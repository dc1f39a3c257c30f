"""Search over everything that was said with customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints

from api.legacy.answers import json_response
from api.legacy.reading import Asked, Id
from api.legacy.surface import Call
from api.legacy.surfaces.agent.wire import surface

if TYPE_CHECKING:
    from starlette.responses import Response

    from auricle.search.lexical import Hit


class SearchRequest(Asked):
    """`GET /crm/search`."""

    q: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    contact_id: Id | None = None
    limit: int = Field(10, ge=1, le=50)


@surface.get("/crm/search", reads=SearchRequest)
async def search_crm(call: Call, asked: SearchRequest) -> Response:
    from auricle.search.lexical import search

    services = call.services
    hits = search(
        call.org,
        asked.q,
        contact_id=asked.contact_id,
        limit=asked.limit,
        recordings=services.recordings,
        contacts=services.contacts,
        objects=services.objects,
    )
    return json_response({"results": [_result(hit) for hit in hits]})


def _result(hit: Hit) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "type": hit.kind,
        "contact_name": hit.contact_name,
        "snippet": hit.snippet,
        "relevance_score": hit.score,
    }
    if hit.kind == "recording_segment":
        return {**shown, "recording_id": hit.id, "timestamp_seconds": hit.start_s}
    if hit.kind == "contact":
        return {**shown, "contact_id": hit.id}
    return {**shown, "contact_id": hit.contact_id, "interaction_id": hit.id, "date": hit.date}
