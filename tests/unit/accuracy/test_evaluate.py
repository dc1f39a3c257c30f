from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from auricle.accuracy import evaluate
from auricle.accuracy.evaluate import (
    DiarizationAccuracy,
    TranscriptionAccuracy,
    evaluate_diarization,
    evaluate_folder,
    evaluate_transcription,
    layout_of,
)
from auricle.accuracy.wer import WordError
from auricle.errors import InvalidRequest, TooLong
from auricle.speech.flac import Samples
from auricle.speech.models import ensure_models
from auricle.speech.transcription import WindowTranscript
from auricle.speech.vad import VoiceActivityModel
from auricle.speech.windows import Window
from auricle.transcripts.transcript import Engine, SpeakerTurn, Word
from tests.fixtures.odd_audio import DEMO_CALL

SAMPLE_RATE_HZ = 16_000
DURATION_S = 68.1910625
"""Of the demo call."""


class Parrot:
    """An engine that says one word for each window, at its start."""

    engine = Engine("parrot", "1")

    def transcribe(self, audio: Samples, window: Window) -> WindowTranscript:
        assert abs(len(audio) / SAMPLE_RATE_HZ - window.duration_s) < 0.001
        return WindowTranscript((Word("hello", window.start_s, window.start_s + 0.1),), "en", self.engine)

    def transcribe_together(self, heard: Sequence[tuple[Samples, Window]]) -> tuple[WindowTranscript, ...]:
        return tuple(self.transcribe(audio, window) for audio, window in heard)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("models")
    ensure_models(directory)
    return directory


def folder_with(tmp_path: Path, manifest: Any) -> Path:
    shutil.copy(DEMO_CALL, tmp_path / "call.flac")
    (tmp_path / "manifest.json").write_text(manifest if isinstance(manifest, str) else json.dumps(manifest))
    return tmp_path


def test_transcription_is_scored_over_the_folder(tmp_path: Path, models: Path) -> None:
    folder = folder_with(
        tmp_path, [{"audio": "call.flac", "text": "hello hello"}, {"audio": "call.flac", "text": "hello"}]
    )
    told: list[tuple[str, int, int]] = []
    found = evaluate_transcription(
        folder,
        Parrot(),
        VoiceActivityModel(ensure_models(models)["voice-activity"]),
        progress=lambda *step: told.append(step),
    )
    windows = len(found.files[0].heard.split())
    assert windows >= 3
    assert (found.error.insertions, found.error.reference_words) == (2 * windows - 3, 3)
    assert found.rtfx > 1
    assert told == [("call.flac", 0, 2), ("call.flac", 1, 2)]
    summary = json.loads(json.dumps(found.summary()))
    assert summary["wer"] == round(found.wer, 4)
    assert (summary["files"], summary["engine"]["name"]) == (2, "parrot")


def test_diarization_is_scored_over_the_folder(tmp_path: Path, models: Path) -> None:
    turns = json.loads(DEMO_CALL.with_suffix(".json").read_text())["turns"]
    lines = [
        f"SPEAKER call 1 {turn['start_s']:.3f} {turn['end_s'] - turn['start_s']:.3f} <NA> <NA> {turn['speaker']} <NA>\n"
        for turn in turns
    ]
    (tmp_path / "call.rttm").write_text("".join(lines))
    folder = folder_with(tmp_path, [{"audio": "call.flac", "rttm": "call.rttm", "speakers": 2}])
    found = evaluate_folder(folder, models=models)
    assert isinstance(found, DiarizationAccuracy)
    assert found.speakers_exact == 1
    assert found.der_collar_250ms <= found.der_collar_0 < 0.1
    assert {"der_collar_0", "der_collar_250ms", "speakers_exact", "rtfx"} <= found.summary().keys()


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ("[", "not JSON"),
        ("[]", "list of objects"),
        ('{"audio": "call.flac"}', "list of objects"),
        ([{"audio": "call.flac"}], "audio and text"),
        ([{"audio": "call.flac", "text": "a"}, {"audio": "call.flac", "rttm": "b"}], "audio and text"),
        ([{"audio": "missing.flac", "text": "a"}], r"missing\.flac"),
        ([{"audio": "call.flac", "rttm": "missing.rttm"}], r"missing\.rttm"),
    ],
)
def test_other_folders_are_refused(tmp_path: Path, models: Path, manifest: Any, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        evaluate_folder(folder_with(tmp_path, manifest), models=models, transcription_engine="pocketsphinx")


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InvalidRequest, match=r"no manifest\.json"):
            layout_of(folder)


def ticking(monkeypatch: pytest.MonkeyPatch, *moments_s: float) -> None:
    clock = iter(moments_s)
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))


def voice_activity(models: Path) -> VoiceActivityModel:
    return VoiceActivityModel(ensure_models(models)["voice-activity"])


