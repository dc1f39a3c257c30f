"""In the OpenAPI document: creating a recording from an uploaded file: a signed URL, then the recording."""

from __future__ import annotations

from collections.abc import Mapping

from api.documents import Documented

OPERATIONS: Mapping[str, Documented] = {}
