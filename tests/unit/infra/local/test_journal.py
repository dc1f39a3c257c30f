"""The journal of changes: what it promises before a request is answered, and what it makes of damaged files."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING

import pytest

from infra.local import journal
from infra.local.journal import Journal, JournalUnwritable, LaterFormat, Mark, journal_name, read_journal, read_mark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path, number=1, first=1, generation=0)
    yield made
    made.close()


def operations(folder: Path, number: int = 1) -> list[list[object]]:
    found = read_journal(folder / journal_name(number))
    assert found is not None
    return [operation for _number, change in found.changes for operation in change]


def test_what_was_waited_for_is_in_the_file(opened: Journal, tmp_path: Path) -> None:
    opened.append(["item", "a", {"name": {"S": "Zoë \ud800"}}])
    opened.wait_written()
    assert operations(tmp_path) == [["item", "a", {"name": {"S": "Zoë \ud800"}}]]
    size_bytes = (tmp_path / journal_name(1)).stat().st_size
    assert read_mark(tmp_path) == Mark(1, size_bytes, 0)


def test_many_threads_share_the_disk_and_none_returns_early(opened: Journal, tmp_path: Path) -> None:
    early: list[int] = []

    def write(number: int) -> None:
        for part in range(20):
            opened.append(["item", number, part])
            opened.wait_written()
            if ["item", number, part] not in operations(tmp_path):
                early.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert early == []
    found = operations(tmp_path)
    assert len(found) == 160
    assert [part for _kind, number, part in found if number == 3] == list(range(20)), "in the order of their thread"


def test_what_comes_after_the_end_is_forgotten(opened: Journal, tmp_path: Path) -> None:
    opened.append(["before"])
    opened.close()
    opened.append(["after"])
    opened.wait_written()
    opened.close()
    assert operations(tmp_path) == [["before"]]


def test_a_block_is_one_change_or_none(opened: Journal, tmp_path: Path) -> None:
    with opened.atomic():
        opened.append(["item", 1])
        with opened.atomic():
            opened.append(["stream", 1])
        opened.append(["item", 2])
    opened.wait_written()
    found = read_journal(tmp_path / journal_name(1))
    assert found is not None
    assert found.changes == [(1, [["item", 1], ["stream", 1], ["item", 2]])]


def test_one_disk_write_serves_all_that_wait(opened: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    real, synced, started, go = os.fsync, [], threading.Event(), threading.Event()

    def slow(file: int) -> None:
        synced.append(file)
        started.set()
        go.wait(5)
        real(file)

    monkeypatch.setattr(journal.os, "fsync", slow)  # type: ignore[attr-defined]

    async def write_all() -> None:
        opened.append(["first"])
        waiting = [asyncio.ensure_future(opened.written())]
        await asyncio.to_thread(started.wait, 5)
        for number in range(50):
            opened.append(["item", number])
            waiting.append(asyncio.ensure_future(opened.written()))
        await asyncio.sleep(0.01)
        assert not any(one.done() for one in waiting)
        go.set()
        await asyncio.gather(*waiting)

    asyncio.run(write_all())
    assert len(synced) == 2


def test_a_full_disk_refuses_and_nothing_is_lost_or_doubled_when_it_has_room_again(
    opened: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, full = os.write, threading.Event()

    def write(file: int, content: bytes) -> int:
        if full.is_set() and len(content) > 10:
            return real(file, bytes(content)[:10])  # a part of it fits
        if full.is_set():
            raise OSError(28, "No space left on device")
        return real(file, content)

    monkeypatch.setattr(journal.os, "write", write)  # type: ignore[attr-defined]
    monkeypatch.setattr(journal, "RETRY_S", 0.01)
    opened.append(["before"])
    opened.wait_written()
    full.set()
    opened.append(["while"])
    with pytest.raises(JournalUnwritable, match="No space left on device"):
        opened.wait_written()
    full.clear()
    opened.append(["after"])
    opened.wait_written()
    assert operations(tmp_path) == [["before"], ["while"], ["after"]]


def test_the_next_file_goes_on_where_this_one_ends(opened: Journal, tmp_path: Path) -> None:
    done: list[str] = []
    opened.append(["one"], then=lambda: done.append("one"))
    assert opened.rotate() == 2
    assert done == ["one"]
    opened.append(["two"])
    opened.wait_written()
    opened.note_generation(7)
    assert operations(tmp_path, 1) == [["one"]]
    assert operations(tmp_path, 2) == [["two"]]
    mark = read_mark(tmp_path)
    assert mark is not None
    assert (mark.number, mark.generation) == (2, 7)


@pytest.mark.parametrize("kept", range(0, 200, 7))
def test_a_file_cut_short_is_read_up_to_its_last_whole_change(opened: Journal, tmp_path: Path, kept: int) -> None:
    for number in range(5):
        opened.append(["item", number])
        opened.wait_written()
    path = tmp_path / journal_name(1)
    content = path.read_bytes()
    path.write_bytes(content[:kept])
    found = read_journal(path)
    if found is None:
        assert kept < 24
        return
    assert [change[0][1] for _number, change in found.changes] == list(range(len(found.changes)))
    assert found.good_bytes <= kept
    assert len(found.changes) == (min(kept, len(content)) - 24) // ((len(content) - 24) // 5)


@pytest.mark.parametrize("at", range(24, 164, 11))
def test_a_changed_byte_ends_what_is_believed(opened: Journal, tmp_path: Path, at: int) -> None:
    for number in range(5):
        opened.append(["item", number])
        opened.wait_written()
    path = tmp_path / journal_name(1)
    content = bytearray(path.read_bytes())
    content[at] ^= 0x10
    path.write_bytes(content)
    found = read_journal(path)
    assert found is not None
    assert found.good_bytes <= at
    assert [change[0] for _number, change in found.changes] == [
        ["item", number] for number in range(len(found.changes))
    ]


def test_files_of_a_later_version_are_not_guessed_at(opened: Journal, tmp_path: Path) -> None:
    for name in (journal_name(1), journal.MARK):
        path = tmp_path / name
        content = bytearray(path.read_bytes())
        content[7] = 2
        if name == journal.MARK:
            content[-4:] = journal.zlib.crc32(content[:-4]).to_bytes(4, "big")  # type: ignore[attr-defined]
        path.write_bytes(content)
    with pytest.raises(LaterFormat):
        read_journal(tmp_path / journal_name(1))
    with pytest.raises(LaterFormat):
        read_mark(tmp_path)
