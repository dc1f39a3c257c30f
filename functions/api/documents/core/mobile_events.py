"""In the OpenAPI document: what the phone reports of a recording: started, paused, offline and the like."""

from __future__ import annotations

from collections.abc import Mapping

from api.documents import Documented

OPERATIONS: Mapping[str, Documented] = {}
