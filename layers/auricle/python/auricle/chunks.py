"""A recording that arrives in pieces: which chunks were asked for, which are here, which are not coming."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

MAX_CHUNKS = 2000
"""Of one recording: where they are is one item of the table, which may have 400 KB."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece that has arrived: the object version that counts is the first created."""

    version: str
    size_bytes: int
    arrived_at: datetime


@dataclass(frozen=True, slots=True)
class Chunks:
    """Where a recording's chunks are. Numbers count from 0 and give the order of the audio."""

    requested: frozenset[int] = frozenset()
    """Numbers that a presigned URL was made for."""
    arrived: Mapping[int, Chunk] = field(default_factory=dict)
    skippable: frozenset[int] = frozenset()
    """Numbers whose absence the uploader has accepted."""
    expected: int | None = None
    """How many there are to be: known once the recording is finished, or when the phone says so."""
    finished_at: datetime | None = None
    """When the phone said that nothing more will be recorded."""
    lacking_one_since: datetime | None = None
    """Since when all but one are here."""
    processed: frozenset[int] = frozenset()
    """Numbers that went into the audio of the run that completed last."""

    @property
    def outstanding(self) -> tuple[int, ...]:
        """Numbers that are waited for: expected or requested, neither here nor skippable. In order."""
        numbers = set(range(self.expected)) if self.expected is not None else set(self.requested)
        return tuple(sorted(numbers - self.arrived.keys() - self.skippable))

    @property
    def complete(self) -> bool:
        """Whether processing may start: recording has finished, and nothing is waited for."""
        return self.finished_at is not None and bool(self.arrived) and not self.outstanding
