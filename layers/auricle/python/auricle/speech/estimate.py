"""How long an upload will turn out to be, from what its headers say: an answer before anything is decoded.

Exact where the container says so (WAV, FLAC, MP4, Ogg, MP3 with a frame count), else bytes over bit rate. A header can
be wrong or cut off; then the estimate is of what is there, never an error. A header can also declare an infinite or
absurd duration: one beyond `MAX_DECLARED_S` is not believed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from struct import unpack_from

from auricle.errors import DamagedAudio
from auricle.speech.ogg import links
from auricle.speech.sniff import AudioFormat, id3_tag_bytes

_USUAL_BITS_PER_S = {"wav": 256_000, "mp3": 128_000, "m4a": 96_000, "mp4": 96_000, "ogg": 64_000, "opus": 32_000}
_SPEECH_BITS_PER_S = 32_000
_MP3_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MP3_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_MP3_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_OPUS_RATE_HZ = 48_000

MAX_DECLARED_S = 24 * 3600
"""A longer duration in a header is not believed; the estimate is then made from the file's size."""


def estimated_duration_s(content: bytes, audio_format: AudioFormat) -> int:
    """Whole seconds, at least one. Any content gives an estimate: this never raises."""
    read = {"wav": _wav, "flac": _flac, "mp3": _mp3, "m4a": _mp4, "mp4": _mp4, "ogg": _ogg, "opus": _ogg, "webm": _webm}
    found: float | None = None
    with suppress(struct.error, IndexError, ZeroDivisionError, OverflowError, ValueError, DamagedAudio):
        found = read[audio_format.name](content) if audio_format.name in read else None
    usual = len(content) * 8 / _USUAL_BITS_PER_S.get(audio_format.name, _SPEECH_BITS_PER_S)
    believed = found is not None and 0 < found <= MAX_DECLARED_S  # neither NaN nor infinity passes
    return max(1, round(found if found is not None and believed else usual))


def _wav(content: bytes) -> float | None:
    """The data chunk over the byte rate; a streamed file's data is all that is left."""
    at, bytes_per_s = 12, 0
    while at + 8 <= len(content):
        name, size = content[at : at + 4], int(unpack_from("<I", content, at + 4)[0])
        if name == b"fmt ":
            bytes_per_s = int(unpack_from("<I", content, at + 16)[0])
        elif name == b"data":
            return min(size, len(content) - at - 8) / bytes_per_s
        at += 8 + size + size % 2
    return None


def _flac(content: bytes) -> float | None:
    """STREAMINFO's samples over its rate (RFC 9639, section 8.2); a stream that was cut off may not say how many."""
    if content[:4] != b"fLaC":
        return None
    packed = int.from_bytes(content[18:26])
    rate_hz, samples = packed >> 44, packed & 0xF_FFFF_FFFF
    return samples / rate_hz


def _mp3(content: bytes) -> float | None:
    """Frames over the frame rate where the first frame counts them, else bytes over its bit rate."""
    tag_bytes = id3_tag_bytes(content)
    at = content.find(b"\xff", tag_bytes)
    while at >= 0 and not _is_frame(content, at):
        at = content.find(b"\xff", at + 1, tag_bytes + 65_536)
    if at < 0:
        return None
    version, layer = content[at + 1] >> 3 & 3, content[at + 1] >> 1 & 3
    rate_hz = _MP3_RATES_HZ[version][content[at + 2] >> 2 & 3]
    samples = 1152 if version == 3 or layer == 2 else 576
    for mark, flags in ((b"Xing", True), (b"Info", True), (b"VBRI", False)):
        tag = content.find(mark, at, at + 200)
        if tag >= 0 and (not flags or content[tag + 7] & 1):
            frames = int(unpack_from(">I", content, tag + (8 if flags else 14))[0])
            return frames * samples / rate_hz
    kbits = (_MP3_KBITS_1 if version == 3 else _MP3_KBITS_2)[content[at + 2] >> 4]
    return (len(content) - at) * 8 / (kbits * 1000)


def _is_frame(content: bytes, at: int) -> bool:
    head = content[at : at + 4]
    if len(head) < 4 or head[1] & 0xE0 != 0xE0:
        return False
    version, layer, bits, rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer in (1, 2) and 0 < bits < 15 and rate != 3


def _mp4(content: bytes) -> float | None:
    """The movie header's duration over its time scale."""
    for name, start, end in _atoms(content, 0, len(content)):
        if name == b"moov":
            for inner, at, _ in _atoms(content, start, end):
                if inner == b"mvhd":
                    scale, duration = unpack_from(
                        ">IQ" if content[at] == 1 else ">II", content, at + 12 + 8 * content[at]
                    )
                    return float(duration / scale)
    return None


def _atoms(content: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of what each atom holds."""
    while at + 8 <= end:
        size, header = int(unpack_from(">I", content, at)[0]), 8
        if size == 1:
            size, header = int(unpack_from(">Q", content, at + 8)[0]), 16
        size = size or end - at
        if size < header:
            return
        yield content[at + 4 : at + 8], at + header, min(at + size, end)
        at += size


def _ogg(content: bytes) -> float | None:
    """Of a chain, all links together."""
    found = [_ogg_link(content[start:end]) for start, end in links(BytesIO(content))]
    return sum(seconds for seconds in found if seconds) if any(found) else None


def _ogg_link(content: bytes) -> float | None:
    """The last page's position over the sample rate."""
    last = content.rfind(b"OggS")
    position = int(unpack_from("<q", content, last + 6)[0])
    opus = content.find(b"OpusHead", 0, 512)
    if opus >= 0:
        return (position - int(unpack_from("<H", content, opus + 10)[0])) / _OPUS_RATE_HZ
    vorbis = content.find(b"\x01vorbis", 0, 512)
    return position / int(unpack_from("<I", content, vorbis + 12)[0]) if vorbis >= 0 else None


def _webm(content: bytes) -> float | None:
    """The duration that its info names; what browsers record live names none."""
    info = content.find(b"\x15\x49\xa9\x66", 0, 65_536)
    at = content.find(b"\x44\x89", info, info + 1024) if info >= 0 else -1
    if at < 0:
        return None
    scale_at = content.find(b"\x2a\xd7\xb1\x83", info, info + 1024)
    scale_ns = int.from_bytes(content[scale_at + 4 : scale_at + 7], "big") if scale_at >= 0 else 1_000_000
    form = {0x84: ">f", 0x88: ">d"}.get(content[at + 2])
    return float(unpack_from(form, content, at + 3)[0]) * scale_ns / 1e9 if form else None
