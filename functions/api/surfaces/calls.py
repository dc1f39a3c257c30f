"""The calls API: telephone calls and the logs of their recordings. snake_case, seconds, one envelope for everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.answers import json_response
from api.faults import Fault
from api.surface import Surface

if TYPE_CHECKING:
    from starlette.responses import Response

READ = "calls:read"
WRITE = "calls:write"


def _error_response(fault: Fault, _path: str, _request_id: str) -> Response:
    """`{"status": "error", "message", "data": null}`, as documented."""
    return json_response(
        {"status": "error", "message": fault.detail, "data": None}, fault.status, headers=fault.headers
    )


surface = Surface("calls", "/v1/calls", render=_error_response)
