"""The calls API in the OpenAPI document."""

from __future__ import annotations

from typing import Literal

from api.documents import Shown, SurfaceDocument


class CallsError(Shown):
    """The calls API's error."""

    status: Literal["error"]
    message: str
    data: None


DOCUMENT = SurfaceDocument(
    description="Telephone calls and the logs of their recordings. snake_case, seconds, one envelope.",
    error=CallsError,
    operations={},
)
