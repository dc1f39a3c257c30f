"""From an upload to all that later stages need: the FLAC to read windows from, the peaks, and the windows."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from auricle.errors import EmptyAudio
from auricle.speech.decode import AudioFacts, decode
from auricle.speech.flac import FlacIndex, FlacWriter, Samples
from auricle.speech.peaks import PeakMeter, Peaks
from auricle.speech.vad import VoiceActivity, VoiceActivityModel, VoiceTrack, without_crosstalk
from auricle.speech.windows import Window, cut_windows


@dataclass(frozen=True, slots=True)
class WorkingCopy:
    """A recording as 16 kHz FLAC, with one channel or with one channel for each side of a call."""

    facts: AudioFacts
    index: FlacIndex
    peaks: Peaks
    tracks: tuple[VoiceTrack, ...]
    """What was heard on each channel, without the other side's crosstalk."""

    windows: tuple[Window, ...]
    """Empty when nobody speaks."""


class Sound(Protocol):
    """Blocks (channels, n) of one recording, once, and then what it turned out to be."""

    def __iter__(self) -> Iterator[Samples]: ...

    @property
    def facts(self) -> AudioFacts: ...


def write_working_copy(
    source: Path | BinaryIO,
    target: Path,
    *,
    voice_activity: VoiceActivityModel,
    max_duration_s: float,
    max_size_bytes: int,
) -> WorkingCopy:
    """Decode `source` into the FLAC file `target` and cut it into windows. Raises what `decode` raises."""
    sound = decode(source, max_duration_s=max_duration_s, max_size_bytes=max_size_bytes)
    return write_sound(sound, target, voice_activity=voice_activity)


def write_sound(sound: Sound, target: Path, *, voice_activity: VoiceActivityModel) -> WorkingCopy:
    """The sound as the FLAC file `target`, cut into windows; a second of it is in memory at a time.

    Two channels that hold the same conversation become one. Raises what iterating over the sound raises.
    """
    index = _write(sound, target)
    facts = sound.facts
    if facts.fold is not None:
        folded = target.with_name(f"{target.name}.folding")
        index = _write(_folded(read_blocks(target), facts.fold), folded)
        folded.replace(target)
    meter = PeakMeter(channels=index.channels)
    listeners = [VoiceActivity(voice_activity) for _ in range(index.channels)]
    for block in read_blocks(target):
        meter.feed(block)
        for listener, channel in zip(listeners, block, strict=True):
            listener.feed(channel)
    tracks = without_crosstalk([listener.finish() for listener in listeners])
    return WorkingCopy(facts, index, meter.finish(), tracks, cut_windows(tracks))


def read_blocks(flac: Path) -> Iterator[Samples]:
    """The blocks (channels, n) of a working copy, about a second each."""
    yield from decode(flac, max_duration_s=math.inf, max_size_bytes=sys.maxsize)


def _folded(blocks: Iterable[Samples], weights: tuple[float, float]) -> Iterator[Samples]:
    for block in blocks:
        left, right = block
        yield (np.float32(weights[0]) * left + np.float32(weights[1]) * right)[None]


def _write(blocks: Iterable[Samples], target: Path) -> FlacIndex:
    writer: FlacWriter | None = None
    try:
        for block in blocks:
            writer = writer or FlacWriter(target, channels=len(block))
            writer.write(block)
    except BaseException:
        if writer is not None:
            writer.abandon()
        raise
    if writer is None:
        raise EmptyAudio("The file holds no sound.")
    return writer.close()
