"""What all of the core API shares: its surface, envelope, error shape, scopes and units."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from api.legacy.answers import json_response
from api.legacy.faults import Fault
from api.legacy.surface import Surface
from auricle.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from api.legacy.surface import Call

READ = "recordings:read"
WRITE = "recordings:write"
ADMIN = "org:admin"
"""Users, teams, connections and API tokens of the tenant."""


def _error_response(fault: Fault, _path: str, request_id: str) -> Response:
    """`error` in words, as documented; `issues` name the fields of a 422, as paths."""
    error: dict[str, Any] = {"error": fault.detail, "code": fault.code, "requestId": request_id, **fault.facts}
    if fault.fields:
        error["issues"] = [{"path": one.field.split("."), "message": one.message} for one in fault.fields]
    return json_response(error, fault.status, headers=fault.headers)


surface = Surface("core", "/v1/core", render=_error_response)


def enveloped(data: Any, status: int = 200, *, headers: Mapping[str, str] | None = None, **page: Any) -> Response:
    """`{"data": …}` with what belongs to the page beside it: `cursor`, `pageSize`, `limit` and the like."""
    return json_response({"data": data, **page}, status, headers=headers)


def own_organization(call: Call, organization_id: str) -> None:
    """Raises NotFound: the organization that a request names is another than its credential's, there or not."""
    if organization_id != call.org:
        raise NotFound(f"There is no organization {organization_id}.")


def milliseconds(seconds: float | None) -> int | None:
    """Seconds of the domain as this surface's unit."""
    return None if seconds is None else round(seconds * 1000)


def timestamp(moment: datetime | None) -> str | None:
    """A moment as this surface writes it: `2024-01-15T08:30:00.000Z`."""
    if moment is None:
        return None
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    # A page shows a hundred of them, and the standard library takes three times as long.
    text = orjson.dumps(in_utc)
    return (text[1:24] if in_utc.microsecond else text[1:20] + b".000").decode() + "Z"
