from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from auricle.speech.diarization import embedding
from auricle.speech.diarization.embedding import SpeakerEncoder, local_voices
from auricle.speech.diarization.windows import WindowBatch, window_batches

FRAMES_PER_WINDOW = 293


class Ear(SpeakerEncoder):
    """Hears nothing but how loud each mel band is on average, and remembers what it was given."""

    def __init__(self) -> None:
        self.heard: list[NDArray[np.float32]] = []

    def embeddings(self, excerpts: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        self.heard += excerpts
        means = np.stack([excerpt.mean(axis=0) for excerpt in excerpts])
        return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), dtype=np.float32)


def two_tones() -> WindowBatch:
    """5 s: 500 Hz up to the middle, 3 kHz from there on."""
    time = np.arange(80_000) / 16_000
    sound = np.where(time < 2.5, np.sin(2 * np.pi * 500 * time), np.sin(2 * np.pi * 3000 * time)) * 0.1
    (batch,) = window_batches([sound.astype(np.float32)], windows_per_batch=1)
    return batch


def nobody() -> NDArray[np.bool_]:
    return np.zeros((1, FRAMES_PER_WINDOW, 3), dtype=np.bool_)


def test_each_slot_is_heard_where_it_talks_alone() -> None:
    active = nobody()
    active[0, :140, 0] = True
    active[0, 100:, 1] = True
    active[0, 155:, 1] = True
    ear = Ear()
    low, high = local_voices(two_tones(), active, ear)
    assert (low.window, low.slot, high.slot) == (0, 0, 1)
    # Frames 100 to 139 are shared: slot 0 is alone for 100 frames, slot 1 for 153, of 16.875 ms each.
    assert low.solo_s == pytest.approx(100 * 0.016875)
    assert high.solo_s == pytest.approx(153 * 0.016875)
    assert low.embedding.argmax() < high.embedding.argmax()
    assert all(excerpt.shape == (160, 40) for excerpt in ear.heard)
    # The 500 Hz band is silent in what slot 1 is judged by, but for the moment between 140 and the change of tone.
    assert high.embedding[low.embedding.argmax()] < 0.1


def test_who_is_hardly_ever_alone_is_heard_with_others() -> None:
    active = nobody()
    active[0, :200, 0] = True
    active[0, 60:100, 1] = True
    voices = {voice.slot: voice for voice in local_voices(two_tones(), active, Ear())}
    assert voices[1].solo_s == 0.0


def test_a_moment_is_no_voice() -> None:
    active = nobody()
    active[0, 40:47, 0] = True
    assert not list(local_voices(two_tones(), active, Ear()))


def test_quiet_voices_are_raised_to_one_loudness() -> None:
    active = nobody()
    active[0, :, 0] = True
    loud, quiet = Ear(), Ear()
    batch = two_tones()
    list(local_voices(WindowBatch(0, 1, batch.samples * 0.1), active, loud))
    list(local_voices(WindowBatch(0, 1, batch.samples * 0.001), active, quiet))
    np.testing.assert_allclose(loud.heard[0], quiet.heard[0], rtol=1e-3, atol=1e-7)


def test_an_offset_of_the_recorder_changes_nothing() -> None:
    active = nobody()
    active[0, 10:280, 0] = True
    plain, shifted = Ear(), Ear()
    batch = two_tones()
    list(local_voices(batch, active, plain))
    list(local_voices(WindowBatch(0, 1, batch.samples + np.float32(0.4)), active, shifted))
    np.testing.assert_allclose(plain.heard[0], shifted.heard[0], rtol=0.01, atol=1e-4)


@pytest.mark.parametrize(
    ("count", "starts"),
    [(160, [0]), (201, [20]), (239, [39]), (241, [0, 81]), (400, [0, 240]), (401, [0, 120, 241])],
)
def test_excerpts_of_160_frames_are_spread_evenly(count: int, starts: list[int]) -> None:
    frames = np.repeat(np.arange(count, dtype=np.float32)[:, None], 40, axis=1)
    found = embedding._excerpts(frames)
    assert [int(excerpt[0, 0]) for excerpt in found] == starts
    assert all(excerpt.shape == (160, 40) for excerpt in found)


