"""Diarization error rate, exact to the interval.

NIST, "The Rich Transcription 2009 (RT-09) meeting recognition evaluation plan" (2009), section 6: the seconds of
speech missed, of silence taken for speech, and of speech given to the wrong speaker, over the seconds of
reference speech. Where several speakers talk at once, each counts: overlap is scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from auricle.transcripts.transcript import SpeakerTurn


@dataclass(frozen=True, slots=True)
class DiarizationError:
    """The parts of one comparison, in speaker-seconds. Comparisons of several recordings may be added."""

    missed_s: float
    false_alarm_s: float
    confusion_s: float
    total_s: float
    """Reference speech that was scored: a second in which two people talk counts twice."""

    @property
    def rate(self) -> float:
        """Errors over reference speech. Without any reference speech: 0 if nothing was claimed, else 1."""
        errors_s = self.missed_s + self.false_alarm_s + self.confusion_s
        if self.total_s == 0.0:
            return 1.0 if errors_s > 0.0 else 0.0
        return errors_s / self.total_s

    def __add__(self, other: DiarizationError) -> DiarizationError:
        return DiarizationError(
            self.missed_s + other.missed_s,
            self.false_alarm_s + other.false_alarm_s,
            self.confusion_s + other.confusion_s,
            self.total_s + other.total_s,
        )


def diarization_error(
    reference: Sequence[SpeakerTurn],
    hypothesis: Sequence[SpeakerTurn],
    duration_s: float,
    collar_s: float = 0.0,
) -> DiarizationError:
    """Compares two sets of turns over [0, duration_s] of one recording.

    Speakers are matched one to one so that matched speakers talk together for as long as possible; names do not
    matter. `collar_s` leaves out that much on *each* side of every reference boundary, as NIST counts it;
    pyannote.metrics names the total width instead, so its `collar=0.5` is 0.25 here.

    A speaker's own turns that overlap count once. Raises ValueError for a negative duration or collar.
    """
    if duration_s < 0.0 or collar_s < 0.0:
        raise ValueError("duration_s and collar_s must not be negative.")
    boundaries = [edge for turn in reference for edge in (turn.start_s, turn.end_s)]
    collars = [(edge - collar_s, edge + collar_s) for edge in boundaries] if collar_s > 0.0 else []
    edges = _edges([reference, hypothesis], collars, duration_s)
    lengths_s = np.diff(edges) * ~_covered(edges, collars)

    said = _activity(edges, reference)
    claimed = _activity(edges, hypothesis)
    together_s = (said * lengths_s) @ claimed.T.astype(np.float64)
    matched_s = float(together_s[linear_sum_assignment(together_s, maximize=True)].sum())

    said_count, claimed_count = said.sum(axis=0), claimed.sum(axis=0)
    return DiarizationError(
        missed_s=float(np.maximum(said_count - claimed_count, 0) @ lengths_s),
        false_alarm_s=float(np.maximum(claimed_count - said_count, 0) @ lengths_s),
        confusion_s=max(0.0, float(np.minimum(said_count, claimed_count) @ lengths_s) - matched_s),
        total_s=float(said_count @ lengths_s),
    )


def _edges(
    sides: Sequence[Sequence[SpeakerTurn]], collars: Sequence[tuple[float, float]], duration_s: float
) -> NDArray[np.float64]:
    """Every time at which anything changes, in order: between two neighbours all is constant."""
    times = [0.0, duration_s]
    times += [edge for turns in sides for turn in turns for edge in (turn.start_s, turn.end_s)]
    times += [edge for collar in collars for edge in collar]
    return np.unique(np.clip(np.array(times), 0.0, duration_s))


def _activity(edges: NDArray[np.float64], turns: Sequence[SpeakerTurn]) -> NDArray[np.bool_]:
    """(speakers, intervals): who talks in which interval between two edges."""
    speakers = sorted({turn.speaker for turn in turns})
    spans = [[(turn.start_s, turn.end_s) for turn in turns if turn.speaker == speaker] for speaker in speakers]
    return np.array([_covered(edges, own) for own in spans], dtype=np.bool_).reshape(len(speakers), len(edges) - 1)


def _covered(edges: NDArray[np.float64], spans: Sequence[tuple[float, float]]) -> NDArray[np.bool_]:
    covered = np.zeros(len(edges) - 1, dtype=np.bool_)
    for start, end in np.clip(np.array(spans, dtype=np.float64).reshape(-1, 2), edges[0], edges[-1]):
        covered[np.searchsorted(edges, start) : np.searchsorted(edges, end)] = True
    return covered
