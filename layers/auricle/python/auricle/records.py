"""Kinds of records that are kept whole, one by one: deals, calls, users, comments and the like.

A kind says what its records are and where they belong; the store (`ports.RecordStore`) does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

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

_ATTEMPTS = 8


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
    stored_whole: bool = False
    """Stored with fields at their default too: a default that changes in the code changes nothing stored."""

    def not_found(self, record_id: str) -> NotFound:
        """The error of an id that is unknown, or another tenant's: the two look the same."""
        return self.missing(f"There is no {self.name.replace('-', ' ')} {record_id}.")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some records, newest first, and where the next begin (None at the end)."""

    records: tuple[T, ...]
    next_position: Mapping[str, str] | None


def recording_of(record: Any) -> str:
    """The id of the recording that a record of a kind with `of_recording` belongs to."""
    return str(record.recording_id)


def change_record(
    what: str,
    read: Callable[[], T],
    write: Callable[[T, T], bool],
    change: Callable[[T], T],
    *,
    now: datetime,
    if_revision: int | None,
) -> T:
    """A record with `updated_at` as `change` makes it, stored by `write(after, before)`; `what` names its kind.

    A change that changes nothing writes nothing.

    Raises:
        PreconditionFailed: it is not at `if_revision` (any more).
        TransientError: it kept changing under the write.
    """
    for _ in range(_ATTEMPTS):
        before = read()
        if if_revision is not None and before.revision != if_revision:
            raise PreconditionFailed(f"The {what} was changed meanwhile. Read it again, then send the change anew.")
        after = change(before)
        if after == before:
            return before
        after = replace(after, updated_at=now)  # type: ignore[type-var]  # records are dataclasses
        if write(after, before):
            return replace(after, revision=before.revision + 1)  # type: ignore[type-var]  # as above
    raise TransientError(f"The {what} kept changing while it was being written. Try again.")
