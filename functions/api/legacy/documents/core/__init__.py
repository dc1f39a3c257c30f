"""The core API in the OpenAPI document: one module a part, as in `surfaces/core`."""

from __future__ import annotations

from collections.abc import Mapping

from api.legacy.documents import CamelShown, Documented, SurfaceDocument
from api.legacy.documents.core import (
    recordings,
    transcripts,
)


class CoreIssue(CamelShown):
    """One field that is wrong: where it stands, and what is wrong with it."""

    path: list[str]
    message: str


class CoreError(CamelShown):
    """The core API's error."""

    error: str
    code: str
    request_id: str
    issues: list[CoreIssue] | None = None


_PARTS = (
    recordings,
    transcripts,
)
OPERATIONS: Mapping[str, Documented] = {name: of for part in _PARTS for name, of in part.OPERATIONS.items()}

DOCUMENT = SurfaceDocument(
    description="Recordings with everything known of them, for CRM integrators and phones. camelCase, milliseconds.",
    error=CoreError,
    operations=OPERATIONS,
)
