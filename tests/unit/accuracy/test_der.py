"""Vectors are worked out by hand in the comments; the arithmetic is exact, so equality is to the nanosecond."""

from __future__ import annotations

import random
from dataclasses import FrozenInstanceError

import pytest

from auricle.accuracy.der import DiarizationError, diarization_error
from auricle.transcripts.transcript import SpeakerTurn


def turns(*spans: tuple[str, float, float]) -> list[SpeakerTurn]:
    return [SpeakerTurn(*span) for span in spans]


def parts(error: DiarizationError) -> tuple[float, ...]:
    return tuple(round(part, 9) for part in (error.missed_s, error.false_alarm_s, error.confusion_s, error.total_s))


def test_names_do_not_matter() -> None:
    reference = turns(("anna", 0, 4), ("ben", 4, 10))
    hypothesis = turns(("speaker_1", 0, 4), ("speaker_0", 4, 10))
    assert parts(diarization_error(reference, hypothesis, 10.0)) == (0, 0, 0, 10)


def test_each_kind_of_error_is_told_apart() -> None:
    # A is anna, B is ben. Missed: 8-9. False alarm: 11-12 and 21-23. Confusion: 14-15.
    reference = turns(("anna", 0, 10), ("ben", 12, 20))
    hypothesis = turns(("A", 0, 8), ("A", 9, 10), ("B", 11, 14), ("A", 14, 15), ("B", 15, 20), ("B", 21, 23))
    error = diarization_error(reference, hypothesis, 25.0)
    assert parts(error) == (1, 3, 1, 18)
    assert error.rate == pytest.approx(5 / 18)


def test_overlap_counts_each_speaker() -> None:
    # 5-8 both talk: 13 speaker-seconds. Only A is heard there: 3 s missed.
    reference = turns(("anna", 0, 8), ("ben", 5, 10))
    hypothesis = turns(("A", 0, 8), ("B", 8, 10))
    assert parts(diarization_error(reference, hypothesis, 10.0)) == (3, 0, 0, 13)


def test_in_overlap_a_wrong_second_speaker_is_confusion() -> None:
    # 0-4 anna and ben; heard A and C. A is anna (she talks on), C is nobody, B is ben: 4 s confusion.
    reference = turns(("anna", 0, 10), ("ben", 0, 4), ("ben", 12, 20))
    hypothesis = turns(("A", 0, 10), ("C", 0, 4), ("B", 12, 20))
    assert parts(diarization_error(reference, hypothesis, 20.0)) == (0, 0, 4, 22)


def test_the_matching_is_the_best_in_sum_not_greedy() -> None:
    # Together: A-anna 5, A-ben 4, B-anna 4, B-ben 0. Greedy takes A-anna (5 + 0); the best is A-ben, B-anna (8).
    reference = turns(("anna", 0, 9), ("ben", 9, 13))
    hypothesis = turns(("A", 0, 5), ("B", 5, 9), ("A", 9, 13))
    assert parts(diarization_error(reference, hypothesis, 13.0)) == (0, 0, 5, 13)


def test_more_speakers_than_there_are() -> None:
    reference = turns(("anna", 0, 10))
    hypothesis = turns(("A", 0, 6), ("B", 6, 10))
    assert parts(diarization_error(reference, hypothesis, 10.0)) == (0, 0, 4, 10)


def test_the_collar_is_left_out_on_each_side_of_reference_boundaries() -> None:
    # Boundaries 2 and 8, collar 0.25: scored are 0-1.75, 2.25-7.75 and 8.25-10.
    # Heard 1.6-8.1: false alarm 1.6-1.75; the late end lies inside the collar.
    reference = turns(("anna", 2, 8))
    hypothesis = turns(("A", 1.6, 8.1))
    assert parts(diarization_error(reference, hypothesis, 10.0, collar_s=0.25)) == (0, 0.15, 0, 5.5)
    assert parts(diarization_error(reference, hypothesis, 10.0)) == (0, 0.5, 0, 6)


def test_collars_that_meet_leave_nothing_between_them() -> None:
    # Turn 2-2.4 is shorter than its two collars: nothing of it is scored, nor what was claimed there.
    error = diarization_error(turns(("anna", 2, 2.4)), turns(("A", 1.9, 2.5)), 10.0, collar_s=0.25)
    assert parts(error) == (0, 0, 0, 0)
    assert error.rate == 0.0


