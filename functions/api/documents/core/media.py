"""In the OpenAPI document: images and multimedia events that were captured during a recording."""

from __future__ import annotations

from collections.abc import Mapping

from api.documents import Documented

OPERATIONS: Mapping[str, Documented] = {}
