from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from auricle.transcripts.highlights import ENGINE, Highlight, pick_highlights
from auricle.transcripts.transcript import Segment, Word


def _segment(index: int, start_s: float, text: str, speaker: str = "speaker_0") -> Segment:
    words = tuple(Word(word, start_s + n * 0.3, start_s + n * 0.3 + 0.25, 0.9) for n, word in enumerate(text.split()))
    return Segment(index, speaker, words)


CALL = [
    _segment(0, 0, "hello thank you for calling how are you"),
    _segment(1, 10, "my furnace stopped heating the house yesterday evening", "speaker_1"),
    _segment(2, 20, "the furnace repair costs four hundred dollars including parts"),
    _segment(3, 30, "yes okay yes right okay yes", "speaker_1"),
    _segment(4, 40, "my furnace stopped heating the house yesterday evening", "speaker_1"),
]


def test_lines_are_quotations_with_their_segment_and_time() -> None:
    for line in pick_highlights(CALL):
        segment = CALL[line.segment]
        assert line.text in segment.text
        assert line.speaker == segment.speaker
        assert segment.start_s <= line.start_s < line.end_s <= segment.end_s


def test_what_is_said_comes_before_greetings_and_repetition() -> None:
    assert [line.segment for line in pick_highlights(CALL, max_lines=2)] == [1, 2]


def test_lines_stand_in_the_order_they_were_said() -> None:
    starts = [line.start_s for line in pick_highlights(CALL)]
    assert starts == sorted(starts)


def test_a_long_monologue_is_cut_into_quotable_lines() -> None:
    words = " ".join(f"topic{n % 40}" for n in range(200))
    lines = pick_highlights([_segment(0, 0, words)], max_lines=10)
    assert [len(line.text.split()) for line in lines] == [32, 32, 32, 32, 32, 32, 8]


def test_few_words_give_what_there_is_and_none_give_nothing() -> None:
    assert [line.text for line in pick_highlights([_segment(0, 0, "hello there")])] == ["hello there"]
    assert [line.text for line in pick_highlights([_segment(0, 0, "renewal")])] == ["renewal"]
    assert pick_highlights([]) == ()


def _spoken(
    *words: tuple[str, float, float, float | None], speaker: str | None = "speaker_0", index: int = 0
) -> Segment:
    return Segment(index, speaker, tuple(Word(*word) for word in words))


def _evenly(
    text: str, *, confidence: float | None = None, start_s: float = 0.0
) -> list[tuple[str, float, float, float | None]]:
    return [
        (word, start_s + number / 2, start_s + number / 2 + 0.375, confidence)
        for number, word in enumerate(text.split())
    ]


def test_a_highlight_is_the_clause_with_its_speaker_segment_and_times() -> None:
    segment = _spoken(*_evenly("the boiler leaks water everywhere", start_s=2.0), speaker="speaker_1", index=3)
    assert pick_highlights([segment]) == (
        Highlight("the boiler leaks water everywhere", speaker="speaker_1", segment=3, start_s=2.0, end_s=4.375),
    )


@pytest.mark.parametrize(
    ("pause_s", "lines"),
    [
        (0.25, ["boiler leaks water every morning kitchen floor stays soaking wet"]),
        (0.3, ["boiler leaks water every morning", "kitchen floor stays soaking wet"]),
        (2.0, ["boiler leaks water every morning", "kitchen floor stays soaking wet"]),
    ],
)
def test_a_clause_ends_in_a_pause_of_300_ms(pause_s: float, lines: list[str]) -> None:
    before = [(word, 0.0, 0.0, None) for word in "boiler leaks water every morning".split()]
    after = [(word, pause_s, pause_s, None) for word in "kitchen floor stays soaking wet".split()]
    assert [line.text for line in pick_highlights([_spoken(*before, *after)])] == lines


@pytest.mark.parametrize(("count", "cut"), [(4, False), (5, True), (6, True)])
def test_a_pause_ends_a_clause_of_five_words_or_more(count: int, cut: bool) -> None:
    before = [(f"topic{number}", 0.0, 0.0, None) for number in range(count)]
    after = [(f"matter{number}", 1.0, 1.0, None) for number in range(5)]
    lines = [len(line.text.split()) for line in pick_highlights([_spoken(*before, *after)])]
    assert lines == ([count, 5] if cut else [count + 5])


