"""A recording in pieces becomes one: slices of one file, or files that are each complete.

Phones do both. What a piece begins with tells which: a slice begins in the middle of something, a file with its
container's mark. MPEG audio has no such mark, and its files, one behind the other, are one stream.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from auricle.errors import UnusableRecording
from auricle.speech.decode import Decoding, decode, decode_joined
from auricle.speech.sniff import HEAD_BYTES, begins_file


def decode_pieces(pieces: Mapping[int, Path], *, max_duration_s: float, max_size_bytes: int) -> Decoding:
    """The pieces by their numbers, in order, as one recording. Slices are joined on disk, and gone afterwards.

    Raises what `decode` raises, and UnusableRecording naming the piece that does not fit the others.
    """
    ordered = {number: pieces[number] for number in sorted(pieces) if pieces[number].stat().st_size}
    if len(ordered) > 1 and _are_files([*ordered], [_head(piece) for piece in ordered.values()]):
        return decode_joined(ordered, max_duration_s=max_duration_s, max_size_bytes=max_size_bytes)
    whole = next(iter(pieces.values())).with_name("joined")
    _join(ordered.values(), whole)
    return decode(whole, max_duration_s=max_duration_s, max_size_bytes=max_size_bytes)


def _are_files(numbers: Sequence[int], heads: Sequence[bytes]) -> bool:
    marked = [begins_file(head) for head in heads[1:]]
    if all(marked) or not any(marked):
        return marked[0]
    mostly = sum(marked) * 2 > len(marked)
    odd = numbers[1 + marked.index(not mostly)]
    found, others = ("a slice", "complete files") if mostly else ("a complete file", "slices of one file")
    raise UnusableRecording(
        f"Chunk {odd} is {found}, while others are {others}: they cannot be put together. Send all of them alike, "
        "as a new recording."
    )


def _head(piece: Path) -> bytes:
    with piece.open("rb") as file:
        return file.read(HEAD_BYTES)


def _join(pieces: Iterable[Path], whole: Path) -> None:
    with whole.open("wb") as target:
        for piece in pieces:
            with piece.open("rb") as source:
                shutil.copyfileobj(source, target, 1 << 20)
            piece.unlink()
