"""What a person should know about a result that is there all the same: a cut-off file, an unlikely language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProcessingWarning:
    """`code` is for programs (`truncated`, `likely-not-english`), `message` for people."""

    code: str
    message: str