def test_what_is_too_short_for_an_excerpt_is_repeated() -> None:
    frames = np.repeat(np.arange(100, dtype=np.float32)[:, None], 40, axis=1)
    (found,) = embedding._excerpts(frames)
    assert found[:, 0].tolist() == [*range(100), *range(60)]
    assert found[:, 39].tolist() == [*range(100), *range(60)]


@pytest.mark.parametrize(
    ("window", "frame", "expected"),
    [(0, 0, [3]), (0, 1, [4, 5]), (0, 2, [6, 7]), (1, 0, [123]), (0, 292, [495, 496])],
)
def test_a_frame_has_the_mel_frames_whose_middles_lie_in_it(window: int, frame: int, expected: list[int]) -> None:
    """Frame f of window w is samples 360 + 270 f + 19170 w to 270 more; mel frame m is centred on sample 160 m."""
    frames = np.zeros(293, dtype=np.bool_)
    frames[frame] = True
    assert embedding._mel_frames_of(frames, window, 900).tolist() == expected


@pytest.mark.parametrize(("active_frames", "voices"), [(7, 0), (8, 0), (11, 0), (12, 1)])
def test_a_voice_needs_twenty_mel_frames(active_frames: int, voices: int) -> None:
    """From frame 40: 11 frames are 2970 samples with 18 or 19 middles in them, 12 are 3240 with 20."""
    active = nobody()
    active[0, 40 : 40 + active_frames, 0] = True
    assert len(list(local_voices(two_tones(), active, Ear()))) == voices


@pytest.mark.parametrize(("alone", "heard_alone"), [(29, False), (30, True)])
def test_half_a_second_alone_is_enough_to_leave_the_shared_moments_out(alone: int, heard_alone: bool) -> None:
    """Slot 1 shares frames 20 to 99, with the low tone, and is alone from frame 200 on, with the high one."""
    active = nobody()
    active[0, 20:100, 0] = True
    active[0, 20:100, 1] = active[0, 200 : 200 + alone, 1] = True
    voices = {voice.slot: voice for voice in local_voices(two_tones(), active, Ear())}
    assert voices[1].solo_s == pytest.approx(alone * 0.016875)
    assert (voices[1].embedding.argmax() == voices[0].embedding.argmax()) is not heard_alone


def test_embeddings_are_of_unit_length_and_windows_count_over_the_batches() -> None:
    active = np.repeat(nobody(), 2, axis=0)
    active[1, 50:200, 2] = True
    batch = two_tones()
    longer = WindowBatch(7, 2, np.pad(batch.samples, (0, 19_170)))
    (found,) = local_voices(longer, active, Ear())
    assert (found.window, found.slot) == (8, 2)
    assert float(np.linalg.norm(found.embedding)) == pytest.approx(1.0)


def test_what_is_below_minus_30_dbfs_is_raised_and_what_is_above_is_not() -> None:
    """A tone of amplitude a has the power a^2 / 2: -30 dBFS is 0.0447."""
    active = nobody()
    active[0, :140, 0] = True
    batch = two_tones()
    loudness = {}
    for amplitude in (0.4, 0.2, 0.02):
        ear = Ear()
        list(local_voices(WindowBatch(0, 1, batch.samples * np.float32(amplitude / 0.1)), active, ear))
        loudness[amplitude] = float(ear.heard[0].mean())
    assert loudness[0.4] / loudness[0.2] == pytest.approx(4.0, rel=1e-3)
    assert loudness[0.2] / loudness[0.02] == pytest.approx((0.2 / 0.0447214) ** 2, rel=1e-2)


class Session:
    """Answers with the mean of each excerpt, and keeps how many it was given at a time."""

    def __init__(self) -> None:
        self.counts: list[int] = []

    def run(self, _: None, given: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        excerpts = given["mel"]
        assert excerpts.shape[1:] == (160, 40)
        self.counts.append(len(excerpts))
        return [np.repeat(excerpts.mean(axis=(1, 2))[:, None], 256, axis=1)]


def test_the_encoder_hears_32_excerpts_at_a_time() -> None:
    encoder, session = SpeakerEncoder.__new__(SpeakerEncoder), Session()
    encoder._session = session
    found = encoder.embeddings([np.full((160, 40), number, np.float32) for number in range(70)])
    assert session.counts == [32, 32, 6]
    assert found.shape == (70, 256)
    assert found[:, 0].tolist() == list(range(70))
    assert encoder.embeddings([]).shape == (0, 256)
