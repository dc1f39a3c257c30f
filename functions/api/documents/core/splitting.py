"""In the OpenAPI document: splitting one recording into several, and merging several into one."""

from __future__ import annotations

from collections.abc import Mapping

from api.documents import Documented

OPERATIONS: Mapping[str, Documented] = {}
