"""Telling an audio format from its first bytes.

The name and the content type of an upload are claims; the first bytes decide. Only a format named here is ever
handed to the decoder, and it is handed over by name: a playlist or an ffconcat script called `call.mp3` would
otherwise make the decoder open whatever files it lists.
"""

from __future__ import annotations

from dataclasses import dataclass

from auricle.errors import EmptyAudio, UnsupportedAudio

HEAD_BYTES = 4096
"""How much of a file's beginning `sniff` wants to see. Less is fine for a shorter file."""

ACCEPTED = "WAV, MP3, M4A/MP4/MOV, AAC, Ogg, Opus, WebM/Matroska, FLAC, WMA, AMR, AIFF, AU or CAF"


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """A container format: what people call it, and the one libavformat demuxer that may read it."""

    name: str
    demuxer: str


_WAV = AudioFormat("wav", "wav")
_W64 = AudioFormat("w64", "w64")
_MP3 = AudioFormat("mp3", "mp3")
_AAC = AudioFormat("aac", "aac")
_OGG = AudioFormat("ogg", "ogg")
_OPUS = AudioFormat("opus", "ogg")
_WEBM = AudioFormat("webm", "matroska")
_MATROSKA = AudioFormat("matroska", "matroska")
_FLAC = AudioFormat("flac", "flac")
_WMA = AudioFormat("wma", "asf")
_AMR = AudioFormat("amr", "amr")
_AIFF = AudioFormat("aiff", "aiff")
_AU = AudioFormat("au", "au")
_CAF = AudioFormat("caf", "caf")

_BY_PREFIX: tuple[tuple[bytes, AudioFormat], ...] = (
    (b"fLaC", _FLAC),
    (b"#!AMR\n", _AMR),
    (b"#!AMR-WB\n", _AMR),
    (b".snd", _AU),
    (b"caff", _CAF),
    (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), _WMA),
    (bytes.fromhex("726966662e91cf11a5d628db04c10000"), _W64),
)

_NOT_AUDIO: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"BM", "a BMP image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"\xd0\xcf\x11\xe0", "an office document"),
    (b"MThd", "a MIDI file (notes, not sound)"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format 3", "a database"),
    (b"FLV\x01", "a Flash video"),
)

_TEXTS: tuple[tuple[str, str], ...] = (
    ("ffconcat", "an ffconcat script (a list of other files)"),
    ("#extm3u", "a playlist"),
    ("[playlist]", "a playlist"),
    ("<!doctype", "a web page"),
    ("<html", "a web page"),
    ("<?xml", "an XML document"),
    ("{\\rtf", "a text document"),
    ("{", "JSON text"),
    ("v=0", "an SDP session description"),
)

_OGG_FIRST_PAGE = 0x02
_IMAGE_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1")
_MOVIE_ATOMS = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


def sniff(head: bytes) -> AudioFormat:
    """The format of a file that begins with `head` (the first `HEAD_BYTES`, or all of a shorter file).

    Raises `EmptyAudio` for no bytes, and `UnsupportedAudio` for anything that is not an accepted audio or video
    container; its message says what the file looks like and what is accepted.
    """
    if not head:
        raise EmptyAudio("The uploaded file is empty (0 bytes). Upload the recording again.")
    found = _container(head)
    if found is not None:
        return found
    raise UnsupportedAudio(f"The file looks like {_description(head)}, not a recording. Accepted are {ACCEPTED}.")


def begins_file(head: bytes) -> bool:
    """Whether only the beginning of a file looks like this, and hardly any stretch from the middle of one.

    MPEG audio is not told by this: each of its frames begins as the file does. Nor are the atoms that a movie may
    begin with but often holds further in.
    """
    if head[:4] == b"OggS":
        return bool(head[5:6]) and bool(head[5] & _OGG_FIRST_PAGE)
    if head[4:8] in _MOVIE_ATOMS:
        return False
    return _container(head) is not None and _mpeg_audio(head) is None


