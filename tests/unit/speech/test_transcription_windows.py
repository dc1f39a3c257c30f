from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.speech.vad import SpeechRegion, VoiceTrack, speech_regions
from auricle.speech.windows import cut_windows

FRAME_S = 0.032
MAX_PAUSE_S = 5.0
MAX_WINDOW_S = 30.0

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


def frames(*stretches: tuple[float, int]) -> VoiceTrack:
    """A probability for so many frames of 32 ms each, all equally loud."""
    values = np.concatenate([np.full(count, value, np.float32) for value, count in stretches])
    return VoiceTrack(values, np.full(len(values), -20, np.float32), len(values) * 0.032)


@pytest.mark.parametrize(("pause_frames", "windows"), [(168, 1), (169, 2)])
def test_a_pause_of_more_than_five_seconds_ends_a_window(pause_frames: int, windows: int) -> None:
    """Each region is 0.2 s wider than its speech: 168 frames are 4.976 s between two regions, 169 are 5.008 s."""
    assert len(cut_windows([frames((1, 50), (0, pause_frames), (1, 50))])) == windows


def test_the_pause_is_counted_from_the_last_region() -> None:
    assert len(cut_windows([frames((1, 50), (0, 100), (1, 50), (0, 100), (1, 50))])) == 1


@pytest.mark.parametrize(("total_frames", "windows"), [(937, 1), (938, 2)])
def test_a_window_holds_at_most_thirty_seconds(total_frames: int, windows: int) -> None:
    """937 frames are 29.984 s, 938 are 30.016 s."""
    assert len(cut_windows([frames((1, 400), (0, 32), (1, total_frames - 432))])) == windows


def test_windows_are_numbered_by_their_start_and_then_by_channel() -> None:
    early, late = frames((0, 50), (1, 50), (0, 500)), frames((0, 100), (1, 50), (0, 500))
    found = cut_windows([late, early, early])
    assert [(window.index, window.channel) for window in found] == [(0, 1), (1, 2), (2, 0)]
    assert [window.start_s for window in found] == pytest.approx([1.4, 1.4, 3.0])
    assert [window.end_s for window in found] == pytest.approx([3.4, 3.4, 5.0])
    assert [window.duration_s for window in found] == pytest.approx([2.0, 2.0, 2.0])
    assert found[0].regions == (SpeechRegion(found[0].start_s, found[0].end_s),)


@pytest.mark.parametrize(("dip", "cut_frame"), [(375, 376.5), (700, 701.5), (934, 935.5)])
def test_endless_speech_is_cut_in_the_middle_of_the_quietest_tenth_of_a_second(dip: int, cut_frame: float) -> None:
    """Between 12 s and 30 s: three frames are looked at together, and quieter ones before and after are not."""
    heard = frames((1, 1200))
    heard.levels_db[dip : dip + 3] -= 30
    heard.levels_db[[370, 371, 372, 940, 941, 942]] -= 60
    first, second = cut_windows([heard])
    assert first.end_s == second.start_s == pytest.approx(cut_frame * 0.032, abs=1e-9)
    assert first.start_s == 0.0
    assert second.end_s == pytest.approx(38.4)


@pytest.mark.parametrize(("drop_db", "cut_frame"), [(29.9, 501.5), (30.1, 701.5)])
def test_a_hundred_decibels_weigh_as_much_as_certainty_of_speech(drop_db: float, cut_frame: float) -> None:
    heard = frames((1, 1200))
    heard.probabilities[500:503] = 0.7
    heard.levels_db[700:703] -= drop_db
    assert cut_windows([heard])[0].end_s == pytest.approx(cut_frame * 0.032)


def test_one_very_quiet_frame_is_no_place_to_cut() -> None:
    heard = frames((1, 1200))
    heard.levels_db[500] -= 50
    heard.levels_db[700:703] -= 20
    assert cut_windows([heard])[0].end_s == pytest.approx(701.5 * 0.032)
