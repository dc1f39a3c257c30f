"""The agent API of founders: recordings with who said what, contacts and deals, their timelines, and search over all.

snake_case, seconds. Errors are `{"error": {"code", "message"}}`. What a later stage or engine would fill is null or
empty, never invented: sentiment, action items, entities, and which contact a speaker is. Each module declares its
operations on the one surface of `wire`; importing them here puts them on it.
"""

from __future__ import annotations

from api.legacy.surfaces.agent import (
    contacts,
    deals,
    interactions,
    links,
)
from api.legacy.surfaces.agent.wire import surface

__all__ = [
    "contacts",
    "deals",
    "interactions",
    "links",
    "surface",
]
