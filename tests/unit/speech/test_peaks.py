from __future__ import annotations

import numpy as np

from auricle.speech.peaks import PeakMeter

SAMPLE_RATE_HZ = 16_000


def test_the_loudest_sample_of_every_tenth_of_a_second() -> None:
    sound = np.zeros((2, SAMPLE_RATE_HZ // 4), np.float32)
    sound[0, 10], sound[0, 1700], sound[1, 3900] = 1.0, -0.5, 3.0
    peaks = PeakMeter(channels=2)
    peaks.feed(sound)
    assert peaks.finish().levels == ((255, 128, 0), (0, 0, 255))


def test_blocks_of_any_size_give_the_same_peaks() -> None:
    sound = np.random.default_rng(0).uniform(-1, 1, (1, 12_345)).astype(np.float32)
    found = set()
    for size in (1, 999, 1600, 12_345):
        meter = PeakMeter(channels=1)
        for start in range(0, sound.shape[1], size):
            meter.feed(sound[:, start : start + size])
        found.add(meter.finish().levels)
    assert len(found) == 1
    assert len(found.pop()[0]) == 8


def test_intervals_are_100_ms_and_the_last_may_be_shorter() -> None:
    sound = np.zeros((1, 3201), np.float32)
    sound[0, [1599, 1600, 3199, 3200]] = 0.1, 0.2, 0.3, -0.4
    for cut in (1, 1599, 1600, 1601, 3200):
        meter = PeakMeter(channels=1)
        meter.feed(sound[:, :cut])
        meter.feed(sound[:, cut:])
        found = meter.finish()
        assert found.levels == ((26, 76, 102),)
        assert found.interval_ms == 100
        assert meter.finish() == found, "asked twice"


def test_nothing_has_no_peaks() -> None:
    assert PeakMeter(channels=2).finish().levels == ((), ())
