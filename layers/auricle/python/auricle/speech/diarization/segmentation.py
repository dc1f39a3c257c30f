"""Who is active when within five seconds, for up to three speakers of each window that have no names yet.

Bredin and Laurent, "End-to-end speaker segmentation for overlap-aware resegmentation" (2021).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from auricle.speech.diarization.windows import FRAMES_PER_WINDOW, MARGIN_SAMPLES, STEP_SAMPLES
from auricle.speech.onnx_session import open_session

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from auricle.speech.diarization.windows import WindowBatch

SLOTS = 3
"""Speakers the model can tell apart within one window; which of them is which changes from window to window."""

_START_UNIT_SAMPLES = 30
_SILENT_PEAK = 8 / 32768
"""Eight steps of 16-bit sound. The model normalises loudness, and would hear voices in rounding noise."""

_ONSET = 0.55
_OFFSET = 0.4


class SpeakerSegmentation:
    """The segmentation model, loaded. Safe to use again for the next recording."""

    def __init__(self, model: Path) -> None:
        self._session = open_session(model)

    def activities(self, batch: WindowBatch) -> NDArray[np.float32]:
        """How likely each slot of each window is talking: (windows, 293, 3), 0 to 1. Silent windows get 0."""
        activities = np.zeros((batch.count, FRAMES_PER_WINDOW, SLOTS), dtype=np.float32)
        heard = [index for index in range(batch.count) if np.abs(batch.window(index)).max() >= _SILENT_PEAK]
        if heard:
            sound = batch.samples[MARGIN_SAMPLES:-MARGIN_SAMPLES]
            starts = np.array(heard, dtype=np.int64) * (STEP_SAMPLES // _START_UNIT_SAMPLES)
            (activities[heard],) = self._session.run(None, {"waveform": sound, "window_starts": starts})
        return activities


def active(activities: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Activities made certain, with the pipeline's published thresholds: speech begins above 0.55 and goes on
    until it falls below 0.4, so that a wavering activity does not chop a turn into pieces. Shape as given.
    """
    decided = np.zeros(activities.shape, dtype=np.bool_)
    talking = np.zeros(activities.shape[::2], dtype=np.bool_)
    for frame in range(activities.shape[1]):
        talking = activities[:, frame] > np.where(talking, _OFFSET, _ONSET)
        decided[:, frame] = talking
    return decided