def test_speed_is_sound_over_work(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice the demo call, in 1.5 s and 2.5 s."""
    ticking(monkeypatch, 100.0, 101.5, 200.0, 202.5)
    entry = {"audio": "call.flac", "text": "hello"}
    found = evaluate_transcription(folder_with(tmp_path, [entry, entry]), Parrot(), voice_activity(models))
    assert found.rtfx == pytest.approx(2 * DURATION_S / 4)
    assert [file.duration_s for file in found.files] == [DURATION_S, DURATION_S]


def test_turns_are_scored_over_the_folder(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten seconds 0.2 are missed, all of them within a quarter of a second of a boundary; of five, one."""
    ticking(monkeypatch, 100.0, 101.5, 200.0, 202.5)
    heard = iter(((SpeakerTurn("x", 0.0, 9.8),), (SpeakerTurn("x", 20.0, 23.0), SpeakerTurn("y", 24.0, 25.0))))
    monkeypatch.setattr(evaluate, "diarize", lambda *_: SimpleNamespace(turns=next(heard)))
    for name, line in (("a", "0.0 10.0"), ("b", "20.0 5.0")):
        (tmp_path / f"{name}.rttm").write_text(f"SPEAKER call 1 {line} <NA> <NA> ann <NA> <NA>\n")
    entries = [{"audio": "call.flac", "rttm": "a.rttm"}, {"audio": "call.flac", "rttm": "b.rttm", "speakers": 1}]
    told: list[tuple[str, int, int]] = []
    loaded: Any = None
    found = evaluate_diarization(
        folder_with(tmp_path, entries), loaded, voice_activity(models), progress=lambda *step: told.append(step)
    )
    assert told == [("call.flac", 0, 2), ("call.flac", 1, 2)]
    assert [(file.speakers_found, file.speakers_there) for file in found.files] == [(1, 1), (2, 1)]
    assert found.der_collar_0 == pytest.approx((0.2 + 2.0) / 15)
    assert found.der_collar_250ms == pytest.approx(1.75 / 14)
    assert found.speakers_exact == 1
    assert found.rtfx == pytest.approx(2 * DURATION_S / 4)


def test_files_up_to_a_day_and_four_gibibytes_are_evaluated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bounds: list[tuple[float, int]] = []

    def refuse(*_: Any, max_duration_s: float, max_size_bytes: int, **__: Any) -> None:
        bounds.append((max_duration_s, max_size_bytes))
        raise TooLong("It is too long.")

    monkeypatch.setattr(evaluate, "write_working_copy", refuse)
    nothing: Any = None
    with pytest.raises(TooLong):
        evaluate_transcription(folder_with(tmp_path, [{"audio": "call.flac", "text": "hello"}]), Parrot(), nothing)
    assert bounds == [(86_400.0, 4_294_967_296)]


def test_summaries_are_rounded() -> None:
    transcription = TranscriptionAccuracy((), WordError(1, 2, 3, 7 * 13), 12.3456, Engine("parrot", "1"))
    assert transcription.summary() == {
        "wer": 0.0659,
        "rtfx": 12.35,
        "substitutions": 1,
        "deletions": 2,
        "insertions": 3,
        "reference_words": 91,
        "files": 0,
        "engine": {"name": "parrot", "version": "1", "model": None},
    }
    diarization = DiarizationAccuracy((), 0.123456, 0.0765432, 3, 12.3456, Engine("parrot", "1"))
    assert diarization.summary() == {
        "der_collar_0": 0.1235,
        "der_collar_250ms": 0.0765,
        "speakers_exact": 3,
        "rtfx": 12.35,
        "files": 0,
        "engine": {"name": "parrot", "version": "1", "model": None},
    }


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        ("SPEAKER a 1 0 1 <NA> <NA> x <NA> <NA>\nSPEAKER b 1 0 1 <NA> <NA> x <NA> <NA>\n", "several recordings: a, b"),
        ("SPEAKER a 1 zero 1 <NA> <NA> x <NA> <NA>\n", r"^call\.rttm: "),
    ],
)
def test_turns_that_cannot_be_read_are_refused(turns: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "call.rttm").write_text(turns)
    with pytest.raises(InvalidRequest, match=said):
        evaluate._turns(tmp_path / "call.rttm")


def test_no_turns_are_silence(tmp_path: Path) -> None:
    (tmp_path / "call.rttm").write_text("")
    assert evaluate._turns(tmp_path / "call.rttm") == ()


def test_a_folder_is_evaluated_for_what_it_is_laid_out_for(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, [{"audio": "call.flac", "text": "hello"}])
    assert layout_of(folder) == "transcription"
    nothing: Any = None
    with pytest.raises(InvalidRequest, match="laid out to evaluate transcription, not diarization"):
        evaluate_diarization(folder, nothing, nothing)


@pytest.mark.real_speech
def test_pocketsphinx_understands_read_speech(shared_speech: Path, tmp_path: Path, models: Path) -> None:
    entries = json.loads((shared_speech / "asr" / "manifest.json").read_text())[::6]
    for entry in entries:
        shutil.copy(shared_speech / "asr" / entry["audio"], tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps(entries))
    found = evaluate_folder(tmp_path, models=models, transcription_engine="pocketsphinx")
    assert isinstance(found, TranscriptionAccuracy)
    assert found.error.reference_words > 50
    assert found.wer < 0.4, "the whole set has 0.27; these are a sixth of it"
