from __future__ import annotations

from auricle.highlights import MAX_WORDS, pick_highlights
from auricle.transcript import Segment, Word


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
    assert all(len(line.text.split()) <= MAX_WORDS for line in pick_highlights([_segment(0, 0, words)]))


def test_few_words_give_what_there_is_and_none_give_nothing() -> None:
    assert [line.text for line in pick_highlights([_segment(0, 0, "hello there")])] == ["hello there"]
    assert pick_highlights([]) == ()
