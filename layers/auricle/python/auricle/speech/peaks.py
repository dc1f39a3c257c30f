"""The outline of a recording that a player draws: the loudest sample of every tenth of a second."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auricle.speech.flac import SAMPLE_RATE_HZ, Samples

INTERVAL_MS = 100


@dataclass(frozen=True, slots=True)
class Peaks:
    """`levels[channel][i]` is the largest absolute sample of interval i, 0 to 255 for 0 to full scale."""

    interval_ms: int
    levels: tuple[tuple[int, ...], ...]


class PeakMeter:
    """Collects peaks as blocks (channels, n) arrive, at ten bytes a second and channel."""

    _INTERVAL_SAMPLES = SAMPLE_RATE_HZ * INTERVAL_MS // 1000

    def __init__(self, *, channels: int) -> None:
        self._levels = [bytearray() for _ in range(channels)]
        self._rest: Samples = np.zeros((channels, 0), np.float32)

    def feed(self, block: Samples) -> None:
        """Take the next samples of every channel."""
        joined = np.concatenate([self._rest, block], axis=1)
        whole = joined.shape[1] // self._INTERVAL_SAMPLES
        self._note(joined[:, : whole * self._INTERVAL_SAMPLES], whole)
        self._rest = joined[:, whole * self._INTERVAL_SAMPLES :]

    def finish(self) -> Peaks:
        """All peaks; a last, shorter interval counts as one."""
        if self._rest.shape[1]:
            self._note(self._rest, 1)
            self._rest = self._rest[:, :0]
        return Peaks(INTERVAL_MS, tuple(tuple(levels) for levels in self._levels))

    def _note(self, samples: Samples, intervals: int) -> None:
        if not intervals:
            return
        loudest = np.abs(samples).reshape(len(self._levels), intervals, -1).max(axis=2)
        for levels, values in zip(self._levels, np.rint(np.minimum(loudest, 1.0) * 255), strict=True):
            levels.extend(values.astype(np.uint8).tobytes())
