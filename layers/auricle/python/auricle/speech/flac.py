"""Writing the working copy of a recording, and reading any stretch of it with one bounded read.

Every later stage works from one FLAC file at 16 kHz, 16 bit, one or two channels. A FLAC frame decodes by itself,
given the 34 bytes of STREAMINFO, so the writer notes where each frame begins: a window of the recording is then
one ranged GET of a few hundred kilobytes, whatever the recording's length. Format: RFC 9639.
"""

from __future__ import annotations

import io
import math
from array import array
from dataclasses import dataclass
from pathlib import Path

import av
import av.error
import numpy as np
import numpy.typing as npt

from auricle.errors import DamagedAudio

SAMPLE_RATE_HZ = 16_000
FRAME_SAMPLES = 4096
"""Samples a FLAC frame holds (256 ms): a range begins at most this much early, and decoding trims it."""

Samples = npt.NDArray[np.float32]
"""float32 in [-1, 1] at 16 kHz, shaped (channels, samples) unless a docstring says otherwise."""

_MARKER_BYTES = 8  # "fLaC" and the header of the STREAMINFO block
_STREAM_INFO_BYTES = 34


@dataclass(frozen=True, slots=True)
class FlacRange:
    """Where a stretch of the recording lies in the file: bytes [start, end), and the samples wanted of them."""

    start_byte: int
    end_byte: int
    start_sample: int
    end_sample: int


@dataclass(frozen=True, slots=True)
class FlacIndex:
    """What is needed to read a stretch of a written file: kept beside it, as the file itself has no index."""

    stream_info: bytes
    """The 34 bytes of the STREAMINFO block."""

    frame_offsets: tuple[int, ...]
    """Where each frame of `FRAME_SAMPLES` samples begins, and at the end the size of the file."""

    sample_count: int
    channels: int

    @property
    def duration_s(self) -> float:
        return self.sample_count / SAMPLE_RATE_HZ

    def window_byte_range(self, start_s: float, end_s: float) -> FlacRange:
        """The bytes that hold [start_s, end_s), cut to the recording's length. Raises ValueError for none."""
        start_sample = max(0, round(start_s * SAMPLE_RATE_HZ))
        end_sample = min(self.sample_count, round(end_s * SAMPLE_RATE_HZ))
        if start_sample >= end_sample:
            raise ValueError(f"no audio in [{start_s}, {end_s}) of {self.duration_s:.3f} s")
        first_frame = start_sample // FRAME_SAMPLES
        last_frame = math.ceil(end_sample / FRAME_SAMPLES)
        return FlacRange(self.frame_offsets[first_frame], self.frame_offsets[last_frame], start_sample, end_sample)


class FlacWriter:
    """Encodes blocks as they arrive; memory does not grow with length beyond 8 bytes per quarter second.

    End it with `close`, which gives the index, or with `abandon`.
    """

    def __init__(self, path: Path, *, channels: int) -> None:
        if channels not in (1, 2):
            raise ValueError(f"channels must be 1 or 2, not {channels}")
        self._path = path
        self._channels = channels
        self._layout = "mono" if channels == 1 else "stereo"
        self._frame_sizes = array("Q")
        self._sample_count = 0
        self._container = av.open(str(path), "w", format="flac")
        self._stream = self._container.add_stream(
            "flac", rate=SAMPLE_RATE_HZ, options={"frame_size": str(FRAME_SAMPLES)}
        )
        self._stream.codec_context.layout = self._layout
        self._stream.codec_context.format = "s16"

    def write(self, block: Samples) -> None:
        """Append a block (channels, n)."""
        channels, count = block.shape
        if channels != self._channels:
            raise ValueError(f"the file has {self._channels} channels, the block {channels}")
        if not count:
            return
        scaled = np.rint(np.clip(block, -1.0, 1.0) * 32767.0).astype("<i2")
        interleaved = np.ascontiguousarray(scaled.T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(interleaved, format="s16", layout=self._layout)
        frame.sample_rate = SAMPLE_RATE_HZ
        frame.pts = self._sample_count
        self._sample_count += count
        self._encode(frame)

    def close(self) -> FlacIndex:
        """Finish the file and index it."""
        if self._sample_count:
            self._encode(None)
        self._container.close()
        size_bytes = self._path.stat().st_size
        with self._path.open("rb") as file:
            stream_info = file.read(_MARKER_BYTES + _STREAM_INFO_BYTES)[_MARKER_BYTES:]
        offsets = [size_bytes - sum(self._frame_sizes)]
        for frame_size in self._frame_sizes:
            offsets.append(offsets[-1] + frame_size)
        return FlacIndex(stream_info, tuple(offsets), self._sample_count, self._channels)

    def abandon(self) -> None:
        """Let go of an unfinished file, which is of no use."""
        self._container.close()

    def _encode(self, frame: av.AudioFrame | None) -> None:
        for packet in self._stream.encode(frame):
            # The last packet is empty: it carries the final STREAMINFO to the muxer.
            if packet.size:
                self._frame_sizes.append(packet.size)
            self._container.mux(packet)


def decode_flac_range(content: bytes, stream_info: bytes, wanted: FlacRange) -> Samples:
    """The samples of a range, exactly: (channels, end_sample - start_sample).

    `content` is what a ranged GET of `wanted` answered: whole frames, and nothing else of the file. Raises
    `DamagedAudio` when they are not there.
    """
    # Frames behind a bare STREAMINFO are a valid file, and the demuxer finds the frame boundaries.
    last_block_of_34_bytes = b"\x80\x00\x00\x22"
    file = io.BytesIO(b"fLaC" + last_block_of_34_bytes + stream_info + content)
    channels = (stream_info[12] >> 1 & 7) + 1
    parts: list[npt.NDArray[np.int16]] = []
    try:
        with av.open(file, "r", format="flac") as container:
            parts.extend(
                frame.to_ndarray().reshape(-1, channels).astype(np.int16, copy=False)
                for frame in container.decode(audio=0)
            )
    except (av.error.FFmpegError, IndexError) as error:
        raise DamagedAudio("A stretch of the recording's working copy cannot be read.") from error
    skipped = wanted.start_sample % FRAME_SAMPLES
    count = wanted.end_sample - wanted.start_sample
    decoded = np.concatenate(parts) if parts else np.zeros((0, channels), np.int16)
    if len(decoded) < skipped + count:
        raise DamagedAudio("A stretch of the recording's working copy is cut off.")
    return np.ascontiguousarray(decoded[skipped : skipped + count].T, dtype=np.float32) / np.float32(32767.0)
