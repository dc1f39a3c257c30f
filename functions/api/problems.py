"""Errors on their way to the wire: one mapping to HTTP, and exception handlers that show them in a surface's shape.

RFC 9457 problem details is the shape of everything that has none of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.models import ResponseModel
from api.request_ids import REQUEST_ID
from auricle import errors as domain_errors

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request

MAX_FIELD_PROBLEMS = 20
"""As many fields are named in an answer: a request may have a hundred thousand that are wrong."""
MAX_FIELD_CHARACTERS = 200
RETRY_SOON_S = 5
"""What `Retry-After` says of results that are being made, and of what is briefly unreachable."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field; `field` is its name on the wire, dotted where it is nested."""

    field: str
    message: str


def first_problems(problems: Iterable[FieldProblem]) -> tuple[FieldProblem, ...]:
    """As many of them as an answer names, the last of which says where there are more; the others are not made."""
    first = tuple(
        FieldProblem(shortened(each.field), each.message) for each in islice(problems, MAX_FIELD_PROBLEMS + 1)
    )
    if len(first) <= MAX_FIELD_PROBLEMS:
        return first
    *named, last = first[:MAX_FIELD_PROBLEMS]
    return (*named, FieldProblem(last.field, f"{last.message}; further fields are wrong, too"))


def shortened(field_name: str) -> str:
    """The name as an answer repeats it."""
    if len(field_name) <= MAX_FIELD_CHARACTERS:
        return field_name
    return f"{field_name[: MAX_FIELD_CHARACTERS - 1]}\N{HORIZONTAL ELLIPSIS}"


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as every surface shows it, whatever its shape. `facts` are further members some shapes carry."""

    status: int
    code: str
    detail: str
    fields: tuple[FieldProblem, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


DOCUMENTED_ERRORS = "x-errors"
"""Where a route's `responses` have its errors, until the document shows each in the surface's shape."""


class PossibleError(NamedTuple):
    """An error that an operation can answer, beyond those that follow from what it is."""

    status: int
    code: str
    description: str


def errors(*possible: PossibleError) -> dict[int | str, dict[str, Any]]:
    """What a route says of its errors in `responses`; the document shows each in the surface's shape."""
    described: dict[int | str, dict[str, Any]] = {}
    for each in possible:
        found = described.setdefault(each.status, {"description": "", DOCUMENTED_ERRORS: []})
        found["description"] = f"{found['description']} {each.description}".strip()
        found[DOCUMENTED_ERRORS].append((each.code, each.description))
    return described


class HttpProblem(Exception):
    """A request that HTTP itself, or more than one of its fields, is reason enough to refuse."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


STATUS: Mapping[type[domain_errors.AuricleError], int] = {
    domain_errors.InvalidRequest: 422,
    domain_errors.UnusableRecording: 422,
    domain_errors.Unauthenticated: 401,
    domain_errors.Forbidden: 403,
    domain_errors.NotFound: 404,
    domain_errors.Conflict: 409,
    domain_errors.ConsentRequired: 409,
    domain_errors.PreconditionFailed: 412,
    domain_errors.TooManyRequests: 429,
    domain_errors.TransientError: 503,
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

INTERNAL = Problem(500, "internal-error", "Something went wrong on our side. Tell us the request id if it stays.")


NOTHING_HERE = Problem(404, "not-found", "There is nothing at this address. /docs lists what there is.")
REQUIRED_SCOPE = "auricle.required_scope"
"""Where the scope that the route takes lies in the ASGI scope, once a credential has been looked at."""

Renderer = Callable[[Problem, str, str], Response]
"""A problem, the request's path and the request id become a surface's own error response."""


def problem_of(error: Exception) -> Problem:
    """The problem of any error a request ended in; what is not ours to tell becomes `INTERNAL`."""
    if isinstance(error, HttpProblem):
        return error.problem
    if isinstance(error, RequestValidationError):
        return invalid_request(field_problems(error.errors())).problem
    for ancestor in type(error).__mro__:
        status = STATUS.get(ancestor)
        if status is not None and isinstance(error, domain_errors.AuricleError):
            named = isinstance(error, domain_errors.InvalidRequest) and error.field
            return Problem(
                status=status,
                code=error.code,
                detail=error.message,
                fields=(FieldProblem(str(named), error.message),) if named else (),
                headers=_waiting(error),
            )
    return INTERNAL


def _waiting(error: domain_errors.AuricleError) -> Mapping[str, str]:
    """When to try again, of what passes by itself."""
    if isinstance(error, domain_errors.TooManyRequests):
        return {"retry-after": str(error.retry_after_s)}
    return {"retry-after": str(RETRY_SOON_S)} if isinstance(error, domain_errors.TransientError) else {}


def invalid_request(problems: Iterable[FieldProblem]) -> HttpProblem:
    """422, naming the first of the fields."""
    named = first_problems(problems)
    detail = "; ".join(f"{each.field} {each.message}" if each.field else each.message for each in named[:5])
    return HttpProblem(Problem(422, "invalid-request", f"{detail}.", fields=named))


def field_problems(found: Iterable[Mapping[str, Any]]) -> Iterator[FieldProblem]:
    """Pydantic's findings in words a client understands; what was sent is not repeated."""
    for each in found:
        place = each["loc"][1:] if each["loc"][:1] in _PARTS_OF_A_REQUEST else each["loc"]
        name = ".".join(str(part) for part in place if _OF_A_UNION.match(str(part)) is None)
        yield FieldProblem(name, _MESSAGES.get(each["type"]) or _as_clause(each["msg"]))


