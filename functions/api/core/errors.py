"""The core API's errors: `error` in words, as documented; `issues` name the fields of a 422, as paths."""

from __future__ import annotations

from typing import Any

from fastapi import Response
from pydantic import Field

from api import problems
from api.models import CamelResponseModel
from api.problems import PossibleError, Problem

NO_RECORDING = PossibleError(
    404, "recording-not-found", "Unknown, of another tenant, or private and somebody else's: all look the same."
)
NO_ORGANIZATION = PossibleError(404, "not-found", "`organizationId` is not the organization of the credential.")
NO_CONSENT = PossibleError(409, "consent-required", "Consent is pending, refused or withdrawn: no content is shown.")
LOCKED = PossibleError(409, "conflict", "The recording is locked.")


class CoreIssue(CamelResponseModel):
    """One field that is wrong."""

    path: list[str] = Field(description="Where it stands in the request.")
    message: str = Field(description="What is wrong with it.")


class CoreError(CamelResponseModel):
    """The core API's error."""

    error: str = Field(description="What was wrong, and what to do.")
    code: str = Field(description="The kind of error, stable for programs.")
    request_id: str = Field(description="Name this when asking for help.")
    issues: list[CoreIssue] = Field([], description="The fields that are wrong, where some are.")


def error_response(problem: Problem, _path: str, request_id: str) -> Response:
    """The problem in this shape."""
    error: dict[str, Any] = {"error": problem.detail, "code": problem.code, "requestId": request_id, **problem.facts}
    if problem.fields:
        error["issues"] = [{"path": one.field.split("."), "message": one.message} for one in problem.fields]
    return problems.error_response(error, problem)
