"""In the OpenAPI document: recordings that arrive in chunks: start, presign, see what is outstanding, skip, finish."""

from __future__ import annotations

from collections.abc import Mapping

from api.documents import Documented

OPERATIONS: Mapping[str, Documented] = {}
