"""Errors on their way to the wire: one mapping to HTTP, and the RFC 9457 shape most of the API shows them in.

A surface with an error shape of its own renders the same `Fault` in its own words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from starlette.responses import Response

from api.legacy.answers import json_response
from auricle import errors

MAX_FIELD_FAULTS = 20
"""As many fields are named in an answer: a request may have a hundred thousand that are wrong."""
MAX_FIELD_CHARACTERS = 200
RETRY_SOON_S = 5
"""What `Retry-After` says of results that are being made, and of what is briefly unreachable."""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with one field; `field` is its name on the wire, dotted where it is nested."""

    field: str
    message: str


def first_faults(faults: Iterable[FieldFault]) -> tuple[FieldFault, ...]:
    """As many of them as an answer names, the last of which says where there are more; the others are not made."""
    first = tuple(FieldFault(shortened(fault.field), fault.message) for fault in islice(faults, MAX_FIELD_FAULTS + 1))
    if len(first) <= MAX_FIELD_FAULTS:
        return first
    *named, last = first[:MAX_FIELD_FAULTS]
    return (*named, FieldFault(last.field, f"{last.message}; further fields are wrong, too"))


def shortened(field_name: str) -> str:
    """The name as an answer repeats it."""
    if len(field_name) <= MAX_FIELD_CHARACTERS:
        return field_name
    return f"{field_name[: MAX_FIELD_CHARACTERS - 1]}\N{HORIZONTAL ELLIPSIS}"


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as every surface shows it, whatever its shape. `facts` are further members some shapes carry."""

    status: int
    code: str
    detail: str
    fields: tuple[FieldFault, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


class Refused(Exception):
    """A request that HTTP itself, or more than one of its fields, is reason enough to refuse."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


STATUS: Mapping[type[errors.AuricleError], int] = {
    errors.InvalidRequest: 422,
    errors.UnusableRecording: 422,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.ConsentRequired: 409,
    errors.PreconditionFailed: 412,
    errors.TooManyRequests: 429,
    errors.TransientError: 503,
}
"""The HTTP status of each branch of the error tree; the nearest ancestor counts, and none means 500."""

TITLES: Mapping[str, str] = {
    "invalid-request": "The request is not valid",
    "not-json": "The body is not JSON",
    "body-too-large": "The body is too large",
    "record-too-large": "The record would be too large",
    "answer-too-large": "The answer is too large",
    "unsupported-media-type": "The body must be JSON",
    "unauthenticated": "A credential is needed",
    "forbidden": "The credential does not allow this",
    "insufficient-scope": "The credential lacks a scope",
    "not-found": "Not found",
    "recording-not-found": "No such audio file",
    "contact-not-found": "No such contact",
    "deal-not-found": "No such deal",
    "interaction-not-found": "No such interaction",
    "call-not-found": "No such call",
    "user-not-found": "No such user",
    "team-not-found": "No such team",
    "connection-not-found": "No such connection",
    "token-not-found": "No such token",
    "comment-not-found": "No such comment",
    "event-not-found": "No such event",
    "question-not-found": "No such question",
    "method-not-allowed": "This method is not allowed here",
    "precondition-failed": "This was changed meanwhile",
    "too-many-requests": "Too many requests",
    "idempotency-key-reused": "The Idempotency-Key was sent with another request",
    "idempotency-in-progress": "An earlier request is still being answered",
    "idempotency-answer-lost": "The answer is not kept any more",
    "conflict": "This does not fit the present state",
    "not-ready": "Not ready yet",
    "processing-failed": "Processing failed",
    "illegal-transition": "This does not fit the present state",
    "consent-required": "Consent has not been recorded",
    "transient": "Briefly unavailable",
    "internal-error": "Something went wrong on our side",
}

INTERNAL = Fault(500, "internal-error", "Something went wrong on our side. Tell us the request id if it stays.")


def fault_of(error: Exception) -> Fault:
    """The fault of any error a request ended in; what is not ours to tell becomes `INTERNAL`."""
    if isinstance(error, Refused):
        return error.fault
    for ancestor in type(error).__mro__:
        status = STATUS.get(ancestor)
        if status is not None and isinstance(error, errors.AuricleError):
            named = isinstance(error, errors.InvalidRequest) and error.field
            return Fault(
                status=status,
                code=error.code,
                detail=error.message,
                fields=(FieldFault(str(named), error.message),) if named else (),
                headers=_waiting(error),
            )
    return INTERNAL


def _waiting(error: errors.AuricleError) -> Mapping[str, str]:
    """When to try again, of what passes by itself."""
    if isinstance(error, errors.TooManyRequests):
        return {"retry-after": str(error.retry_after_s)}
    return {"retry-after": str(RETRY_SOON_S)} if isinstance(error, errors.TransientError) else {}


def problem_response(fault: Fault, path: str, request_id: str) -> Response:
    """RFC 9457: `type`, `title`, `status`, `detail`, `instance`, with `errors` naming fields, and the request id."""
    problem: dict[str, Any] = {
        "type": f"urn:auricle:error:{fault.code}",
        "title": TITLES.get(fault.code, "The recording cannot be used" if fault.status == 422 else "Error"),
        "status": fault.status,
        "detail": fault.detail,
        "instance": path,
        "requestId": request_id,
        **fault.facts,
    }
    if fault.fields:
        problem["errors"] = [{"field": one.field, "message": one.message} for one in fault.fields]
    return json_response(problem, fault.status, headers=fault.headers, media_type=b"application/problem+json")