def test_the_collar_touches_matching_too() -> None:
    # Between the collars anna and A share 0.5 s (0.5-1 s); what they share inside collars does not count.
    reference = turns(("anna", 0, 1.25), ("ben", 1.25, 6))
    hypothesis = turns(("A", 0, 1.25), ("B", 1.25, 6))
    assert parts(diarization_error(reference, hypothesis, 6.0, collar_s=0.25)) == (0, 0, 0, 0.75 + 4.25)


def test_only_the_recording_is_scored() -> None:
    reference = turns(("anna", -1, 5), ("anna", 9, 12))
    hypothesis = turns(("A", 0, 5), ("A", 11, 30))
    assert parts(diarization_error(reference, hypothesis, 10.0)) == (1, 0, 0, 6)


def test_own_turns_that_overlap_count_once() -> None:
    reference = turns(("anna", 0, 6), ("anna", 4, 10))
    assert parts(diarization_error(reference, turns(("A", 0, 10)), 10.0)) == (0, 0, 0, 10)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected", "rate"),
    [
        ([], [], (0, 0, 0, 0), 0.0),
        ([], [("A", 1, 3)], (0, 2, 0, 0), 1.0),
        ([("anna", 1, 3)], [], (2, 0, 0, 2), 1.0),
    ],
)
def test_nothing_said_or_nothing_heard(
    reference: list[tuple[str, float, float]],
    hypothesis: list[tuple[str, float, float]],
    expected: tuple[float, ...],
    rate: float,
) -> None:
    error = diarization_error(turns(*reference), turns(*hypothesis), 10.0)
    assert parts(error) == expected
    assert error.rate == rate


def test_errors_of_several_recordings_add_up_by_seconds() -> None:
    long = diarization_error(turns(("anna", 0, 90)), turns(("A", 0, 81)), 90.0)
    short = diarization_error(turns(("anna", 0, 10)), [], 10.0)
    assert (long + short).rate == pytest.approx(19 / 100)


def test_agrees_with_counting_milliseconds() -> None:
    """Random turns on a grid of 10 ms, against a count frame by frame with all matchings tried."""
    from itertools import permutations

    dice = random.Random(7)
    for _ in range(20):
        sides = [
            [
                SpeakerTurn(dice.choice(names), start, start + dice.randint(1, 300))
                for start in [dice.randint(0, 900) for _ in range(dice.randint(1, 9))]
            ]
            for names in ("abc", "xyz")
        ]
        said, heard = (
            [{turn.speaker for turn in side if turn.start_s <= at < turn.end_s} for at in range(1000)] for side in sides
        )
        errors = []
        for order in permutations("xyz"):
            names = dict(zip(order, "abc", strict=True))
            right = sum(len(r & {names[h] for h in hyp}) for r, hyp in zip(said, heard, strict=True))
            errors.append(sum(max(len(r), len(hyp)) for r, hyp in zip(said, heard, strict=True)) - right)
        in_seconds, heard_in_seconds = (
            [SpeakerTurn(turn.speaker, turn.start_s / 100, turn.end_s / 100) for turn in side] for side in sides
        )
        error = diarization_error(in_seconds, heard_in_seconds, 10.0)
        total = error.missed_s + error.false_alarm_s + error.confusion_s
        assert total == pytest.approx(min(errors) / 100)


@pytest.mark.parametrize("bad", [{"duration_s": -1.0}, {"duration_s": 1.0, "collar_s": -0.1}])
def test_negative_lengths_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="negative"):
        diarization_error([], [], **bad)


def test_recordings_of_any_length_are_compared() -> None:
    assert parts(diarization_error(turns(("anna", 0, 0.5)), turns(("A", 0.125, 0.5)), 0.5)) == (0.125, 0, 0, 0.5)
    assert parts(diarization_error(turns(("anna", 0, 0.5)), [], 0.0)) == (0, 0, 0, 0)
    assert parts(diarization_error(turns(("anna", 0, 10)), [], 10.0, collar_s=2.0)) == (6, 0, 0, 6)


def test_figures_are_plain_numbers_and_cannot_be_changed() -> None:
    error = diarization_error(turns(("anna", 0, 4)), turns(("A", 1, 5)), 5.0)
    for figure in (error.missed_s, error.false_alarm_s, error.confusion_s, error.total_s, error.rate):
        assert type(figure) is float
    with pytest.raises(FrozenInstanceError):
        error.missed_s = 0.0  # type: ignore[misc]  # this is what must fail
