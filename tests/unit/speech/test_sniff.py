from __future__ import annotations

import contextlib

import pytest

from auricle.errors import EmptyAudio, UnsupportedAudio
from auricle.speech.sniff import begins_file, id3_tag_bytes, sniff

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


@pytest.mark.parametrize(
    ("head", "looks_like"),
    [
        ("504b0506", "an empty ZIP archive"),
        ("1f8b", "a gzip archive"),
        ("52617221", "a RAR archive"),
        ("377abcaf271c", "a 7-Zip archive"),
        ("28b52ffd", "a Zstandard archive"),
        ("47494638", "a GIF image"),
        ("424d", "a BMP image"),
        ("49492a00", "a TIFF image"),
        ("4d4d002a", "a TIFF image"),
        ("d0cf11e0", "an office document"),
        ("4d5a", "a program"),
        ("53514c69746520666f726d61742033", "a database"),
        ("464c5601", "a Flash video"),
        ("52494646000000004142434420", "a RIFF file without sound"),
        ("7b5c727466", "a text document"),
    ],
)
def test_other_files_are_called_by_their_name(head: str, looks_like: str) -> None:
    with pytest.raises(UnsupportedAudio) as refused:
        sniff(bytes.fromhex(head))
    assert refused.value.message.startswith(f"The file looks like {looks_like}, not a recording.")


@pytest.mark.parametrize(
    ("second", "third", "name"),
    [
        (0xFB, 0x90, "mp3"),  # MPEG 1, layer III
        (0xFD, 0x90, "mp3"),  # layer II
        (0xF3, 0x90, "mp3"),  # MPEG 2
        (0xE3, 0x90, "mp3"),  # MPEG 2.5
        (0xFB, 0xE0, "mp3"),  # the last bit rate there is
        (0xFB, 0x98, "mp3"),  # the last sampling rate
        (0xFB, 0xF0, None),  # no bit rate
        (0xFB, 0x9C, None),  # no sampling rate
        (0xEB, 0x90, None),  # no version
        (0xFF, 0x90, None),  # layer I
        (0xE1, 0x90, None),  # no layer
        (0xDB, 0x90, None),  # no sync word
        (0xF1, 0x30, "aac"),  # the last sampling rate there is, 7350 Hz
        (0xF9, 0x50, "aac"),  # MPEG 2
        (0xF1, 0x34, None),  # no sampling rate
    ],
)
def test_an_mpeg_frame_is_told_by_the_bits_of_its_header(second: int, third: int, name: str | None) -> None:
    for zeros in (0, 7):
        head = bytes(zeros) + bytes([0xFF, second, third, 0x64]) + bytes(20)
        if name is None:
            with pytest.raises(UnsupportedAudio):
                sniff(head)
        else:
            assert sniff(head).name == name
            assert sniff(head[: zeros + 4]).name == name
            with pytest.raises(UnsupportedAudio):
                sniff(head[: zeros + 3])


@pytest.mark.parametrize(
    ("brand", "name"),
    [
        ("M4A ", "m4a"),
        ("M4B ", "m4a"),
        ("qt  ", "mov"),
        ("3gp5", "3gp"),
        ("3g2a", "3gp"),
        ("mp42", "mp4"),
        ("dash", "mp4"),
    ],
)
def test_a_movie_is_told_by_its_brand(brand: str, name: str) -> None:
    assert sniff(b"\0\0\0\x18ftyp" + brand.encode()).name == name


@pytest.mark.parametrize("brand", ["avif", "avis", "heic", "heix", "heim", "heis", "mif1", "msf1"])
def test_a_picture_is_no_movie(brand: str) -> None:
    with pytest.raises(UnsupportedAudio, match=r"an image \(HEIC or AVIF\)"):
        sniff(b"\0\0\0\x18ftyp" + brand.encode())


@pytest.mark.parametrize("atom", ["moov", "mdat", "wide", "free", "skip", "pnot"])
def test_a_movie_may_begin_with_any_of_these_atoms(atom: str) -> None:
    assert sniff(b"\0\0\0\x18" + atom.encode()).name == "mov"


def test_other_marks_of_wav_and_aiff() -> None:
    assert sniff(b"BW64\xff\xff\xff\xffWAVE").name == "wav"
    assert sniff(b"FORM\0\0\0\0AIFC").name == "aiff"
    assert sniff(bytes.fromhex("726966662e91cf11a5d628db04c10000")).name == "w64"


def test_marks_are_looked_for_only_at_the_beginning() -> None:
    assert sniff(b"OggS" + bytes(500) + b"OpusHead").name == "opus"
    assert sniff(b"OggS" + bytes(501) + b"OpusHead").name == "ogg"
    assert sniff(b"\x1a\x45\xdf\xa3" + bytes(120) + b"webm").name == "webm"
    assert sniff(b"\x1a\x45\xdf\xa3" + bytes(121) + b"webm").name == "matroska"


def test_several_tags_may_stand_before_the_sound() -> None:
    tag = b"ID3\x04\0\0\0\0\0\x05" + bytes(5)
    assert sniff(tag + tag + ADTS_FRAME).name == "aac"
    assert sniff(tag + b"fLaC").name == "flac"
    with pytest.raises(UnsupportedAudio):
        sniff(tag + b"%PDF-1.7")


def test_a_tag_needs_ten_bytes_and_its_sizes_seven_bits() -> None:
    assert id3_tag_bytes(b"ID3\x04\0\0\0\0\0") == 0
    assert id3_tag_bytes(b"ID3\x04\0\0\0\0\0\0") == 10
    assert id3_tag_bytes(b"ID3\x04\0\0\x01\x02\x03\x84") == 10 + 2_097_152 + 2 * 16_384 + 3 * 128 + 4


def test_text_is_told_by_what_can_be_printed() -> None:
    def said(head: bytes) -> str:
        with pytest.raises(UnsupportedAudio) as refused:
            sniff(head)
        return str(refused.value.message)

    assert "plain text" in said(b"x" * 95 + b"\x01" * 5)
    assert "an unknown kind of file" in said(b"x" * 94 + b"\x01" * 6)
    assert "plain text" in said(b"x" * 50 + "\U0001f600".encode()[:3]), "the head ends inside a character"
    assert "an unknown kind of file" in said(b"xx\xff\xfe\xfd\xfc" * 3)


@pytest.mark.parametrize(
    ("head", "begins"),
    [(b"OggS\0\2", True), (b"OggS\0\0", False), (b"OggS\0\5", False), (b"OggS\0", False), (b"OggS", False)],
)
def test_a_first_page_of_ogg_begins_a_file(head: bytes, begins: bool) -> None:
    assert begins_file(head) is begins
