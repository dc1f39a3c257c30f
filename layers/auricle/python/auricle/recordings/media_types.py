"""Media types that clients declare, and which of them a browser may be told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath

BYTES = "application/octet-stream"

# What browsers play or show. SVG and HTML, which they would run, are not among them.
_HARMLESS = re.compile(r"(audio|video)/[a-z0-9][a-z0-9.+-]*|image/(avif|bmp|gif|heic|heif|jpeg|png|tiff|webp)")

_BY_SUFFIX: Mapping[str, str] = {
    ".aac": "audio/aac",
    ".amr": "audio/amr",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".webm": "video/webm",
}


def download_media_type(declared: str | None, file_name: str) -> str:
    """The type to download a file as that clients named and declared: sound, a picture, or plain bytes.

    A file that was uploaded as text/html would otherwise be a page, and run its scripts, at the bucket's address.
    """
    plain = (declared or "").partition(";")[0].strip().lower()
    return plain if _HARMLESS.fullmatch(plain) else _BY_SUFFIX.get(PurePath(file_name).suffix.lower(), BYTES)
