"""Cuts a stream of samples into the overlapping windows the segmentation model looks at.

Everything lies on one grid. The model gives one frame per 270 samples, the first centred on sample 495 of its
window; windows begin a whole number of frames apart, so that frame f of window w is frame `71 w + f` of the
recording.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
WINDOW_SAMPLES = 80_000
FRAMES_PER_WINDOW = 293
FRAME_SAMPLES = 270
FIRST_FRAME_SAMPLE = 495 - FRAME_SAMPLES // 2
"""Where, in its window, the stretch of 270 samples begins that the first frame stands for."""
STEP_FRAMES = 71
STEP_SAMPLES = STEP_FRAMES * FRAME_SAMPLES
"""1.2 s: every moment is seen by four windows. Steps of 0.5 s cost twice the time and gain nothing that lasts."""
MARGIN_SAMPLES = 200
"""Kept on both sides of a batch, so that spectra can be centred on its very ends."""


@dataclass(frozen=True, slots=True)
class WindowBatch:
    """Consecutive windows and the sound beneath them, with the margin before the first and after the last."""

    first_window: int
    count: int
    samples: NDArray[np.float32]

    def window(self, index: int) -> NDArray[np.float32]:
        """The 80000 samples of one window; `index` counts within the batch."""
        start = MARGIN_SAMPLES + index * STEP_SAMPLES
        return self.samples[start : start + WINDOW_SAMPLES]


def frame_start_s(frame: int) -> float:
    """When a frame of the recording begins; its end is where the next one begins."""
    return (FIRST_FRAME_SAMPLE + frame * FRAME_SAMPLES) / SAMPLE_RATE_HZ


def window_batches(blocks: Iterable[NDArray[np.float32]], windows_per_batch: int) -> Iterator[WindowBatch]:
    """Windows over the whole recording, each sample in at least one; the last is filled up with silence.

    `blocks` are mono samples of any lengths, one after the other. No more than a batch and a block are held at a
    time. Without any samples there is no batch.
    """
    batch_samples = _span(windows_per_batch)
    parts = [np.zeros(MARGIN_SAMPLES, dtype=np.float32)]
    held = MARGIN_SAMPLES
    first_window = 0
    received = 0
    for block in blocks:
        parts.append(np.asarray(block, dtype=np.float32))
        held += len(block)
        received += len(block)
        while held >= batch_samples:
            joined = parts[0] if len(parts) == 1 else np.concatenate(parts)
            yield WindowBatch(first_window, windows_per_batch, joined[:batch_samples])
            first_window += windows_per_batch
            parts = [joined[windows_per_batch * STEP_SAMPLES :]]
            held = len(parts[0])
    if received == 0:
        return
    joined = np.concatenate(parts)
    windows = 1 + max(0, -(-(received - WINDOW_SAMPLES) // STEP_SAMPLES))
    while first_window < windows:
        count = min(windows_per_batch, windows - first_window)
        here = joined[: _span(count)]
        yield WindowBatch(first_window, count, np.pad(here, (0, _span(count) - len(here))))
        first_window += count
        joined = joined[count * STEP_SAMPLES :]


def _span(count: int) -> int:
    """Samples beneath so many consecutive windows, with the margins."""
    return (count - 1) * STEP_SAMPLES + WINDOW_SAMPLES + 2 * MARGIN_SAMPLES
