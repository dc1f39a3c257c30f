from __future__ import annotations

import numpy as np
import pytest

from auricle.speech.diarization.windows import frame_start_s, window_batches

FRAME_SAMPLES = 270
MARGIN_SAMPLES = 200
STEP_SAMPLES = 19_170
WINDOW_SAMPLES = 80_000


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (0, 0),
        (1, 1),
        (WINDOW_SAMPLES, 1),
        (WINDOW_SAMPLES + 1, 2),
        (WINDOW_SAMPLES + STEP_SAMPLES, 2),
        (WINDOW_SAMPLES + STEP_SAMPLES + 1, 3),
        (WINDOW_SAMPLES + 7 * STEP_SAMPLES, 8),
    ],
)
@pytest.mark.parametrize("block_samples", [1_000, 16_000, 1_000_000])
def test_every_sample_is_in_a_window_and_no_window_is_empty(samples: int, expected: int, block_samples: int) -> None:
    sound = np.arange(1, samples + 1, dtype=np.float32)
    blocks = np.split(sound, range(block_samples, samples, block_samples))
    found = {
        batch.first_window + index: batch.window(index)
        for batch in window_batches(blocks, windows_per_batch=3)
        for index in range(batch.count)
    }
    assert list(found) == list(range(expected))
    for window, heard in found.items():
        start = window * STEP_SAMPLES
        there = sound[start : start + WINDOW_SAMPLES]
        np.testing.assert_array_equal(heard, np.pad(there, (0, WINDOW_SAMPLES - len(there))))


def test_the_margin_is_the_sound_around_the_windows() -> None:
    sound = np.arange(1, 400_001, dtype=np.float32)
    first, second, *_ = window_batches([sound], windows_per_batch=4)
    assert not first.samples[:MARGIN_SAMPLES].any()
    assert first.samples[-1] == sound[3 * STEP_SAMPLES + WINDOW_SAMPLES + MARGIN_SAMPLES - 1]
    assert second.samples[0] == sound[4 * STEP_SAMPLES - MARGIN_SAMPLES]


def test_little_is_held_of_an_endless_stream() -> None:
    """The second batch comes as soon as its sound has: nothing waits for the end."""
    taken = 0

    def endless() -> object:
        nonlocal taken
        while True:
            taken += 16_000
            yield np.zeros(16_000, dtype=np.float32)

    batches = window_batches(endless(), windows_per_batch=4)  # type: ignore[arg-type]  # a generator of arrays
    next(batches)
    next(batches)
    assert taken <= 7 * STEP_SAMPLES + WINDOW_SAMPLES + MARGIN_SAMPLES + 16_000


def test_windows_begin_on_the_grid_of_frames() -> None:
    assert STEP_SAMPLES % FRAME_SAMPLES == 0
    assert frame_start_s(71) - frame_start_s(0) == pytest.approx(STEP_SAMPLES / 16_000)
    # The middle of the first frame is the middle of the 991 samples the model sees for it.
    assert (frame_start_s(0) + frame_start_s(1)) / 2 == pytest.approx(495 / 16_000)


def test_frames_begin_at_sample_360_every_270() -> None:
    assert [frame_start_s(frame) for frame in (0, 1, 71)] == [0.0225, 0.039375, 1.220625]
