from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auricle.transcripts.transcript import (
    Engine,
    Segment,
    SpeakerTalk,
    SpeakerTurn,
    Transcript,
    Word,
    assemble,
    display_name,
)


def _words(*spoken: tuple[str, float, float], channel: int = 0) -> list[Word]:
    return [Word(text, start_s, end_s, 0.9, channel) for text, start_s, end_s in spoken]


def test_a_word_goes_to_the_speaker_who_holds_most_of_it() -> None:
    turns = [SpeakerTurn("speaker_0", 0.0, 1.1), SpeakerTurn("speaker_1", 1.0, 2.0)]
    segments = assemble(_words(("hello", 0.2, 0.6), ("there", 0.9, 1.4), ("hi", 1.5, 1.8)), turns)
    assert [(segment.speaker, segment.text) for segment in segments] == [
        ("speaker_0", "hello"),
        ("speaker_1", "there hi"),
    ]


def test_a_word_between_turns_goes_to_the_nearest_and_far_away_to_nobody() -> None:
    turns = [SpeakerTurn("speaker_0", 0.0, 1.0), SpeakerTurn("speaker_1", 4.0, 5.0)]
    segments = assemble(_words(("a", 1.2, 1.4), ("b", 3.5, 3.8), ("c", 9.0, 9.2)), turns)
    assert [segment.speaker for segment in segments] == ["speaker_0", "speaker_1", None]


def test_without_turns_every_word_is_kept() -> None:
    segments = assemble(_words(("one", 0.0, 0.3), ("two", 0.4, 0.7), ("three", 3.0, 3.3)), [])
    assert [(segment.speaker, segment.text) for segment in segments] == [(None, "one two"), (None, "three")]
    assert Transcript(segments).text == "Unknown speaker: one two\nUnknown speaker: three"


def test_on_separate_channels_a_sentence_stays_whole_though_the_other_talks_over_it() -> None:
    words = _words(("so", 0.0, 0.2), ("I", 0.3, 0.4), ("thought", 0.8, 1.1)) + _words(("yes", 0.5, 0.7), channel=1)
    turns = [SpeakerTurn("speaker_0", 0.0, 1.2, 0), SpeakerTurn("speaker_1", 0.5, 0.7, 1)]
    segments = assemble(words, turns)
    assert [(segment.speaker, segment.text) for segment in segments] == [
        ("speaker_0", "so I thought"),
        ("speaker_1", "yes"),
    ]


def test_talk_is_counted_from_turns_and_words() -> None:
    turns = (SpeakerTurn("speaker_1", 0.0, 2.0), SpeakerTurn("speaker_0", 2.0, 3.5))
    transcript = Transcript(assemble(_words(("a", 0.1, 0.5), ("b", 0.6, 0.9), ("c", 2.5, 3.0)), turns), turns)
    assert [(talk.speaker, talk.talk_s, talk.word_count) for talk in transcript.talk()] == [
        ("speaker_0", 1.5, 1),
        ("speaker_1", 2.0, 2),
    ]


def test_speakers_are_named_from_one() -> None:
    assert display_name("speaker_0") == "Speaker 1"
    assert display_name(None) == "Unknown speaker"
    assert display_name("Jane") == "Jane"


def _speakers(words: list[Word], *turns: tuple[Any, ...]) -> list[tuple[str | None, str]]:
    return [(segment.speaker, segment.text) for segment in assemble(words, [SpeakerTurn(*turn) for turn in turns])]


def test_of_two_turns_within_reach_the_nearest_gets_the_word() -> None:
    turns = (("speaker_0", 0.0, 1.0), ("speaker_1", 3.0, 4.0))
    assert _speakers(_words(("near", 1.25, 1.5)), *turns) == [("speaker_0", "near")]
    assert _speakers(_words(("far", 2.25, 2.75)), *turns) == [("speaker_1", "far")]
    assert _speakers(_words(("middle", 1.5, 2.5)), *turns) == [("speaker_0", "middle")], "the earlier, if as near"


def test_of_two_who_hold_as_much_of_a_word_it_goes_to_who_begins_first_within_it() -> None:
    turns = (("speaker_0", 0.0, 1.0), ("speaker_1", 1.0, 1.5), ("speaker_0", 1.5, 2.0))
    assert _speakers(_words(("word", 1.0, 2.0)), *turns) == [("speaker_1", "word")]


