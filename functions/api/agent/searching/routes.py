"""Search over everything that was said with customers."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import StringConstraints

from api.agent.errors import NO_CONTACT
from api.agent.searching.models import SearchResults, result_of
from api.agent.shared import PREFIX, Founder
from api.models import Id, QueryInteger
from api.problems import errors
from api.routing import api_router

router = api_router(PREFIX, tags=["search"])

Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


@router.get("/crm/search", responses=errors(NO_CONTACT), summary="Search everything that was said with customers")
async def search_crm(
    context: Founder,
    q: Annotated[Question, Query(description="Words to search for.")],
    contact_id: Annotated[Id | None, Query(description="Only what was said with this contact.")] = None,
    limit: Annotated[QueryInteger, Query(ge=1, le=50, description="How many results at most.")] = 10,
) -> SearchResults:
    """By words: what holds more of them, and rarer ones, comes first; `relevance_score` is 1 for what holds them all,
    often. Searched are the newest: the transcripts of 100 recordings, 500 interactions, 500 contacts."""
    from auricle.search.lexical import search

    hits = search(
        context.org,
        q,
        contact_id=contact_id,
        limit=limit,
        recordings=context.stores.recordings,
        contacts=context.stores.contacts,
        objects=context.stores.objects,
    )
    return SearchResults(results=[result_of(hit) for hit in hits])
