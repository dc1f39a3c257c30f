from __future__ import annotations

import numpy as np
import pytest

from auricle.speech.diarization.mel import mel_power

BANDS = 40

# Middles of the 40 Slaney bands between 0 and 8 kHz: bands are 2.2667 mel apart, 1 mel is 66.67 Hz up to 15 mel,
# and a factor of 6.4^(1/27) each above.
MIDDLES_MEL = np.arange(1, BANDS + 1) * (15 + 27 * np.log(8) / np.log(6.4)) / (BANDS + 1)
MIDDLES_HZ = np.where(MIDDLES_MEL < 15, MIDDLES_MEL * 200 / 3, 1000 * 6.4 ** ((MIDDLES_MEL - 15) / 27))


def tone(frequency_hz: float, seconds: float = 0.5) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.sin(2 * np.pi * frequency_hz * np.arange(int(seconds * 16_000)) / 16_000).astype(np.float32)


@pytest.mark.parametrize("band", [3, 10, 25, 39])
def test_a_tone_is_loudest_in_its_band(band: int) -> None:
    mel, _ = mel_power(tone(float(MIDDLES_HZ[band])))
    assert set(mel.argmax(axis=1)) == {band}


def test_frames_are_25_ms_every_10_ms() -> None:
    mel, loudness = mel_power(np.zeros(16_000, dtype=np.float32))
    assert mel.shape == (98, BANDS)
    assert loudness.shape == (98,)
    assert not mel.any()


def test_loudness_is_the_mean_square() -> None:
    _, loudness = mel_power(0.5 * tone(400.0))
    np.testing.assert_allclose(loudness, 0.125, rtol=1e-5)


def test_power_goes_with_the_square() -> None:
    noise = np.random.default_rng(0).normal(size=8_000).astype(np.float32)
    np.testing.assert_allclose(mel_power(noise * 3)[0], mel_power(noise)[0] * 9, rtol=1e-4)


def test_one_frame_by_its_definition() -> None:
    """Against the sums written out, for a frame of noise."""
    noise = np.random.default_rng(1).normal(size=400).astype(np.float32)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    phases = np.exp(-2j * np.pi * np.outer(np.arange(201), np.arange(400)) / 400)
    power = np.abs(phases @ (noise * window)) ** 2
    edges = np.concatenate([[0.0], MIDDLES_HZ, [8000.0]])
    bins = np.arange(201) * 40.0
    expected = [
        sum(
            p * max(0.0, min((f - low) / (middle - low), (high - f) / (high - middle))) * 2 / (high - low)
            for p, f in zip(power, bins, strict=True)
        )
        for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False)
    ]
    np.testing.assert_allclose(mel_power(noise)[0][0], expected, rtol=1e-4)
