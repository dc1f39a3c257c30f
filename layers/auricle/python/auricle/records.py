"""Records that are kept whole (deals, calls, users, comments and the like), and the one optimistic write loop.

A kind says what its records are and where they belong; the store (`ports.RecordStore`) does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from auricle.errors import NotFound, PreconditionFailed, TransientError


class Record(Protocol):
    """What every record has. It is a frozen dataclass of JSON's values, moments, enums and further such dataclasses."""

    @property
    def org(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def revision(self) -> int: ...


T = TypeVar("T", bound=Record)
_Result = TypeVar("_Result")

_ATTEMPTS = 8
"""How often a write is tried that others keep forestalling."""


@dataclass(frozen=True, slots=True)
class RecordKind(Generic[T]):
    """One kind of record.

    Records with `of_recording` lie in their recording's partition, are read with it and removed with it; their field
    of that name holds its id. All others are the tenant's, and listed newest first.
    """

    name: str
    """Singular and unique: it is part of keys, and stored with each record."""
    record: type[T]
    missing: type[NotFound]
    of_recording: bool = False
    listed: bool = False
    """Of a recording's: whether the tenant's are listed too, over all recordings, newest first. Others always are."""

    def not_found(self, record_id: str) -> NotFound:
        """The error of an id that is unknown, or another tenant's: the two look the same."""
        return self.missing(f"There is no {self.name.replace('-', ' ')} {record_id}.")


class Page(NamedTuple, Generic[T]):
    """Some records, newest first, and where the next begin (None at the end)."""

    records: tuple[T, ...]
    next_position: Mapping[str, str] | None


def recording_of(record: Any) -> str:
    """The id of the recording that a record of a kind with `of_recording` belongs to."""
    return str(record.recording_id)


def until_written(attempt: Callable[[], _Result | None], failure: str) -> _Result:
    """Reads, decides and writes by calling `attempt` until it returns a result.

    This is the one optimistic write loop. Each attempt reads the record anew and writes it on the condition that it
    has not changed since; it returns None where somebody else wrote meanwhile.

    Raises:
        TransientError: no attempt succeeded. `failure` is its message.
    """
    for _ in range(_ATTEMPTS):
        result = attempt()
        if result is not None:
            return result
    raise TransientError(failure)


def check_revision(present: int | None, if_revision: int | None, message: str) -> None:
    """Checks that a record is at the revision that the client read; None is the revision of a record that is absent.

    Raises:
        PreconditionFailed: it is not. An `if_revision` of None accepts every revision.
    """
    if if_revision is not None and present != if_revision:
        raise PreconditionFailed(message)


def change_record(
    name: str,
    read: Callable[[], T],
    write: Callable[[T, T], bool],
    change: Callable[[T], T],
    *,
    if_revision: int | None,
    now: datetime | None = None,
) -> T:
    """Changes a record and returns it as stored. A change that changes nothing writes nothing.

    `name` says in messages what the record is. `write(after, before)` stores it if it is still as `before`, and says
    whether it was. `change` may be called several times, each time with the record as it then stands. `now`, where
    given, becomes `updated_at`.

    Raises:
        PreconditionFailed: it is not at `if_revision` (any more).
        TransientError: it kept changing under the write.
    """

    def attempt() -> T | None:
        before = read()
        check_revision(
            before.revision,
            if_revision,
            f"The {name} was changed meanwhile. Read it again, then send the change anew.",
        )
        after = change(before)
        if after == before:
            return before
        if now is not None:
            after = replace(after, updated_at=now)  # type: ignore[type-var]  # records are dataclasses
        if not write(after, before):
            return None
        return replace(after, revision=before.revision + 1)  # type: ignore[type-var]  # as above

    return until_written(attempt, f"The {name} kept changing while it was being written. Try again.")


def remove_record(name: str, read: Callable[[], T], remove: Callable[[T], bool], *, if_revision: int | None) -> T:
    """Removes a record and returns it as it was. `remove` says whether the record was still as it was read.

    Raises:
        PreconditionFailed: it is not at `if_revision` (any more).
        TransientError: it kept changing under the removal.
    """

    def attempt() -> T | None:
        record = read()
        check_revision(record.revision, if_revision, f"The {name} was changed meanwhile. Read it again, then ask anew.")
        return record if remove(record) else None

    return until_written(attempt, f"The {name} kept changing while it was being removed. Try again.")
