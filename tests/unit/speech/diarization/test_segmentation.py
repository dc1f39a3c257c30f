from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from auricle.speech.diarization.segmentation import SpeakerSegmentation, active
from auricle.speech.diarization.windows import WindowBatch


def test_speech_begins_high_and_ends_low() -> None:
    likely = np.array([0.5, 0.54, 0.56, 0.5, 0.41, 0.56, 0.39, 0.5, 0.54], dtype=np.float32)
    found = active(likely.reshape(1, -1, 1))
    assert found[0, :, 0].tolist() == [False, False, True, True, True, True, False, False, False]


def test_slots_and_windows_are_decided_apart() -> None:
    likely = np.zeros((2, 3, 3), dtype=np.float32)
    likely[0, 1:, 2] = 0.9
    likely[1, :, 0] = 0.45
    found = active(likely)
    assert found.sum() == 2
    assert found[0, 1:, 2].all()


class Session:
    """Answers with the number of the window in every frame, and keeps what it was given."""

    def __init__(self) -> None:
        self.given: list[dict[str, NDArray[Any]]] = []

    def run(self, _: None, given: dict[str, NDArray[Any]]) -> list[NDArray[np.float32]]:
        self.given.append(given)
        starts = given["window_starts"]
        return [np.broadcast_to(starts[:, None, None] / np.float32(1000), (len(starts), 293, 3)).astype(np.float32)]


def listened(batch: WindowBatch) -> tuple[NDArray[np.float32], Session]:
    model, session = SpeakerSegmentation.__new__(SpeakerSegmentation), Session()
    model._session = session
    return model.activities(batch), session


def test_the_model_hears_the_batch_without_its_margins_and_where_each_window_begins() -> None:
    samples = np.ones(200 + 2 * 19_170 + 80_000 + 200, np.float32)
    samples[:200], samples[-200:] = 7, 9
    found, session = listened(WindowBatch(5, 3, samples))
    (given,) = session.given
    assert given["waveform"].tolist() == [1.0] * (2 * 19_170 + 80_000)
    assert given["window_starts"].tolist() == [0, 639, 1278], "in units of 30 samples"
    assert found[:, 0, 0].tolist() == pytest.approx([0.0, 0.639, 1.278])


def test_windows_below_eight_steps_of_16_bits_are_not_listened_to() -> None:
    samples = np.zeros(200 + 19_170 + 80_000 + 200, np.float32)
    samples[200 + 80_000 + 5] = -8 / 32768
    found, session = listened(WindowBatch(0, 2, samples))
    assert session.given[0]["window_starts"].tolist() == [639]
    assert found.shape == (2, 293, 3)
    assert not found[0].any()
    assert found[1].all()
    quiet, session = listened(WindowBatch(0, 2, samples * np.float32(0.99)))
    assert session.given == []
    assert quiet.shape == (2, 293, 3)
    assert not quiet.any()


def test_a_voice_that_stays_above_two_fifths_goes_on_and_one_that_falls_below_has_to_begin_anew() -> None:
    likely = np.array([0.54, 0.56, 0.42, 0.54, 0.38, 0.54, 0.56], dtype=np.float32)
    found = active(likely.reshape(1, -1, 1))
    assert found[0, :, 0].tolist() == [False, True, True, True, False, False, True]
