from __future__ import annotations

import numpy as np

from auricle.speech.diarization.segmentation import active


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
