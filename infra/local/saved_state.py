"""The folder of saved state: files of every service, the journal since, and a manifest that says what belongs together.

A file's name carries the checksum of its content. Of every service the last two files are kept, with the journal
since the older one; the manifest is written twice. So one damaged file of tables, objects or executions loses
nothing: the file before it and the journal give the same. Of the other services (queues, rules, functions) the
journal says nothing: a damaged file of theirs stops the start, as does a journal that ends too early.

    manifest.json  manifest.copy.json  journal.mark
    SERVICE.GENERATION.JOURNAL.CHECKSUM.json      journal.NUMBER.log
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra.local.failures import StateDamaged, StateTooNew, StateTooOld
from infra.local.files import fsync_folder, write_durably
from infra.local.journal import (
    MARK,
    JournalFile,
    LaterFormat,
    journal_name,
    journal_numbers,
    read_journal,
    read_mark,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from infra.local.journal import Mark, Operation

FORMAT = 1
MANIFESTS = ("manifest.json", "manifest.copy.json")
BEFORE_MANIFESTS = "dynamodb.json"
"""A file's name of the versions that wrote no manifest and no journal."""

TABLES = "dynamodb"
EXECUTIONS = "stepfunctions"
OBJECTS = "auricle_objects"
STREAMS = "auricle_streams"
JOURNALED = frozenset({TABLES, EXECUTIONS, OBJECTS, STREAMS})
"""What the journal repeats every change of."""

_FILE = re.compile(r"^(?P<service>\w+)\.(?P<generation>\d{8})\.(?P<journal>\d{8})\.(?P<checksum>[0-9a-f]{32})\.json$")


@dataclass(frozen=True)
class ServiceFile:
    """One service's state as of one save."""

    service: str
    generation: int
    journal: int
    """The journal file that begins where this state was copied; 0 where the journal says nothing of the service."""
    checksum: str

    @property
    def name(self) -> str:
        return f"{self.service}.{self.generation:08d}.{self.journal:08d}.{self.checksum}.json"

    @classmethod
    def named(cls, name: str) -> ServiceFile | None:
        """The file a name stands for; None where it is no such name."""
        found = _FILE.match(name)
        if found is None:
            return None
        return cls(found["service"], int(found["generation"]), int(found["journal"]), found["checksum"])

    def read(self, folder: Path) -> bytes | None:
        """The content; None where it is gone, or not what was written."""
        try:
            content = (folder / self.name).read_bytes()
        except OSError:
            return None
        return content if checksum_of(content) == self.checksum else None


@dataclass(frozen=True)
class Manifest:
    """What one generation consists of: of every service the newest file, then the one before it."""

    generation: int
    services: Mapping[str, Sequence[ServiceFile]]

    def encoded(self) -> bytes:
        content = {
            "format": FORMAT,
            "generation": self.generation,
            "services": {name: [file.name for file in files] for name, files in sorted(self.services.items())},
        }
        return json.dumps({**content, "checksum": checksum_of(_canonical(content))}, indent=1).encode()

    def files(self) -> set[str]:
        """The names of everything it needs."""
        return {file.name for files in self.services.values() for file in files}

    @property
    def first_journal(self) -> int:
        """Journal files before this one are needed no more."""
        return min((file.journal for files in self.services.values() for file in files if file.journal), default=0)


@dataclass(frozen=True)
class SavedState:
    """What a start begins from."""

    manifest: Manifest
    contents: Mapping[str, bytes]
    """Every service's state, as it was saved."""
    changes: Sequence[Operation]
    """What happened since, in order, from `replay_from` on."""
    replay_from: Mapping[str, int]
    """The index in `changes` from which each journaled service has to repeat them."""
    next_change: int
    next_journal: int
    notes: Sequence[str] = field(default=())
    """What was damaged and could be made good: for the person who starts it."""


def forget(folder: Path) -> None:
    """Remove what a first start that was cut off has left."""
    for path in [*folder.glob("*.json*"), *folder.glob("journal.*")]:
        path.unlink()


def empty() -> SavedState:
    """Of a new home."""
    return SavedState(Manifest(0, {}), {}, (), {}, next_change=1, next_journal=1)


def checksum_of(content: bytes) -> str:
    """128 bits of SHA-256, as they stand in names."""
    return hashlib.sha256(content).hexdigest()[:32]


# --- reading ---------------------------------------------------------------------------------------------------


def read(folder: Path, *, objects_kept: bool) -> SavedState:
    """The state the folder holds, verified. An empty one where nothing was ever saved.

    `objects_kept`: bytes of objects lie beside it, so that state was saved once.
    Raises StateDamaged, StateTooNew, StateTooOld.
    """
    try:
        mark = read_mark(folder)
        manifests, damages = _read_manifests(folder)
        if not manifests:
            if _was_never_saved(folder, mark, objects_kept=objects_kept):
                return empty()
            if mark is None and (folder / BEFORE_MANIFESTS).exists():
                raise StateTooOld(str(folder))
            raise StateDamaged(str(folder), damages or ["manifest.json is missing, and so is its copy"])
        manifest = max(manifests, key=lambda one: one.generation)
        if mark is not None and mark.generation > manifest.generation:
            damages.append(f"generation {mark.generation} was saved; the manifests know of {manifest.generation}")
            raise StateDamaged(str(folder), damages)
        notes = damages
        contents, used, damages = _read_services(folder, manifest, notes)
        files = _read_journals(folder, mark, used, damages, notes)
    except LaterFormat as later:
        raise StateTooNew(str(folder), str(later)) from later
    if damages:
        raise StateDamaged(str(folder), damages)
    return _joined(manifest, contents, used, files, notes)


