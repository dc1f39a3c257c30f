"""What all of the agent API's documents share: its error, and refusals that more than one operation has."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.legacy.documents import Refusal, Shown
from api.legacy.documents.audio_files import FieldProblem

TranscriptionStatus = Literal["queued", "processing", "completed", "failed"]
Status = Literal["processing", "completed", "failed"]
ConsentStatus = Literal["all_consented", "one_party", "pending", "withdrawn"]


class UploadHandOver(Shown):
    """Where a file goes that is too large for a form: one PUT of its bytes, with these headers, until then."""

    id: str
    method: Literal["PUT"]
    upload_url: str
    expires_at: datetime
    headers: dict[str, str]


class AgentErrorBody(Shown):
    """`code` is one of RECORDING_NOT_FOUND, CONTACT_NOT_FOUND, INVALID_AUDIO_FORMAT, CONSENT_REQUIRED,
    TRANSCRIPTION_FAILED, or another error's name in the same style."""

    code: str
    message: str
    request_id: str
    fields: list[FieldProblem] = Field(default=[], description="The fields that are wrong, where some are.")
    stage: str | None = Field(None, description="The stage that failed, where one did.")
    transcription_status: TranscriptionStatus | None = None
    upload: UploadHandOver | None = Field(None, description="With FILE_TOO_LARGE: how the file is uploaded instead.")


class AgentError(Shown):
    """The agent API's error."""

    error: AgentErrorBody


NO_RECORDING = Refusal(404, "recording-not-found", "Unknown, or of another tenant.")
NO_CONTACT = Refusal(404, "contact-not-found", "Unknown, or of another tenant.")
NO_DEAL = Refusal(404, "deal-not-found", "Unknown, or of another tenant.")
NO_INTERACTION = Refusal(404, "interaction-not-found", "Unknown, of another contact, or of another tenant.")
LOCKED = Refusal(409, "conflict", "The recording is locked.")
ID_TAKEN = Refusal(409, "conflict", "The id is taken.")
STALE = Refusal(412, "precondition-failed", "If-Match names a state that is no longer the present one.")
