"""In the OpenAPI document: aPI tokens of the organization, and who the caller is."""

from __future__ import annotations

from collections.abc import Mapping

from api.documents import Documented

OPERATIONS: Mapping[str, Documented] = {}
