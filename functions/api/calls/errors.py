"""The calls API's errors: `{"status": "error", "message", "data": null}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from fastapi import Response
from pydantic import Field

from api import problems
from api.models import ResponseModel
from api.problems import FieldProblem, Problem

DOCUMENTED_STATUSES: Mapping[str, int] = {"invalid-request": 400}
"""Where the document gives an error another HTTP status than the rest of the API does."""
DOCUMENTED_MESSAGES: Mapping[str, str] = {"unauthenticated": "Invalid API token."}
"""Where it gives its words; what exactly is wrong with a credential stands in `www-authenticate`."""


class CallsError(ResponseModel):
    """The calls API's error."""

    status: Literal["error"] = Field(description="That it is one.")
    message: str = Field(description="What was wrong, and what to do.")
    data: None = Field(description="Nothing.")


def error_response(problem: Problem, _path: str, _request_id: str) -> Response:
    """The problem in this shape."""
    message = " ".join(map(_about_field, problem.fields)) or DOCUMENTED_MESSAGES.get(problem.code, problem.detail)
    content = {"status": "error", "message": message, "data": None}
    return problems.error_response(content, problem, status=DOCUMENTED_STATUSES.get(problem.code))


def _about_field(problem: FieldProblem) -> str:
    """`Field 'recording_url' must be a valid HTTPS URL.`"""
    message = problem.message.removeprefix(f"{problem.field} ").rstrip(".")
    if not problem.field:
        return f"The body {message}."
    return f"Field '{problem.field}'{':' if message[:1].isupper() else ''} {message}."
