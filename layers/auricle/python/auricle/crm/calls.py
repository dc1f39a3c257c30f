"""Telephone calls, and the logs of their recordings.

A call holds its logs: saving one is a single conditional write, and a call is read back whole.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
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
from auricle.recordings.recording import Status
from auricle.records import Page, RecordKind, change_record

if TYPE_CHECKING:
    from auricle.ports import ContactStore, Position, RecordingStore, RecordStore
    from auricle.visible_stores import VisibleStores

PHONE_PATTERN = r"^\+?[0-9][0-9 ()./-]{0,38}$"
MAX_LOGS = 20
"""Recordings that a call may have logs of."""
MAX_METADATA_BYTES = 8192
MAX_METADATA_DEPTH = 5
MAX_METADATA_KEYS = 100
MAX_INTEGER = 2**53 - 1
"""The largest whole number that every client reads as it was written."""
NO_SUCH_CALL = "Call not found: {id}."
NO_SUCH_LOG = "Recording log not found: {id}."
"""In the words of the calls API's document."""
RESERVED_IDS = frozenset({"docs"})
"""What no call is registered by: below its own path the calls API serves other things under these names."""


class CallDirection(StrEnum):
    """Who called whom, as the tenant sees it."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class LogTranscriptionStatus(StrEnum):
    """How far a recording's transcription is. `completed` and `failed` are final unless it is processed again."""

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
    transcription_status: LogTranscriptionStatus | None = None
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
    direction: CallDirection
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


_TRANSCRIPTION_STATUSES: Mapping[Status, LogTranscriptionStatus] = {
    **dict.fromkeys(Status, LogTranscriptionStatus.PENDING),
    Status.COMPLETE: LogTranscriptionStatus.COMPLETED,
    Status.RAW_SPLIT: LogTranscriptionStatus.COMPLETED,
    Status.ERROR: LogTranscriptionStatus.FAILED,
    Status.UNRECOVERABLE_ERROR: LogTranscriptionStatus.FAILED,
}

CALLS = RecordKind("call", TelephoneCall, CallNotFound)

Changes = Mapping[str, Any]
"""Fields by their names here, and their new values: what is not named stays as it is."""


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls to list; None filters nothing. Dates bound `TelephoneCall.created_at`."""

    direction: CallDirection | None = None
    agent_id: str | None = None
    campaign_id: str | None = None
    contact_id: str | None = None
    recording_id: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None

    def admits(self, call: TelephoneCall) -> bool:
        """Whether the call is one of those asked for; its date is for the store to bound."""
        return (
            self.direction in (None, call.direction)
            and self.agent_id in (None, call.agent_id)
            and self.campaign_id in (None, call.campaign_id)
            and self.contact_id in (None, call.contact_id)
            and (self.recording_id is None or call.log(self.recording_id) is not None)
        )


def find_call(org: str, call_id: str, *, calls: RecordStore[TelephoneCall]) -> TelephoneCall:
    """The tenant's call. Raises CallNotFound."""
    try:
        return calls.get(org, call_id)
    except CallNotFound:
        raise CallNotFound(NO_SUCH_CALL.format(id=call_id)) from None


def list_calls(
    org: str, wanted: CallFilter, limit: int, position: Position | None, *, stores: VisibleStores
) -> Page[TelephoneCall]:
    """Calls that the filter admits, newest first. The logs of a recording that the viewer may not open count for none.

    They are returned whole: `as_seen` takes off what is not shown.
    """
    hidden = frozenset[str]()
    if wanted.recording_id is not None:
        hidden = stores.hidden(org, (wanted.recording_id,))

    def admits(call: TelephoneCall) -> bool:
        return wanted.admits(call.without_logs_of(hidden) if hidden else call)

    is_filtered = wanted != CallFilter(created_from=wanted.created_from, created_to=wanted.created_to)
    return stores.records(CALLS).list(
        org,
        limit,
        position,
        wanted=admits if is_filtered else None,
        created_from=wanted.created_from,
        created_to=wanted.created_to,
    )


def as_seen(
    org: str, calls: Sequence[TelephoneCall], *, stores: VisibleStores, by_id: bool = False
) -> Sequence[TelephoneCall]:
    """The calls without the logs of recordings that are hidden from the viewer.

    Who names a recording (`by_id`) is shown the log where they may open it, discoverable or not.
    """
    linked = [recording_id for call in calls for recording_id in call.linked_recording_ids]
    hidden = stores.hidden(org, linked, listed=not by_id)
    return [call.without_logs_of(hidden) for call in calls] if hidden else calls


def visible_call(org: str, call_id: str, *, stores: VisibleStores) -> TelephoneCall:
    """The call as the viewer sees it. Raises CallNotFound."""
    (call,) = as_seen(org, [find_call(org, call_id, calls=stores.records(CALLS))], stores=stores)
    return call


def visible_log(
    org: str, call_id: str, recording_id: str, *, stores: VisibleStores
) -> tuple[TelephoneCall, RecordingLog]:
    """The call and its log of that recording, where the viewer may open the recording.

    Raises:
        CallNotFound: no such call of the tenant.
        RecordingNotFound: it has no such log, or the viewer may not see it.
    """
    found = find_call(org, call_id, calls=stores.records(CALLS))
    (call,) = as_seen(org, [found], stores=stores, by_id=True)
    log = call.log(recording_id)
    if log is None:
        raise RecordingNotFound(NO_SUCH_LOG.format(id=recording_id))
    return call, log


def with_transcription_statuses(
    org: str, logs: Sequence[RecordingLog], *, recordings: RecordingStore
) -> Sequence[RecordingLog]:
    """The logs. One that names no status is given that of its recording now, if it is Auricle's own and not removed."""
    unknown = [log.recording_id for log in logs if log.linked and log.transcription_status is None]
    found = recordings.find(org, unknown) if unknown else {}

    def known(log: RecordingLog) -> RecordingLog:
        recording = found.get(log.recording_id) if log.linked and log.transcription_status is None else None
        return replace(log, transcription_status=_TRANSCRIPTION_STATUSES[recording.status]) if recording else log

    return [known(log) for log in logs]


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
        InvalidRequest: the id is reserved, the call ends before it begins, or its contact is not the tenant's.
    """
    if call_id in RESERVED_IDS:
        raise InvalidRequest(f"must not be {call_id}: that is the address of the API's documentation", field="call_id")
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
        InvalidRequest: the id is reserved, the call ends before it begins, or its contact is not the tenant's.
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
