"""Words, speaker turns and segments, and how the first two become the third.

Times are seconds from the start of the recording. Speakers are engine labels (`speaker_0`, `speaker_1`, …) in
the order in which they first speak; what to call them on a page is the surface's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

SEGMENT_PAUSE_S = 1.2
"""A speaker who pauses this long begins a new segment."""

CHANNEL_PAUSE_S = 0.8
"""On separate channels people talk over each other: shorter segments keep the reading order."""

NEAREST_TURN_S = 2.0
"""A word in no turn goes to the nearest turn up to this far away; beyond, its speaker is unknown."""


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


@dataclass(frozen=True, slots=True)
class Segment:
    """Words said in one go by one speaker; `speaker` is None where nobody could be told."""

    index: int
    speaker: str | None
    words: tuple[Word, ...]

    @property
    def start_s(self) -> float:
        return self.words[0].start_s

    @property
    def end_s(self) -> float:
        return max(word.end_s for word in self.words)

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def confidence(self) -> float | None:
        """Mean of the words' confidences; None where the engine gives none."""
        known = [word.confidence for word in self.words if word.confidence is not None]
        return sum(known) / len(known) if known else None


@dataclass(frozen=True, slots=True)
class SpeakerTalk:
    """How much one speaker talked: `talk_s` from the speaker turns (or words, where there are no turns)."""

    speaker: str
    talk_s: float
    word_count: int


@dataclass(frozen=True, slots=True)
class Transcript:
    """The assembled result: segments in reading order, and the turns as the diarization gave them."""

    segments: tuple[Segment, ...]
    turns: tuple[SpeakerTurn, ...] = ()
    language: str | None = None

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for segment in self.segments for word in segment.words)

    @property
    def text(self) -> str:
        """`Speaker 1: …` a line per segment, as the agent API shows it."""
        return "\n".join(f"{display_name(segment.speaker)}: {segment.text}" for segment in self.segments)

    def talk(self) -> tuple[SpeakerTalk, ...]:
        """Talking time and words per speaker, in the speakers' order."""
        seconds: dict[str, float] = {}
        words: dict[str, int] = {}
        for turn in self.turns:
            seconds[turn.speaker] = seconds.get(turn.speaker, 0.0) + turn.end_s - turn.start_s
        for segment in self.segments:
            if segment.speaker is None:
                continue
            words[segment.speaker] = words.get(segment.speaker, 0) + len(segment.words)
            if not self.turns:
                spoken_s = sum(word.end_s - word.start_s for word in segment.words)
                seconds[segment.speaker] = seconds.get(segment.speaker, 0.0) + spoken_s
        return tuple(
            SpeakerTalk(speaker, round(seconds.get(speaker, 0.0), 3), words.get(speaker, 0))
            for speaker in sorted({*seconds, *words}, key=_speaker_order)
        )


def display_name(speaker: str | None) -> str:
    """`speaker_0` → `Speaker 1`; a speaker nobody could tell → `Unknown speaker`."""
    if speaker is None:
        return "Unknown speaker"
    prefix, _, number = speaker.rpartition("_")
    return f"Speaker {int(number) + 1}" if prefix == "speaker" and number.isdigit() else speaker


def assemble(words: Iterable[Word], turns: Sequence[SpeakerTurn]) -> tuple[Segment, ...]:
    """Words and speaker turns become segments in reading order.

    A word goes to the speaker who holds most of it, on its own channel where turns have channels; in no turn,
    to the nearest. Without turns (diarization failed, or was not done) every word is kept, speaker unknown.
    """
    ordered = sorted(words, key=lambda word: (word.start_s, word.end_s))
    holders = _Holders(turns)
    spoken = [(word, holders.speaker_of(word)) for word in ordered]
    separate_channels = any(turn.channel is not None for turn in turns)
    groups = _by_channel(spoken) if separate_channels else _in_sequence(spoken)
    return tuple(Segment(index, speaker, tuple(group_words)) for index, (speaker, group_words) in enumerate(groups))


class _Holders:
    """Finds who holds a word, in one pass over words ordered by start."""

    def __init__(self, turns: Sequence[SpeakerTurn]) -> None:
        self._turns = sorted(turns, key=lambda turn: turn.start_s)
        self._longest_s = max((turn.end_s - turn.start_s for turn in self._turns), default=0.0)
        self._first = 0

    def speaker_of(self, word: Word) -> str | None:
        reach_s = self._longest_s + NEAREST_TURN_S
        while self._first < len(self._turns) and self._turns[self._first].start_s < word.start_s - reach_s:
            self._first += 1
        held_s: dict[str, float] = {}
        nearest: tuple[float, str] | None = None
        for turn in islice(self._turns, self._first, None):
            if turn.start_s > word.end_s + NEAREST_TURN_S:
                break
            if turn.channel is not None and turn.channel != word.channel:
                continue
            overlap_s = min(turn.end_s, word.end_s) - max(turn.start_s, word.start_s)
            if overlap_s > 0:
                held_s[turn.speaker] = held_s.get(turn.speaker, 0.0) + overlap_s
            elif -overlap_s <= NEAREST_TURN_S and (nearest is None or -overlap_s < nearest[0]):
                nearest = (-overlap_s, turn.speaker)
        if held_s:
            return max(held_s, key=lambda speaker: held_s[speaker])
        return nearest[1] if nearest else None


_Spoken = tuple[Word, str | None]
_Group = tuple[str | None, list[Word]]


def _in_sequence(spoken: Sequence[_Spoken]) -> list[_Group]:
    """Mixed audio: a new segment where the speaker changes or pauses."""
    groups: list[_Group] = []
    for word, speaker in spoken:
        if groups and groups[-1][0] == speaker and word.start_s - groups[-1][1][-1].end_s < SEGMENT_PAUSE_S:
            groups[-1][1].append(word)
        else:
            groups.append((speaker, [word]))
    return groups


def _by_channel(spoken: Sequence[_Spoken]) -> list[_Group]:
    """Separate channels: what one person says in one go stays whole, however much the other talks over it."""
    open_groups: dict[int, _Group] = {}
    groups: list[_Group] = []
    for word, speaker in spoken:
        group = open_groups.get(word.channel)
        if group and group[0] == speaker and word.start_s - group[1][-1].end_s < CHANNEL_PAUSE_S:
            group[1].append(word)
        else:
            group = (speaker, [word])
            open_groups[word.channel] = group
            groups.append(group)
    return _joined(groups)


def _joined(groups: list[_Group]) -> list[_Group]:
    """Neighbours of one speaker with nobody between them and no long pause are one segment."""
    if not groups:
        return []
    result = [groups[0]]
    for before, group in pairwise(groups):
        gap_s = group[1][0].start_s - before[1][-1].end_s
        if group[0] == result[-1][0] and gap_s < SEGMENT_PAUSE_S:
            result[-1][1].extend(group[1])
        else:
            result.append(group)
    return result


def _speaker_order(speaker: str) -> tuple[int, str]:
    number = speaker.rpartition("_")[2]
    return (int(number) if number.isdigit() else 1_000_000, speaker)
