from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from auricle.errors import GpuUnavailable, InvalidRequest, ModelUnavailable
from auricle.speech import transcribe_whisper, whisper_weights
from auricle.speech.engines import choose_engine
from auricle.speech.flac import Samples
from auricle.speech.transcribe_pocketsphinx import PocketsphinxTranscription
from auricle.speech.transcribe_whisper import WhisperTranscription
from auricle.speech.vad import SpeechRegion
from auricle.speech.windows import Window
from auricle.speech.working_copy import WorkingCopy
from tests.fixtures import toy_whisper

SAMPLE_RATE_HZ = 16_000

pytestmark = pytest.mark.usefixtures("no_hub")


@pytest.fixture(scope="module")
def engine(toy: Path) -> WhisperTranscription:
    return WhisperTranscription(toy, name="toy")


def sound_of(window: Window, demo_call: Samples) -> Samples:
    return demo_call[round(window.start_s * SAMPLE_RATE_HZ) : round(window.end_s * SAMPLE_RATE_HZ)]


def test_words_have_times_in_their_region_and_the_language_is_known(
    engine: WhisperTranscription, demo_copy: tuple[WorkingCopy, Path], demo_call: Samples
) -> None:
    window = demo_copy[0].windows[1]
    found = engine.transcribe(sound_of(window, demo_call), window)
    assert found.language == toy_whisper.LANGUAGE
    assert (found.engine.name, found.engine.model) == ("whisper", "toy")
    assert [word.text for word in found.words[:3]] == list(toy_whisper.WORDS)
    for word in found.words:
        assert any(r.start_s - 0.001 <= word.start_s <= word.end_s <= r.end_s + 0.001 for r in window.regions)
        assert word.confidence is not None
        assert 0 <= word.confidence <= 1
        assert type(word.start_s) is float, "it must be JSON"


def test_windows_together_are_as_windows_one_by_one(
    engine: WhisperTranscription, demo_copy: tuple[WorkingCopy, Path], demo_call: Samples
) -> None:
    silent = Window(9, 1, 68.0, 69.0, ())
    windows = [*demo_copy[0].windows, silent]
    found = engine.transcribe_together([(sound_of(window, demo_call), window) for window in windows])
    assert len(found) == len(windows)
    for window, transcript in zip(windows[:-1], found, strict=False):
        assert [word.text for word in transcript.words] == list(toy_whisper.WORDS)
        assert all(window.start_s <= word.start_s <= word.end_s <= window.end_s for word in transcript.words)
        assert transcript.language == toy_whisper.LANGUAGE
    assert (found[-1].words, found[-1].language) == ((), None)


def test_silence_gives_no_words(engine: WhisperTranscription) -> None:
    silence = np.zeros(5 * SAMPLE_RATE_HZ, np.float32)
    nobody = Window(0, 0, 0.0, 5.0, ())
    assert engine.transcribe(silence, nobody).words == ()
    assert engine.transcribe(silence, nobody).language is None
    assert engine.transcribe_together([(silence, nobody)])[0].words == ()
    assert engine.transcribe_together([]) == ()


def test_times_are_placed_into_the_region_they_come_from() -> None:
    window = Window(0, 1, 100.0, 130.0, (SpeechRegion(100.0, 102.0), SpeechRegion(120.0, 125.0)))
    speech = transcribe_whisper._Speech.of(np.zeros(30 * SAMPLE_RATE_HZ, np.float32), window)
    assert len(speech.sound) == 7 * SAMPLE_RATE_HZ, "the pause is left out"
    assert speech.place(0.5, 1.0) == (100.5, 101.0)
    assert speech.place(1.8, 2.1) == (101.8, 102.0), "no word reaches into the pause"
    assert speech.place(1.9, 2.5) == (120.0, 120.5)
    assert speech.place(6.5, 9.0) == (124.5, 125.0)


def test_a_segment_between_two_windows_belongs_to_the_later_one() -> None:
    speech = transcribe_whisper._Speech(np.zeros(5 * SAMPLE_RATE_HZ, np.float32), (), 0)
    segments = [SimpleNamespace(start=at_s, end=at_s) for at_s in (0.0, 4.9, 5.0, 9.9, 10.0)]
    first, second = (
        [segment.start for segment in transcribe_whisper._between(segments, start_s, speech)] for start_s in (0.0, 5.0)
    )
    assert (first, second) == ([0.0, 4.9], [5.0, 9.9])


def test_weights_that_do_not_load_are_unavailable(toy: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(toy, broken)
    (broken / "model.bin").write_bytes(b"nothing")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        WhisperTranscription(broken, name="broken")


def test_auto_is_whisper_where_there_are_weights_and_pocketsphinx_elsewhere(toy: Path, tmp_path: Path) -> None:
    chosen = choose_engine("auto", whisper_model=str(toy), models=tmp_path)
    assert (chosen.engine.name, chosen.engine.model) == ("whisper", str(toy))
    assert isinstance(choose_engine("auto", whisper_model="small", models=tmp_path), PocketsphinxTranscription)
    assert isinstance(choose_engine("pocketsphinx", whisper_model=str(toy), models=tmp_path), PocketsphinxTranscription)
    with pytest.raises(ModelUnavailable, match="auricle models fetch small"):
        choose_engine("whisper", whisper_model="small", models=tmp_path)
    with pytest.raises(InvalidRequest, match="amazing") as refused:
        choose_engine("amazing", whisper_model="small", models=tmp_path)
    assert refused.value.field == "transcription_engine"
    with pytest.raises(InvalidRequest, match="abacus") as refused:
        choose_engine("whisper", whisper_model=str(toy), models=tmp_path, whisper_device="abacus")
    assert refused.value.field == "whisper_device"


def test_choosing_an_engine_fetches_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job's user may not write where the weights lie, and what a job hears must not depend on a hub's answer."""
    monkeypatch.setattr(whisper_weights, "_fetch_from_hub", lambda *_: pytest.fail("a job asked the hub"))
    monkeypatch.setattr(whisper_weights, "_fetch_prefix", lambda *_: pytest.fail("a job asked S3"))
    for model in ("small", "s3://weights/none", "owner/name"):
        with pytest.raises(ModelUnavailable):
            choose_engine("whisper", whisper_model=model, models=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_gpu_that_was_asked_for_and_is_not_there_is_an_error_of_its_own(
    toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ctranslate2

    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 0)
    for choice in ("whisper", "auto"):
        with pytest.raises(GpuUnavailable, match="AURICLE_WHISPER_DEVICE=cuda"):
            choose_engine(choice, whisper_model=str(toy), models=tmp_path, whisper_device="cuda")
    assert choose_engine("whisper", whisper_model=str(toy), models=tmp_path, whisper_device="cpu").engine.model


def test_the_processor_is_used_where_it_is_asked_for(
    toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ctranslate2

    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 1)
    engine = choose_engine("whisper", whisper_model=str(toy), models=tmp_path, whisper_device="cpu")
    assert isinstance(engine, WhisperTranscription)
    assert engine._model.model.device == "cpu"


def test_the_toy_is_a_multilingual_whisper(toy: Path) -> None:
    import ctranslate2

    assert ctranslate2.models.Whisper(str(toy)).is_multilingual
    assert len(json.loads((toy / "vocabulary.json").read_text())) > 51_000
