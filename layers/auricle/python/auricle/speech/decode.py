"""Any accepted recording as blocks of samples at 16 kHz, with bounds on bytes and duration that hold while decoding.

The demuxer is chosen by `sniff`, never by libavformat's own probing, and reads from an open file through Python:
no protocol is left that could open a second file or an address. What a file declares is checked against `limits`
before it is decoded, and what was decoded before it is resampled.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard, Disposition

from auricle.errors import DamagedAudio, EmptyAudio, TooLarge, TooLong, UnusableRecording
from auricle.processing_warnings import ProcessingWarning, describe_chunks
from auricle.speech import limits, ogg
from auricle.speech.estimate import MAX_DECLARED_S
from auricle.speech.flac import SAMPLE_RATE_HZ, Samples
from auricle.speech.sniff import HEAD_BYTES, AudioFormat, id3_tag_bytes, sniff

UNDECODABLE = (
    "The file cannot be decoded: it is damaged or of an unknown kind. Check that it plays, save it as WAV, FLAC, MP3, "
    "M4A or Opus, and upload it again."
)

Energies = npt.NDArray[np.float64]
"""(2, moments): what each channel's tenths of a second add up to."""

_BLOCK_SAMPLES = SAMPLE_RATE_HZ
_READ_BYTES = 1 << 18
_MAX_READ_BYTES = 1 << 20

_MAX_TAG_BYTES = 64 << 20
"""An ID3 tag longer than this is not looked behind."""

_UNKNOWN_WAV_BYTES = 0x7FFF_0000

_GUESSED_DURATION = frozenset({"aac", "amr"})
"""Formats that declare no duration: what libavformat reports for them is a guess from the bit rate."""


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """What a recording turned out to be. `channels` and `sample_rate_hz` are the upload's own."""

    format: str
    codec: str
    channels: int
    sample_rate_hz: int
    duration_s: float
    is_video: bool
    channels_kept: int
    """1 or 2: how many channels the decoded blocks have."""

    fold: tuple[float, float] | None
    """Weights that make one channel of two that hold the same conversation; None where each is its own."""

    warnings: tuple[ProcessingWarning, ...]


@dataclass(frozen=True, slots=True)
class _Identified:
    """What the first bytes say."""

    format: AudioFormat
    declares_duration: bool
    """Whether libavformat reads the duration from the file, and does not guess it."""

    declared_s: float | None
    """Where libavformat does not tell: the duration the header promises."""

    parts: tuple[tuple[int, int], ...]
    """Where in the file each complete stream begins and ends: one, but for a chained Ogg file."""


def decode(source: Path | BinaryIO, *, max_duration_s: float, max_size_bytes: int) -> Decoding:
    """Open a recording for decoding; iterate over the answer for its samples.

    Raises `EmptyAudio`, `UnsupportedAudio` or `TooLarge` at once, by the size and the first bytes. Iterating raises
    `DamagedAudio`, `EmptyAudio` (no sound in it) or `TooLong`.
    """
    if isinstance(source, Path):
        with source.open("rb") as file:
            found = _identify(file, max_size_bytes)
    else:
        found = _identify(source, max_size_bytes)
    return Decoding([(source, found)], max_duration_s=max_duration_s)


def decode_joined(pieces: Mapping[int, Path], *, max_duration_s: float, max_size_bytes: int) -> Decoding:
    """Like `decode`, of several recordings that follow each other without a gap, as if they were one.

    One that cannot be opened is left out, with a warning that says its number, unless none can be.
    """
    found = []
    for piece in pieces.values():
        with piece.open("rb") as file:
            found.append((piece, _identify(file, max_size_bytes)))
    return Decoding(found, max_duration_s=max_duration_s, numbers=tuple(pieces))