@pytest.mark.parametrize(("count", "lines"), [(31, [31]), (32, [32]), (38, [32, 6])])
def test_a_clause_without_a_pause_has_at_most_32_words(count: int, lines: list[int]) -> None:
    segment = _spoken(*[(f"topic{number}", 0.0, 0.0, None) for number in range(count)])
    assert [len(line.text.split()) for line in pick_highlights([segment])] == lines


def test_the_words_left_over_are_quoted_only_where_there_is_nothing_longer() -> None:
    longer = _spoken(*_evenly("boiler leaks water every morning", start_s=10.0), index=1)
    shorter = _spoken(*_evenly("boiler leaks water everywhere"))
    assert [line.segment for line in pick_highlights([shorter, longer])] == [1]
    assert [line.text for line in pick_highlights([shorter])] == ["boiler leaks water everywhere"]
    other = _spoken(*_evenly("kitchen floor"), index=1)
    assert [line.segment for line in pick_highlights([shorter, other])] == [0], "one line, of the first clause"


def test_there_are_five_lines_if_nothing_else_is_asked_for() -> None:
    segments = [_spoken(*_evenly(f"matter{n} topic{n} thema{n} subject{n} case{n}"), index=n) for n in range(8)]
    assert len(pick_highlights(segments)) == 5
    assert [line.segment for line in pick_highlights(segments, max_lines=2)] == [0, 1]
    assert len(pick_highlights(segments, max_lines=8)) == 8
    assert pick_highlights(segments, max_lines=0) == ()


def test_a_line_the_engine_was_sure_of_is_preferred() -> None:
    doubtful = _spoken(*_evenly("boiler leaks water every morning", confidence=0.2))
    sure = _spoken(*_evenly("kitchen floor stays soaking wet", confidence=0.9), index=1)
    unknown = _spoken(*_evenly("radiator valves need replacing today"), index=2)
    assert [line.segment for line in pick_highlights([doubtful, sure], max_lines=1)] == [1]
    assert [line.segment for line in pick_highlights([sure, unknown], max_lines=1)] == [2], "none given counts as sure"


def test_a_line_half_sure_of_counts_three_quarters() -> None:
    """Two lines of five words, of four content words at confidence 0.5 and three at 1: 3 against 3 is a tie, which
    the first wins; at 0.51 the four are worth more, at 0.49 less."""
    for confidence, best in ((0.49, 0), (0.51, 1)):
        three = _spoken(*_evenly("boiler leaks water and then", confidence=1.0))
        four = _spoken(*_evenly("kitchen floor stays soaking and", confidence=confidence), index=1)
        assert [line.segment for line in pick_highlights([three, four], max_lines=1)] == [best], confidence


def test_only_the_words_whose_confidence_is_known_count_for_it() -> None:
    """The mean of 0.5 and nothing is 0.5, so that four content words are worth three."""
    for confidence, best in ((0.49, 0), (0.51, 1)):
        three = _spoken(*_evenly("boiler leaks water and then", confidence=1.0))
        words = [("kitchen", 0.0, 0.0, confidence), *_evenly("floor stays soaking and")]
        assert [line.segment for line in pick_highlights([three, _spoken(*words, index=1)], max_lines=1)] == [best]


def test_what_the_conversation_returns_to_counts_more() -> None:
    once = _spoken(*_evenly("kitchen floor stays soaking wet"))
    often = [_spoken(*_evenly(f"boiler boiler{n} leaks leaks{n} water{n}"), index=n) for n in (1, 2)]
    assert [line.segment for line in pick_highlights([once, *often], max_lines=1)] == [1]


def test_a_word_said_three_times_counts_as_much_as_two_and_a_tenth() -> None:
    """One word three times is 1 + log 3 = 2.0986: more than two words, and less than two of which one comes twice."""
    thrice = [_spoken(*_evenly("boiler and then and then"), index=n) for n in range(3)]
    two = _spoken(*_evenly("kitchen floor and then and"), index=3)
    assert pick_highlights([two, *thrice], max_lines=1)[0].segment == 0
    twice = [_spoken(*_evenly("kitchen floor and then and"), index=n) for n in (3, 4)]
    assert pick_highlights([*thrice, *twice], max_lines=1)[0].segment == 3