@pytest.mark.parametrize(
    ("start_s", "end_s", "speaker"),
    [
        (12.0, 12.5, "speaker_0"),
        (12.0625, 12.5, None),
        (17.5, 18.0, "speaker_1"),
        (17.5, 17.9375, None),
    ],
)
def test_a_turn_reaches_two_seconds(start_s: float, end_s: float, speaker: str | None) -> None:
    turns = (("speaker_0", 0.0, 10.0), ("speaker_1", 20.0, 21.0))
    assert _speakers(_words(("word", start_s, end_s)), *turns) == [(speaker, "word")]


def test_an_early_long_turn_is_still_found_among_later_short_ones() -> None:
    turns = [("speaker_0", 0.0, 100.0), *((f"speaker_{n % 3 + 1}", n, n + 0.25) for n in range(10, 80))]
    words = _words(("first", 5.0, 5.5), ("during", 90.0, 90.5), ("after", 102.0, 102.5))
    assert _speakers(words, *turns) == [("speaker_0", "first"), ("speaker_0", "during"), ("speaker_0", "after")]


def test_a_turn_that_ended_long_ago_gets_no_word_however_long_the_turns_are() -> None:
    turns = (("speaker_0", 0.0, 10.0), ("speaker_1", 11.0, 12.0))
    assert _speakers(_words(("word", 15.0, 15.5)), *turns) == [(None, "word")]


def test_a_segment_goes_on_from_its_last_word() -> None:
    words = _words(
        ("a", 0.0, 0.5), ("b", 1.0, 1.5), ("c", 2.0, 2.5), ("d", 2.75, 3.0), ("e", 3.25, 3.5), ("f", 4.0, 4.5)
    )
    turns = [("speaker_0", 0.0, 2.5), ("speaker_1", 2.5, 9.0)]
    assert _speakers(words, *turns) == [("speaker_0", "a b c"), ("speaker_1", "d e f")]
    assert _speakers(words, *[(*turn, 0) for turn in turns]) == [("speaker_0", "a b c"), ("speaker_1", "d e f")]
    assert assemble(words, [])[0].words == tuple(words)


def test_on_separate_channels_neighbours_are_joined_to_the_last_of_their_speaker() -> None:
    words = [*_words(("a", 0.0, 0.25), ("b", 0.375, 0.5)), *_words(("c", 0.75, 1.0), ("d", 2.0, 2.5), channel=1)]
    found = _speakers(words, ("speaker_0", 0.0, 0.5, 0), ("speaker_1", 0.75, 2.5, 1))
    assert found == [("speaker_0", "a b"), ("speaker_1", "c d")]


def test_on_separate_channels_the_gap_is_counted_from_the_last_word_before() -> None:
    words = _words(("a", 0.0, 0.5), ("b", 0.75, 1.0), ("c", 2.0, 2.25), ("d", 2.5, 3.0))
    assert _speakers(words, ("speaker_0", 0.0, 3.0, 0)) == [("speaker_0", "a b c d")]


def test_turns_may_come_in_any_order() -> None:
    turns = (("speaker_1", 5.0, 6.0), ("speaker_0", 0.0, 1.0))
    assert _speakers(_words(("late", 5.5, 5.75), ("early", 0.5, 0.75)), *turns) == [
        ("speaker_0", "early"),
        ("speaker_1", "late"),
    ]


def test_what_a_speaker_holds_of_a_word_is_summed_over_their_turns() -> None:
    turns = (("speaker_0", 0.0, 0.3), ("speaker_1", 0.3, 0.7), ("speaker_0", 0.7, 1.0))
    assert _speakers(_words(("word", 0.0, 1.0)), *turns) == [("speaker_0", "word")]


def test_overlap_counts_more_than_a_turn_that_ends_where_the_word_begins() -> None:
    turns = (("speaker_0", 0.0, 1.0), ("speaker_1", 1.75, 3.0))
    assert _speakers(_words(("word", 1.0, 2.0)), *turns) == [("speaker_1", "word")]


def test_on_its_own_channel_a_word_ignores_the_turns_of_the_other() -> None:
    turns = (("speaker_0", 0.0, 0.5, 0), ("speaker_1", 0.0, 9.0, 1))
    assert _speakers(_words(("mine", 1.0, 2.0)), *turns) == [("speaker_0", "mine")]
    assert _speakers(_words(("theirs", 1.0, 2.0), channel=1), *turns) == [("speaker_1", "theirs")]


