from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from auricle.errors import InvalidRequest, ModelUnavailable, NotFound
from auricle.speech import transcribe_whisper
from auricle.speech.flac import SAMPLE_RATE_HZ, Samples
from auricle.speech.transcribe_pocketsphinx import PocketsphinxTranscription
from auricle.speech.transcribe_whisper import WhisperTranscription, fetch_whisper, find_whisper
from auricle.speech.transcription import choose_engine
from auricle.speech.vad import SpeechRegion
from auricle.speech.windows import Window
from auricle.speech.working_copy import WorkingCopy
from tests.fixtures import toy_whisper


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_whisper.build(tmp_path_factory.mktemp("toy") / "whisper")


@pytest.fixture(scope="module")
def engine(toy: Path) -> WhisperTranscription:
    return WhisperTranscription(toy, name="toy")


@pytest.fixture(autouse=True)
def no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the hub nor what this machine may have downloaded from it."""
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


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


def test_a_folder_is_used_where_it_lies(toy: Path, tmp_path: Path) -> None:
    assert find_whisper(str(toy), tmp_path) == toy
    assert fetch_whisper(str(toy), tmp_path / "models") == toy
    assert find_whisper(str(tmp_path / "elsewhere"), tmp_path) is None
    with pytest.raises(ModelUnavailable, match="elsewhere"):
        fetch_whisper(str(tmp_path / "elsewhere"), tmp_path)


def test_a_prefix_is_fetched_once_and_appears_whole(toy: Path, tmp_path: Path) -> None:
    asked: list[str] = []

    def fetch_folder(prefix: str, folder: Path) -> None:
        asked.append(prefix)
        shutil.copytree(toy, folder, dirs_exist_ok=True)

    prefix, models = "s3://weights/whisper/small", tmp_path / "models"
    assert find_whisper(prefix, models) is None
    folder = fetch_whisper(prefix, models, fetch_folder=fetch_folder)
    assert folder.parent == models
    assert fetch_whisper(prefix, models, fetch_folder=fetch_folder) == folder
    assert asked == [prefix]
    assert [path.name for path in models.iterdir()] == [folder.name], "nothing half-fetched is left"


def refuses(_prefix: str, _folder: Path) -> None:
    raise NotFound("There is nothing under s3://weights/none.")


def brings_half(_prefix: str, folder: Path) -> None:
    (folder / "config.json").write_text("{}")


@pytest.mark.parametrize(
    ("fetch_folder", "said"), [(None, "no access to S3"), (refuses, "nothing under"), (brings_half, r"model\.bin")]
)
def test_a_prefix_that_cannot_be_fetched_says_why(
    tmp_path: Path, fetch_folder: Callable[[str, Path], None] | None, said: str
) -> None:
    with pytest.raises(ModelUnavailable, match=said):
        fetch_whisper("s3://weights/none", tmp_path / "models", fetch_folder=fetch_folder)
    assert not list((tmp_path / "models").iterdir())


def test_a_name_that_cannot_be_downloaded_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"faster-whisper-small.+huggingface\.co"):
        fetch_whisper("small", tmp_path)
    with pytest.raises(ModelUnavailable, match="large-v3"):
        fetch_whisper("enormous", tmp_path)


def test_what_faster_whisper_has_downloaded_before_is_found(toy: Path, tmp_path: Path) -> None:
    cached = tmp_path / "hub" / "models--Systran--faster-whisper-small"
    shutil.copytree(toy, cached / "snapshots" / "abc123")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("abc123")
    found = find_whisper("small", tmp_path / "models")
    assert found is not None
    assert found.resolve() == (cached / "snapshots" / "abc123").resolve()


def test_a_download_reports_its_bytes() -> None:
    reports: list[tuple[int, int]] = []
    reporting = transcribe_whisper._reporting(lambda done, total: reports.append((done, total)))
    arriving, written = (reporting(total=0, unit="B", desc=what, name=what) for what in ("arriving", "written"))
    files = reporting(total=5, desc="files")
    for bar in (arriving, written):
        bar.total = 1000
    arriving.update(400)
    written.update(300)
    arriving.update(600)
    files.update(1)
    assert reports == [(400, 1000), (400, 1000), (1000, 1000)]


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
    with pytest.raises(ModelUnavailable):
        choose_engine("whisper", whisper_model="small", models=tmp_path)
    with pytest.raises(InvalidRequest, match="amazing"):
        choose_engine("amazing", whisper_model="small", models=tmp_path)


def test_the_toy_is_a_multilingual_whisper(toy: Path) -> None:
    import ctranslate2

    assert ctranslate2.models.Whisper(str(toy)).is_multilingual
    assert len(json.loads((toy / "vocabulary.json").read_text())) > 51_000
