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
import pytest
import zstandard

from auricle.adapters.dynamodb import document_versions, documents
from auricle.adapters.dynamodb.document_versions import Upgrade
from auricle.errors import UnknownVersion
from tests.fakes.contract import a_finished_recording

DICTIONARIES = {
    1: (2109, "e8c14aa5f477e8f5aa38e466663ea095d1368ceb9307940bcf1048999a25652b"),
    2: (6293, "9a184c516a83e331b04c191e71dc8683950519f8515c1bf579307d5270e8ca76"),
}
"""How many bytes each version's dictionary has, and their SHA-256."""
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


def stored(entry: Entry, without: frozenset[str] = frozenset()) -> object:
    """The document as the table holds it, read without the code that wrote it."""
    packed = documents.pack(entry, without=without)
    assert packed[0] == 2
    words = zstandard.ZstdCompressionDict(document_versions.DICTIONARY_2, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    return orjson.loads(zstandard.ZstdDecompressor(dict_data=words).decompress(packed[1:]))


def test_the_dictionaries_of_what_is_stored_never_change() -> None:
    """One other byte, and nothing that was written before can be read."""
    found = {1: document_versions.DICTIONARY_1, 2: document_versions.DICTIONARY_2}
    assert {version: (len(words), sha256(words).hexdigest()) for version, words in found.items()} == DICTIONARIES


def test_what_was_stored_once_can_always_be_read() -> None:
    assert documents.unpack(Entry, GOLDEN) == FULL


def test_every_field_is_written_but_those_that_lie_elsewhere() -> None:
    everything = {"org": "acme", "title": "", "size_bytes": 0, "at": None, "mood": None, "tags": []}
    assert stored(Entry("acme")) == everything
    assert stored(Entry("acme"), without=frozenset({"org", "at"})) == {
        name: value for name, value in everything.items() if name not in {"org", "at"}
    }
    assert stored(FULL) == {
        "org": "acme",
        "title": "call",
        "size_bytes": 7,
        "at": "2026-11-21T09:30:00Z",
        "mood": "good",
        "tags": ["a", "b"],
    }


def test_what_lay_elsewhere_comes_before_what_is_stored() -> None:
    assert documents.unpack(Entry, documents.pack(Entry("acme", "call")), org="globex") == Entry("globex", "call")


@pytest.mark.parametrize("version", [0, 3, 255])
def test_a_document_of_another_version_is_refused_and_the_version_named(version: int) -> None:
    packed = bytes([version]) + documents.pack(FULL)[1:]
    with pytest.raises(UnknownVersion) as refused:
        documents.unpack(Entry, packed)
    expected = f"A stored document has version {version}. This release reads versions 1 and 2."
    assert refused.value.message == expected


def test_an_upgrade_leaves_what_is_there_already() -> None:
    """Documents of one version may be older or younger than a field that was added to it."""
    upgrade = Upgrade({"added": 1}, renamed={"was": "is"})
    assert upgrade({"added": 2, "is": 3}) == {"added": 2, "is": 3}
    assert upgrade({"was": 3}) == {"added": 1, "is": 3}


def test_an_upgrade_fills_in_and_renames_at_every_depth() -> None:
    part = Upgrade({"b": 1}, renamed={"old": "new"})
    upgrade = Upgrade(
        {"one": None, "many": [], "keyed": {}, "said": True},
        renamed={"was": "is"},
        parts={"one": part, "many": part},
        parts_by_key={"keyed": part},
    )
    assert upgrade({"was": 0}) == {"one": None, "many": [], "keyed": {}, "said": True, "is": 0}
    assert upgrade({"was": 0, "one": {"old": 2}, "many": [{"old": 3, "b": 4}], "keyed": {"k": {"old": 5}}}) == {
        "one": {"new": 2, "b": 1},
        "many": [{"new": 3, "b": 4}],
        "keyed": {"k": {"new": 5, "b": 1}},
        "said": True,
        "is": 0,
    }


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
