from __future__ import annotations

import contextlib

import pytest

from auricle.errors import EmptyAudio, UnsupportedAudio
from auricle.speech.sniff import id3_tag_bytes, sniff

MP3_FRAME = bytes.fromhex("fffb9064") + bytes(60)
ADTS_FRAME = bytes.fromhex("fff15080") + bytes(60)


@pytest.mark.parametrize(
    ("head", "name", "demuxer"),
    [
        (b"RIFF\x24\0\0\0WAVEfmt ", "wav", "wav"),
        (b"RF64\xff\xff\xff\xffWAVEds64", "wav", "wav"),
        (MP3_FRAME, "mp3", "mp3"),
        (b"\0" * 32 + MP3_FRAME, "mp3", "mp3"),
        (b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + MP3_FRAME, "mp3", "mp3"),
        (b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + ADTS_FRAME, "aac", "aac"),
        (b"ID3\x04\0\0\0\x7f\x7f\x7f" + bytes(100), "mp3", "mp3"),
        (ADTS_FRAME, "aac", "aac"),
        (b"\0\0\0\x20ftypM4A isom", "m4a", "mov"),
        (b"\0\0\0\x20ftypisom\0\0", "mp4", "mov"),
        (b"\0\0\0\x20ftypqt  \0\0", "mov", "mov"),
        (b"\0\0\0\x20ftyp3gp4\0\0", "3gp", "mov"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "mov", "mov"),
        (b"OggS\0\x02" + bytes(22) + b"OpusHead", "opus", "ogg"),
        (b"OggS\0\x02" + bytes(22) + b"\x01vorbis", "ogg", "ogg"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", "webm", "matroska"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", "matroska", "matroska"),
        (b"fLaC\0\0\0\x22", "flac", "flac"),
        (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "wma", "asf"),
        (b"#!AMR\n\x3c", "amr", "amr"),
        (b"#!AMR-WB\n\x3c", "amr", "amr"),
        (b"FORM\0\0\0\x2eAIFFCOMM", "aiff", "aiff"),
        (b".snd\0\0\0\x18", "au", "au"),
        (b"caff\0\x01\0\0desc", "caf", "caf"),
    ],
)
def test_names_the_format_and_the_one_demuxer_for_it(head: bytes, name: str, demuxer: str) -> None:
    found = sniff(head)
    assert (found.name, found.demuxer) == (name, demuxer)


@pytest.mark.parametrize(
    ("head", "looks_like"),
    [
        (b"ffconcat version 1.0\nfile other.wav\n", "ffconcat script"),
        (b"#EXTM3U\n#EXTINF:10,\nhttp://example.com/1.ts\n", "playlist"),
        (b"[playlist]\nFile1=a.mp3\n", "playlist"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html>", "web page"),
        (b"  \n<html><body>Sign in</body></html>", "web page"),
        (b'<?xml version="1.0"?><MPD/>', "XML"),
        (b'{"error": "expired"}', "JSON"),
        (b"v=0\no=- 0 0 IN IP4 127.0.0.1\n", "session description"),
        (b"Dear team, attached is the recording.", "plain text"),
        ("Grüße aus Köln".encode(), "plain text"),
        ("Hello".encode("utf-16"), "plain text"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04\x14\0", "ZIP"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"),
        (b"\0\0\0\x18ftypheic\0\0", "image"),
        (b"RIFF\0\0\0\0AVI LIST", "AVI"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
        (b"MThd\0\0\0\x06", "MIDI"),
        (b"\x7fELF\x02\x01", "program"),
        (b"\x01\x02\x03\x04\0\0\0\0\x99", "unknown"),
        (b"\xff\xe8\xff\xff", "unknown"),
    ],
)
def test_says_what_else_a_file_looks_like_and_what_is_accepted(head: bytes, looks_like: str) -> None:
    with pytest.raises(UnsupportedAudio) as refused:
        sniff(head)
    assert looks_like in refused.value.message
    assert "MP3" in refused.value.message


def test_no_bytes_are_an_empty_upload() -> None:
    with pytest.raises(EmptyAudio):
        sniff(b"")


def test_the_length_of_an_id3_tag_is_syncsafe() -> None:
    assert id3_tag_bytes(b"ID3\x04\0\0\0\0\x02\x01") == 10 + 2 * 128 + 1
    assert id3_tag_bytes(b"ID3\x04\0\x10\0\0\0\x05") == 10 + 5 + 10, "a footer repeats the header"
    assert id3_tag_bytes(MP3_FRAME) == 0


def test_every_prefix_of_a_real_head_is_answered_or_refused() -> None:
    for length in range(1, len(ADTS_FRAME)):
        for head in (MP3_FRAME, ADTS_FRAME, b"ID3\x04\0\0\0\0\0\x0a" + MP3_FRAME, b"RIFF\x24\0\0\0WAVE"):
            with contextlib.suppress(UnsupportedAudio):
                assert sniff(head[:length]).name in {"mp3", "aac", "wav"}
