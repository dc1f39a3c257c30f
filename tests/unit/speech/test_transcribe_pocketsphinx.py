from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from auricle.accuracy.wer import WordError, word_error
from auricle.speech.flac import Samples
from auricle.speech.transcribe_pocketsphinx import PocketsphinxTranscription
from auricle.speech.transcription import WindowTranscript
from auricle.speech.vad import SpeechRegion
from auricle.speech.windows import Window
from auricle.speech.working_copy import WorkingCopy
from auricle.transcripts.transcript import Engine, Word
from tests.fixtures.odd_audio import DEMO_CALL

SAMPLE_RATE_HZ = 16_000


@pytest.fixture(scope="module")
def engine() -> PocketsphinxTranscription:
    return PocketsphinxTranscription()


def sound_of(window: Window, demo_call: Samples) -> Samples:
    return demo_call[round(window.start_s * SAMPLE_RATE_HZ) : round(window.end_s * SAMPLE_RATE_HZ)]


@pytest.fixture(scope="module")
def opening(demo_copy: tuple[WorkingCopy, Path]) -> Window:
    """The first two turns."""
    regions = demo_copy[0].windows[0].regions[:2]
    return Window(0, 0, regions[0].start_s, regions[-1].end_s, regions)


@pytest.fixture(scope="module")
def heard(engine: PocketsphinxTranscription, opening: Window, demo_call: Samples) -> WindowTranscript:
    return engine.transcribe(sound_of(opening, demo_call), opening)


def test_the_demo_call_is_understood(heard: WindowTranscript, opening: Window) -> None:
    error = WordError()
    for turn in json.loads(DEMO_CALL.with_suffix(".json").read_text())["turns"]:
        if turn["end_s"] < opening.end_s:
            own = [w.text for w in heard.words if turn["start_s"] <= (w.start_s + w.end_s) / 2 <= turn["end_s"]]
            error += word_error(turn["text"], " ".join(own))
    assert error.reference_words > 30
    assert error.rate < 0.1


def test_words_are_clean_and_lie_in_their_window(heard: WindowTranscript, opening: Window) -> None:
    assert heard.language == "en"
    assert (heard.engine.name, heard.engine.model) == ("pocketsphinx", "en-us")
    assert heard.warnings == ()
    before_s = opening.start_s
    for word in heard.words:
        assert word.text.replace("'", "").replace("-", "").replace(".", "").isalpha(), word.text
        assert before_s <= word.start_s < word.end_s <= opening.end_s + 0.001
        assert word.confidence is not None
        assert 0 < word.confidence <= 1
        before_s = word.start_s


def test_a_window_does_not_depend_on_what_the_worker_heard_before(
    heard: WindowTranscript, opening: Window, demo_call: Samples
) -> None:
    fresh = PocketsphinxTranscription()
    fresh.transcribe(-0.01 * np.flip(demo_call[: 3 * SAMPLE_RATE_HZ]), Window(0, 0, 0, 3, (SpeechRegion(0, 3),)))
    assert fresh.transcribe(sound_of(opening, demo_call), opening) == heard


def test_neither_the_level_nor_the_channel_matters(
    engine: PocketsphinxTranscription, heard: WindowTranscript, opening: Window, demo_call: Samples
) -> None:
    region = opening.regions[0]
    window = Window(3, 1, region.start_s, region.end_s, (region,))
    quiet = engine.transcribe(sound_of(window, demo_call) * 0.01, window)
    assert [word.text for word in quiet.words] == [word.text for word in heard.words][: len(quiet.words)]
    assert {word.channel for word in quiet.words} == {1}


def test_no_speech_gives_no_words(engine: PocketsphinxTranscription) -> None:
    silence = np.zeros(SAMPLE_RATE_HZ, np.float32)
    assert engine.transcribe(silence, Window(0, 0, 0, 1, ())).words == ()
    assert engine.transcribe(silence, Window(0, 0, 0, 1, (SpeechRegion(0.2, 0.9),))).words == ()
    assert engine.transcribe(silence[:0], Window(0, 0, 0, 1, (SpeechRegion(0.2, 0.9),))).words == ()


def test_words_that_are_likely_wrong_are_said_to_be(engine: PocketsphinxTranscription, demo_call: Samples) -> None:
    clear = demo_call[: 12 * SAMPLE_RATE_HZ]
    noisy = clear + np.random.default_rng(0).standard_normal(len(clear)).astype(np.float32) * 0.05
    found = engine.transcribe(noisy, Window(0, 0, 0, 12, (SpeechRegion(0, 12),)))
    assert len(found.words) > 5
    assert [warning.code for warning in found.warnings] == ["likely-not-english"]


def test_the_first_person_is_written_as_people_write_it(heard: WindowTranscript) -> None:
    texts = [word.text for word in heard.words]
    assert "I" in texts
    assert "i" not in texts


