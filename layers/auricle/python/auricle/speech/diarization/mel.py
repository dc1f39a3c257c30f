"""The spectrum the speaker encoder was trained on: 40 mel bands of 25 ms, every 10 ms, power, not logarithmic."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

FRAME_SAMPLES = 400
HOP_SAMPLES = 160
BANDS = 40
_SAMPLE_RATE_HZ = 16_000

# Slaney, "Auditory toolbox" (1998): linear below 1 kHz, 27 bands to each factor of 6.4 above.
_LINEAR_HZ_PER_MEL = 200 / 3
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27


def mel_power(samples: Floats) -> tuple[Floats, Floats]:
    """Mel bands (frames, 40) and mean power (frames,) of mono samples at 16 kHz.

    Frame m covers samples 160 m to 160 m + 400; whoever wants frames centred on the first sample puts 200 zeros
    before it, as librosa does.
    """
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME_SAMPLES)[::HOP_SAMPLES]
    spectrum = np.fft.rfft(frames * _hann(), axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    loudness = np.einsum("ij,ij->i", frames, frames) / FRAME_SAMPLES
    return power.astype(np.float32) @ _mel_bank(), loudness


@cache
def _hann() -> Floats:
    phase = 2 * np.pi * np.arange(FRAME_SAMPLES) / FRAME_SAMPLES
    return np.asarray(0.5 - 0.5 * np.cos(phase), dtype=np.float32)


@cache
def _mel_bank() -> Floats:
    """(201, 40): triangles between neighbouring band edges, each of unit area in Hz."""
    highest_mel = _BREAK_MEL + np.log(_SAMPLE_RATE_HZ / 2 / _BREAK_HZ) / _LOG_STEP
    mels = np.linspace(0.0, highest_mel, BANDS + 2)
    above = _BREAK_HZ * np.exp(_LOG_STEP * (mels - _BREAK_MEL))
    edges_hz = np.where(mels < _BREAK_MEL, mels * _LINEAR_HZ_PER_MEL, above)
    bins_hz = np.linspace(0.0, _SAMPLE_RATE_HZ / 2, FRAME_SAMPLES // 2 + 1)[:, None]
    low, centre, high = edges_hz[:-2], edges_hz[1:-1], edges_hz[2:]
    triangles = np.minimum((bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre))
    return np.asarray(np.maximum(triangles, 0.0) * 2 / (high - low), dtype=np.float32)
