"""In the OpenAPI document: who viewed a recording, and how long they listened."""

from __future__ import annotations

from collections.abc import Mapping

from api.documents import Documented

OPERATIONS: Mapping[str, Documented] = {}
