"""What was acknowledged survives a kill: saved state is verified and loaded, changes are journaled from then on.

`prepare` reads and verifies everything, before anything is served. `install` hooks it into the engine; the engine
asks for its state as it starts. Answers leave only when the changes they may show are on the disk.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from infra.local import saved_state
from infra.local.failures import LocalEnvironmentError, StateDamaged, StateTooNew
from infra.local.function_code import FUNCTIONS, damaged_code, mend
from infra.local.journal import Journal, JournalUnwritable
from infra.local.object_files import ObjectFiles, files_of
from infra.local.replay import CannotReplay, replay
from infra.local.saved_state import OBJECTS, STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.local.checkpoint import Activity, Checkpoint
    from infra.local.home import Home
    from infra.local.saved_state import SavedState

log = logging.getLogger("auricle.local.durability")


class Durability:
    """The saved state, the journal, and the engine's hooks of one running environment."""

    def __init__(self, home: Home, progress: Callable[[str], None]) -> None:
        """Verify what is there. Raises StateDamaged, StateTooNew, StateTooOld."""
        self._folder = home.state
        self._progress = progress
        self._files = ObjectFiles(home.objects)
        self._on_disk = self._files.sizes()
        self._saved: SavedState = saved_state.read(home.state, objects_kept=bool(self._on_disk))
        if self._saved.manifest.generation == 0:
            self._forget_cut_off_start()
        self._states = self._replayed()
        self._warn([*self._saved.notes, *self._mend_code()])
        self.failure: LocalEnvironmentError | None = None
        self.journal = Journal(
            home.state,
            number=self._saved.next_journal,
            first=self._saved.next_change,
            generation=self._saved.manifest.generation,
        )

    def _forget_cut_off_start(self) -> None:
        """The very first start was cut off before its first save: nobody was answered yet."""
        saved_state.forget(self._folder)
        for name in self._on_disk:
            self._files.path(name).unlink(missing_ok=True)
        self._on_disk = {}

    def install(self) -> None:
        """Hook into the engine. Call once, after it was imported and before it starts."""
        from infra.local import glue
        from infra.local.journaled_executions import JournaledExecutions
        from infra.local.journaled_objects import JournaledObjects
        from infra.local.journaled_tables import JournaledTables

        self._tables = JournaledTables(self.journal)
        self._objects = JournaledObjects(self.journal, self._files)
        for journaled in (self._tables, self._objects, JournaledExecutions(self.journal)):
            journaled.install()
        glue.LOAD_ALL_STATE.replace(self._load)

    def before_invocation(self) -> None:
        """A function may tell the world what it is told: no sooner than that is on the disk."""
        try:
            self.journal.wait_written()
        except JournalUnwritable:
            log.exception("A function is invoked although the journal cannot be written")

    def answering_when_written(self, application: Any) -> Any:
        """The ASGI application; each answer waits until what it may show is on the disk."""

        async def serve(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await application(scope, receive, send)
                return
            refused = False

            async def send_when_written(message: Any) -> None:
                nonlocal refused
                if message["type"] == "http.response.start":
                    try:
                        await self.journal.written()
                    except JournalUnwritable as failure:
                        refused = True
                        await _refuse(send, str(failure))
                if not refused:
                    await send(message)

            await application(scope, receive, send_when_written)

        return serve

    def checkpoint(self, activity: Activity) -> Checkpoint:
        """What saves the state from now on."""
        from infra.local.checkpoint import Checkpoint

        return Checkpoint(
            self._folder,
            activity,
            manifest=self._saved.manifest,
            journal=self.journal,
            tables=self._tables,
            objects=self._objects,
            journal_bytes=sum(path.stat().st_size for path in self._folder.glob("journal.*.log")),
        )

    def close(self) -> None:
        """Write what is left of the journal."""
        self.journal.close()

    # --- loading ------------------------------------------------------------------------------------------

    def _load(self) -> None:
        """In the place of the engine's own loading, which goes on with nothing where it cannot read."""
        try:
            self._load_services()
        except LocalEnvironmentError as failure:
            self.failure = failure
            raise

    def _replayed(self) -> dict[str, Any]:
        """Every service's state with what the journal repeats. Raises StateDamaged, StateTooNew."""
        from infra.local import glue

        saved = self._saved
        try:
            states = {service: glue.decode_state(service, content) for service, content in saved.contents.items()}
            replay(states, saved.changes, saved.replay_from)
        except glue.LaterState as later:
            raise StateTooNew(str(self._folder), str(later)) from later
        except CannotReplay as failure:
            raise StateDamaged(str(self._folder), [str(failure)]) from failure
        return states

    def _mend_code(self) -> list[str]:
        """What was put back of the functions' code. Raises StateDamaged."""
        damaged = damaged_code(self._folder, self._saved.contents.get(FUNCTIONS, b""))
        lost = [path for path in damaged if not mend(path, self._files, self._states[OBJECTS]["objects"])]
        if lost:
            names = [f"lambda-blobs/{path.name}, a function's code, is missing or changed" for path in lost]
            raise StateDamaged(str(self._folder), names)
        return [f"lambda-blobs/{path.name}, a function's code, was missing or changed" for path in damaged]

    def _load_services(self) -> None:
        from infra.local import glue

        if not self._states:
            return
        states, self._states = self._states, {}
        objects, streams = states.pop(OBJECTS), states.pop(STREAMS)
        # Before the functions that read them begin to.
        self._tables.load_streams(streams)
        for service, state in states.items():
            try:
                glue.load_into_service(service, state)
            except Exception as error:
                log.exception("The state of %s could not be loaded", service)
                damage = f"the state of {service} is not what the engine expects ({type(error).__name__}: {error})"
                raise StateDamaged(str(self._folder), [damage]) from error
        self._objects.load(objects)
        self._match_files(objects["objects"])

    def _match_files(self, objects: dict[str, Any]) -> None:
        """Bytes that nothing names any more go (uploads that were never acknowledged); missing ones are announced."""
        needed = {stored.name: (key, stored) for key, stored in files_of(objects)}
        missing = [key for name, (key, stored) in needed.items() if self._on_disk.get(name, -1) != stored.size_bytes]
        if missing:
            shown = ", ".join(sorted(missing)[:3])
            self._warn([f"the bytes of {len(missing)} stored object(s) are missing or cut short ({shown} …)"])
        if not self._saved.notes:
            for name in self._on_disk.keys() - needed.keys():
                self._files.path(name).unlink(missing_ok=True)
        self._on_disk = {}

    def _warn(self, notes: Any) -> None:
        for note in notes:
            log.warning("%s", note)
            self._progress(f"Warning: {note}. What could be made good was; `auricle state check` says more.")


async def _refuse(send: Any, message: str) -> None:
    body = f"{message} Nothing was acknowledged.".encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
