"""The links of a chained Ogg file: complete streams, one behind the other (RFC 3533, section 4).

Live recorders and `cat` make them. libavformat reads links only as long as they are alike: where channels, rate or
codec change, it drops the rest without a word. So each link is decoded as a file of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from auricle.errors import DamagedAudio

_FIRST_PAGE = 0x02
_HEADER_BYTES = 27
_SEARCH_BYTES = 1 << 16
MAX_LINKS = 1000


def links(file: BinaryIO) -> list[tuple[int, int]]:
    """Where each link begins and ends: with the first pages of its streams, which stand before any other page.

    Raises:
        DamagedAudio: there are more than `MAX_LINKS`.
    """
    starts: list[int] = []
    in_beginning = False
    for at, is_first in _pages(file):
        if is_first and not in_beginning:
            starts.append(at)
            if len(starts) > MAX_LINKS:
                raise DamagedAudio(
                    f"The file is a chain of more than {MAX_LINKS} Ogg streams. Save the recording as one stream, "
                    "and upload it again."
                )
        in_beginning = is_first
    size_bytes = file.seek(0, 2)
    starts[:1] = [0]  # what precedes the first page is the first link's to make sense of
    return list(zip(starts, [*starts[1:], size_bytes], strict=True))


def _pages(file: BinaryIO) -> Iterator[tuple[int, bool]]:
    """Each page's position, and whether it is the first one of a stream."""
    at: int | None = 0
    while at is not None:
        file.seek(at)
        header = file.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            return
        if header[:5] != b"OggS\0":
            at = _next_mark(file, at + 1)
            continue
        yield at, bool(header[5] & _FIRST_PAGE)
        at += _HEADER_BYTES + header[26] + sum(file.read(header[26]))


def _next_mark(file: BinaryIO, at: int) -> int | None:
    """Where the next page begins behind a gap or damage."""
    while True:
        file.seek(at)
        stretch = file.read(_SEARCH_BYTES)
        found = stretch.find(b"OggS\0")
        if found >= 0:
            return at + found
        if len(stretch) < _SEARCH_BYTES:
            return None
        at += _SEARCH_BYTES - 4
