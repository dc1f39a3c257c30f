"""Words, speaker turns and segments, and how the first two become the third.

Times are seconds from the start of the recording. Speakers are engine labels (`speaker_0`, `speaker_1`, …) in
the order in which they first speak; what to call them on a page is the surface's business.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word. `confidence` is the engine's own, 0 to 1, or None where it gives none."""

    text: str
    start_s: float
    end_s: float
    confidence: float | None = None
    channel: int = 0


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    """A stretch in which one speaker talks. Turns of different speakers may overlap."""

    speaker: str
    start_s: float
    end_s: float
    channel: int | None = None
    """The channel the turn was heard on, where each channel is a speaker; None for a mixed recording."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Which engine made a result: part of every record, so that a figure can be traced to what made it."""

    name: str
    version: str
    model: str | None = None
