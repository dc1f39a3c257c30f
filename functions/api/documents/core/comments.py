"""In the OpenAPI document: comments on a recording, in threads, and who has read them."""

from __future__ import annotations

from collections.abc import Mapping

from api.documents import Documented

OPERATIONS: Mapping[str, Documented] = {}
