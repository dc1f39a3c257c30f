"""Extractive highlights: the summary Auricle gives where no language model is deployed.

Each line is a quotation with its speaker and time, never a paraphrase, and is called a highlight, not a summary.
Extractive methods measure alike on meetings (ROUGE-1 25 for the longest sentences, 25 for LexRank, 23 for
centroid and MMR on QMSum), so the cheapest that avoids repetition is used: salience of content words in this
recording, with maximal marginal relevance (Carbonell and Goldstein, 1998) against saying one thing twice.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from auricle.transcripts.transcript import Engine, Segment, Word

ENGINE = Engine(name="highlights", version="1")
MAX_LINES = 5
MIN_WORDS = 5
MAX_WORDS = 32
CLAUSE_PAUSE_S = 0.3
"""A pause this long ends a quotable clause, once the clause has enough words."""

_NOVELTY_WEIGHT = 0.7
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_STOP_WORDS = frozenset(
    """a about actually after again all also am an and any are as at back be because been being but by can
    can't could did didn't do does doesn't doing don't down even for from get go going gonna good got had has
    have having he hello her here hey hi him his how i i'd i'll i'm i've if in into is isn't it it's its just
    kind know let like little look lot make may maybe me mean more much my no not now of off oh ok okay on one
    only or our out over please really right said say see she should so some something sort sure take tell than
    thank thanks that that's the their them then there these they they're thing things think this those though
    through time to too two uh um up us very wanna want was way we we'll we're we've well were what what's when
    where which while who why will with won't would yeah yes yet you you'd you'll you're your""".split()
)


@dataclass(frozen=True, slots=True)
class Highlight:
    """One quotation: the words themselves, whose they are, and where they stand."""

    text: str
    speaker: str | None
    segment: int
    start_s: float
    end_s: float


def pick_highlights(segments: Sequence[Segment], max_lines: int = MAX_LINES) -> tuple[Highlight, ...]:
    """The most telling clauses of a transcript, in the order they were said.

    A recording with fewer words than a line gives what there is; one without words gives no lines.
    """
    clauses = [clause for segment in segments for clause in _clauses(segment)]
    long_enough = [clause for clause in clauses if len(clause.words) >= MIN_WORDS]
    candidates = long_enough or clauses[:1]
    frequency = Counter(term for clause in clauses for term in clause.terms)
    chosen = _diverse(candidates, frequency, max_lines)
    return tuple(clause.as_highlight() for clause in sorted(chosen, key=lambda clause: clause.words[0].start_s))


class _Clause:
    """Words of one segment between two pauses."""

    def __init__(self, segment: Segment, words: Sequence[Word]) -> None:
        self.segment = segment
        self.words = words
        terms = (match.group() for word in words for match in _WORD.finditer(word.text.lower()))
        self.terms = frozenset(term for term in terms if term not in _STOP_WORDS and len(term) > 2)

    def salience(self, frequency: Counter[str]) -> float:
        """Content words count by how often the conversation returns to them; sure words count more."""
        if not self.terms:
            return 0.0
        weight = sum(1.0 + math.log(frequency[term]) for term in self.terms)
        known = [word.confidence for word in self.words if word.confidence is not None]
        certainty = 0.5 + sum(known) / len(known) / 2 if known else 1.0
        return certainty * weight / math.sqrt(len(self.words))

    def likeness(self, other: _Clause) -> float:
        """Jaccard similarity of the content words, 0 to 1."""
        union = self.terms | other.terms
        return len(self.terms & other.terms) / len(union) if union else 0.0

    def as_highlight(self) -> Highlight:
        return Highlight(
            text=" ".join(word.text for word in self.words),
            speaker=self.segment.speaker,
            segment=self.segment.index,
            start_s=self.words[0].start_s,
            end_s=self.words[-1].end_s,
        )


def _clauses(segment: Segment) -> list[_Clause]:
    clauses: list[_Clause] = []
    start = 0
    for position in range(1, len(segment.words) + 1):
        length = position - start
        at_end = position == len(segment.words)
        paused = not at_end and segment.words[position].start_s - segment.words[position - 1].end_s >= CLAUSE_PAUSE_S
        if at_end or length >= MAX_WORDS or (paused and length >= MIN_WORDS):
            clauses.append(_Clause(segment, segment.words[start:position]))
            start = position
    return clauses


def _diverse(candidates: Sequence[_Clause], frequency: Counter[str], count: int) -> list[_Clause]:
    """Maximal marginal relevance: each line is telling, and unlike the lines before it."""
    remaining = {clause: clause.salience(frequency) for clause in candidates}
    chosen: list[_Clause] = []
    while remaining and len(chosen) < count:

        def gain(clause: _Clause) -> float:
            repeated = max((clause.likeness(other) for other in chosen), default=0.0)
            return remaining[clause] * (1.0 - _NOVELTY_WEIGHT * repeated)

        best = max(remaining, key=gain)
        chosen.append(best)
        del remaining[best]
    return chosen