def test_long_lines_count_less_by_the_root_of_their_length() -> None:
    """Nine words with three content words are worth 3 / 3 = 1; four of eighteen are worth 0.943, five 1.179."""
    nine = _spoken(*_evenly("boiler leaks water" + 6 * " and"))
    for count, best in ((4, 0), (5, 1)):
        content = " ".join(f"topic{number}" for number in range(count))
        eighteen = _spoken(*_evenly(content + (18 - count) * " and"), index=1)
        assert pick_highlights([nine, eighteen], max_lines=1)[0].segment == best


def test_a_repeated_line_loses_seven_tenths() -> None:
    """A line repeated word for word keeps 0.3 of its worth: 2.54, between two content words and three."""
    first = _spoken(*_evenly("boiler leaks water every morning"))
    again = _spoken(*_evenly("boiler leaks water every morning"), index=1)
    # Each of the five words comes twice: 5 (1 + log 2) 0.3 = 2.54.
    for content, second in (("kitchen floor and and and", 1), ("kitchen floor stays and and", 2)):
        other = _spoken(*_evenly(content, start_s=9.0), index=2)
        assert [line.segment for line in pick_highlights([first, again, other], max_lines=2)] == [0, second]


def test_likeness_is_the_share_of_common_words() -> None:
    """Two of six words in common is a third. Four words, two of them said twice, are worth 5.386, and next to a line
    that has the two in common 5.386 (1 - 0.7 / 3) = 4.13: more than four words said once, and less than five."""
    first = _spoken(*_evenly("boiler leaks water morning and " + "again", start_s=0.0))
    alike = _spoken(*_evenly("boiler leaks kitchen floor and and", start_s=10.0), index=1)
    for content, second in (
        ("radiator valves need replacing and and", 1),
        ("radiator valves need replacing today and", 2),
    ):
        other = _spoken(*_evenly(content, start_s=20.0), index=2)
        assert [line.segment for line in pick_highlights([first, alike, other], max_lines=2)] == [0, second]


def test_words_are_compared_without_case_and_punctuation() -> None:
    plain = _spoken(*_evenly("boiler leaks and and and"))
    dressed = _spoken(*_evenly("(Boiler, LEAKS!) and and and", start_s=5.0), index=1)
    other = _spoken(*_evenly("kitchen and and and and", start_s=9.0), index=2)
    assert [line.segment for line in pick_highlights([plain, dressed, other], max_lines=2)] == [0, 1]
    assert [line.segment for line in pick_highlights([other, plain, dressed], max_lines=1)] == [0]


def test_stop_words_and_words_of_two_letters_are_no_content() -> None:
    empty = _spoken(*_evenly("yes I'm going to do it ax by cz"))
    content = _spoken(*_evenly("and and and and fox", start_s=9.0), index=1)
    assert [line.segment for line in pick_highlights([empty, content], max_lines=1)] == [1]
    assert [line.segment for line in pick_highlights([empty], max_lines=1)] == [0], "better than no line"


def test_the_engine_is_named() -> None:
    assert (ENGINE.name, ENGINE.version, ENGINE.model) == ("highlights", "1", None)


def test_a_line_like_any_line_before_it_is_a_repetition() -> None:
    """The repetition keeps 2.54 of 8.47, less than four content words said once, though it is unlike one of the lines
    chosen before."""
    boiler = "boiler leaks water every morning"
    told, again = _spoken(*_evenly(boiler)), _spoken(*_evenly(boiler), index=1)
    other = _spoken(*_evenly("kitchen floor stays soaking wet"), index=2)
    third = _spoken(*_evenly("radiator valves need replacing and"), index=3)
    lines = pick_highlights([told, again, other, third], max_lines=3)
    assert sorted(line.segment for line in lines) == [0, 2, 3]


def test_a_line_whose_confidence_is_not_known_counts_as_sure_and_not_more() -> None:
    sure = _spoken(*_evenly("boiler leaks water every morning", confidence=1.0))
    unknown = _spoken(*_evenly("kitchen floor stays soaking and"), index=1)
    assert [line.segment for line in pick_highlights([unknown, sure], max_lines=1)] == [0]


def test_highlights_cannot_be_changed() -> None:
    line = Highlight("text", None, 0, 0.0, 1.0)
    with pytest.raises(FrozenInstanceError):
        line.text = "other"  # type: ignore[misc]  # this is what must fail
    assert not hasattr(line, "__dict__")