class Decoding:
    """Iterates once over blocks (channels, n), about a second each, one or two channels.

    Two channels are kept apart. More are averaged into one, each with the same weight: a mix that follows a
    surround layout would drop whoever spoke into the fourth microphone of an array.
    """

    def __init__(
        self,
        sources: Sequence[tuple[Path | BinaryIO, _Identified]],
        *,
        max_duration_s: float,
        numbers: Sequence[int] = (0,),
    ) -> None:
        self.format = sources[0][1].format
        self._numbers = numbers
        self._sources = sources
        self._max_duration_s = max_duration_s
        self._codec = ""
        self._is_video = False
        self._declared_s: float | None = 0.0
        self._left_out: list[int] = []
        self._sample_count = 0
        self._broken_packets = 0
        self._whole_packets = 0
        self._decoded_s = 0.0
        self._is_mixed = False
        self._comparison = _ChannelComparison()
        self._facts: AudioFacts | None = None

    @property
    def facts(self) -> AudioFacts:
        """What the recording turned out to be; complete once iteration has ended."""
        if self._facts is None:
            raise RuntimeError("the facts are complete once every block was taken")
        return self._facts

    def __iter__(self) -> Iterator[Samples]:
        source_channels = source_rate_hz = channels_kept = format_changes = 0
        resampling: _Resampling | None = None
        pending: list[Samples] = []
        pending_count = 0
        for frame in self._all_frames():
            if resampling is None or not resampling.fits(frame):
                limits.check_format(frame)
                if resampling is None:
                    source_channels, source_rate_hz = frame.layout.nb_channels, frame.sample_rate
                    channels_kept = source_channels if source_channels <= 2 else 1
                else:
                    pending.append(resampling.rest())
                    self._is_mixed |= channels_kept < min(2, frame.layout.nb_channels)
                    format_changes += 1
                    if format_changes > limits.MAX_FORMAT_CHANGES:
                        raise self._damaged("its sample rate or channels change all the time")
                resampling = _Resampling(frame, channels_kept)
            self._check_length(frame, resampling)
            samples = resampling.convert(frame)
            pending.append(samples)
            pending_count += samples.shape[1]
            if pending_count >= _BLOCK_SAMPLES:
                yield self._take(pending)
                pending, pending_count = [], 0
        if resampling is not None:
            pending.append(resampling.rest())
            block = self._take(pending)
            if block.shape[1]:
                yield block
        self._facts = self._conclude(source_channels, source_rate_hz, channels_kept)

    def _check_length(self, frame: AudioFrame, resampling: _Resampling) -> None:
        """Bounds what was decoded before the resampler multiplies it."""
        samples = frame.samples
        limits.check_length(samples, resampling.channels)
        self._decoded_s += samples / resampling.rate_hz
        if self._decoded_s > self._max_duration_s:
            raise self._too_long()

    def _all_frames(self) -> Iterator[AudioFrame]:
        """Of one file after the other; several that are one recording are worth having without one of them."""
        failed: UnusableRecording | None = None
        for number, (source, identified) in zip(self._numbers, self._sources, strict=True):
            left_out = 0
            with _file(source) as file:
                for start, end in identified.parts:
                    try:
                        with _decoder_failures():
                            container = self._open(_Stretch(file, start, end), identified)
                            stream = _audio_track(container)
                    except UnusableRecording as error:
                        failed = error
                        left_out += 1
                        continue
                    with container, _decoder_failures():
                        yield from self._frames(container, stream)
                        self._note(container, stream, identified)
            if left_out == len(identified.parts):
                self._left_out.append(number)
            else:
                self._broken_packets += left_out
        if failed is not None and len(self._left_out) == len(self._sources):
            raise failed

    def _open(self, stretch: _Stretch, identified: _Identified) -> InputContainer:
        try:
            return av.open(
                # It has no name: libavformat sees neither a path nor an extension.
                stretch,
                "r",
                format=identified.format.demuxer,
                options=limits.OPEN_OPTIONS,
                metadata_errors="ignore",
                buffer_size=_READ_BYTES,
                io_open=_refuse_to_open,
            )
        except (av.error.InvalidDataError, EOFError) as error:
            raise self._damaged("its beginning or its index is missing") from error

    def _note(self, container: InputContainer, stream: AudioStream, identified: _Identified) -> None:
        """What a file said of itself, while it is open."""
        self._codec = self._codec or stream.codec_context.codec.canonical_name
        self._is_video |= any(not video.disposition & Disposition.attached_pic for video in container.streams.video)
        declared_s = _declared_s(container, stream, identified)
        both_declare = self._declared_s is not None and declared_s is not None
        self._declared_s = (self._declared_s or 0.0) + (declared_s or 0.0) if both_declare else None

    def _frames(self, container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError:
                # The container breaks off here; what came before is still good.
                self._broken_packets += 1
                return
            limits.check_packet(packet)
            try:
                frames = packet.decode()
            except av.error.FFmpegError as error:
                if isinstance(error, MemoryError):
                    raise
                self._broken_packets += 1
                continue
            self._whole_packets += 1
            for frame in frames:
                if isinstance(frame, AudioFrame):
                    yield frame

    def _take(self, pending: list[Samples]) -> Samples:
        block = np.nan_to_num(np.concatenate(pending, axis=1), copy=False, nan=0.0, posinf=1.0, neginf=-1.0)
        self._sample_count += block.shape[1]
        if self._sample_count > self._max_duration_s * SAMPLE_RATE_HZ:
            raise self._too_long()
        if len(block) == 2:
            self._comparison.feed(block)
        return block

    def _conclude(self, source_channels: int, source_rate_hz: int, channels_kept: int) -> AudioFacts:
        decoded_s = self._sample_count / SAMPLE_RATE_HZ
        declared_s = self._declared_s
        if not self._sample_count:
            if self._broken_packets or declared_s:
                raise self._damaged("nothing in it can be decoded")
            raise EmptyAudio("The file is a recording of no length: it holds no sound.")
        if self._broken_packets > self._whole_packets:
            raise self._damaged("most of it cannot be decoded")
        warnings = []
        if declared_s is not None and declared_s - decoded_s > max(0.5, 0.002 * declared_s):
            warnings.append(
                ProcessingWarning(
                    "truncated",
                    f"The file is cut off or damaged: it declares {declared_s:.1f} s, and {decoded_s:.1f} s are there.",
                )
            )
        elif self._broken_packets:
            warnings.append(
                ProcessingWarning("damaged", f"{self._broken_packets} damaged parts of the file were left out.")
            )
        if self._is_mixed:
            warnings.append(
                ProcessingWarning(
                    "channels-mixed", "The file goes from one channel to several: they were mixed into one."
                )
            )
        if self._left_out:
            which = describe_chunks(self._left_out)
            warnings.append(ProcessingWarning("chunk-damaged", f"Of this recording {which} damaged, and left out."))
        return AudioFacts(
            format=self.format.name,
            codec=self._codec,
            channels=source_channels,
            sample_rate_hz=source_rate_hz,
            duration_s=decoded_s,
            is_video=self._is_video,
            channels_kept=channels_kept,
            fold=self._comparison.fold() if channels_kept == 2 else None,
            warnings=tuple(warnings),
        )

    def _too_long(self) -> TooLong:
        return TooLong(
            f"The recording is longer than {_spoken(self._max_duration_s)}, the most that is accepted. "
            "Split it and upload the parts."
        )

    def _damaged(self, what: str) -> DamagedAudio:
        return DamagedAudio(
            f"The file begins like {self.format.name}, but {what}. It is damaged or was cut off in transfer: "
            "upload it again, and check that it plays."
        )


class _ChannelComparison:
    """Are two channels two sides of a call, or one conversation recorded in stereo?

    Two sides of a call hardly correlate; even a loud echo of the other side (-12 dB) gives 0.47. A mono recording
    saved as stereo, and one conversation in front of two microphones side by side, do. Microphones further apart
    need not: sound reaches them at different times. But both hear whoever speaks, while on a call each moment
    belongs to one side, so the levels tell.
    """

    _SAME_CONVERSATION = 0.6
    _SILENT_BESIDE = 1e-5
    """A channel this much weaker (-50 dB) than the other is empty."""

    _MOMENT_SAMPLES = SAMPLE_RATE_HZ // 10
    _BELONGS_DB = 6.0
    """A moment belongs to the side that is this much louder: the margin of the crosstalk gate."""

    _LOUD_DB = -20.0
    """Moments count down to this much below the recording's loud ones: between words there is only noise."""

    _PAUSELESS_SHARE = 0.9
    _CALL_SHARE = 0.5
    """On a call at least this share of the moments belongs to one side; the rest is both speaking at once."""

    def __init__(self) -> None:
        self._both = 0.0
        self._energies: list[Energies] = []
        self._rest: Samples = np.zeros((2, 0), np.float32)

    def feed(self, block: Samples) -> None:
        joined = np.concatenate([self._rest, block], axis=1)
        whole = joined.shape[1] // self._MOMENT_SAMPLES
        self._rest = joined[:, whole * self._MOMENT_SAMPLES :]
        self._note(joined[:, : whole * self._MOMENT_SAMPLES].reshape(2, whole, self._MOMENT_SAMPLES))

    def fold(self) -> tuple[float, float] | None:
        """Weights that make one channel of two; None for the two sides of a call."""
        self._note(self._rest[:, None])
        self._rest = self._rest[:, :0]
        energies = np.concatenate(self._energies, axis=1)
        left, right = energies.sum(axis=1)
        if right <= left * self._SILENT_BESIDE:
            return 1.0, 0.0
        if left <= right * self._SILENT_BESIDE:
            return 0.0, 1.0
        correlation = self._both / (left * right) ** 0.5
        if abs(correlation) < self._SAME_CONVERSATION and not self._heard_by_both(energies):
            return None
        # Channels of opposite phase would cancel each other in a sum.
        return (0.5, 0.5) if correlation > -self._SAME_CONVERSATION else (0.5, -0.5)

    def _note(self, sound: Samples) -> None:
        moments = sound.astype(np.float64)
        # Not `@`: BLAS would wake its threads for a thousandth of a second's work, and wait for them.
        self._energies.append(np.sum(np.square(moments), axis=2))
        self._both += float(np.sum(moments[0] * moments[1]))

    def _heard_by_both(self, energies: Energies) -> bool:
        """Whether most moments are loud on both channels. Sound without any pause tells nothing."""
        louder, softer = energies.max(axis=0), energies.min(axis=0)
        loud = louder > np.quantile(louder, 0.95) * 10 ** (self._LOUD_DB / 10)
        belongs = louder >= softer * 10 ** (self._BELONGS_DB / 10)
        return float(np.mean(loud)) < self._PAUSELESS_SHARE and float(np.mean(belongs[loud])) < self._CALL_SHARE


class _Stretch(io.RawIOBase):
    """A stretch of an open file, as a file without a name."""

    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        super().__init__()
        self._file = file
        self._start = start
        self._size_bytes = end - start
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        left = self._size_bytes - self._at
        if left <= 0:
            return b""  # a header may point beyond any position that a file can have
        self._file.seek(self._start + self._at)
        # libavformat may ask for 50 MB at once, as a file's header told it to; it is content with less.
        content = self._file.read(min(left, _MAX_READ_BYTES, size if size >= 0 else left))
        self._at += len(content)
        return content

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size_bytes}[whence]
        if base + offset < 0:
            raise ValueError("a position before the beginning")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at


