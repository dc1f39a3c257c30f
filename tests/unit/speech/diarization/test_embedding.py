from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from auricle.speech.diarization.embedding import SpeakerEncoder, local_voices
from auricle.speech.diarization.windows import FRAMES_PER_WINDOW, WindowBatch, window_batches


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
