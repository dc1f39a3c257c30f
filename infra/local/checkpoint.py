"""Saving the engine's state beside the journal, so that the journal may begin anew and a start need not repeat much.

What the journal repeats (tables, objects, executions, streams) is saved when the journal has grown, when its
definitions changed, and at a stop. The other services (queues, rules, functions and how far they have read) are
saved every second in which something happened. A save is one generation: all of it counts, or nothing (saved_state.py).
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from infra.local import glue
from infra.local.journal import JournalUnwritable
from infra.local.journaled_tables import delivered_up_to
from infra.local.saved_state import (
    EXECUTIONS,
    JOURNALED,
    OBJECTS,
    STREAMS,
    TABLES,
    checksum_of,
    commit,
    forget_superseded,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from infra.local.journal import Journal
    from infra.local.journaled_objects import JournaledObjects
    from infra.local.journaled_tables import JournaledTables
    from infra.local.saved_state import Manifest

INTERVAL_S = 1.0
# Queues, streams and functions go on for a moment after the last request; then nothing changes by itself.
SETTLES_WITHIN_S = 5.0
# A start repeats as much in a fraction of a second.
MAX_JOURNAL_BYTES = 16_000_000
# A service that changes while its state is copied raises; the next attempt nearly always succeeds.
ATTEMPTS = 8

log = logging.getLogger("auricle.local.checkpoint")


class Activity:
    """When something last happened that may have changed the state: a request, an invocation."""

    def __init__(self) -> None:
        self.last_s = time.monotonic()

    def note(self) -> None:
        """Something happened."""
        self.last_s = time.monotonic()


class Checkpoint:
    """Saves the engine's state into `folder`, at once (`save`) or when it is due (`start` … `stop`)."""

    def __init__(
        self,
        folder: Path,
        activity: Activity,
        *,
        manifest: Manifest,
        journal: Journal,
        tables: JournaledTables,
        objects: JournaledObjects,
        journal_bytes: int = 0,
    ) -> None:
        self._folder = folder
        self._activity = activity
        self._manifest = manifest
        self._journal = journal
        self._tables = tables
        self._objects = objects
        self._older_journal_bytes = journal_bytes
        self._definitions = ""
        self._saving = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoint", daemon=True)

    def start(self) -> None:
        """Save from now on whenever it is due."""
        self._thread.start()

    def stop(self) -> None:
        """Save everything a last time."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self.save(whole=True)

    def save(self, *, whole: bool = False, logs: bool = True) -> int:
        """Save what differs from the last save; with `whole` also what the journal repeats.

        `logs`: with the groups and alarms of CloudWatch. Returns the number of files written.
        Raises OSError, JournalUnwritable.
        """
        with self._saving:
            # First of all: a record that was delivered after this is delivered again, and none is skipped.
            delivered = delivered_up_to()
            changed: dict[str, tuple[bytes, int]] = {}
            services = glue.saved_services()
            # How far functions have read, before what they may have done by it.
            for service in sorted(services, key=lambda name: name != "lambda"):
                if service in JOURNALED or (service in glue.LOGS_AND_METRICS and not logs):
                    continue
                content = _read_and_encode(service, services[service])
                if content is not None:
                    changed[service] = (content, 0)
            definitions = self._fingerprint(services)
            if whole or definitions != self._definitions or self._journal_is_long():
                changed |= self._journaled(services, delivered)
                self._older_journal_bytes = 0
            return self._commit({name: file for name, file in changed.items() if self._differs(name, *file)})

    def _journaled(
        self, services: Mapping[str, Callable[[], Any]], delivered: Mapping[tuple[str, str, str], int]
    ) -> dict[str, tuple[bytes, int]]:
        # Whatever changes from here on is in the next journal file, and is repeated over the copies made now.
        journal = self._journal.rotate()
        glue.forget_old_histories()
        readers: dict[str, Callable[[], Any]] = {
            TABLES: self._tables.copy,
            OBJECTS: self._objects.copy,
            STREAMS: lambda: self._tables.copy_streams(delivered),
        }
        if EXECUTIONS in services:
            readers[EXECUTIONS] = services[EXECUTIONS]
        copied = {name: _read_and_encode(name, read) for name, read in readers.items()}
        if None in copied.values():  # too busy just now: the journal before stays
            return {}
        self._definitions = self._fingerprint(services)
        return {name: (content, journal) for name, content in copied.items() if content is not None}

    def _commit(self, changed: dict[str, tuple[bytes, int]]) -> int:
        if changed:
            self._manifest = commit(self._folder, self._manifest, changed)
            self._journal.note_generation(self._manifest.generation)
            forget_superseded(self._folder, self._manifest)
        return len(changed)

    def _differs(self, service: str, content: bytes, journal: int) -> bool:
        before = self._manifest.services.get(service)
        return journal > 0 or not before or before[0].checksum != checksum_of(content)

    def _journal_is_long(self) -> bool:
        return self._journal.size_bytes + self._older_journal_bytes > MAX_JOURNAL_BYTES

    def _fingerprint(self, services: Mapping[str, Callable[[], Any]]) -> str:
        """Of what the journal does not repeat although it belongs to a journaled service."""
        machines = glue.state_machines() if EXECUTIONS in services else {}
        state = {"tables": self._tables.definitions(), "machines": machines}
        return checksum_of(glue.encode_state(TABLES, state))

    def _run(self) -> None:
        seen_s = 0.0
        while not self._stopping.wait(INTERVAL_S):
            if self._activity.last_s + SETTLES_WITHIN_S < seen_s and not glue.executions_in_progress():
                continue
            seen_s = time.monotonic()
            try:
                self.save(logs=False)
            except (OSError, JournalUnwritable):
                log.exception("The state could not be saved to %s", self._folder)


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
