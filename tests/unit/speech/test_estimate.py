"""How long an upload will be, told from its headers."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from auricle.speech.estimate import estimated_duration_s
from auricle.speech.sniff import AudioFormat, sniff
from tests.fixtures import calls
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
