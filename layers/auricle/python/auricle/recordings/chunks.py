"""A recording that arrives in pieces: which chunks were asked for, which are here, which are not coming."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

MAX_CHUNKS = 2000
"""Of one recording: where they are is one item of the table, which may have 400 KB."""


class ChunkState(StrEnum):
    """Where one chunk is. `processed` is final; one that was skipped may still arrive."""

    MISSING = "missing"
    """Expected, and no URL was asked for it yet."""
    REQUESTED = "requested"
    UPLOADED = "uploaded"
    PROCESSED = "processed"
    SKIPPED = "skipped"
    """Not here, and its absence is accepted."""


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
    """Numbers that went into the audio of the run that was prepared last."""

    @property
    def numbers(self) -> tuple[int, ...]:
        """Every number there is something to say of, in order."""
        return tuple(sorted({*range(self.expected or 0), *self.requested, *self.arrived, *self.skippable}))

    @property
    def outstanding(self) -> tuple[int, ...]:
        """Numbers that are waited for: expected or requested, neither here nor skippable. In order."""
        numbers = set(range(self.expected)) if self.expected is not None else set(self.requested)
        return tuple(sorted(numbers - self.arrived.keys() - self.skippable))

    @property
    def complete(self) -> bool:
        """Whether processing may start: recording has finished, and nothing is waited for."""
        return self.finished_at is not None and bool(self.usable) and not self.outstanding

    @property
    def usable(self) -> tuple[int, ...]:
        """Numbers that would make up the audio if it were put together now; what came beyond the end is not of it."""
        return tuple(sorted(number for number in self.arrived if self.expected is None or number < self.expected))

    def state(self, number: int) -> ChunkState:
        if number in self.processed:
            return ChunkState.PROCESSED
        if number in self.arrived:
            return ChunkState.UPLOADED
        if number in self.skippable:
            return ChunkState.SKIPPED
        return ChunkState.REQUESTED if number in self.requested else ChunkState.MISSING

    def version_of(self, numbers: Sequence[int]) -> str:
        """What stands for the object version of a file: the same chunks in the same versions have the same."""
        lines = "".join(f"{number} {self.arrived[number].version}\n" for number in numbers)
        return f"chunks-{hashlib.sha256(lines.encode()).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class ChunksChange:
    """What to note of a recording's chunks; what is empty or None is left as it is."""

    requested: frozenset[int] = frozenset()
    arrived: Mapping[int, Chunk] = field(default_factory=dict)
    """Of a number that is here already the earlier stays."""
    skippable: frozenset[int] = frozenset()
    expected: int | None = None
    finished_at: datetime | None = None
    """Finishing again keeps the first moment."""
    lacking_one_since: datetime | None = None
    lacks_one_no_more: bool = False
    processed: frozenset[int] | None = None
    """Takes the place of those noted before."""


def noted(chunks: Chunks | None, change: ChunksChange) -> Chunks:
    """The chunks after the change."""
    before = chunks or Chunks()
    lacking = None if change.lacks_one_no_more else before.lacking_one_since or change.lacking_one_since
    return Chunks(
        requested=before.requested | change.requested,
        arrived=dict(sorted({**change.arrived, **before.arrived}.items())),
        skippable=before.skippable | change.skippable,
        expected=before.expected if change.expected is None else change.expected,
        finished_at=before.finished_at or change.finished_at,
        lacking_one_since=lacking,
        processed=before.processed if change.processed is None else change.processed,
    )
