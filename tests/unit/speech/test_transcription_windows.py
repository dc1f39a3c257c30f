from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.speech.vad import FRAME_S, VoiceTrack, speech_regions
from auricle.speech.windows import MAX_PAUSE_S, MAX_WINDOW_S, cut_windows

Stretches = list[tuple[bool, int]]


def track(stretches: Stretches) -> VoiceTrack:
    """Speech and silence in turns, each so many tenths of a second."""
    values = [np.full(round(tenths * 0.1 / FRAME_S), spoken, np.float32) for spoken, tenths in stretches]
    probabilities = np.concatenate([np.zeros(0, np.float32), *values])
    return VoiceTrack(probabilities, probabilities * 40 - 60, len(probabilities) * FRAME_S)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 900)), max_size=12), st.integers(1, 2))
def test_every_region_is_in_one_window_and_no_window_is_long(stretches: Stretches, channels: int) -> None:
    heard = track(stretches)
    windows = cut_windows([heard] * channels)
    assert [window.index for window in windows] == list(range(len(windows)))
    assert [window.start_s for window in windows] == sorted(window.start_s for window in windows)
    for channel in range(channels):
        own = [window for window in windows if window.channel == channel]
        assert all(window.duration_s <= MAX_WINDOW_S + 1e-6 for window in own)
        assert all(before.end_s <= after.start_s + 1e-9 for before, after in itertools.pairwise(own))
        regions = [region for window in own for region in window.regions]
        expected = speech_regions(heard)
        assert abs(sum(r.duration_s for r in regions) - sum(r.duration_s for r in expected)) < 1e-6
        for window in own:
            assert (window.start_s, window.end_s) == (window.regions[0].start_s, window.regions[-1].end_s)
            pauses = itertools.pairwise(window.regions)
            assert all(after.start_s - before.end_s <= MAX_PAUSE_S for before, after in pauses)


def test_silence_has_no_windows() -> None:
    assert cut_windows([track([(False, 36_000)])]) == ()
    assert cut_windows([]) == ()


def test_speech_without_a_pause_is_cut_where_it_is_quietest() -> None:
    heard = track([(True, 500)])
    quiet = round(22 / FRAME_S)
    heard.levels_db[quiet : quiet + 4] -= 30
    first, second = cut_windows([heard])
    assert abs(first.end_s - 22.05) < 0.1
    assert first.end_s == second.start_s


def test_windows_end_in_pauses_where_there_are_any() -> None:
    heard = track([(True, 120), (False, 10)] * 5)
    windows = cut_windows([heard])
    assert len(windows) == 3
    assert [len(window.regions) for window in windows] == [2, 2, 1]
