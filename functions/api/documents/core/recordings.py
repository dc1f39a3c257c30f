"""In the OpenAPI document: recordings: get with every field, list, create, update, bin, restore and remove."""

from __future__ import annotations

from collections.abc import Mapping

from api.documents import Documented

OPERATIONS: Mapping[str, Documented] = {}