def _was_never_saved(folder: Path, mark: Mark | None, *, objects_kept: bool) -> bool:
    """A new home, or one whose very first start was cut off: nothing was served before its first save."""
    if mark is not None:
        return mark.generation == 0
    changes = [found for number in journal_numbers(folder) if (found := read_journal(folder / journal_name(number)))]
    return not objects_kept and not any(folder.glob("*.json")) and not any(file.changes for file in changes)


def _read_manifests(folder: Path) -> tuple[list[Manifest], list[str]]:
    """Those that can be read, and what is wrong with the others."""
    found, damages = [], []
    for name in MANIFESTS:
        manifest = read_manifest(folder / name)
        if manifest is None:
            there = (folder / name).exists()
            damages.append(f"{name} {'is cut short or changed' if there else 'is missing'}")
        else:
            found.append(manifest)
    return found, damages


def read_manifest(path: Path) -> Manifest | None:
    """None where it is missing or damaged. Raises LaterFormat."""
    try:
        content: Any = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict):
        return None
    if isinstance(content.get("format"), int) and content["format"] > FORMAT:
        raise LaterFormat(f"{path.name} has format {content['format']}; this version reads {FORMAT}")
    if content.pop("checksum", None) != checksum_of(_canonical(content)):
        return None
    services = {
        service: [file for name in names if (file := ServiceFile.named(name))]
        for service, names in content["services"].items()
    }
    return Manifest(content["generation"], services)


def _read_services(
    folder: Path, manifest: Manifest, notes: list[str]
) -> tuple[dict[str, bytes], dict[str, ServiceFile], list[str]]:
    """The newest file of each service; the one before it where the journal makes up for the difference."""
    contents: dict[str, bytes] = {}
    used: dict[str, ServiceFile] = {}
    damages: list[str] = []
    for service, files in manifest.services.items():
        wrong = []
        for file in files if service in JOURNALED else files[:1]:
            content = file.read(folder)
            if content is not None:
                contents[service], used[service] = content, file
                break
            wrong.append(f"{file.name} {_what_is_wrong(folder, file.name)}")
        (notes if service in used else damages).extend(wrong)
    return contents, used, damages


def _what_is_wrong(folder: Path, name: str) -> str:
    path = folder / name
    if not path.exists():
        return "is missing"
    return "is empty" if path.stat().st_size == 0 else "is cut short or changed"


def _read_journals(
    folder: Path, mark: Mark | None, used: Mapping[str, ServiceFile], damages: list[str], notes: list[str]
) -> list[JournalFile]:
    """Every journal file that is needed; what is wrong with them is added to `damages` or `notes`."""
    numbers = journal_numbers(folder)
    needed = min((file.journal for file in used.values() if file.journal), default=numbers[0] if numbers else 1)
    last = max([*numbers, needed, mark.number if mark else 0])
    files: list[JournalFile] = []
    for number in range(needed, last + 1):
        name = journal_name(number)
        found = read_journal(folder / name)
        if found is None:
            damages.append(f"{name} {_what_is_wrong(folder, name)}")
            return files
        if files and found.first != files[-1].next:
            damages.append(f"{journal_name(number - 1)} ends before {name} begins: changes between are missing")
            return files
        files.append(found)
    final = files[-1]
    if mark is not None and mark.number == last and final.good_bytes < mark.size_bytes:
        lost = mark.size_bytes - final.good_bytes
        damages.append(f"{journal_name(last)} is cut short or changed: its last {lost} acknowledged bytes are missing")
    if mark is None:
        wrong = f"{MARK} {_what_is_wrong(folder, MARK)}"
        if final.good_bytes < final.size_bytes:
            damages.append(f"{wrong}, and {journal_name(last)} ends in the middle of a change")
        else:
            notes.append(f"{wrong}; {journal_name(last)} ends with a whole change")
    return files


def _joined(
    manifest: Manifest,
    contents: Mapping[str, bytes],
    used: Mapping[str, ServiceFile],
    files: Sequence[JournalFile],
    notes: Sequence[str],
) -> SavedState:
    changes: list[Operation] = []
    begins: dict[int, int] = {}
    for file in files:
        begins[file.number] = len(changes)
        for _number, operations in file.changes:
            changes.extend(operations)
    return SavedState(
        manifest=manifest,
        contents=contents,
        changes=changes,
        replay_from={service: begins[file.journal] for service, file in used.items() if file.journal},
        next_change=files[-1].next,
        next_journal=files[-1].number + 1,
        notes=notes,
    )


# --- writing ---------------------------------------------------------------------------------------------------


def commit(folder: Path, before: Manifest, changed: Mapping[str, tuple[bytes, int]]) -> Manifest:
    """Write the services that changed (content, and the journal file from which to repeat) as one generation.

    All or none: until the manifest is renamed into its place, the generation before is the one that counts.
    """
    generation = before.generation + 1
    services = {name: list(files) for name, files in before.services.items()}
    for service, (content, journal) in changed.items():
        file = ServiceFile(service, generation, journal, checksum_of(content))
        write_durably(folder / file.name, content)
        services[service] = [file, *services.get(service, ())][:2]
    manifest = Manifest(generation, services)
    for name in MANIFESTS:
        write_durably(folder / name, manifest.encoded())
    return manifest


def forget_superseded(folder: Path, manifest: Manifest) -> None:
    """Remove what the manifest needs no more, once the journal's mark names its generation."""
    needed = manifest.files()
    for path in folder.glob("*.json*"):
        if path.name not in needed and path.name not in MANIFESTS:
            path.unlink()
    for number in journal_numbers(folder):
        if number < manifest.first_journal:
            (folder / journal_name(number)).unlink()
    fsync_folder(folder)


def _canonical(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
