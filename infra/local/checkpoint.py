"""The engine's state, saved every second when something changed, so that a SIGKILL loses at most that second.

The engine itself saves only when it is stopped politely (the bucket's objects are the exception: they reach
the disk as they arrive). A save covers all services or none: the files of one save are written aside, a list of
them is committed by one rename, and only then do they take their places. `roll_forward` finishes, at the next
start, a save that was cut off after its commit; one cut off before it leaves the previous save as it was.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from infra.local import glue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

INTERVAL_S = 1.0
# Queues, streams and logs go on for a moment after the last request; then nothing more changes by itself.
SETTLING_SAVES = 3
# A large state takes long to copy (10,000 items of 3 KB: 0.4 s). Saving may take this share of the time and no
# more, so that then a kill may lose more than a second.
MAX_SHARE = 0.25
# A service that changes while its state is copied raises; the next attempt nearly always succeeds.
ATTEMPTS = 8

_COMMITTED = "committed.list"
_ASIDE = ".next"

log = logging.getLogger("auricle.local.checkpoint")


class Activity:
    """Counts what may have changed the state: requests, invocations. Cheap enough to call on every one."""

    def __init__(self) -> None:
        self.count = 0

    def note(self) -> None:
        """Something happened. A lost increment between threads is harmless: the count still moved."""
        self.count += 1


def roll_forward(folder: Path) -> None:
    """Bring `folder` to the last committed save. Call before the engine reads it."""
    committed = folder / _COMMITTED
    if committed.exists():
        for name in json.loads(committed.read_text()):
            aside = folder / (name + _ASIDE)
            if aside.exists():
                aside.replace(folder / name)
        committed.unlink()
    for leftover in folder.glob("*" + _ASIDE):
        leftover.unlink()


class Checkpoint:
    """Saves the engine's state into `folder`, at once (`save`) or every second (`start` … `stop`)."""

    def __init__(self, folder: Path, activity: Activity) -> None:
        self._folder = folder
        self._activity = activity
        self._written: dict[str, bytes] = {}
        self._saving = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoint", daemon=True)
        self.last_duration_s = 0.0

    def start(self) -> None:
        """Save every second from now on, when something changed."""
        self._thread.start()

    def stop(self) -> None:
        """Save a last time."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self.save()

    def save(self, *, logs: bool = True) -> int:
        """Save everything that differs from the last save, with or without the groups and alarms of CloudWatch.

        Returns the number of files written.
        """
        with self._saving:
            began_s = time.monotonic()
            changed: dict[str, bytes] = {}
            glue.forget_old_histories()
            for service, read_state in glue.saved_services().items():
                if service in glue.LOGS_AND_METRICS and not logs:
                    continue
                encoded = _read_and_encode(service, read_state)
                if encoded is not None and self._written.get(service) != hashlib.sha256(encoded).digest():
                    changed[service] = encoded
            if changed:
                self._commit(changed)
            self.last_duration_s = time.monotonic() - began_s
            return len(changed)

    def _commit(self, changed: dict[str, bytes]) -> None:
        names = {service: f"{service}.json" for service in changed}
        for service, name in names.items():
            _write(self._folder / (name + _ASIDE), changed[service])
        listing = self._folder / (_COMMITTED + ".writing")
        _write(listing, json.dumps(sorted(names.values())).encode())
        listing.replace(self._folder / _COMMITTED)
        roll_forward(self._folder)
        for service, encoded in changed.items():
            self._written[service] = hashlib.sha256(encoded).digest()

    def _run(self) -> None:
        seen = -1
        settling = 0
        pause_s = INTERVAL_S
        while not self._stopping.wait(pause_s):
            if self._activity.count != seen or glue.executions_in_progress():
                settling = SETTLING_SAVES
            elif settling == 0:
                continue
            seen = self._activity.count
            settling -= 1
            try:
                self.save(logs=False)
            except OSError:
                log.exception("The state could not be saved to %s", self._folder)
            pause_s = max(INTERVAL_S, self.last_duration_s / MAX_SHARE)


def _read_and_encode(service: str, read_state: Callable[[], Mapping[str, Any] | None]) -> bytes | None:
    for attempt in range(ATTEMPTS):
        try:
            state = read_state()
            return None if state is None else glue.encode_state(service, state)
        except RuntimeError:  # dictionary changed size during iteration
            if attempt == ATTEMPTS - 1:
                log.warning("%s changed too fast to be saved; trying again in a second", service)
            time.sleep(0.005 * (attempt + 1))
    return None


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
