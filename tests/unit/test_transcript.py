from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auricle.transcript import SpeakerTurn, Transcript, Word, assemble, display_name


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
