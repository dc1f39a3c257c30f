"""How long an upload will be, told from its headers."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from auricle.speech import estimate
from auricle.speech.estimate import estimated_duration_s
from auricle.speech.sniff import AudioFormat, sniff
from tests.fixtures import calls, containers
from tests.fixtures.hostile.durations import UNBELIEVABLE
from tests.fixtures.hostile.ogg import chain as hostile_chain

HEAD_BYTES = 4096

SECONDS = 47


def as_file(name: str, codec: str, rate_hz: int) -> bytes:
    noise = np.random.default_rng(1).normal(0, 0.05, (1, SECONDS * calls.RATE_HZ)).astype(np.float32)
    return calls.as_file(noise, name, codec, rate_hz=rate_hz)


def estimated(content: bytes) -> int:
    return estimated_duration_s(content, sniff(content[:HEAD_BYTES]))


@pytest.mark.parametrize(
    ("name", "codec", "rate_hz"),
    [
        ("a.wav", "pcm_s16le", 16_000),
        ("a.wav", "pcm_mulaw", 8_000),
        ("a.mp3", "libmp3lame", 44_100),
        ("a.mp3", "libmp3lame", 16_000),
        ("a.m4a", "aac", 44_100),
        ("a.ogg", "libopus", 48_000),
        ("a.webm", "libopus", 48_000),
    ],
)
def test_what_a_container_says_of_itself(name: str, codec: str, rate_hz: int) -> None:
    assert estimated(as_file(name, codec, rate_hz)) == SECONDS


def test_vorbis_is_as_long_as_its_last_page_says() -> None:
    head = b"\x01vorbis" + struct.pack("<IBI", 0, 1, 44_100)
    pages = [b"OggS\0\2" + struct.pack("<q", position) + bytes(14) for position in (0, SECONDS * 44_100)]
    assert estimated(pages[0] + head + pages[1] + bytes(500)) == SECONDS


def test_a_chain_is_as_long_as_its_links_together() -> None:
    link = as_file("a.ogg", "libopus", 48_000)
    assert estimated(link * 3) == 3 * SECONDS
    assert estimated(hostile_chain(1001)) >= 1, "too many links to look at"


def test_a_streamed_wav_is_as_long_as_what_is_there() -> None:
    content = as_file("a.wav", "pcm_s16le", 16_000)
    at = content.index(b"data") + 4
    assert estimated(content[:at] + b"\xff\xff\xff\xff" + content[at + 4 :]) == SECONDS
    assert estimated(content[: len(content) // 2]) == pytest.approx(SECONDS / 2, abs=1)


def test_an_mp3_that_counts_no_frames_is_told_by_its_bit_rate() -> None:
    content = as_file("a.mp3", "libmp3lame", 44_100)
    for mark in (b"Xing", b"Info"):
        content = content.replace(mark, b"\0\0\0\0")
    assert estimated(content) == pytest.approx(SECONDS, abs=1)


@pytest.mark.parametrize("name", ["wav", "mp3", "m4a", "ogg", "opus", "webm", "flac"])
def test_nonsense_is_told_by_its_size(name: str) -> None:
    format_ = AudioFormat(name, name)
    assert estimated_duration_s(b"\xff" * 40, format_) == 1
    for content in (bytes(64_000), b"RIFFxxxxWAVEfmt \x10\0\0\0" + bytes(64_000), b"\xff\xfb\x90" + bytes(64_000)):
        assert 1 <= estimated_duration_s(content, format_) < 60


@pytest.mark.parametrize("content", UNBELIEVABLE.values(), ids=UNBELIEVABLE)
def test_a_duration_beyond_belief_is_told_by_the_size(content: bytes) -> None:
    assert estimated(content) in {1, 2}


def test_a_live_webm_names_no_duration() -> None:
    content = as_file("a.webm", "libopus", 48_000)
    found = estimated(content.replace(b"\x44\x89\x88", b"\x44\x8a\x88"))
    assert found == round(len(content) * 8 / 32_000)


@pytest.mark.parametrize(
    ("name", "size_bytes"),
    [
        ("wav", 320_000),
        ("mp3", 160_000),
        ("m4a", 120_000),
        ("mp4", 120_000),
        ("ogg", 80_000),
        ("opus", 40_000),
        ("webm", 40_000),
        ("amr", 40_000),
    ],
)
def test_what_says_nothing_is_ten_seconds_at_the_usual_bit_rate(name: str, size_bytes: int) -> None:
    assert estimated_duration_s(bytes(size_bytes), AudioFormat(name, name)) == 10


def test_a_wav_is_its_data_over_its_byte_rate() -> None:
    form = containers.wav_format(rate_hz=1000, bits=8)
    odd = containers.chunk(b"LIST", b"abc")
    assert estimated(containers.wav(form, bytes(47_000), before=odd)) == 47
    assert estimated(containers.wav(form, bytes(47_000), declares=5000)) == 5
    assert estimated(containers.wav(form, bytes(47_000), declares=99_000)) == 47
    assert estimated(containers.wav(form, bytes(47_000), after=bytes(9000))) == 47


@pytest.mark.parametrize(("rate_hz", "seconds"), [(16_000, 47), (44_100, 100), (384_000, 3)])
def test_a_flac_is_its_samples_over_its_rate(rate_hz: int, seconds: int) -> None:
    head = containers.flac_stream_info(rate_hz=rate_hz, channels=2, samples=rate_hz * seconds)
    assert estimated(head) == seconds


@pytest.mark.parametrize(("seconds", "found"), [(86_400, 86_400), (86_401, 10)])
def test_more_than_a_day_is_not_believed(seconds: int, found: int) -> None:
    head = containers.flac_stream_info(rate_hz=16_000, samples=16_000 * seconds)
    assert estimated(head + bytes(40_000 - len(head))) == found


MP3_HEADS = {"1 III": "fffb90", "1 II": "fffd80", "2 III": "fff380", "2 II": "fff580", "2.5 III": "ffe380"}
"""MPEG version and layer: the first of three rates, the ninth or eighth bit rate."""


@pytest.mark.parametrize(
    ("kind", "size_bytes"),
    [("1 III", 160_000), ("1 II", 140_000), ("2 III", 80_000), ("2 II", 80_000), ("2.5 III", 80_000)],
)
@pytest.mark.parametrize("junk_bytes", [0, 1000])
def test_an_mp3_without_a_count_is_its_size_over_the_bit_rate_of_its_first_frame(
    kind: str, size_bytes: int, junk_bytes: int
) -> None:
    frame = bytes.fromhex(MP3_HEADS[kind]) + bytes(size_bytes - 3)
    assert estimated_duration_s(bytes(junk_bytes) + frame, AudioFormat("mp3", "mp3")) == 10


@pytest.mark.parametrize(
    ("kind", "frames"), [("1 III", 3828), ("1 II", 3828), ("2 III", 3828), ("2 II", 1914), ("2.5 III", 1914)]
)
@pytest.mark.parametrize("mark", ["Xing", "Info", "VBRI"])
def test_an_mp3_with_a_count_is_its_frames_over_the_frame_rate(kind: str, frames: int, mark: str) -> None:
    """A frame has 1152 samples, or 576 in layer III below 32 kHz: 100 s."""
    count = struct.pack(">4sII", mark.encode(), 1, frames)
    if mark == "VBRI":
        count = b"VBRI" + bytes(10) + struct.pack(">I", frames)
    head = bytes.fromhex(MP3_HEADS[kind]) + bytes(33) + count
    assert estimated_duration_s(head + bytes(500), AudioFormat("mp3", "mp3")) == 100


def test_a_count_that_is_flagged_as_missing_is_not_read() -> None:
    head = bytes.fromhex("fffb90") + bytes(33) + struct.pack(">4sII", b"Xing", 0, 3828)
    assert estimated_duration_s(head + bytes(160_000 - len(head)), AudioFormat("mp3", "mp3")) == 10


def test_a_movie_is_its_duration_over_its_time_scale() -> None:
    short = containers.atom(b"mvhd", struct.pack(">B3xIIII", 0, 0, 0, 600, 600 * 47))
    long = containers.movie_header(1000, 47_000)
    file_type = containers.FILE_TYPE
    for header in (short, long):
        movie = containers.atom(b"moov", containers.atom(b"free", bytes(5)), header)
        assert estimated(file_type + movie) == 47
        assert estimated(file_type + containers.atom(b"mdat", bytes(1000)) + movie) == 47
        large = struct.pack(">I4sQ", 1, b"mdat", 16 + 1000) + bytes(1000)
        assert estimated(file_type + large + movie) == 47
        assert estimated(file_type + b"\0\0\0\0" + movie[4:]) == 47, "no size means to the end"


def test_opus_is_its_last_position_less_what_is_skipped_at_the_beginning() -> None:
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 48_000, 16_000, 0, 0)
    pages = [
        containers.ogg_page([head], serial=1, sequence=0, position=0, flags=2),
        containers.ogg_page([bytes(100)], serial=1, sequence=1, position=48_000 * 30),
        containers.ogg_page([bytes(100)], serial=1, sequence=2, position=48_000 * 48, flags=4),
    ]
    assert estimated(b"".join(pages)) == 47
    assert estimated(b"".join(pages[:2])) == 29


def test_a_webm_is_its_duration_times_its_scale() -> None:
    assert estimated(containers.webm(47_000.0)) == 47
    for kind, form in ((b"\x84", ">f"), (b"\x88", ">d")):
        duration = bytes.fromhex("4489") + kind + struct.pack(form, 47_000.0)
        scale = bytes.fromhex("2ad7b183") + (2_000_000).to_bytes(3)
        info = containers.element("1549A966", scale, duration)
        assert estimated(containers.EBML_HEADER + containers.element("18538067", info)) == 94


@pytest.mark.parametrize(
    ("second", "kbits"),
    [
        ("fb", (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)),
        ("f3", (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)),
    ],
)
def test_each_bit_rate_of_mpeg_audio_is_known(second: str, kbits: tuple[int, ...]) -> None:
    """Sizes a little below and above ten seconds and a half, so that a neighbouring bit rate rounds to another."""
    for index, rate in enumerate(kbits, start=1):
        head = bytes.fromhex(f"ff{second}") + bytes([index << 4])
        for seconds, found in ((10.49, 10), (10.51, 11)):
            content = head + bytes(round(rate * 125 * seconds) - 3)
            assert estimated_duration_s(content, AudioFormat("mp3", "mp3")) == found, (rate, seconds)


@pytest.mark.parametrize(
    ("second", "samples", "rates_hz"),
    [
        ("fb", 1152, (44_100, 48_000, 32_000)),
        ("f3", 576, (22_050, 24_000, 16_000)),
        ("e3", 576, (11_025, 12_000, 8_000)),
    ],
)
def test_each_sampling_rate_of_mpeg_audio_is_known(second: str, samples: int, rates_hz: tuple[int, ...]) -> None:
    for index, rate_hz in enumerate(rates_hz):
        frames = rate_hz * 40_000 // samples
        head = bytes.fromhex(f"ff{second}") + bytes([0x80 | index << 2]) + bytes(33)
        content = head + struct.pack(">4sII", b"Xing", 1, frames)
        assert estimated_duration_s(content, AudioFormat("mp3", "mp3")) == 40_000


@pytest.mark.parametrize(
    ("name", "bits_per_s"),
    [
        ("wav", 256_000),
        ("mp3", 128_000),
        ("m4a", 96_000),
        ("mp4", 96_000),
        ("ogg", 64_000),
        ("opus", 32_000),
        ("webm", 32_000),
        ("amr", 32_000),
    ],
)
def test_the_usual_bit_rates_are_exact(name: str, bits_per_s: int) -> None:
    """Halves of a second round to even: a bit a second more or less would round one of these the other way."""
    sizes_bytes = (bits_per_s * 21 // 16, bits_per_s * 23 // 16)  # 10.5 s and 11.5 s
    assert [estimated_duration_s(bytes(size), AudioFormat(name, name)) for size in sizes_bytes] == [10, 12]


@pytest.mark.parametrize("head", ["fffb9000", "fffa9000", "fffd9000", "fffc9000", "fff39000", "ffe29000", "fffb1800"])
def test_what_begins_a_frame_of_mpeg_audio(head: str) -> None:
    """MPEG 1, 2 and 2.5 in layers II and III, with a checksum and without."""
    assert estimate._is_frame(b"\xff" + bytes.fromhex(head), 1)


@pytest.mark.parametrize(
    "head",
    [
        "ffdb9000",  # ten ones in a row, and not eleven
        "ffeb9000",  # a version that is reserved
        "ffff9000",  # layer I
        "fff99000",  # a layer that is reserved
        "fff89000",
        "fffb0000",  # a free bit rate
        "fffbf000",  # a bit rate that is none
        "fffb9c00",  # a sampling rate that is reserved
        "fffb90",  # cut off
    ],
)
def test_what_begins_no_frame_of_mpeg_audio(head: str) -> None:
    assert not estimate._is_frame(b"\xff" + bytes.fromhex(head), 1)


@pytest.mark.parametrize(("size_bytes", "seconds"), [(46_500, 46), (47_500, 48)])
def test_a_streamed_wav_is_what_is_there_to_the_byte(size_bytes: int, seconds: int) -> None:
    form = containers.wav_format(rate_hz=1000, bits=8)
    assert estimated(containers.wav(form, bytes(size_bytes), declares=99_000)) == seconds


@pytest.mark.parametrize(("milliseconds", "seconds"), [(46_500.0, 46), (47_500.0, 48)])
def test_a_webm_s_scale_is_in_nanoseconds(milliseconds: float, seconds: int) -> None:
    assert estimated(containers.webm(milliseconds)) == seconds
