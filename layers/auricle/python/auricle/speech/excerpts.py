"""Pieces of working copies, one behind the other, sample by sample: how a recording is cut, and how several are one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import av.error
import numpy as np

from auricle.errors import DamagedAudio, EmptyAudio, TooLong
from auricle.processing_warnings import ProcessingWarning
from auricle.speech.decode import AudioFacts
from auricle.speech.flac import SAMPLE_RATE_HZ, Samples

_MS_SAMPLES = SAMPLE_RATE_HZ // 1000


@dataclass(frozen=True, slots=True)
class FlacExcerpt:
    """A stretch of a working copy, in milliseconds; `end_ms` None means to its end."""

    flac: Path
    start_ms: int = 0
    end_ms: int | None = None


class Excerpts:
    """Iterates once over blocks (channels, n), as decoding a file does, without changing a sample.

    Two channels stay two where every excerpt has two; else those that have are mixed into one.
    """

    def __init__(self, excerpts: Sequence[FlacExcerpt], *, max_duration_s: float) -> None:
        self._excerpts = excerpts
        self._max_samples = max_duration_s * SAMPLE_RATE_HZ
        self._facts: AudioFacts | None = None

    @property
    def facts(self) -> AudioFacts:
        """Complete once iteration has ended."""
        if self._facts is None:
            raise RuntimeError("the facts are complete once every block was taken")
        return self._facts

    def __iter__(self) -> Iterator[Samples]:
        found = {excerpt.flac: _channels(excerpt.flac) for excerpt in self._excerpts}
        channels = min(found.values())
        count = 0
        for excerpt in self._excerpts:
            for block in _blocks(excerpt):
                count += block.shape[1]
                if count > self._max_samples:
                    raise TooLong("Together these recordings are longer than the longest that is accepted.")
                yield block if len(block) == channels else block.mean(axis=0, keepdims=True)
        if not count:
            raise EmptyAudio("There is no sound in that part of the recording.")
        mixed = ProcessingWarning(
            "channels-mixed", "Recordings with one and with two channels were merged: into one channel."
        )
        self._facts = AudioFacts(
            format="flac",
            codec="flac",
            channels=channels,
            sample_rate_hz=SAMPLE_RATE_HZ,
            duration_s=count / SAMPLE_RATE_HZ,
            is_video=False,
            channels_kept=channels,
            fold=None,
            warnings=(mixed,) if len(set(found.values())) > 1 else (),
        )


def _channels(flac: Path) -> int:
    try:
        with flac.open("rb") as file, av.open(file, "r", format="flac") as container:
            return container.streams.audio[0].codec_context.channels
    except (av.error.FFmpegError, IndexError) as error:
        raise _unreadable() from error


def _blocks(excerpt: FlacExcerpt) -> Iterator[Samples]:
    """About a second each. 16-bit samples come as they were written: a copy of a copy is the same."""
    at, first = 0, excerpt.start_ms * _MS_SAMPLES
    last = None if excerpt.end_ms is None else excerpt.end_ms * _MS_SAMPLES
    pending: list[Samples] = []
    try:
        with excerpt.flac.open("rb") as file, av.open(file, "r", format="flac") as container:
            channels = container.streams.audio[0].codec_context.channels
            for frame in container.decode(audio=0):
                samples = frame.to_ndarray().reshape(-1, channels).T
                count = samples.shape[1]
                wanted = samples[:, max(0, first - at) : count if last is None else max(0, last - at)]
                at += count
                if wanted.shape[1]:
                    pending.append(wanted.astype(np.float32) / np.float32(32767.0))
                if sum(part.shape[1] for part in pending) >= SAMPLE_RATE_HZ:
                    yield np.concatenate(pending, axis=1)
                    pending = []
                if last is not None and at >= last:
                    break
    except (av.error.FFmpegError, IndexError) as error:
        raise _unreadable() from error
    if pending:
        yield np.concatenate(pending, axis=1)


def _unreadable() -> DamagedAudio:
    return DamagedAudio("The working copy of a recording this one is made of cannot be read.")