def _refuse_to_open(*_: object) -> BinaryIO:
    """What libavformat calls where a file refers to another, or to an address."""
    raise PermissionError("a recording must not open another file")


@contextmanager
def _decoder_failures() -> Iterator[None]:
    """One message for whatever else goes wrong inside the decoder; its class is the cause, for the log."""
    try:
        yield
    except UnusableRecording:
        raise
    except Exception as error:
        if isinstance(error, OSError) and not isinstance(error, av.error.FFmpegError | PermissionError):
            raise  # it is the disk that failed
        raise DamagedAudio(UNDECODABLE) from error


class _Resampling:
    """Frames of one shape to 16 kHz. A stream may change its shape on the way; then a new one takes over."""

    def __init__(self, frame: AudioFrame, channels_kept: int) -> None:
        self._shape = self._shape_of(frame)
        self.channels, self.rate_hz = frame.layout.nb_channels, frame.sample_rate
        self._averages = frame.layout.nb_channels > 2 and channels_kept == 1
        self._channels_kept = channels_kept
        layout = {1: "mono", 2: "stereo"}[channels_kept]
        self._resampler = AudioResampler(
            format="flt", layout=frame.layout if self._averages else layout, rate=SAMPLE_RATE_HZ
        )

    @staticmethod
    def _shape_of(frame: AudioFrame) -> tuple[str, str, int]:
        return frame.format.name, frame.layout.name, frame.sample_rate

    def fits(self, frame: AudioFrame) -> bool:
        return self._shape_of(frame) == self._shape

    def convert(self, frame: AudioFrame) -> Samples:
        # Broken time stamps must not make the resampler insert or drop sound.
        frame.pts = None
        with _decoder_failures():
            return self._samples(self._resampler.resample(frame))

    def rest(self) -> Samples:
        with _decoder_failures():
            return self._samples(self._resampler.resample(None))

    def _samples(self, frames: list[AudioFrame]) -> Samples:
        if not frames:
            return np.zeros((self._channels_kept, 0), np.float32)
        interleaved = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
        samples = interleaved.reshape(-1, frames[0].layout.nb_channels).T
        kept = samples.mean(axis=0, keepdims=True) if self._averages else samples
        return np.ascontiguousarray(kept, dtype=np.float32)


