from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from auricle.errors import ModelUnavailable
from auricle.speech.flac import Samples
from auricle.speech.vad import (
    SpeechRegion,
    VoiceActivity,
    VoiceActivityModel,
    VoiceTrack,
    speech_regions,
    without_crosstalk,
)
from tests.fixtures.odd_audio import DEMO_CALL

SAMPLE_RATE_HZ = 16_000
FRAME_S = 0.032


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


def spoken(*stretches: tuple[float, int], duration_s: float | None = None, **how: float) -> list[tuple[float, float]]:
    """The regions of a track with a probability for so many frames each, to the millisecond."""
    values = np.concatenate([np.full(count, value, np.float32) for value, count in stretches])
    heard = VoiceTrack(values, np.zeros_like(values), len(values) * 0.032 if duration_s is None else duration_s)
    return [(round(region.start_s, 3), round(region.end_s, 3)) for region in speech_regions(heard, **how)]


def test_a_region_is_two_tenths_of_a_second_wider_than_its_speech() -> None:
    assert spoken((0, 100), (1, 50), (0, 100)) == [(3.0, 5.0)]
    assert spoken((0, 5), (1, 50), (0, 5)) == [(0.0, 1.92)]
    assert spoken((1, 50), duration_s=1.59) == [(0.0, 1.59)]


def test_two_regions_share_the_pause_between_them() -> None:
    assert spoken((1, 50), (0, 20), (1, 50), padding_s=0.5) == [(0.0, 1.92), (1.92, 3.84)]
    assert spoken((1, 50), (0, 20), (1, 50), padding_s=0.3) == [(0.0, 1.9), (1.94, 3.84)]


def test_speech_begins_at_one_half() -> None:
    assert spoken((0.5, 50), padding_s=0) == [(0.0, 1.6)]
    assert spoken((0.49, 50)) == []
    assert spoken((0.7, 50), threshold=0.75) == []


def test_speech_of_a_quarter_of_a_second_counts() -> None:
    assert spoken((0, 100), (1, 7), (0, 100)) == []
    assert spoken((0, 100), (1, 8), (0, 100), padding_s=0) == [(3.2, 3.456)]
    assert spoken((1, 8), (0, 100), padding_s=0, min_speech_s=0.256) == [(0.0, 0.256)]
    assert spoken((0, 100), (1, 7)) == []


@pytest.mark.parametrize(("quiet_frames", "found"), [(16, [(0.0, 2.112)]), (17, [(0.0, 0.8), (1.344, 2.144)])])
def test_a_pause_of_half_a_second_ends_a_region(quiet_frames: int, found: list[tuple[float, float]]) -> None:
    assert spoken((1, 25), (0, quiet_frames), (1, 25), padding_s=0) == found


def test_a_region_ends_where_the_probability_fell_first() -> None:
    assert spoken((1, 25), (0.3, 1), (0.4, 30), padding_s=0) == [(0.0, 0.8)]
    assert spoken((1, 25), (0.4, 30), padding_s=0) == [(0.0, 1.76)]
    assert spoken((1, 25), (0.4, 5), (0.3, 5), padding_s=0) == [(0.0, 0.96)]
    assert spoken((1, 25), (0, 5), (0.6, 1), (0, 15), padding_s=0) == [(0.0, 0.992)]


def levels(*levels_db: float) -> VoiceTrack:
    return VoiceTrack(np.ones(len(levels_db), np.float32), np.array(levels_db, np.float32), 9.5)


def kept(own: VoiceTrack, other: VoiceTrack) -> list[float]:
    """The probabilities that are left of one side."""
    track, _ = without_crosstalk([own, other])
    assert track.levels_db is own.levels_db
    assert track.duration_s == 9.5
    return [float(probability) for probability in track.probabilities]


def test_a_side_counts_from_six_decibels_below_the_other() -> None:
    other = levels(-20, -20, -20, -20)
    assert kept(levels(-25.99, -25.99, -25.99, -25.99), other) == [1, 1, 1, 1]
    assert kept(levels(-26.01, -26.01, -26.01, -26.01), other) == [0, 0, 0, 0]


def test_levels_are_compared_as_power_over_three_frames() -> None:
    """Beside two frames at -20 dB a silent one is at -21.8 dB; beside one it is at -24.8 dB."""
    assert kept(levels(-20, -20, -90, -20, -20), levels(-16, -16, -16, -16, -16)) == [1, 1, 1, 1, 1]
    assert kept(levels(-20, -20, -90, -90, -20), levels(-18, -18, -18, -18, -18)) == [1, 1, 0, 0, 1]
    assert kept(levels(-20, -90), levels(-20, -20)) == [1, 0], "too few to average"


def test_three_channels_are_no_call() -> None:
    three = [levels(-20, -20), levels(-60, -60), levels(-60, -60)]
    assert without_crosstalk(three) == tuple(three)


class Session:
    """Answers with the number of frames heard so far, and keeps what it was given."""

    def __init__(self) -> None:
        self.inputs: list[Samples] = []
        self.states: list[tuple[float, float]] = []
        self.heard = 0

    def run(self, _: None, given: dict[str, Samples]) -> tuple[Samples, Samples, Samples]:
        self.inputs.append(given["input"])
        self.states.append((float(given["h"].max()), float(given["c"].max())))
        assert given["h"].shape == given["c"].shape == (1, 1, 128)
        count = len(given["input"])
        numbers = np.arange(self.heard, self.heard + count, dtype=np.float32).reshape(-1, 1)
        self.heard += count
        return numbers, np.full((1, 1, 128), self.heard, np.float32), np.full((1, 1, 128), -self.heard, np.float32)


@pytest.mark.parametrize("block_samples", [700, 131_072, 400_000])
def test_the_model_hears_frames_with_64_samples_before_them(block_samples: int) -> None:
    model, session = VoiceActivityModel.__new__(VoiceActivityModel), Session()
    model.session = session
    sound = np.arange(1, 300_001, dtype=np.float32)
    found = heard(model, sound, block_samples)
    padded = np.concatenate([np.zeros(64, np.float32), sound, np.zeros(32, np.float32)])
    expected = np.stack([padded[512 * frame : 512 * frame + 576] for frame in range(586)])
    np.testing.assert_array_equal(np.concatenate(session.inputs), expected)
    assert max(len(frames) for frames in session.inputs) == 256
    heard_before = [0, *itertools.accumulate(len(frames) for frames in session.inputs)]
    assert session.states == [(before, -before) for before in heard_before[:-1]], "each run goes on from the last"
    assert found.probabilities.tolist() == list(range(586))
    assert found.duration_s == 18.75


def test_levels_are_decibels_of_full_scale_and_silence_is_minus_120() -> None:
    model = VoiceActivityModel.__new__(VoiceActivityModel)
    model.session = Session()
    sound = np.repeat(np.array([0.0, 1.0, -0.1, 0.001], np.float32), 512)
    assert heard(model, sound, 512).levels_db.tolist() == pytest.approx([-120, 0, -20, -60], abs=1e-3)


def test_a_pause_just_as_long_as_asked_for_ends_a_region() -> None:
    """Of 32 ms, 17 frames: the pause is measured to the last of them. 16 times 0.032 is 0.512 to the last bit."""
    assert spoken((1, 16), (0, 17), (1, 16), padding_s=0, min_silence_s=0.512) == [(0.0, 0.512), (1.056, 1.568)]
    assert spoken((1, 16), (0, 16), (1, 16), padding_s=0, min_silence_s=0.512) == [(0.0, 1.536)]
