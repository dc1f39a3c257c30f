"""What all of the core API shares: where its paths begin, who may do what, and its units."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal, overload

from fastapi import Security
from pydantic import Field, PlainSerializer, WithJsonSchema

from api.dependencies import RequestContext, page_size, request_context
from api.idempotency import Idempotent
from api.models import QueryInteger, WholeNumber
from auricle.errors import NotFound

PREFIX = "/v1/core"

Reader = Annotated[RequestContext, Security(request_context, scopes=["recordings:read"])]
ReaderAnew = Annotated[RequestContext, Security(Idempotent(only_reads=True), scopes=["recordings:read"])]
"""Of a POST that changes nothing: it is answered anew each time."""
ReaderOnce = Annotated[RequestContext, Security(Idempotent(), scopes=["recordings:read"])]
Writer = Annotated[RequestContext, Security(request_context, scopes=["recordings:write"])]
WriterOnce = Annotated[RequestContext, Security(Idempotent(), scopes=["recordings:write"])]
"""Of a POST: `Idempotency-Key` is honoured."""
Admin = Annotated[RequestContext, Security(request_context, scopes=["org:admin"])]
"""Users, teams, connections and API tokens of the tenant."""
AdminOnce = Annotated[RequestContext, Security(Idempotent(), scopes=["org:admin"])]
PageSize = Annotated[QueryInteger, page_size("pageSize")]


def own_organization(context: RequestContext, organization_id: str) -> None:
    """Raises NotFound: the organization that a request names is another than its credential's, there or not."""
    if organization_id != context.org:
        raise NotFound(f"There is no organization {organization_id}.")


@overload
def milliseconds(seconds: float) -> int: ...
@overload
def milliseconds(seconds: float | None) -> int | None: ...
def milliseconds(seconds: float | None) -> int | None:
    """Seconds of the domain as this surface's unit."""
    return None if seconds is None else round(seconds * 1000)


def timestamp(moment: datetime | None) -> str | None:
    """A moment as this surface writes it: `2024-01-15T08:30:00.000Z`."""
    if moment is None:
        return None
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{in_utc.isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"


Timestamp = Annotated[
    datetime, PlainSerializer(timestamp, return_type=str), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""A moment that an answer shows so."""

LAST_MOMENT_MS = 4_102_444_800_000
"""The year 2100: what lies after it was not meant as milliseconds since 1970."""
EpochMilliseconds = Annotated[WholeNumber, Field(ge=0, le=LAST_MOMENT_MS)]
"""A moment of a request as milliseconds since 1970."""

Language = Literal["English", "Spanish", "French"]
"""Languages that can be named as spoken."""


class CoreTranscriptionStatus(StrEnum):
    """How far a recording is, or one of its chunks. `COMPLETE` and `ERROR` are final until it is processed again;
    `RAW_SPLIT` and `UNRECOVERABLE_ERROR` are final. `REMOVED` is a chunk that is not waited for."""

    RECORDING = "RECORDING"
    UPLOADING = "UPLOADING"
    UPLOADED = "UPLOADED"
    TRANSCRIBING = "TRANSCRIBING"
    AWAITING_REDACTION = "AWAITING_REDACTION"
    REDACTING = "REDACTING"
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"
    UNRECOVERABLE_ERROR = "UNRECOVERABLE_ERROR"
    RAW_SPLIT = "RAW_SPLIT"
    REMOVED = "REMOVED"
