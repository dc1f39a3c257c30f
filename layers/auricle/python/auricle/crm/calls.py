"""Telephone calls, and the logs of their recordings.

A call holds its logs: saving one is a single conditional write, and a call is read back whole.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from auricle.errors import (
    CallNotFound,
    Conflict,
    ContactNotFound,
    InvalidRequest,
    RecordingNotFound,
)
from auricle.identifiers import new_id
from auricle.records import RecordKind, change_record

if TYPE_CHECKING:
    from auricle.ports import ContactStore, RecordingStore, RecordStore

PHONE_PATTERN = r"^\+?[0-9][0-9 ()./-]{0,38}$"
MAX_LOGS = 20
"""Recordings that a call may have logs of."""
MAX_METADATA_BYTES = 8192
MAX_METADATA_DEPTH = 5
MAX_METADATA_KEYS = 100
MAX_INTEGER = 2**53 - 1
"""The largest whole number that every client reads as it was written."""


class Direction(StrEnum):
    """Who called whom, as the tenant sees it. The values are wire names."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class TranscriptionStatus(StrEnum):
    """How far a recording's transcription is. The values are wire names."""

    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RecordingLog:
    """What is known of one recording of a call. The recording may be Auricle's own (`linked`) or lie elsewhere."""

    recording_id: str
    recording_url: str
    duration_s: int
    created_at: datetime
    updated_at: datetime
    transcription_id: str | None = None
    transcription_status: TranscriptionStatus | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    metadata: Mapping[str, Any] | None = None
    linked: bool = False


@dataclass(frozen=True, slots=True)
class TelephoneCall:
    """A call of the tenant's, with the logs of its recordings in the order they were first saved."""

    org: str
    id: str
    registered_at: datetime
    updated_at: datetime
    direction: Direction
    revision: int = 1
    from_number: str | None = None
    to_number: str | None = None
    agent_id: str | None = None
    contact_id: str | None = None
    campaign_id: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    metadata: Mapping[str, Any] | None = None
    logs: tuple[RecordingLog, ...] = ()

    @property
    def created_at(self) -> datetime:
        """Its place in listings: when it began or, where nobody says, when it was registered."""
        return self.started_at or self.registered_at

    @property
    def duration_s(self) -> int | None:
        """Its length in whole seconds; None until both ends are known."""
        if self.started_at is None or self.ended_at is None:
            return None
        return round((self.ended_at - self.started_at).total_seconds())

    @property
    def linked_recording_ids(self) -> tuple[str, ...]:
        """Those of its recordings that are Auricle's own."""
        return tuple(log.recording_id for log in self.logs if log.linked)

    def log(self, recording_id: str) -> RecordingLog | None:
        """The log of that recording, where there is one; of two, the one of Auricle's own recording."""
        logs = [log for log in self.logs if log.recording_id == recording_id]
        return next((log for log in logs if log.linked), logs[0] if logs else None)

    def without_logs_of(self, hidden: frozenset[str]) -> TelephoneCall:
        """The call as it is seen by whom those of Auricle's recordings are hidden from."""
        return replace(self, logs=tuple(log for log in self.logs if not (log.linked and log.recording_id in hidden)))


CALLS = RecordKind("call", TelephoneCall, CallNotFound)

Changes = Mapping[str, Any]
"""Fields by their names here, and their new values: what is not named stays as it is."""


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls to list; None filters nothing."""

    direction: Direction | None = None
    agent_id: str | None = None
    campaign_id: str | None = None
    contact_id: str | None = None
    recording_id: str | None = None

    def admits(self, call: TelephoneCall) -> bool:
        """Whether the call is one of those asked for."""
        return (
            self.direction in (None, call.direction)
            and self.agent_id in (None, call.agent_id)
            and self.campaign_id in (None, call.campaign_id)
            and self.contact_id in (None, call.contact_id)
            and (self.recording_id is None or call.log(self.recording_id) is not None)
        )


def no_such_call(call_id: str) -> CallNotFound:
    """In the words of the calls API's document."""
    return CallNotFound(f"Call not found: {call_id}.")


