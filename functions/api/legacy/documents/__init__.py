"""What each surface answers, as models and examples: read only when the OpenAPI document is asked for.

Answers are written as plain values (`surfaces/`), which is what keeps them quick; contract tests hold every real
answer against the model here, so neither can move alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Shown(BaseModel):
    """Base of answers in snake_case."""

    model_config = ConfigDict(extra="forbid")


class CamelShown(BaseModel):
    """Base of answers in camelCase."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error an operation can return, beyond those every operation can; its example is rendered as the real one."""

    status: int
    code: str
    description: str


@dataclass(frozen=True, slots=True)
class Documented:
    """One operation in words: what it is for, what it answers, and what it refuses."""

    summary: str
    description: str
    answer: type[BaseModel] | None
    example: Mapping[str, Any] | None
    status: int = 200
    other_statuses: Mapping[int, str] | None = None
    """Further statuses with the same answer, and what they say."""
    refusals: tuple[Refusal, ...] = ()
    request_example: Mapping[str, Any] | None = None
    multipart: type[BaseModel] | None = None
    """The parts of a body that is multipart/form-data instead of JSON; a file's bytes are `bytes`."""


@dataclass(frozen=True, slots=True)
class SurfaceDocument:
    """A surface in words, its error shape, and its operations by name."""

    description: str
    error: type[BaseModel]
    operations: Mapping[str, Documented]


RECORDING_ID = "rec_19d4f2a1b00c0ffee12345678901234"
CONTACT_ID = "contact_19d4f2a1b0512345678901234abcdef"
CREATED_AT = "2026-03-30T12:00:00Z"
EXPIRES_AT = "2026-03-30T12:15:00Z"
REQUEST_ID = "8d6f1c2e-6a0b-4c55-9d0e-2f1f3a9c7b11"
"""What examples show."""
