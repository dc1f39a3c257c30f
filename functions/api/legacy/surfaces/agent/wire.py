"""What all of the agent API shares: its surface, its error shape, its codes, and its words for statuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field
from pydantic.config import JsonDict

from api.legacy.answers import json_response
from api.legacy.faults import Fault
from api.legacy.surface import Surface
from auricle.recordings.recording import Status

if TYPE_CHECKING:
    from starlette.responses import Response

ROLE = "founder"

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


def code_of(code: str) -> str:
    """The error's code in this surface's style."""
    return CODES.get(code, code.upper().replace("-", "_"))


def _error_response(fault: Fault, _path: str, request_id: str) -> Response:
    error: dict[str, Any] = {
        "code": code_of(fault.code),
        "message": fault.detail,
        "request_id": request_id,
        **fault.facts,
    }
    if fault.fields:
        error["fields"] = [{"field": one.field, "message": one.message} for one in fault.fields]
    return json_response({"error": error}, DOCUMENTED_STATUSES.get(fault.code, fault.status), headers=fault.headers)


surface = Surface("agent", "/api/v1/agent/founder", render=_error_response, role=ROLE)

TRANSCRIPTION_STATUSES: Mapping[Status, str] = {
    Status.RECORDING: "queued",
    Status.UPLOADING: "queued",
    Status.UPLOADED: "queued",
    Status.TRANSCRIBING: "processing",
    Status.AWAITING_REDACTION: "completed",
    Status.REDACTING: "completed",
    Status.COMPLETE: "completed",
    Status.RAW_SPLIT: "completed",
    Status.ERROR: "failed",
    Status.UNRECOVERABLE_ERROR: "failed",
}
"""This surface's word for how far the transcription is."""

STATUSES: Mapping[Status, str] = {
    **dict.fromkeys(TRANSCRIPTION_STATUSES, "processing"),
    Status.COMPLETE: "completed",
    Status.RAW_SPLIT: "completed",
    Status.ERROR: "failed",
    Status.UNRECOVERABLE_ERROR: "failed",
}
"""This surface's word for how far the recording is as a whole."""


def left_out() -> Any:
    """The default of a field that may be left out and is never null; `model_fields_set` says whether it was."""
    return Field(default=None, json_schema_extra=_without_default)


def _without_default(schema: JsonDict) -> None:
    schema.pop("default", None)
