from __future__ import annotations

import json
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
    assert heard.cautions == ()
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
    assert [caution.code for caution in found.cautions] == ["likely-not-english"]


def test_the_first_person_is_written_as_people_write_it(heard: WindowTranscript) -> None:
    texts = [word.text for word in heard.words]
    assert "I" in texts
    assert "i" not in texts
