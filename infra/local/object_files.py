"""The bytes of the bucket's objects: a file for each version, never written again, with its checksum elsewhere.

What a version's file is called, how long it is and its SHA-256 stand in the description of its key, which the
journal keeps. A file that is gone, or holds something else, is an error when it is read.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from infra.local.files import fsync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


class ObjectDamaged(Exception):
    """The stored bytes are not those that were uploaded."""


@dataclass(frozen=True)
class StoredBytes:
    """One file, as the description of its key names it."""

    name: str
    size_bytes: int
    sha256: str

    def as_json(self) -> list[Any]:
        return [self.name, self.size_bytes, self.sha256]

    @classmethod
    def from_json(cls, content: list[Any]) -> StoredBytes:
        return cls(*content)


class ObjectFiles:
    """A folder of them, in 256 folders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: set[str] = set()

    def write(self, content: bytes) -> StoredBytes:
        """On the disk when this returns."""
        name = uuid4().hex
        path = self.path(name)
        if name[:2] not in self._made:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fsync_folder(self._folder)
            self._made.add(name[:2])
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # of a new file this also keeps its name, on every journaling file system
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return StoredBytes(name, len(content), hashlib.sha256(content).hexdigest())

    def read(self, stored: StoredBytes) -> bytes:
        """Raises ObjectDamaged."""
        try:
            content = self.path(stored.name).read_bytes()
        except FileNotFoundError:
            raise ObjectDamaged(f"its file {self.path(stored.name)} is missing") from None
        if len(content) != stored.size_bytes:
            raise ObjectDamaged(
                f"its file {self.path(stored.name)} has {len(content)} bytes instead of {stored.size_bytes}"
            )
        if hashlib.sha256(content).hexdigest() != stored.sha256:
            raise ObjectDamaged(f"its file {self.path(stored.name)} has another checksum than when it was written")
        return content

    def remove(self, stored: StoredBytes) -> None:
        self.path(stored.name).unlink(missing_ok=True)

    def path(self, name: str) -> Path:
        return self._folder / name[:2] / name

    def sizes(self) -> dict[str, int]:
        """Every file there is, and its bytes."""
        return {
            entry.name: entry.stat().st_size
            for folder in (self._folder.iterdir() if self._folder.is_dir() else ())
            if folder.is_dir() and len(folder.name) == 2
            for entry in os.scandir(folder)
        }


def files_of(objects: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Iterable[tuple[str, StoredBytes]]:
    """`bucket/key` and file of every version of every object, from the saved descriptions."""
    for buckets in objects.values():
        for bucket, keys in buckets.items():
            for key, description in keys.items():
                for stored in description["files"].values():
                    yield f"{bucket}/{key}", StoredBytes.from_json(stored)
