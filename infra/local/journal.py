"""A write-ahead log: every change of tables, objects and executions is on the disk before a request is answered.

One file of frames, each with its length, the number of its change and a checksum. Whatever waits for the disk
shares one fsync (group commit). Beside it stands `journal.mark`: how many bytes of which file were acknowledged,
so that a file that was cut short later is told from one that a kill cut off in the middle of a write.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import struct
import threading
import time
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.local.files import fsync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    Settle = Callable[[Exception | None], None]

FORMAT = 1
MAGIC = b"AURJRNL"
MARK = "journal.mark"
RETRY_S = 0.5

_HEADER = struct.Struct(">7sBQQ")  # magic, format, number of the file, number of its first change
_FRAME = struct.Struct(">IIQ")  # length of the content, checksum of number and content, number of the change
_MARK = struct.Struct(">7sBQQQI")  # magic, format, number of the file, its bytes, generation, checksum of all this

log = logging.getLogger("auricle.local.journal")

Operation = list[Any]
"""`[kind, …]`: what replay.py applies."""


class JournalUnwritable(Exception):
    """The disk refuses the journal, so that nothing may be acknowledged."""


class LaterFormat(Exception):
    """The file was written by a later version."""


@dataclass(frozen=True)
class Mark:
    """What was acknowledged: so many bytes of this file; and the newest generation of saved state."""

    number: int
    size_bytes: int
    generation: int


@dataclass(frozen=True)
class JournalFile:
    """What could be read of one file."""

    number: int
    first: int
    changes: Sequence[tuple[int, Sequence[Operation]]]
    good_bytes: int
    """Up to here every frame is whole."""
    size_bytes: int

    @property
    def next(self) -> int:
        """The number of the change after the last one that could be read."""
        return self.changes[-1][0] + 1 if self.changes else self.first


@dataclass(frozen=True)
class _Batch:
    """What one write takes."""

    frames: bytes
    up_to: int
    after: list[Callable[[], None]]


class Journal:
    """The file that is written now. Safe to use from any thread."""

    def __init__(self, folder: Path, *, number: int, first: int, generation: int) -> None:
        self._folder = folder
        self._lock = threading.Condition()
        self._local = threading.local()
        self._pending: list[bytes] = []
        self._after: list[Callable[[], None]] = []
        self._appended = self._written = first - 1
        self._waiting: list[tuple[int, Settle]] = []
        self._busy = False
        self._closing = False
        self._generation = generation
        self._mark = os.open(folder / MARK, os.O_RDWR | os.O_CREAT, 0o600)
        self._open(number, first)
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    @property
    def size_bytes(self) -> int:
        """Of the file that is written now."""
        return self._good_bytes

    # --- appending ----------------------------------------------------------------------------------------

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """What this thread appends in the block is replayed whole or not at all."""
        if getattr(self._local, "operations", None) is not None:
            yield
            return
        operations: list[Operation] = []
        after: list[Callable[[], None]] = []
        self._local.operations, self._local.after = operations, after
        try:
            yield
        finally:
            # Also after an exception: memory has the changes, and answers may show them.
            self._local.operations = None
            if operations:
                self._append(operations, after)

    def append(self, operation: Operation, then: Callable[[], None] | None = None) -> None:
        """Note a change; `then` is called when it is on the disk."""
        operations = getattr(self._local, "operations", None)
        if operations is None:
            self._append([operation], [then] if then else [])
        else:
            operations.append(operation)
            if then:
                self._local.after.append(then)

    def _append(self, operations: Sequence[Operation], after: Sequence[Callable[[], None]]) -> None:
        content = json.dumps(operations, separators=(",", ":")).encode()
        with self._lock:
            if self._closing:
                return
            self._appended += 1
            self._pending.append(_frame(self._appended, content))
            self._after.extend(after)
            self._lock.notify_all()

    # --- waiting ------------------------------------------------------------------------------------------

    async def written(self) -> None:
        """Returns when everything appended so far is on the disk. Raises JournalUnwritable."""
        if self._written >= self._appended:
            return
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def settle(failure: Exception | None) -> None:
            if done.done():
                return
            if failure is None:
                done.set_result(None)
            else:
                done.set_exception(failure)

        def settle_there(failure: Exception | None) -> None:
            loop.call_soon_threadsafe(settle, failure)

        self._when_written(settle_there)
        await done

    def wait_written(self) -> None:
        """`written` for a thread."""
        if self._written >= self._appended:
            return
        done = threading.Event()
        failures: list[Exception] = []

        def settle(failure: Exception | None) -> None:
            failures.extend([failure] if failure else [])
            done.set()

        self._when_written(settle)
        done.wait()
        if failures:
            raise failures[0]

    def _when_written(self, settle: Settle) -> None:
        with self._lock:
            if self._written < self._appended:
                self._waiting.append((self._appended, settle))
                return
        settle(None)

    # --- files --------------------------------------------------------------------------------------------

    def rotate(self) -> int:
        """Begin the next file; returns its number. What was appended before lies in the files before it.

        Raises JournalUnwritable.
        """
        with self._idle():
            taken = self._take()
            failure = self._write(taken)
            if failure is not None:
                self._give_back(taken)
                raise failure
            os.close(self._file)
            self._open(self._number + 1, self._appended + 1)
            number, due = self._number, self._due()
        _settle(due, None)
        for call in taken.after:
            _call(call)
        return number

    def note_generation(self, generation: int) -> None:
        """The saved state of this generation is complete."""
        with self._idle():
            self._generation = generation
            self._write_mark()
            os.fsync(self._mark)

    @contextmanager
    def _idle(self) -> Iterator[None]:
        """The writing thread rests, and nothing is appended."""
        with self._lock:
            while self._busy:
                self._lock.wait()
            yield

    def close(self) -> None:
        """Write what is left, and no more: what is appended afterwards is forgotten. Once is enough."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            self._lock.notify_all()
        self._thread.join()
        os.close(self._file)
        os.close(self._mark)

    def _open(self, number: int, first: int) -> None:
        path = self._folder / journal_name(number)
        self._number = number
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        _write_all(self._file, empty_journal(number, first))
        os.fsync(self._file)
        fsync_folder(self._folder)
        self._good_bytes = _HEADER.size
        self._write_mark()

    def _take(self) -> _Batch:
        taken = _Batch(b"".join(self._pending), self._appended, self._after)
        self._pending, self._after = [], []
        return taken

    def _run(self) -> None:
        while True:
            with self._lock:
                while not self._pending and not self._closing:
                    self._lock.wait()
                if not self._pending:
                    return
                self._busy = True
                taken = self._take()
            failure = self._write(taken)
            with self._lock:
                self._busy = False
                told = self._due() if failure is None else self._give_back(taken)
                self._lock.notify_all()
            _settle(told, failure)
            if failure is None:
                for call in taken.after:
                    _call(call)
                continue
            log.error("%s", failure)
            if self._closing:
                return
            time.sleep(RETRY_S)

    def _due(self) -> list[Settle]:
        due = [settle for number, settle in self._waiting if number <= self._written]
        self._waiting = [(number, settle) for number, settle in self._waiting if number > self._written]
        return due

    def _write(self, taken: _Batch) -> JournalUnwritable | None:
        try:
            _write_all(self._file, taken.frames)
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, self._good_bytes)
            os.lseek(self._file, self._good_bytes, os.SEEK_SET)
            return JournalUnwritable(f"The journal cannot be written: {error.strerror}.")
        self._good_bytes += len(taken.frames)
        self._write_mark()
        self._written = taken.up_to
        return None

    def _give_back(self, taken: _Batch) -> list[Settle]:
        """The disk is full or broken: who waits is refused, and the changes are written once they can be."""
        self._pending.insert(0, taken.frames)
        self._after[:0] = taken.after
        refused = [settle for _number, settle in self._waiting]
        self._waiting = []
        return refused

    def _write_mark(self) -> None:
        """Without fsync: it may only ever name too little, and a kill leaves it whole."""
        fields = _MARK.pack(MAGIC, FORMAT, self._number, self._good_bytes, self._generation, 0)[:-4]
        os.pwrite(self._mark, fields + struct.pack(">I", zlib.crc32(fields)), 0)


