"""The whole pipeline on sound: the demo call of this repository, and real recordings where they are present."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from auricle.accuracy.der import DiarizationError, diarization_error
from auricle.accuracy.rttm import read_rttm
from auricle.settings import settings
from auricle.speech.diarization.pipeline import ENGINE, Diarization, DiarizationModels, diarize
from auricle.speech.models import ensure_models
from auricle.speech.working_copy import read_blocks
from auricle.transcripts.transcript import SpeakerTurn

pytestmark = pytest.mark.xdist_group("diarization")  # one worker, so that the call is diarized once

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"

Samples = NDArray[np.float32]


@pytest.fixture(scope="module")
def models() -> DiarizationModels:
    directory = settings().models_path
    ensure_models(directory, ["speaker-segmentation", "speaker-encoder", "speaker-lda"])
    return DiarizationModels.load(directory)


@pytest.fixture(scope="module")
def call() -> Samples:
    return read(FIXTURES / "demo_call.flac")


@pytest.fixture(scope="module")
def found(call: Samples, models: DiarizationModels) -> Diarization:
    return diarize([call], models)


def read(flac: Path) -> Samples:
    return np.concatenate([block.mean(axis=0) for block in read_blocks(flac)])


def test_the_demo_call_is_told_apart(found: Diarization) -> None:
    truth = json.loads((FIXTURES / "demo_call.json").read_text())
    reference = [SpeakerTurn(turn["speaker"], turn["start_s"], turn["end_s"]) for turn in truth["turns"]]
    assert {turn.speaker for turn in found.turns} == {"speaker_0", "speaker_1"}
    assert found.turns[0].speaker == "speaker_0"
    assert diarization_error(reference, found.turns, truth["duration_s"], collar_s=0.25).rate < 0.02
    assert diarization_error(reference, found.turns, truth["duration_s"]).rate < 0.06
    assert found.engine == ENGINE


def test_turns_are_in_order_and_within_the_recording(found: Diarization, call: Samples) -> None:
    assert list(found.turns) == sorted(found.turns, key=lambda turn: turn.start_s)
    assert all(0 <= turn.start_s < turn.end_s <= len(call) / 16_000 for turn in found.turns)


def test_how_the_sound_is_cut_into_blocks_does_not_matter(
    found: Diarization, call: Samples, models: DiarizationModels
) -> None:
    heard_s: list[float] = []
    blocks = np.array_split(call, 1001)
    assert diarize(iter(blocks), models, progress=heard_s.append) == found
    assert heard_s == sorted(heard_s)
    assert heard_s[-1] == pytest.approx(len(call) / 16_000)


def test_a_given_number_of_speakers_is_what_comes_out(call: Samples, models: DiarizationModels) -> None:
    alone = diarize([call[: 25 * 16_000]], models, speakers=1)
    assert {turn.speaker for turn in alone.turns} == {"speaker_0"}


def test_an_offset_of_the_recorder_changes_nothing(
    found: Diarization, call: Samples, models: DiarizationModels
) -> None:
    start = call[: 20 * 16_000]
    shifted = diarize([start * 0.5 + np.float32(0.3)], models).turns
    assert {turn.speaker for turn in shifted} == {"speaker_0", "speaker_1"}


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(0),
        np.full(1, 0.5),
        np.zeros(160_000),
        np.random.default_rng(0).integers(-1, 2, 160_000) / 32768,
        np.random.default_rng(0).normal(size=160_000) * 0.05,
        np.sin(np.arange(160_000) * 0.17) * 0.3,
    ],
    ids=["nothing", "one sample", "silence", "rounding noise", "noise", "tone"],
)
def test_without_speech_there_are_no_turns(sound: Samples, models: DiarizationModels) -> None:
    assert diarize([sound.astype(np.float32)], models).turns == ()


def test_a_single_word_is_a_turn(call: Samples, models: DiarizationModels) -> None:
    (turn,) = diarize([call[10_000:20_000]], models).turns
    assert turn.end_s - turn.start_s > 0.3


def test_zero_speakers_make_no_sense(models: DiarizationModels) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        diarize([], models, speakers=0)


@pytest.mark.real_speech
def test_real_recordings(shared_speech: Path, models: DiarizationModels) -> None:
    """A dialogue with exact turns and an excerpt of a meeting: two minutes in all."""
    folder = shared_speech / "diarization"
    total = DiarizationError(0.0, 0.0, 0.0, 0.0)
    for clip, speakers in (("libri1_2", 2), ("trn05", None)):
        sound = read(folder / f"{clip}.flac")
        (reference,) = read_rttm((folder / f"{clip}.rttm").read_text()).values()
        turns = diarize([sound], models).turns
        total += diarization_error(reference, turns, len(sound) / 16_000, collar_s=0.25)
        if speakers is not None:
            assert len({turn.speaker for turn in turns}) == speakers
    assert total.rate < 0.05