_PARTS_OF_A_REQUEST = {("body",), ("query",), ("path",), ("header",)}
"""Where FastAPI says that a field stands, before its name."""
_OF_A_UNION = re.compile(r"(function-\w+|list|tuple|union)\[")
"""Pydantic's name of one of a union's types, which stands in the place like a field's."""
_MESSAGES = {
    "extra_forbidden": "is not known here",
    "missing": "is missing",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_parsing_size": "is out of range",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "has characters that are not allowed here",
    "model_type": "should be an object",
    "model_attributes_type": "should be an object",
    "dict_type": "should be an object",
    "list_type": "should be a valid array",
}


def _as_clause(message: str) -> str:
    """`Input should be less than 5` → `should be less than 5`: it follows the field's name."""
    for opening in ("Value error, ", "Input "):
        message = message.removeprefix(opening)
    return message[:1].lower() + message[1:]


def add_problem_handlers(app: FastAPI, render: Renderer) -> None:
    """Everything that goes wrong in the application is answered in one shape: its `state.render`."""

    async def handle(request: Request, error: Exception) -> Response:
        problem = _of_http(request, error) if isinstance(error, HTTPException) else problem_of(error)
        if isinstance(error, domain_errors.Unauthenticated | domain_errors.Forbidden) and not isinstance(
            error, domain_errors.NotYours
        ):
            problem = _challenged(problem, request)
        if problem.status >= 500:
            log_failure(error, request)
        return render(problem, request.scope["path"], request.scope[REQUEST_ID])

    app.state.render = render
    for kind in (domain_errors.AuricleError, HttpProblem, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, handle)


def _of_http(request: Request, error: HTTPException) -> Problem:
    """Of the router: an unknown path, or a method that the path does not have."""
    if error.status_code != 405:
        return NOTHING_HERE
    allowed = (error.headers or {}).get("allow") or (error.headers or {}).get("Allow", "")
    return Problem(
        405,
        "method-not-allowed",
        f"{request.method} is not allowed here.",
        headers={"allow": ", ".join(sorted(allowed.split(", ")))},
    )


def _challenged(problem: Problem, request: Request) -> Problem:
    """With the challenge that RFC 6750 asks for."""
    from api.auth import authorization, challenge

    if problem.status == 401:
        presented = authorization(request.scope["headers"]) is not None
        return replace(problem, headers={"www-authenticate": challenge("invalid_token" if presented else None)})
    scope = request.scope.get(REQUIRED_SCOPE)
    code = "insufficient-scope" if scope else problem.code
    return replace(problem, code=code, headers={"www-authenticate": challenge("insufficient_scope", scope)})


def log_failure(error: Exception, request: Request) -> None:
    """What our side needs to find the cause: the class and the place. The text may hold what nobody should read."""
    from auricle.adapters.logs import logger

    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
    cause = type(error.__cause__).__name__ if error.__cause__ else None
    logger().error(
        "request failed",
        extra={
            "operation": getattr(request.scope.get("route"), "name", request.scope["path"]),
            "requestId": request.scope[REQUEST_ID],
            "error": type(error).__name__,
            "cause": cause,
            "where": where,
        },
    )


class FieldError(ResponseModel):
    """What is wrong with one field of the request."""

    field: str = Field(description="The field's name, dotted where it is nested.")
    message: str = Field(description="What is wrong with it, as a clause that follows its name.")


class ProblemDetails(ResponseModel):
    """An error as RFC 9457 has it."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    type: str = Field(description="The kind of error, stable for programs.")
    title: str = Field(description="The kind of error in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What was wrong with this request, and what to do.")
    instance: str = Field(description="The path that was asked for.")
    requestId: str = Field(description="Name this when asking for help.")  # noqa: N815  # as on the wire
    errors: list[FieldError] = Field([], description="The fields that are wrong, where some are.")


_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS


def error_response(
    content: Any, problem: Problem, *, status: int | None = None, media_type: str = "application/json"
) -> Response:
    """The content as JSON, with the problem's status and headers."""
    return Response(
        orjson.dumps(content, option=_OPTIONS),
        status or problem.status,
        headers=dict(problem.headers),
        media_type=media_type,
    )


def problem_response(problem: Problem, path: str, request_id: str) -> Response:
    """RFC 9457: `type`, `title`, `status`, `detail`, `instance`, with `errors` naming fields, and the request id."""
    content: dict[str, Any] = {
        "type": f"urn:auricle:error:{problem.code}",
        "title": TITLES.get(problem.code, "The recording cannot be used" if problem.status == 422 else "Error"),
        "status": problem.status,
        "detail": problem.detail,
        "instance": path,
        "requestId": request_id,
        **problem.facts,
    }
    if problem.fields:
        content["errors"] = [{"field": one.field, "message": one.message} for one in problem.fields]
    return error_response(content, problem, media_type="application/problem+json")
