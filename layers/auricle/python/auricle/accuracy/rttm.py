"""Speaker turns as RTTM, the text format of NIST's Rich Transcription evaluations: one turn a line.

SPEAKER <recording> <channel> <start> <duration> <NA> <NA> <speaker> <NA> <NA>
"""

from __future__ import annotations

from auricle.transcripts.transcript import SpeakerTurn


def read_rttm(text: str) -> dict[str, tuple[SpeakerTurn, ...]]:
    """The turns of each recording, in order of time. Lines that are not `SPEAKER` and comments are passed over.

    Raises ValueError, which names the line, where a SPEAKER line is short or a time is not a number.
    """
    turns: dict[str, list[SpeakerTurn]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.split()
        if not fields or fields[0] != "SPEAKER":
            continue
        try:
            recording, start_s, duration_s, speaker = fields[1], float(fields[3]), float(fields[4]), fields[7]
        except (IndexError, ValueError) as error:
            raise ValueError(f"Line {number} is not an RTTM turn: {line!r}") from error
        if not (start_s >= 0.0 and duration_s >= 0.0):
            raise ValueError(f"Line {number} has a negative time: {line!r}")
        turns.setdefault(recording, []).append(SpeakerTurn(speaker, start_s, start_s + duration_s))
    return {recording: tuple(sorted(own, key=_by_time)) for recording, own in turns.items()}


def _by_time(turn: SpeakerTurn) -> tuple[float, float, str]:
    return turn.start_s, turn.end_s, turn.speaker
