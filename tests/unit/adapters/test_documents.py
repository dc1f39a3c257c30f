"""Documents of the table, written and read."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from random import Random

import orjson
import zstandard

from auricle.adapters.dynamodb import documents
from tests.fakes.contract import a_finished_recording

DICTIONARY_BYTES = 2109
DICTIONARY_SHA256 = "e8c14aa5f477e8f5aa38e466663ea095d1368ceb9307940bcf1048999a25652b"
GOLDEN = bytes.fromhex(
    "0128b52ffd206735020024027b636d6563372c2231312d32315430393a33303a30305a6f676761222c2262225d7d0b000aa588200d50892b2382cd276e2d386f1e4188f9128c6910e1e8055b0c6b6603"
)
"""An entry as it was written on the day this test was."""


@dataclass
class Note:
    text: str


def test_threads_write_and_read_at_the_same_time() -> None:
    """In a process of its own: a zstd context that two threads share ends the process."""
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


class Mood(StrEnum):
    GOOD = "good"


@dataclass(frozen=True)
class Entry:
    org: str
    title: str = ""
    size_bytes: int = 0
    at: datetime | None = None
    mood: Mood | None = None
    tags: tuple[str, ...] = ()


FULL = Entry("acme", "call", 7, datetime(2026, 11, 21, 9, 30, tzinfo=UTC), Mood.GOOD, ("a", "b"))


def stored(entry: Entry, **how: object) -> object:
    """The document as the table holds it, read without the code that wrote it."""
    packed = documents.pack(entry, **how)  # type: ignore[arg-type]  # as `pack` takes them
    assert packed[0] == 1
    return orjson.loads(reader().decompress(packed[1:]))


def reader() -> zstandard.ZstdDecompressor:
    words = zstandard.ZstdCompressionDict(documents._DICTIONARY_1, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    return zstandard.ZstdDecompressor(dict_data=words)


def test_the_dictionary_of_what_is_stored_never_changes() -> None:
    """One other byte, and nothing that was written before can be read."""
    words = documents._DICTIONARY_1
    assert len(words) == DICTIONARY_BYTES
    assert sha256(words).hexdigest() == DICTIONARY_SHA256


def test_what_was_stored_once_can_always_be_read() -> None:
    assert documents.unpack(Entry, GOLDEN) == FULL


def test_fields_at_their_default_are_left_out_unless_they_are_to_last() -> None:
    assert stored(Entry("acme")) == {"org": "acme"}
    assert stored(Entry("acme"), always=frozenset({"title"})) == {"title": "", "org": "acme"}
    assert stored(Entry("acme"), without=frozenset({"org"})) == {}
    assert stored(Entry("acme"), without=frozenset({"org"}), always=frozenset({"title"})) == {"title": ""}
    assert stored(Entry("acme"), whole=True) == {
        "org": "acme",
        "title": "",
        "size_bytes": 0,
        "at": None,
        "mood": None,
        "tags": [],
    }
    assert stored(FULL) == {
        "org": "acme",
        "title": "call",
        "size_bytes": 7,
        "at": "2026-11-21T09:30:00Z",
        "mood": "good",
        "tags": ["a", "b"],
    }


def test_what_lay_elsewhere_comes_before_what_is_stored_and_that_before_what_was_meant() -> None:
    packed = documents.pack(Entry("acme", "call"))
    assert documents.unpack(Entry, packed, org="globex") == Entry("globex", "call")
    assert documents.unpack(Entry, packed, left_out={"title": "old", "size_bytes": 3}) == Entry("acme", "call", 3)


def test_a_finished_recording_is_little_more_than_what_it_says() -> None:
    """A write is paid by the kilobyte, and a long recording says much more than this one."""
    assert len(documents.pack(a_finished_recording("acme"))) <= 430


def _main() -> None:
    sys.setswitchinterval(1e-6)  # threads take turns a thousand times as often as usual
    letters = [chr(code) for code in range(32, 127)]
    notes = [Note("".join(Random(seed).choices(letters, k=3_000))) for seed in range(50)]  # nothing repeats: long work

    def comes_back(number: int) -> bool:
        note = notes[number % len(notes)]
        return documents.unpack(Note, documents.pack(note)) == note

    with ThreadPoolExecutor(16) as pool:
        came_back = sum(pool.map(comes_back, range(5_000)))
    if came_back != 5_000:
        sys.exit(f"{came_back} of 5000 came back as they were written")


if __name__ == "__main__":
    _main()
