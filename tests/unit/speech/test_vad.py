from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from auricle.errors import ModelUnavailable
from auricle.speech.flac import SAMPLE_RATE_HZ, Samples
from auricle.speech.vad import (
    FRAME_S,
    SpeechRegion,
    VoiceActivity,
    VoiceActivityModel,
    VoiceTrack,
    speech_regions,
    without_crosstalk,
)
from tests.fixtures.odd_audio import DEMO_CALL


def heard(model: VoiceActivityModel, sound: Samples, block_samples: int) -> VoiceTrack:
    listener = VoiceActivity(model)
    for start in range(0, len(sound), block_samples):
        listener.feed(sound[start : start + block_samples])
    return listener.finish()


def track(*stretches: tuple[float, float], level_db: float = -20.0) -> VoiceTrack:
    """Probabilities for so many seconds each."""
    values = np.concatenate([np.full(round(seconds / FRAME_S), value, np.float32) for value, seconds in stretches])
    return VoiceTrack(values, np.full(len(values), level_db, np.float32), len(values) * FRAME_S)


@pytest.mark.parametrize("block_samples", [333, 16_000, 200_000])
def test_blocks_of_any_size_give_what_the_whole_file_gives(
    voice_activity: VoiceActivityModel, demo_call: Samples, block_samples: int
) -> None:
    sound = demo_call[: 20 * SAMPLE_RATE_HZ + 100]
    frames = np.pad(sound, (64, -len(sound) % 512))
    whole = np.lib.stride_tricks.sliding_window_view(frames, 576)[::512]
    state = np.zeros((1, 1, 128), np.float32)
    expected = voice_activity.session.run(None, {"input": whole, "h": state, "c": state})[0].reshape(-1)
    found = heard(voice_activity, sound, block_samples)
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-5)
    assert found.duration_s == len(sound) / SAMPLE_RATE_HZ
    assert len(found.levels_db) == len(found.probabilities)


def test_regions_are_where_the_demo_call_speaks(voice_activity: VoiceActivityModel, demo_call: Samples) -> None:
    turns = json.loads(DEMO_CALL.with_suffix(".json").read_text())["turns"]
    found = heard(voice_activity, demo_call, 16_000)
    spoken = np.zeros(len(demo_call), bool)
    for region in speech_regions(found, min_silence_s=0.2, padding_s=0.0):
        spoken[round(region.start_s * SAMPLE_RATE_HZ) : round(region.end_s * SAMPLE_RATE_HZ)] = True
    truth = np.zeros_like(spoken)
    for turn in turns:
        truth[round(turn["start_s"] * SAMPLE_RATE_HZ) : round(turn["end_s"] * SAMPLE_RATE_HZ)] = True
    assert (spoken & truth).sum() > 0.93 * truth.sum()
    assert (spoken & ~truth).sum() < 0.2 * (~truth).sum()


def test_silence_and_noise_are_not_speech(voice_activity: VoiceActivityModel) -> None:
    silence = np.zeros(10 * SAMPLE_RATE_HZ, np.float32)
    noise = np.random.default_rng(0).standard_normal(10 * SAMPLE_RATE_HZ).astype(np.float32) * 0.05
    assert speech_regions(heard(voice_activity, silence, 16_000)) == ()
    assert speech_regions(heard(voice_activity, noise, 16_000)) == ()
    assert speech_regions(VoiceActivity(voice_activity).finish()) == ()


def test_short_pauses_are_bridged_and_short_sounds_dropped() -> None:
    found = speech_regions(track((0, 1), (1, 2), (0, 0.3), (1, 2), (0, 2), (1, 0.15), (0, 2)))
    assert len(found) == 1
    assert found[0].start_s == pytest.approx(1 - 0.2, abs=0.1)
    assert found[0].end_s == pytest.approx(5.3 + 0.2, abs=0.1)


def test_speech_goes_on_until_it_is_clearly_over() -> None:
    assert len(speech_regions(track((1, 1), (0.4, 2), (1, 1), (0, 1)))) == 1, "0.4 is above the lower threshold"
    assert len(speech_regions(track((1, 1), (0.3, 2), (1, 1), (0, 1)))) == 2


def test_regions_stay_in_the_recording_and_apart() -> None:
    found = speech_regions(track((1, 2), (0, 0.6), (1, 2)), padding_s=5.0)
    assert found[0].start_s == 0.0
    assert found[1].end_s == pytest.approx(4.6, abs=2 * FRAME_S)
    assert found[0].end_s <= found[1].start_s
    assert isinstance(found[0], SpeechRegion)


def test_crosstalk_is_nobodys_speech() -> None:
    speaking = track((1, 2), (0, 2), level_db=-20)
    echo = track((0.9, 2), (0, 2), level_db=-35)
    answer = track((1, 2), (0, 2), level_db=-24)
    mine, theirs = without_crosstalk([speaking, echo])
    assert (len(speech_regions(mine)), len(speech_regions(theirs))) == (1, 0)
    both = without_crosstalk([speaking, answer])
    assert [len(speech_regions(side)) for side in both] == [1, 1], "both may talk at once"
    assert without_crosstalk([echo]) == (echo,)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"nowhere\.onnx"):
        VoiceActivityModel(tmp_path / "nowhere.onnx")
