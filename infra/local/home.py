"""AURICLE_HOME: one folder with everything the local environment keeps."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.local.failures import HomeInUse, HomeUnusable

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parents[2]


def default_home() -> Path:
    """AURICLE_HOME, or `.auricle` in the checkout."""
    chosen = os.environ.get("AURICLE_HOME")
    return Path(chosen).expanduser().resolve() if chosen else CHECKOUT / ".auricle"


@dataclass(frozen=True)
class Home:
    """The folders beneath one AURICLE_HOME; all of them readable by their owner only."""

    root: Path

    @property
    def state(self) -> Path:
        """What the engine's services hold, as JSON, written by checkpoint.py."""
        return self.root / "state"

    @property
    def objects(self) -> Path:
        """The bucket's objects, written by the engine as they arrive."""
        return self.root / "objects"

    @property
    def keys(self) -> Path:
        """The key pair that signs this environment's tokens."""
        return self.root / "keys"

    @property
    def logs(self) -> Path:
        """engine.log, functions.log and one file per Batch job."""
        return self.root / "logs"

    @property
    def scratch(self) -> Path:
        """Temporary files of the engine and its functions, emptied at every start."""
        return self.root / "tmp"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Own this home until the end of the block. Raises HomeInUse when another engine does, HomeUnusable."""
        with usable(self.root):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                # The kernel lets go when the holder dies, however it dies: no stale lock after a kill -9.
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(lock, 32, 0).decode().strip() or "(unknown)"
                raise HomeInUse(str(self.root), holder) from None
            with usable(self.root):
                os.ftruncate(lock, 0)
                os.pwrite(lock, str(os.getpid()).encode(), 0)
                shutil.rmtree(self.scratch, ignore_errors=True)
                for folder in (self.state, self.objects, self.keys, self.logs, self.scratch):
                    folder.mkdir(mode=0o700, exist_ok=True)
            yield
        finally:
            os.close(lock)


@contextlib.contextmanager
def usable(root: Path) -> Iterator[None]:
    """Turn what the file system refuses into HomeUnusable, which names the path and the reason."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if isinstance(error, FileExistsError | NotADirectoryError):
            reason = f"{error.filename} is not a folder"
        elif error.filename and str(error.filename) != str(root):
            reason = f"{reason} ({error.filename})"
        raise HomeUnusable(str(root), reason) from error