@contextmanager
def _file(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    """The file from its beginning; one that was open stays so."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield file
    else:
        source.seek(0)
        yield source


def _audio_track(container: InputContainer) -> AudioStream:
    """The first track that can be decoded, the only one that is read. Closes the container where there is none."""
    try:
        stream = limits.chosen_track(container.streams.audio)
    except UnusableRecording:
        container.close()
        raise
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    stream.codec_context.options = limits.DECODER_OPTIONS
    return stream


def _declared_s(container: InputContainer, stream: AudioStream, identified: _Identified) -> float | None:
    declared_s = identified.declared_s
    if declared_s is None and identified.declares_duration:
        if stream.duration is not None and stream.time_base is not None:
            declared_s = float(stream.duration * stream.time_base)
        elif container.duration is not None:
            declared_s = container.duration / av.time_base
    return declared_s if declared_s is not None and 0 <= declared_s <= MAX_DECLARED_S else None


def _identify(file: BinaryIO, max_size_bytes: int) -> _Identified:
    size_bytes = file.seek(0, io.SEEK_END)
    if size_bytes > max_size_bytes:
        raise TooLarge(
            f"The file has {size_bytes / 1e6:.1f} MB; at most {max_size_bytes / 1e6:.1f} MB are accepted. "
            "Upload it as MP3, M4A or Opus, or in parts."
        )
    file.seek(0)
    head = file.read(HEAD_BYTES)
    tag_bytes = id3_tag_bytes(head)
    if 0 < tag_bytes <= _MAX_TAG_BYTES:
        file.seek(tag_bytes)
        head = file.read(HEAD_BYTES) or head
    audio_format = sniff(head)
    declares_duration = audio_format.demuxer not in _GUESSED_DURATION
    if audio_format.name == "mp3":
        # Without one of these headers the length of an MP3 is a guess from its first bit rate.
        declares_duration = any(mark in head for mark in (b"Xing", b"Info", b"VBRI"))
    return _Identified(
        audio_format,
        declares_duration,
        declared_s=_wav_duration_s(head) if audio_format.name == "wav" else None,
        parts=tuple(ogg.links(file)) if audio_format.demuxer == "ogg" else ((0, size_bytes),),
    )


def _wav_duration_s(head: bytes) -> float | None:
    """What a WAV's header promises. libavformat tells what is there instead, so a cut would go unnoticed.

    None where the header does not know: recorders that stream leave 0, or the largest number there is.
    """
    at = 12
    bytes_per_s = 0
    while at + 8 <= len(head):
        kind, size_bytes = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
        if kind == b"fmt ":
            bytes_per_s = int.from_bytes(head[at + 16 : at + 20], "little")
        elif kind == b"data":
            known = 0 < size_bytes < _UNKNOWN_WAV_BYTES and bytes_per_s > 0
            return size_bytes / bytes_per_s if known else None
        at += 8 + size_bytes + size_bytes % 2
    return None


def _spoken(duration_s: float) -> str:
    minutes, seconds = divmod(round(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else "", f"{seconds} s" if seconds else ""]
    return " ".join(part for part in parts if part) or "0 s"