def id3_tag_bytes(head: bytes) -> int:
    """Length of the ID3v2 tag that `head` begins with, 0 for none. The audio starts behind it."""
    if len(head) < 10 or not head.startswith(b"ID3"):
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | (byte & 0x7F)
    has_footer = bool(head[5] & 0x10)
    return 10 + size + (10 if has_footer else 0)


def _without_tags(head: bytes) -> bytes:
    """What stands behind the ID3 tags of a head; nothing where they are longer than it."""
    while tag_bytes := id3_tag_bytes(head):
        head = head[tag_bytes:]
    return head


def _container(head: bytes) -> AudioFormat | None:
    untagged = _without_tags(head)
    if untagged is not head:
        # A tag longer than the head hides what follows (cover art); nearly always that is MP3.
        return _container(untagged) if untagged else _MP3
    for prefix, audio_format in _BY_PREFIX:
        if head.startswith(prefix):
            return audio_format
    kind = head[8:12]
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and kind == b"WAVE":
        return _WAV
    if head[:4] == b"FORM" and kind in (b"AIFF", b"AIFC"):
        return _AIFF
    if head[:4] == b"OggS":
        return _OPUS if b"OpusHead" in head[:512] else _OGG
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return _WEBM if b"webm" in head[:128] else _MATROSKA
    return _movie(head) or _mpeg_audio(head)


def _movie(head: bytes) -> AudioFormat | None:
    atom, brand = head[4:8], head[8:12]
    if atom in _MOVIE_ATOMS:
        return AudioFormat("mov", "mov")
    if atom != b"ftyp" or brand in _IMAGE_BRANDS:
        return None
    if brand in (b"M4A ", b"M4B "):
        return AudioFormat("m4a", "mov")
    if brand == b"qt  ":
        return AudioFormat("mov", "mov")
    if brand.startswith(b"3g"):
        return AudioFormat("3gp", "mov")
    return AudioFormat("mp4", "mov")


def _mpeg_audio(head: bytes) -> AudioFormat | None:
    audio = head.lstrip(b"\0")  # some encoders pad the front with zeros
    if len(audio) < 4 or audio[0] != 0xFF or audio[1] & 0xE0 != 0xE0:
        return None
    layer = audio[1] >> 1 & 3
    if layer == 0 and audio[1] & 0xF0 == 0xF0:
        rate_index = audio[2] >> 2 & 15
        return _AAC if rate_index < 13 else None
    version, bitrate_index, rate_index = audio[1] >> 3 & 3, audio[2] >> 4, audio[2] >> 2 & 3
    # Layers III and II. Layer I is extinct, and its sync word is the mark of UTF-16 text.
    valid = layer in (1, 2) and version != 1 and bitrate_index != 15 and rate_index != 3
    return _MP3 if valid else None


def _description(head: bytes) -> str:
    for prefix, what in _NOT_AUDIO:
        if head.startswith(prefix):
            return what
    if head[:4] == b"RIFF":
        return {b"AVI ": "an AVI video", b"WEBP": "a WebP image"}.get(head[8:12], "a RIFF file without sound")
    if head[4:8] == b"ftyp":
        return "an image (HEIC or AVIF)"
    text = _as_text(head)
    if text is None:
        return "an unknown kind of file"
    start = text.lstrip("\ufeff \t\r\n").lower()
    for opening, what in _TEXTS:
        if start.startswith(opening):
            return what
    return "plain text"


def _as_text(head: bytes) -> str | None:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head.decode("utf-16", errors="replace")
    if b"\0" in head:
        return None
    # The head may end inside a character; the rest must be whole.
    text = head.decode("utf-8", errors="ignore")
    printable = sum(character.isprintable() or character.isspace() for character in text)
    return text if len(text.encode()) >= len(head) - 3 and printable >= 0.95 * len(text) else None