@dataclass(frozen=True)
class Segment:
    word: str
    start_frame: int
    end_frame: int
    prob: float = 0.5


class Decoder:
    """Hears the same in every utterance, and keeps what it was given."""

    def __init__(self, *segments: Segment) -> None:
        self.segments = segments
        self.given: list[bytes] = []

    def reinit_feat(self) -> None: ...

    def start_utt(self) -> None: ...

    def end_utt(self) -> None: ...

    def process_raw(self, content: bytes, *, no_search: bool, full_utt: bool) -> None:
        assert (no_search, full_utt) == (False, True)
        self.given.append(content)

    def seg(self) -> tuple[Segment, ...]:
        return self.segments


def transcribed(decoder: Decoder, *regions: SpeechRegion, sound: Samples | None = None) -> WindowTranscript:
    """A window of ten seconds from second 5 on, on channel 1."""
    engine = PocketsphinxTranscription.__new__(PocketsphinxTranscription)
    engine.engine, engine._decoder = Engine("pocketsphinx", "5", "en-us"), decoder
    loud = np.full(160_000, 0.01, np.float32) if sound is None else sound
    return engine.transcribe(loud, Window(0, 1, 5.0, 15.0, regions))


def test_words_have_their_region_s_times_less_the_silence_before_it() -> None:
    decoder = Decoder(
        Segment("<s>", 0, 9),
        Segment("hello", 20, 39, 0.12345),
        Segment("[NOISE]", 40, 49),
        Segment("++UM++", 40, 49),
        Segment("i'm(2)", 50, 69, 1.0001),
        Segment("in", 70, 79),
    )
    found = transcribed(decoder, SpeechRegion(6.0, 7.0), SpeechRegion(14.0, 14.5))
    assert found.words[:3] == (
        Word("hello", 6.1, 6.3, 0.1235, 1),
        Word("I'm", 6.4, 6.6, 1.0, 1),
        Word("in", 6.6, 6.7, 0.5, 1),
    )
    assert [word.start_s for word in found.words[3:]] == [14.1, 14.4, 14.6]
    assert (found.language, found.warnings) == ("en", ())
    assert [len(content) for content in decoder.given] == [2 * (16_000 + 3200), 2 * (8000 + 3200)]


def test_times_of_words_are_whole_milliseconds() -> None:
    (word,) = transcribed(Decoder(Segment("hello", 20, 39)), SpeechRegion(6.00544, 7.0)).words
    assert (word.start_s, word.end_s) == (6.105, 6.305)


def test_words_stay_between_their_region_s_beginning_and_the_window_s_end() -> None:
    decoder = Decoder(Segment("early", 0, 4), Segment("late", 30, 69))
    early, late = transcribed(decoder, SpeechRegion(14.5, 15.0)).words
    assert (early.start_s, early.end_s) == (14.5, 14.5)
    assert (late.start_s, late.end_s) == (14.7, 15.0)


@pytest.mark.parametrize(
    ("count", "confidence", "codes"),
    [(5, 0.34, ["likely-not-english"]), (4, 0.34, []), (5, 0.36, []), (0, 0.1, [])],
)
def test_five_words_below_a_mean_confidence_of_0_35_are_doubtful(
    count: int, confidence: float, codes: list[str]
) -> None:
    decoder = Decoder(*(Segment("word", 20, 30, confidence) for _ in range(count)))
    found = transcribed(decoder, SpeechRegion(6.0, 7.0))
    assert [warning.code for warning in found.warnings] == codes


def test_every_utterance_is_brought_to_one_level_between_a_tenth_of_a_second_of_near_silence() -> None:
    for level in (0.0004, 0.01, -1.0):
        decoder = Decoder()
        transcribed(decoder, SpeechRegion(6.0, 6.5), sound=np.full(160_000, level, np.float32))
        pcm = np.frombuffer(decoder.given[0], "<i2").astype(int)
        assert pcm.shape == (1600 + 8000 + 1600,)
        assert np.abs(pcm[1600:-1600] - np.sign(level) * 9830).max() <= 2
        margins = np.concatenate([pcm[:1600], pcm[-1600:]])
        assert np.abs(margins).max() == 1, "noise, but hardly any"


def test_what_nobody_could_hear_is_not_decoded() -> None:
    decoder = Decoder()
    transcribed(decoder, SpeechRegion(6.0, 6.5), sound=np.full(160_000, 0.00029, np.float32))
    assert decoder.given == []
    sound = np.zeros(160_000, np.float32)
    sound[16_000] = 0.5
    transcribed(decoder, SpeechRegion(5.0, 6.0), SpeechRegion(6.0, 7.0), sound=sound)
    assert len(decoder.given) == 1, "the sample is the first of the second region"
