from __future__ import annotations

import pytest

from auricle.accuracy.rttm import read_rttm, write_rttm
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


def test_writes_what_it_reads() -> None:
    turns = (SpeakerTurn("speaker_0", 0.0, 4.0), SpeakerTurn("speaker_1", 3.5, 5.75))
    text = write_rttm("call", reversed(turns))
    assert text.splitlines()[0] == "SPEAKER call 1 0.000 4.000 <NA> <NA> speaker_0 <NA> <NA>"
    assert read_rttm(text) == {"call": turns}


def test_channels_count_from_one() -> None:
    assert write_rttm("call", [SpeakerTurn("b", 1.0, 2.0, channel=1)]).startswith("SPEAKER call 2 1.000 1.000")


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


@pytest.mark.parametrize("name", ["two words", ""])
def test_names_that_rttm_cannot_carry_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot carry"):
        write_rttm("call", [SpeakerTurn(name, 0.0, 1.0)])


def test_a_turn_may_begin_and_last_less_than_a_second() -> None:
    text = "SPEAKER call 1 0.25 0.5 <NA> <NA> anna <NA> <NA>\nSPEAKER call 1 0 0 <NA> <NA> ben <NA> <NA>\n"
    assert read_rttm(text) == {"call": (SpeakerTurn("ben", 0.0, 0.0), SpeakerTurn("anna", 0.25, 0.75))}


def test_turns_that_begin_together_are_in_order_of_end_and_name() -> None:
    turns = [SpeakerTurn("b", 1.0, 2.0), SpeakerTurn("a", 1.0, 2.0), SpeakerTurn("c", 1.0, 1.5)]
    assert [line.split()[7] for line in write_rttm("call", turns).splitlines()] == ["c", "a", "b"]