def find_call(org: str, call_id: str, *, calls: RecordStore[TelephoneCall]) -> TelephoneCall:
    """The tenant's call. Raises CallNotFound."""
    try:
        return calls.get(org, call_id)
    except CallNotFound:
        raise no_such_call(call_id) from None


def register_call(
    org: str,
    call_id: str | None,
    facts: Changes,
    *,
    calls: RecordStore[TelephoneCall],
    contacts: ContactStore,
    now: datetime,
) -> TelephoneCall:
    """A new call; without an id one is made. `facts` holds its direction at least.

    Raises:
        Conflict: the id is taken.
        InvalidRequest: the call ends before it begins, or its contact is not the tenant's.
    """
    call = TelephoneCall(org=org, id=call_id or new_id("call", now), registered_at=now, updated_at=now, **facts)
    _check(call, facts, contacts)
    calls.add(call)
    return call


def change_call(
    org: str,
    call_id: str,
    changes: Changes,
    *,
    calls: RecordStore[TelephoneCall],
    contacts: ContactStore,
    now: datetime,
    if_revision: int | None = None,
) -> TelephoneCall:
    """The call with other facts. A change that changes nothing writes nothing.

    Raises:
        CallNotFound: no such call of the tenant.
        InvalidRequest: the call would end before it begins, or its contact is not the tenant's.
        PreconditionFailed: it is not at `if_revision` (any more).
        TransientError: it kept changing under the write.
    """

    def changed(before: TelephoneCall) -> TelephoneCall:
        after = replace(before, **changes)
        if after == before:
            return before
        _check(after, changes, contacts)
        return replace(after, updated_at=now)

    return _change(org, call_id, changed, calls, if_revision)


class UpsertOutcome(StrEnum):
    """What became of a call that another system told of."""

    REGISTERED = "registered"
    CHANGED = "changed"
    KNOWN = "known"


def upsert_call(
    org: str,
    call_id: str,
    facts: Changes,
    *,
    happened_at: datetime,
    calls: RecordStore[TelephoneCall],
    contacts: ContactStore,
) -> UpsertOutcome:
    """Registers a call that another system tells of, or brings it up to date, however often it is told.

    Events come twice, and late: one that is no younger than what is known only adds what was not known.

    Raises:
        InvalidRequest: the call ends before it begins, or its contact is not the tenant's.
        TransientError: the call kept changing under the write.
    """
    try:
        register_call(org, call_id, facts, calls=calls, contacts=contacts, now=happened_at)
    except Conflict:
        outcome = UpsertOutcome.KNOWN
    else:
        return UpsertOutcome.REGISTERED

    def update(before: TelephoneCall) -> TelephoneCall:
        nonlocal outcome
        late = happened_at <= before.updated_at
        news = {name: fact for name, fact in facts.items() if not (late and _is_known(before, name))}
        after = replace(before, **news)
        outcome = UpsertOutcome.KNOWN if after == before else UpsertOutcome.CHANGED
        if outcome is UpsertOutcome.KNOWN:
            return before
        _check(after, news, contacts)
        return replace(after, updated_at=max(happened_at, before.updated_at))

    _change(org, call_id, update, calls, None)
    return outcome


