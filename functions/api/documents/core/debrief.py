"""In the OpenAPI document: questions a rep answers after a conversation, and the answers."""

from __future__ import annotations

from collections.abc import Mapping

from api.documents import Documented

OPERATIONS: Mapping[str, Documented] = {}
