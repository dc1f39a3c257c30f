"""Looking at saved state while nothing runs, and going on from what can still be read of it.

Nothing is thrown away: what is damaged, and what belongs to it, is moved into a folder `damaged-…` beside it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from infra.local import saved_state
from infra.local.failures import LocalEnvironmentError, StateDamaged
from infra.local.files import write_durably
from infra.local.function_code import FUNCTIONS, damaged_code
from infra.local.journal import (
    MARK,
    JournalFile,
    Mark,
    empty_journal,
    journal_name,
    journal_numbers,
    read_journal,
    read_mark,
    write_mark,
)
from infra.local.object_files import ObjectDamaged, ObjectFiles, files_of
from infra.local.replay import replay
from infra.local.saved_state import JOURNALED, MANIFESTS, OBJECTS, TABLES, Manifest, ServiceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from infra.local.home import Home


class CannotRestore(LocalEnvironmentError):
    """Too little is left to go on from."""


@dataclass(frozen=True)
class Examined:
    """What `auricle state check` finds."""

    generation: int
    changes: int
    objects: int
    damages: Sequence[str]
    notes: Sequence[str]


@dataclass
class Restored:
    """What going on from here means."""

    lost: list[str] = field(default_factory=list)
    """Acknowledged, and not to be had any more."""
    moved_to: Path | None = None


def examine(home: Home, progress: Callable[[int, int], None] = lambda _done, _of: None) -> Examined:
    """Verify state, journal and the bytes of every object. Raises StateTooNew."""
    files = ObjectFiles(home.objects)
    try:
        saved = saved_state.read(home.state, objects_kept=bool(files.sizes()))
    except StateDamaged as failure:
        return Examined(0, 0, 0, failure.damages, ())
    wanted = list(files_of(_objects(saved.contents.get(OBJECTS), saved.changes, saved.replay_from)))
    code = damaged_code(home.state, saved.contents.get(FUNCTIONS, b""))
    damages = [f"{path.name}, a function's code, is missing or changed (the next start mends it)" for path in code]
    for number, (key, stored) in enumerate(wanted):
        progress(number, len(wanted))
        try:
            files.read(stored)
        except ObjectDamaged as damage:
            damages.append(f"the object {key}: {damage}")
    return Examined(saved.manifest.generation, len(saved.changes), len(wanted), damages, saved.notes)


def restore(home: Home, *, accept_loss: bool) -> Restored:
    """Make what can be read the state to start from. Without `accept_loss` only where nothing is lost by it.

    Raises CannotRestore, StateTooNew.
    """
    folder, result = home.state, Restored()
    files = ObjectFiles(home.objects)
    try:
        saved_state.read(folder, objects_kept=bool(files.sizes()))
    except StateDamaged:
        pass
    else:
        return result
    named = _newest_manifest(folder)
    services = _readable_services(folder, named, result.lost)
    journals, replaced = _readable_journals(folder, services, result.lost)
    if result.lost and not accept_loss:
        return result
    result.moved_to = aside = folder / f"damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    aside.mkdir(mode=0o700)
    _put_aside(folder, aside, services, replaced)
    for number, content in replaced.items():
        write_durably(folder / journal_name(number), content)
    known = [found.generation for path in aside.iterdir() if (found := ServiceFile.named(path.name))]
    used = [file.generation for file in services.values()]
    mark = read_mark(folder)
    generation = max([*known, *used, named.generation if named else 0, mark.generation if mark else 0]) + 1
    manifest = Manifest(generation, {service: [file] for service, file in services.items()})
    for name in MANIFESTS:
        write_durably(folder / name, manifest.encoded())
    last = max(journal_numbers(folder))
    write_mark(folder, Mark(last, (folder / journal_name(last)).stat().st_size, generation))
    _put_unknown_objects_aside(folder, files, aside, services, journals)
    return result


def _newest_manifest(folder: Path) -> Manifest | None:
    found = [manifest for name in MANIFESTS if (manifest := saved_state.read_manifest(folder / name))]
    return max(found, key=lambda manifest: manifest.generation, default=None)


def _readable_services(folder: Path, named: Manifest | None, lost: list[str]) -> dict[str, ServiceFile]:
    """The newest whole file of every service, whether a manifest names it or not."""
    services: dict[str, ServiceFile] = {}
    for path in folder.glob("*.json"):
        file = ServiceFile.named(path.name)
        if file is None or file.read(folder) is None:
            continue
        before = services.get(file.service)
        if before is None or before.generation < file.generation:
            services[file.service] = file
    for needed in (TABLES, OBJECTS):
        if needed not in services:
            raise CannotRestore(
                f"Nothing whole is left of {needed} in {folder}: it can only come back from a backup. The bytes of the "
                "objects are untouched. To begin anew, set AURICLE_HOME to another folder."
            )
    for service, files in sorted((named.services if named else {}).items()):
        if service not in services:
            lost.append(f"everything of {service}: none of its files is whole")
        elif service not in JOURNALED and services[service].generation < files[0].generation:
            lost.append(f"what changed in {service} after generation {services[service].generation}")
    if named is None:
        lost.append("possibly what changed in queues, rules and functions last: no manifest says what was the newest")
    return services


def _readable_journals(
    folder: Path, services: Mapping[str, ServiceFile], lost: list[str]
) -> tuple[list[JournalFile], dict[int, bytes]]:
    """What can be read from where the services need it, and the content for the files that must be replaced."""
    starts = [file.journal for file in services.values() if file.journal]
    mark = read_mark(folder)
    last = max([*journal_numbers(folder), *starts, mark.number if mark else 0])
    files: list[JournalFile] = []
    replaced: dict[int, bytes] = {}
    broken = False
    for number in range(min(starts), last + 1):
        found = None if broken else read_journal(folder / journal_name(number))
        following = files[-1].next if files else 1
        if found is None or (files and found.first != following):
            broken = True
            lost.append(f"the changes in {journal_name(number)}: it cannot be read, or does not follow the one before")
            replaced[number] = empty_journal(number, following)
            continue
        files.append(found)
        ends_early = mark is not None and mark.number == number and found.good_bytes < mark.size_bytes
        if found.good_bytes < found.size_bytes or ends_early:
            replaced[number] = (folder / journal_name(number)).read_bytes()[: found.good_bytes]
            if ends_early or number < last:
                lost.append(f"the changes from number {found.next} on, which {journal_name(number)} ended with")
                broken = number < last
    return files, replaced


def _put_aside(folder: Path, aside: Path, services: Mapping[str, ServiceFile], replaced: Mapping[int, bytes]) -> None:
    kept = {file.name for file in services.values()}
    for path in [*folder.glob("*.json*"), folder / MARK, *(folder / journal_name(number) for number in replaced)]:
        if path.exists() and path.name not in kept:
            (aside / path.name).write_bytes(path.read_bytes())
            if path.name not in MANIFESTS and path.name != MARK:
                path.unlink()


def _put_unknown_objects_aside(
    folder: Path,
    files: ObjectFiles,
    aside: Path,
    services: Mapping[str, ServiceFile],
    journals: Sequence[JournalFile],
) -> None:
    """Bytes whose description is lost would be taken for uploads that were never acknowledged."""
    changes: list[Any] = []
    start = 0
    for journal in journals:
        if journal.number == services[OBJECTS].journal:
            start = len(changes)
        for _number, operations in journal.changes:
            changes.extend(operations)
    objects = _objects(services[OBJECTS].read(folder), changes, {OBJECTS: start})
    known = {stored.name for _key, stored in files_of(objects)}
    unknown = files.sizes().keys() - known
    if unknown:
        (aside / "objects").mkdir(mode=0o700)
    for name in unknown:
        files.path(name).rename(aside / "objects" / name)


def _objects(content: bytes | None, changes: Sequence[Any], replay_from: Mapping[str, int]) -> Mapping[str, Any]:
    state = json.loads(content)["payload"] if content else {"objects": {}}
    replay({OBJECTS: state}, changes, replay_from)
    objects: Mapping[str, Any] = state["objects"]
    return objects