@pytest.mark.parametrize(("pause_s", "segments"), [(1.125, 1), (1.2, 2), (3.0, 2)])
def test_a_speaker_who_pauses_for_1200_ms_begins_a_new_segment(pause_s: float, segments: int) -> None:
    words = _words(("one", 0.0, 0.0), ("two", pause_s, pause_s + 0.5))
    assert len(assemble(words, [SpeakerTurn("speaker_0", 0.0, 10.0)])) == segments
    assert len(assemble(words, [])) == segments


def test_the_pause_is_counted_from_the_end_of_the_word_before() -> None:
    words = _words(("slow", 0.0, 2.0), ("word", 3.0, 3.5), ("later", 5.0, 5.5))
    assert [segment.text for segment in assemble(words, [])] == ["slow word", "later"]


def test_words_are_in_order_of_start_and_then_of_end() -> None:
    words = _words(("c", 1.0, 1.5), ("b", 0.5, 1.0), ("a", 0.5, 0.75))
    assert [segment.text for segment in assemble(words, [])] == ["a b c"]


def _talked_over(pause_s: float, other_s: float) -> list[tuple[str | None, str]]:
    """Channel 0 says two words with a pause between them, channel 1 one word at a time of its own."""
    words = [
        *_words(("one", 0.0, 0.0), ("two", pause_s, pause_s + 0.25)),
        *_words(("yes", other_s, other_s), channel=1),
    ]
    return _speakers(words, ("speaker_0", 0.0, 9.0, 0), ("speaker_1", 0.0, 9.0, 1))


def test_on_separate_channels_a_pause_of_800_ms_lets_the_other_in_between() -> None:
    whole = [("speaker_0", "one two"), ("speaker_1", "yes")]
    apart = [("speaker_0", "one"), ("speaker_1", "yes"), ("speaker_0", "two")]
    assert _talked_over(0.75, 0.5) == whole
    assert _talked_over(0.8, 0.5) == apart
    assert _talked_over(1.0, 0.5) == apart


def test_on_separate_channels_the_pause_is_counted_from_the_last_word() -> None:
    words = [*_words(("a", 0.0, 0.25), ("b", 0.5, 0.75), ("c", 1.25, 1.5)), *_words(("yes", 1.0, 1.125), channel=1)]
    assert _speakers(words, ("speaker_0", 0.0, 9.0, 0), ("speaker_1", 0.0, 9.0, 1)) == [
        ("speaker_0", "a b c"),
        ("speaker_1", "yes"),
    ]


def test_on_separate_channels_a_pause_that_nobody_fills_ends_a_segment_after_1200_ms() -> None:
    assert _talked_over(1.0, 5.0) == [("speaker_0", "one two"), ("speaker_1", "yes")]
    assert _talked_over(1.1875, 5.0) == [("speaker_0", "one two"), ("speaker_1", "yes")]
    assert _talked_over(1.2, 5.0) == [("speaker_0", "one"), ("speaker_0", "two"), ("speaker_1", "yes")]


def test_on_separate_channels_three_stretches_in_a_row_are_one_segment() -> None:
    words = _words(("a", 0.0, 0.5), ("b", 1.5, 2.0), ("c", 3.0, 3.5), ("d", 5.0, 5.5))
    turns = (("speaker_0", 0.0, 9.0, 0),)
    assert _speakers(words, *turns) == [("speaker_0", "a b c"), ("speaker_0", "d")]


def test_on_one_channel_another_speaker_begins_a_new_segment() -> None:
    words = _words(("a", 0.0, 0.5), ("b", 0.5, 1.0), ("c", 1.0, 1.5))
    turns = (("speaker_0", 0.0, 0.5, 0), ("speaker_1", 0.5, 1.0, 0), ("speaker_0", 1.0, 1.5, 0))
    assert _speakers(words, *turns) == [("speaker_0", "a"), ("speaker_1", "b"), ("speaker_0", "c")]


def test_a_segment_spans_its_words_and_its_confidence_is_their_mean() -> None:
    segment = Segment(4, "speaker_1", (Word("a", 1.0, 4.0, 0.5), Word("b", 2.0, 3.0), Word("c", 2.5, 3.5, 1.0)))
    assert (segment.start_s, segment.end_s, segment.text, segment.confidence) == (1.0, 4.0, "a b c", 0.75)
    assert Segment(0, None, (Word("a", 1.0, 4.0),)).confidence is None
    assert Segment(0, None, (Word("a", 1.0, 4.0, 0.0),)).confidence == 0.0


