"""In the OpenAPI document: the one CRM record a recording is linked to."""

from __future__ import annotations

from collections.abc import Mapping

from api.documents import Documented

OPERATIONS: Mapping[str, Documented] = {}
