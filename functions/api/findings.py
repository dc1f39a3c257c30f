"""What processing found, as the audio-files API and the agent API both show it."""

from __future__ import annotations

from pydantic import Field

from api.models import ResponseModel
from auricle.recordings.recording import Stage


class EngineUsed(ResponseModel):
    """What made a result."""

    name: str = Field(description="The engine.")
    version: str = Field(description="Its version.")
    model: str | None = Field(description="The model it ran, where it has several.")


class ProcessingWarning(ResponseModel):
    """Something to know although nothing failed."""

    code: str = Field(description="The kind of warning, stable for programs.")
    message: str = Field(description="What it is, in a sentence.")


class ProcessingError(ResponseModel):
    """Which stage of the workflow failed, and why."""

    stage: Stage = Field(description="The stage that failed.")
    code: str = Field(description="The kind of failure, stable for programs.")
    message: str = Field(description="What was wrong, in a sentence.")
