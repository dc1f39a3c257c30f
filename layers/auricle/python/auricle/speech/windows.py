"""Cutting a recording into windows that are transcribed independently of each other, in parallel.

Cuts fall into silence, so no word is lost between two windows. Where somebody speaks on without a pause, the cut
falls at the quietest place. Silence between windows belongs to none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from auricle.speech.vad import FRAME_S, SpeechRegion, VoiceTrack, speech_regions

MAX_WINDOW_S = 30.0
"""What Whisper takes at once, and a few seconds' work for any engine."""

MAX_PAUSE_S = 5.0
"""A longer pause ends a window."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of one channel, [start_s, end_s), to be transcribed on its own, and where in it somebody speaks."""

    index: int
    channel: int
    start_s: float
    end_s: float
    regions: tuple[SpeechRegion, ...]

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


def cut_windows(
    tracks: Sequence[VoiceTrack], *, max_window_s: float = MAX_WINDOW_S, max_pause_s: float = MAX_PAUSE_S
) -> tuple[Window, ...]:
    """The windows of a recording, one track a channel, ordered by start and numbered from 0. Silence gives none.

    The two tracks of a call come here without crosstalk (`vad.without_crosstalk`).
    """
    stretches = [
        (regions[0].start_s, channel, regions)
        for channel, track in enumerate(tracks)
        for regions in _packed(_short_regions(track, max_window_s), max_window_s, max_pause_s)
    ]
    return tuple(
        Window(index, channel, start_s, regions[-1].end_s, regions)
        for index, (start_s, channel, regions) in enumerate(sorted(stretches, key=lambda stretch: stretch[:2]))
    )


def _packed(
    regions: Sequence[SpeechRegion], max_window_s: float, max_pause_s: float
) -> Iterator[tuple[SpeechRegion, ...]]:
    packed: list[SpeechRegion] = []
    for region in regions:
        if packed and (
            region.end_s - packed[0].start_s > max_window_s or region.start_s - packed[-1].end_s > max_pause_s
        ):
            yield tuple(packed)
            packed = []
        packed.append(region)
    if packed:
        yield tuple(packed)


def _short_regions(track: VoiceTrack, max_s: float) -> list[SpeechRegion]:
    """The regions of a track, none longer than `max_s`."""
    short: list[SpeechRegion] = []
    for region in speech_regions(track):
        rest = region
        while rest.duration_s > max_s:
            cut_s = _quietest_s(track, rest.start_s + 0.4 * max_s, rest.start_s + max_s)
            short.append(SpeechRegion(rest.start_s, cut_s))
            rest = SpeechRegion(cut_s, rest.end_s)
        short.append(rest)
    return short


def _quietest_s(track: VoiceTrack, from_s: float, to_s: float) -> float:
    """The place in [from_s, to_s] that is least like speech and, next to that, quietest."""
    first, last = int(from_s / FRAME_S), int(to_s / FRAME_S)
    # 100 dB weigh as much as certainty of speech. Over 0.1 s, as one frame may fall into a stop consonant.
    loudness = track.probabilities[first:last] + track.levels_db[first:last] / 100
    quietest = int(np.argmin(np.convolve(loudness, np.ones(3) / 3, mode="valid")))
    return (first + quietest + 1.5) * FRAME_S