def journal_name(number: int) -> str:
    """The name of a journal file in the folder of the state."""
    return f"journal.{number:08d}.log"


def journal_numbers(folder: Path) -> list[int]:
    """The journal files there are, oldest first."""
    return sorted(int(path.name.split(".")[1]) for path in folder.glob("journal.*.log") if _is_numbered(path))


def read_journal(path: Path) -> JournalFile | None:
    """Every whole frame up to the first that is none; None when not even the header can be read.

    Raises LaterFormat.
    """
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if len(content) < _HEADER.size:
        return None
    magic, version, number, first = _HEADER.unpack_from(content)
    if magic != MAGIC:
        return None
    if version > FORMAT:
        raise LaterFormat(f"format {version}")
    changes: list[tuple[int, Sequence[Operation]]] = []
    at = _HEADER.size
    while at + _FRAME.size <= len(content):
        length, checksum, change = _FRAME.unpack_from(content, at)
        end = at + _FRAME.size + length
        body = content[at + _FRAME.size : end]
        if end > len(content) or change != first + len(changes) or checksum != _checksum(change, body):
            break
        changes.append((change, json.loads(body)))
        at = end
    return JournalFile(number, first, changes, at, len(content))


def read_mark(folder: Path) -> Mark | None:
    """What was acknowledged; None when that cannot be read. Raises LaterFormat."""
    try:
        content = (folder / MARK).read_bytes()
    except OSError:
        return None
    if len(content) != _MARK.size:
        return None
    magic, version, number, size_bytes, generation, checksum = _MARK.unpack(content)
    if magic != MAGIC or checksum != zlib.crc32(content[:-4]):
        return None
    if version > FORMAT:
        raise LaterFormat(f"format {version}")
    return Mark(number, size_bytes, generation)


def empty_journal(number: int, first: int) -> bytes:
    """A file that holds no change yet."""
    return _HEADER.pack(MAGIC, FORMAT, number, first)


def write_mark(folder: Path, mark: Mark) -> None:
    """Replace the mark, for a repair while no engine runs."""
    fields = _MARK.pack(MAGIC, FORMAT, mark.number, mark.size_bytes, mark.generation, 0)[:-4]
    (folder / MARK).write_bytes(fields + struct.pack(">I", zlib.crc32(fields)))


def _settle(told: Sequence[Settle], failure: Exception | None) -> None:
    for settle in told:
        settle(failure)


def _call(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception:
        log.exception("After a change was written")


def _frame(number: int, content: bytes) -> bytes:
    return _FRAME.pack(len(content), _checksum(number, content), number) + content


def _checksum(number: int, content: bytes) -> int:
    return zlib.crc32(content, zlib.crc32(number.to_bytes(8, "big")))


def _is_numbered(path: Path) -> bool:
    return path.name.split(".")[1].isdigit()


def _write_all(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]
