"""In the OpenAPI document: connections to CRMs and other systems of the organization."""

from __future__ import annotations

from collections.abc import Mapping

from api.documents import Documented

OPERATIONS: Mapping[str, Documented] = {}