def test_a_transcript_has_the_words_and_a_line_of_text_for_each_segment() -> None:
    one, two, three = _words(("one", 0.0, 0.5), ("two", 0.5, 1.0), ("three", 3.0, 3.5))
    transcript = Transcript((Segment(0, "speaker_0", (one, two)), Segment(1, "speaker_1", (three,))))
    assert transcript.words == (one, two, three)
    assert transcript.text == "Speaker 1: one two\nSpeaker 2: three"
    assert (transcript.turns, transcript.language) == ((), None)


def test_without_turns_talk_is_counted_from_the_words() -> None:
    segments = (
        Segment(0, None, (Word("hm", 0.0, 9.0),)),
        Segment(1, "speaker_0", (Word("a", 1.0, 1.25), Word("b", 2.0, 2.5))),
        Segment(2, "speaker_1", (Word("c", 3.0, 3.00049),)),
        Segment(3, "speaker_0", (Word("d", 4.0, 5.0),)),
    )
    assert Transcript(segments).talk() == (SpeakerTalk("speaker_0", 1.75, 3), SpeakerTalk("speaker_1", 0.0, 1))


def test_talk_sums_all_turns_and_is_in_the_order_of_the_numbers() -> None:
    turns = (
        SpeakerTurn("speaker_10", 0.0, 1.0),
        SpeakerTurn("speaker_2", 1.0, 2.5),
        SpeakerTurn("speaker_10", 3.0, 3.1236),
        SpeakerTurn("Jane", 5.0, 6.0),
        SpeakerTurn("Anna", 5.0, 6.0),
    )
    segments = (Segment(0, "speaker_3", (Word("a", 1.0, 1.25),)),)
    assert Transcript(segments, turns).talk() == (
        SpeakerTalk("speaker_2", 1.5, 0),
        SpeakerTalk("speaker_3", 0.0, 1),
        SpeakerTalk("speaker_10", 1.124, 0),
        SpeakerTalk("Anna", 1.0, 0),
        SpeakerTalk("Jane", 1.0, 0),
    )


@pytest.mark.parametrize(
    ("speaker", "shown"),
    [("speaker_9", "Speaker 10"), ("speaker_x", "speaker_x"), ("agent_3", "agent_3"), ("speaker_", "speaker_")],
)
def test_only_engine_labels_are_renamed(speaker: str, shown: str) -> None:
    assert display_name(speaker) == shown


@pytest.mark.parametrize(
    "value",
    [
        Word("a", 0.0, 1.0),
        SpeakerTurn("speaker_0", 0.0, 1.0),
        Engine("name", "1"),
        Segment(0, None, ()),
        SpeakerTalk("speaker_0", 1.0, 1),
        Transcript(()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_results_cannot_be_changed_and_carry_no_other_attributes(value: object) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(value, type(value).__slots__[0], None)  # type: ignore[attr-defined]  # every one of them has slots
    assert not hasattr(value, "__dict__")


def test_a_word_is_on_the_first_channel_and_a_turn_on_none_if_nothing_else_is_said() -> None:
    assert (Word("a", 0.0, 1.0).channel, Word("a", 0.0, 1.0).confidence) == (0, None)
    assert SpeakerTurn("speaker_0", 0.0, 1.0).channel is None
    assert Engine("name", "1").model is None


_times = st.floats(0, 600, allow_nan=False)


@given(
    words=st.lists(st.tuples(_times, st.floats(0.01, 2)), max_size=60),
    turns=st.lists(st.tuples(st.integers(0, 3), _times, st.floats(0.1, 30)), max_size=30),
)
def test_no_word_is_lost_or_said_twice(words: list[tuple[float, float]], turns: list[tuple[int, float, float]]) -> None:
    spoken = [Word(f"w{n}", start_s, start_s + length_s) for n, (start_s, length_s) in enumerate(words)]
    held = [SpeakerTurn(f"speaker_{n}", start_s, start_s + length_s) for n, start_s, length_s in turns]
    segments = assemble(spoken, held)
    assert sorted(word.text for segment in segments for word in segment.words) == sorted(w.text for w in spoken)
    assert [segment.index for segment in segments] == list(range(len(segments)))
    starts = [segment.start_s for segment in segments]
    assert starts == sorted(starts)