def save_log(
    org: str,
    call_id: str,
    recording_id: str,
    facts: Changes,
    *,
    calls: RecordStore[TelephoneCall],
    recordings: RecordingStore,
    now: datetime,
    sees_all: bool,
    if_revision: int | None = None,
) -> tuple[TelephoneCall, RecordingLog]:
    """The log of one recording, new or brought up to date; `facts` holds its URL and length at least.

    What an update does not name stays as it was. A recording of the tenant's own that the caller may open is linked
    to the call, and stays linked, whoever changes the log later. Where the caller does not see all recordings, and has
    none of that id, a linked log of it is not theirs to change, nor to know of: they write one beside it. Of a
    recording that was removed none is written, as it could not be told any more whom to hide it from.

    Raises:
        CallNotFound: no such call of the tenant.
        InvalidRequest: the recording would end before it begins.
        PreconditionFailed: the call is not at `if_revision` (any more).
        Conflict: the call has as many logs as it may, or the recording was removed.
        TransientError: the call kept changing under the write.
    """
    linked = _is_ours(org, recording_id, recordings)
    removed = not linked and recordings.was_removed(org, recording_id)

    def log_of(call: TelephoneCall) -> RecordingLog | None:
        seen = call if linked or sees_all else call.without_logs_of(frozenset((recording_id,)))
        return seen.log(recording_id)

    def saved(before: TelephoneCall) -> TelephoneCall:
        known = log_of(before)
        if known is None:
            if removed:
                raise Conflict(f"The recording {recording_id} was removed. No log of it is taken any more.")
            if len(before.logs) >= MAX_LOGS:
                raise Conflict(f"The call {call_id} has {MAX_LOGS} recording logs already, which is the most.")
            log = RecordingLog(recording_id=recording_id, created_at=now, updated_at=now, linked=linked, **facts)
            logs = (*before.logs, log)
        else:
            log = replace(known, updated_at=now, linked=linked or known.linked, **facts)
            logs = tuple(log if one is known else one for one in before.logs)
        _check_order(log.started_at, log.ended_at)
        return replace(before, logs=logs, updated_at=now)

    after = _change(org, call_id, saved, calls, if_revision)
    log = log_of(after)
    assert log is not None  # noqa: S101 - it was written just now
    return after, log


def checked_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """Free-form metadata, once it is found to keep within its bounds.

    Raises:
        ValueError: in words that follow the field's name.
    """
    keys = 0
    waiting: list[tuple[int, Any]] = [(1, metadata)]
    while waiting:
        depth, value = waiting.pop()
        if isinstance(value, dict):
            keys += len(value)
            if keys > MAX_METADATA_KEYS:
                raise ValueError(f"must not have more than {MAX_METADATA_KEYS} keys in all")
        if isinstance(value, dict | list):
            if depth > MAX_METADATA_DEPTH:
                raise ValueError(f"must not be nested deeper than {MAX_METADATA_DEPTH} levels")
            waiting += [(depth + 1, each) for each in (value.values() if isinstance(value, dict) else value)]
        elif isinstance(value, int | float) and not (math.isfinite(value) and _is_exact(value)):
            raise ValueError("must not have numbers that JSON cannot carry to every client")
    try:
        content = json.dumps(metadata, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("must not have half of a surrogate pair in its text") from None
    if len(content) > MAX_METADATA_BYTES:
        raise ValueError(f"must not have more than {MAX_METADATA_BYTES} bytes as JSON")
    return metadata


def _is_exact(number: float) -> bool:
    return not isinstance(number, int) or abs(number) <= MAX_INTEGER


def _change(
    org: str,
    call_id: str,
    change: Callable[[TelephoneCall], TelephoneCall],
    calls: RecordStore[TelephoneCall],
    if_revision: int | None,
) -> TelephoneCall:
    return change_record(
        "call",
        lambda: find_call(org, call_id, calls=calls),
        lambda after, before: calls.replace(after, expected=before),
        change,
        if_revision=if_revision,
    )


def _check(call: TelephoneCall, facts: Changes, contacts: ContactStore) -> None:
    _check_order(call.started_at, call.ended_at)
    if facts.get("contact_id") is not None:
        try:
            contacts.get_contact(call.org, facts["contact_id"])
        except ContactNotFound as error:
            raise InvalidRequest(error.message, field="contact_id") from None


def _check_order(started_at: datetime | None, ended_at: datetime | None) -> None:
    if started_at and ended_at and started_at > ended_at:
        raise InvalidRequest("must not be later than ended_at", field="started_at")


def _is_known(call: TelephoneCall, name: str) -> bool:
    return getattr(call, name) is not None


def _is_ours(org: str, recording_id: str, recordings: RecordingStore) -> bool:
    """Whether it is a recording that the caller may open, or that lies in the trash and they could."""
    try:
        recordings.get(org, recording_id, with_trashed=True)
    except RecordingNotFound:
        return False
    return True
