from __future__ import annotations

import pytest

from auricle.accuracy.rttm import read_rttm
from auricle.transcripts.transcript import SpeakerTurn

CALL = """\
;; a comment
SPKR-INFO call 1 <NA> <NA> <NA> unknown anna <NA> <NA>
SPEAKER call 1 4.500 1.250 <NA> <NA> ben <NA> <NA>
SPEAKER call 1 0.000 4.000 <NA> <NA> anna <NA> <NA>

SPEAKER other 2 1 2 <NA> <NA> anna <NA>
"""


def test_reads_the_turns_of_each_recording_in_order() -> None:
    assert read_rttm(CALL) == {
        "call": (SpeakerTurn("anna", 0.0, 4.0), SpeakerTurn("ben", 4.5, 5.75)),
        "other": (SpeakerTurn("anna", 1.0, 3.0),),
    }


@pytest.mark.parametrize(
    "line",
    [
        "SPEAKER call 1 0.0",
        "SPEAKER call 1 zero 1.0 <NA> <NA> anna <NA> <NA>",
        "SPEAKER call 1 -1 1 <NA> <NA> anna <NA>",
        "SPEAKER call 1 nan 1 <NA> <NA> anna <NA>",
    ],
)
def test_a_broken_turn_is_named_by_its_line(line: str) -> None:
    with pytest.raises(ValueError, match="Line 2"):
        read_rttm(f";; heading\n{line}\n")


def test_a_turn_may_begin_and_last_less_than_a_second() -> None:
    text = "SPEAKER call 1 0.25 0.5 <NA> <NA> anna <NA> <NA>\nSPEAKER call 1 0 0 <NA> <NA> ben <NA> <NA>\n"
    assert read_rttm(text) == {"call": (SpeakerTurn("ben", 0.0, 0.0), SpeakerTurn("anna", 0.25, 0.75))}


def test_turns_that_begin_together_are_in_order_of_end_and_name() -> None:
    lines = [f"SPEAKER call 1 1 {seconds} <NA> <NA> {name} <NA>" for name, seconds in (("b", 1), ("a", 1), ("c", 0.5))]
    assert [turn.speaker for turn in read_rttm("\n".join(lines))["call"]] == ["c", "a", "b"]
