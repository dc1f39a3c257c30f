"""The core API: recordings with everything known of them, for CRM integrators and phones. camelCase, milliseconds.

Each module declares its operations on the one surface of `wire`; importing them here puts them on it.
"""

from __future__ import annotations

from api.surfaces.core import (
    chunks,
    comments,
    connections,
    crm_links,
    debrief,
    media,
    mobile_events,
    people,
    recordings,
    splitting,
    tokens,
    transcripts,
    uploads,
    views,
)
from api.surfaces.core.wire import surface

__all__ = [
    "chunks",
    "comments",
    "connections",
    "crm_links",
    "debrief",
    "media",
    "mobile_events",
    "people",
    "recordings",
    "splitting",
    "surface",
    "tokens",
    "transcripts",
    "uploads",
    "views",
]
