"""The agent API's errors: `{"error": {"code", "message"}}`, with the codes that its documents name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from fastapi import Response
from pydantic import Field

from api import problems
from api.agent.shared import TranscriptionStatus
from api.models import ResponseModel, ShownMoment
from api.problems import FieldError, PossibleError, Problem
from auricle.recordings.recording import Stage

CODES: Mapping[str, str] = {
    "recording-not-found": "RECORDING_NOT_FOUND",
    "contact-not-found": "CONTACT_NOT_FOUND",
    "unsupported-audio": "INVALID_AUDIO_FORMAT",
    "consent-required": "CONSENT_REQUIRED",
    "transcription-failed": "TRANSCRIPTION_FAILED",
}
"""The codes the API's documents name; any other is the error's own code in the same style."""
DOCUMENTED_STATUSES: Mapping[str, int] = {"consent-required": 422}
"""Where the documents give a code another HTTP status than the rest of the API does."""

NO_RECORDING = PossibleError(404, "recording-not-found", "Unknown, or of another tenant.")
NO_CONTACT = PossibleError(404, "contact-not-found", "Unknown, or of another tenant.")
NO_DEAL = PossibleError(404, "deal-not-found", "Unknown, or of another tenant.")
NO_INTERACTION = PossibleError(404, "interaction-not-found", "Unknown, of another contact, or of another tenant.")
LOCKED = PossibleError(409, "conflict", "The recording is locked.")
ID_TAKEN = PossibleError(409, "conflict", "The id is taken.")


class UploadHandOver(ResponseModel):
    """Where a file goes that is too large for a form: one PUT of its bytes, with these headers, until then."""

    id: str = Field(description="The recording it becomes.")
    method: Literal["PUT"] = Field(description="The method to send it by.")
    upload_url: str = Field(description="Where to send it. Whoever has it can upload: treat it like a password.")
    expires_at: ShownMoment = Field(description="Until when the URL is good.")
    headers: dict[str, str] = Field(description="The headers that the PUT must carry.")


class AgentErrorBody(ResponseModel):
    """`code` is one of RECORDING_NOT_FOUND, CONTACT_NOT_FOUND, INVALID_AUDIO_FORMAT, CONSENT_REQUIRED,
    TRANSCRIPTION_FAILED, or another error's name in the same style."""

    code: str = Field(description="The kind of error, stable for programs.")
    message: str = Field(description="What was wrong, and what to do.")
    request_id: str = Field(description="Name this when asking for help.")
    fields: list[FieldError] = Field([], description="The fields that are wrong, where some are.")
    stage: Stage | None = Field(None, description="The stage that failed, where one did.")
    transcription_status: TranscriptionStatus | None = Field(None, description="How far it is, while there is none.")
    upload: UploadHandOver | None = Field(None, description="With FILE_TOO_LARGE: how the file is uploaded instead.")


class AgentError(ResponseModel):
    """The agent API's error."""

    error: AgentErrorBody = Field(description="What went wrong.")


def code_of(code: str) -> str:
    """The error's code in this surface's style."""
    return CODES.get(code, code.upper().replace("-", "_"))


def error_response(problem: Problem, _path: str, request_id: str) -> Response:
    """The problem in this shape."""
    error: dict[str, Any] = {
        "code": code_of(problem.code),
        "message": problem.detail,
        "request_id": request_id,
        **problem.facts,
    }
    if problem.fields:
        error["fields"] = [{"field": one.field, "message": one.message} for one in problem.fields]
    status = DOCUMENTED_STATUSES.get(problem.code, problem.status)
    return problems.error_response({"error": error}, problem, status=status)
