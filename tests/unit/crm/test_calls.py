"""Telephone calls: bounds of their metadata and logs, what another system's events change, and rivals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auricle.crm.calls import (
    CALLS,
    CallDirection,
    CallFilter,
    LogTranscriptionStatus,
    RecordingLog,
    TelephoneCall,
    UpsertOutcome,
    as_seen,
    change_call,
    checked_metadata,
    find_call,
    list_calls,
    register_call,
    save_log,
    upsert_call,
    visible_call,
    visible_log,
    with_transcription_statuses,
)
from auricle.crm.contacts import NewContact, add_contact
from auricle.directory.visibility import Viewer
from auricle.errors import (
    CallNotFound,
    Conflict,
    InvalidRequest,
    PreconditionFailed,
    RecordingNotFound,
    TransientError,
)
from auricle.recordings.recording import Status
from auricle.visible_stores import VisibleStores
from tests.fakes import Fakes
from tests.fakes.contract import a_recording

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LOG = {"recording_url": "https://cdn.example.com/1.mp3", "duration_s": 60}


@pytest.fixture
def fakes() -> Fakes:
    made = Fakes()
    add_contact(NewContact("Ann", id="ann"), org="acme", contacts=made.contacts, now=NOW)
    return made


def registered(fakes: Fakes, call_id: str | None = "call_1", **facts: Any) -> TelephoneCall:
    facts = {"direction": CallDirection.INBOUND, **facts}
    return register_call("acme", call_id, facts, calls=fakes.records(CALLS), contacts=fakes.contacts, now=NOW)


def changed(fakes: Fakes, *, calls: Any = None, if_revision: int | None = None, **changes: Any) -> TelephoneCall:
    return change_call(
        "acme",
        "call_1",
        changes,
        calls=calls or fakes.records(CALLS),
        contacts=fakes.contacts,
        now=NOW + MINUTE,
        if_revision=if_revision,
    )


def heard(fakes: Fakes, told_at: datetime, call_id: str = "call_1", **facts: Any) -> UpsertOutcome:
    facts = {"direction": CallDirection.INBOUND, **facts}
    return upsert_call("acme", call_id, facts, happened_at=told_at, calls=fakes.records(CALLS), contacts=fakes.contacts)


def logged(fakes: Fakes, recording_id: str = "rec_1", *, if_revision: int | None = None, **facts: Any) -> RecordingLog:
    return save_log(
        "acme",
        "call_1",
        recording_id,
        {**LOG, **facts},
        calls=fakes.records(CALLS),
        recordings=fakes.recordings,
        now=NOW + MINUTE,
        sees_all=True,
        if_revision=if_revision,
    )[1]


def stored(fakes: Fakes) -> TelephoneCall:
    return find_call("acme", "call_1", calls=fakes.records(CALLS))


class Interrupted:
    """The collection of calls, before each of whose next writes a rival comes."""

    def __init__(self, fakes: Fakes, *rivals: Callable[[], object]) -> None:
        self._collection, self._rivals = fakes.records(CALLS), list(rivals)
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._collection, name)

    def replace(self, record: TelephoneCall, **named: Any) -> bool:
        self.writes += 1
        if self._rivals:
            self._rivals.pop(0)()
        return self._collection.replace(record, **named)


# --- metadata -----------------------------------------------------------------------------------------------


def nested(levels: int) -> dict[str, Any]:
    return {"a": nested(levels - 1)} if levels > 1 else {}


@pytest.mark.parametrize(
    "metadata",
    [
        {f"k{number}": number for number in range(100)},
        {"a": {f"k{number}": 1 for number in range(99)}},
        nested(5),
        {"a": [[[[]]]]},
        {"a": 2**53 - 1, "b": -(2**53 - 1), "c": 1.5, "d": True, "e": None},
        {"a": "x" * (8192 - 9)},
        {"a": "é" * ((8192 - 9) // 2)},
        {"a": 1e300},
    ],
    ids=lambda one: str(one)[:30],
)
def test_metadata_within_its_bounds_is_taken(metadata: dict[str, Any]) -> None:
    assert checked_metadata(metadata) is metadata


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({f"k{number}": number for number in range(101)}, "100 keys"),
        ({"a": {f"k{number}": 1 for number in range(100)}}, "100 keys"),
        ({"a": [{f"k{number}": 1 for number in range(100)}]}, "100 keys"),
        (nested(6), "5 levels"),
        ({"a": [[[[[]]]]]}, "5 levels"),
        ({"a": 2**53}, "numbers"),
        ({"a": [-(2**53)]}, "numbers"),
        ({"a": float("nan")}, "numbers"),
        ({"a": {"b": float("-inf")}}, "numbers"),
        ({"a": "x" * (8192 - 8)}, "8192 bytes"),
        ({"a": "é" * 4092}, "8192 bytes"),
        ({"a": "\ud800"}, "surrogate"),
    ],
    ids=lambda one: ascii(one)[:30],
)
def test_metadata_beyond_its_bounds_is_refused(metadata: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        checked_metadata(metadata)


# --- what is known of a call --------------------------------------------------------------------------------


def test_a_call_lasts_from_its_start_to_its_end(fakes: Fakes) -> None:
    call = registered(fakes, started_at=NOW, ended_at=NOW + timedelta(seconds=61.6))
    assert (call.duration_s, call.created_at) == (62, NOW)
    assert replace(call, started_at=None).duration_s is None
    assert replace(call, ended_at=None).duration_s is None
    assert replace(call, started_at=NOW - MINUTE).created_at == NOW - MINUTE
    assert replace(call, started_at=None, registered_at=NOW + MINUTE).created_at == NOW + MINUTE


def test_a_call_may_end_as_it_begins_but_not_before(fakes: Fakes) -> None:
    assert registered(fakes, started_at=NOW, ended_at=NOW).duration_s == 0
    with pytest.raises(InvalidRequest) as refused:
        registered(fakes, "call_2", started_at=NOW, ended_at=NOW - MINUTE)
    assert refused.value.field == "started_at"
    with pytest.raises(InvalidRequest):
        changed(fakes, ended_at=NOW - MINUTE)
    with pytest.raises(InvalidRequest):
        logged(fakes, started_at=NOW, ended_at=NOW - MINUTE)


def test_the_contact_of_a_call_is_the_tenants(fakes: Fakes) -> None:
    assert registered(fakes, contact_id="ann").contact_id == "ann"
    with pytest.raises(InvalidRequest) as refused:
        registered(fakes, "call_2", contact_id="bob")
    assert refused.value.field == "contact_id"
    with pytest.raises(InvalidRequest) as refused:
        changed(fakes, contact_id="bob")
    assert refused.value.field == "contact_id"
    assert changed(fakes, contact_id=None).contact_id is None


def test_a_filter_admits_what_agrees_in_every_field(fakes: Fakes) -> None:
    facts = {"agent_id": "a", "campaign_id": "c", "contact_id": "ann"}
    registered(fakes, **facts)
    logged(fakes)
    call = stored(fakes)
    same: dict[str, Any] = {"direction": CallDirection.INBOUND, **facts, "recording_id": "rec_1"}
    assert CallFilter().admits(call)
    assert CallFilter(**same).admits(call)
    other: dict[str, Any] = dict.fromkeys(same, "other") | {"direction": CallDirection.OUTBOUND}
    for name in same:
        assert CallFilter(**{name: same[name]}).admits(call)
        assert not CallFilter(**{**same, name: other[name]}).admits(call), name


# --- events of another system -------------------------------------------------------------------------------


def test_a_call_is_registered_at_the_first_event_and_changed_by_later_ones(fakes: Fakes) -> None:
    assert heard(fakes, NOW, agent_id="a") is UpsertOutcome.REGISTERED
    assert stored(fakes).registered_at == NOW
    assert heard(fakes, NOW + MINUTE, agent_id="b", campaign_id="c") is UpsertOutcome.CHANGED
    call = stored(fakes)
    assert (call.agent_id, call.campaign_id, call.updated_at, call.revision) == ("b", "c", NOW + MINUTE, 2)
    assert heard(fakes, NOW + 2 * MINUTE, agent_id="b") is UpsertOutcome.KNOWN
    assert stored(fakes) == call


@pytest.mark.parametrize("told_at", [NOW, NOW - MINUTE])
def test_an_event_that_comes_late_adds_only_what_was_not_known(told_at: datetime, fakes: Fakes) -> None:
    heard(fakes, NOW, agent_id="a")
    assert (
        heard(fakes, told_at, agent_id="b", campaign_id="c", direction=CallDirection.OUTBOUND) is UpsertOutcome.CHANGED
    )
    call = stored(fakes)
    assert (call.agent_id, call.campaign_id, call.direction, call.updated_at) == ("a", "c", CallDirection.INBOUND, NOW)
    assert heard(fakes, told_at, agent_id="b") is UpsertOutcome.KNOWN


def test_an_event_that_cannot_be_true_changes_nothing(fakes: Fakes) -> None:
    heard(fakes, NOW, started_at=NOW)
    with pytest.raises(InvalidRequest):
        heard(fakes, NOW + MINUTE, ended_at=NOW - MINUTE)
    with pytest.raises(InvalidRequest):
        heard(fakes, NOW + MINUTE, contact_id="bob")
    assert stored(fakes).revision == 1


# --- logs ---------------------------------------------------------------------------------------------------


def test_a_log_keeps_what_an_update_does_not_name(fakes: Fakes) -> None:
    registered(fakes)
    first = logged(fakes, transcription_status=LogTranscriptionStatus.PENDING, metadata={"a": 1})
    assert (first.created_at, first.updated_at, first.linked) == (NOW + MINUTE, NOW + MINUTE, False)
    logged(fakes, "rec_2")
    again = logged(fakes, duration_s=61)
    assert again == replace(first, duration_s=61)
    assert [log.recording_id for log in stored(fakes).logs] == ["rec_1", "rec_2"]
    assert stored(fakes).updated_at == NOW + MINUTE
    with pytest.raises(PreconditionFailed):
        logged(fakes, if_revision=3)
    logged(fakes, if_revision=4)


def test_a_call_has_twenty_logs_at_most(fakes: Fakes) -> None:
    registered(fakes)
    for number in range(20):
        logged(fakes, f"rec_{number}")
    with pytest.raises(Conflict, match="20"):
        logged(fakes, "rec_20")
    assert logged(fakes, "rec_19", duration_s=5).duration_s == 5


def test_of_two_logs_the_one_of_our_own_recording_is_shown() -> None:
    foreign = RecordingLog("rec_1", "https://a", 1, NOW, NOW)
    ours = replace(foreign, linked=True)
    call = TelephoneCall("acme", "call_1", NOW, NOW, CallDirection.INBOUND, logs=(foreign, ours))
    assert call.log("rec_1") is ours
    assert call.linked_recording_ids == ("rec_1",)
    hidden = call.without_logs_of(frozenset({"rec_1"}))
    assert hidden.logs == (foreign,)
    assert hidden.log("rec_1") == foreign
    assert call.without_logs_of(frozenset({"rec_2"})) == call
    assert call.log("rec_2") is None


# --- what is seen -------------------------------------------------------------------------------------------

ANN, BOB = Viewer(frozenset({"ann"})), Viewer(frozenset({"bob"}))


def seen_by(viewer: Viewer, fakes: Fakes) -> VisibleStores:
    return VisibleStores(lambda: fakes, viewer)


def log_ids(call: TelephoneCall) -> list[str]:
    return [log.recording_id for log in call.logs]


def listed(fakes: Fakes, viewer: Viewer, **wanted: Any) -> list[list[str]]:
    stores = seen_by(viewer, fakes)
    page = list_calls("acme", CallFilter(**wanted), 50, None, stores=stores)
    return [log_ids(call) for call in as_seen("acme", page.records, stores=stores)]


def test_logs_of_hidden_recordings_are_seen_by_their_owner_alone(fakes: Fakes) -> None:
    fakes.recordings.create(a_recording("acme", user_id="ann", private=True), [])
    registered(fakes)
    logged(fakes)
    logged(fakes, "rec_elsewhere")
    for viewer, seen in ((ANN, ["rec_1", "rec_elsewhere"]), (BOB, ["rec_elsewhere"])):
        stores = seen_by(viewer, fakes)
        assert log_ids(visible_call("acme", "call_1", stores=stores)) == seen
        assert listed(fakes, viewer) == [seen]
        assert visible_log("acme", "call_1", "rec_elsewhere", stores=stores)[1].recording_id == "rec_elsewhere"
    assert listed(fakes, ANN, recording_id="rec_1") == [["rec_1", "rec_elsewhere"]]
    assert listed(fakes, BOB, recording_id="rec_1") == []
    assert visible_log("acme", "call_1", "rec_1", stores=seen_by(ANN, fakes))[1].linked
    with pytest.raises(RecordingNotFound, match="Recording log not found: rec_1"):
        visible_log("acme", "call_1", "rec_1", stores=seen_by(BOB, fakes))


def test_the_log_of_an_undiscoverable_recording_is_seen_by_who_names_it(fakes: Fakes) -> None:
    fakes.recordings.create(a_recording("acme", user_id="ann", discoverable=False), [])
    registered(fakes)
    logged(fakes)
    stores = seen_by(BOB, fakes)
    assert log_ids(visible_call("acme", "call_1", stores=stores)) == []
    assert listed(fakes, BOB, recording_id="rec_1") == [[]]
    assert visible_log("acme", "call_1", "rec_1", stores=stores)[1].recording_id == "rec_1"


def test_calls_are_listed_by_when_they_began(fakes: Fakes) -> None:
    for number in range(3):
        registered(fakes, f"call_{number}", started_at=NOW + number * MINUTE, agent_id=f"usr_{number % 2}")
    stores = seen_by(ANN, fakes)

    def found(**wanted: Any) -> list[str]:
        return [call.id for call in list_calls("acme", CallFilter(**wanted), 50, None, stores=stores).records]

    assert found() == ["call_2", "call_1", "call_0"]
    assert found(created_from=NOW + MINUTE) == ["call_2", "call_1"]
    assert found(created_from=NOW + MINUTE, agent_id="usr_0") == ["call_2"]
    assert found(created_to=NOW, agent_id="usr_1") == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.UPLOADING, LogTranscriptionStatus.PENDING),
        (Status.REDACTING, LogTranscriptionStatus.PENDING),
        (Status.COMPLETE, LogTranscriptionStatus.COMPLETED),
        (Status.RAW_SPLIT, LogTranscriptionStatus.COMPLETED),
        (Status.ERROR, LogTranscriptionStatus.FAILED),
        (Status.UNRECOVERABLE_ERROR, LogTranscriptionStatus.FAILED),
    ],
)
def test_a_log_that_names_no_status_has_that_of_our_recording(
    status: Status, expected: LogTranscriptionStatus, fakes: Fakes
) -> None:
    fakes.recordings.create(a_recording("acme", status=status), [])
    unknown = RecordingLog("rec_1", "https://a", 1, NOW, NOW, linked=True)
    stated = replace(unknown, transcription_status=LogTranscriptionStatus.PENDING)
    foreign = replace(unknown, linked=False)
    removed = replace(unknown, recording_id="rec_2")
    logs = with_transcription_statuses("acme", [unknown, stated, foreign, removed], recordings=fakes.recordings)
    assert logs == [replace(unknown, transcription_status=expected), stated, foreign, removed]


def by_api(fakes: Fakes) -> object:
    return registered(fakes, "docs")


def by_event(fakes: Fakes) -> object:
    return heard(fakes, NOW, "docs")


@pytest.mark.parametrize("register", [by_api, by_event])
def test_an_id_that_the_api_serves_otherwise_is_reserved(register: Callable[[Fakes], object], fakes: Fakes) -> None:
    """`GET /v1/calls/docs` is a page."""
    with pytest.raises(InvalidRequest, match="must not be docs") as refused:
        register(fakes)
    assert refused.value.field == "call_id"
    assert fakes.records(CALLS).list("acme", 1).records == ()


# --- rivals -------------------------------------------------------------------------------------------------


def test_a_rivals_change_is_kept(fakes: Fakes) -> None:
    registered(fakes)
    rival = Interrupted(fakes, lambda: changed(fakes, agent_id="a"))
    after = changed(fakes, campaign_id="c", calls=rival)
    assert (after.agent_id, after.campaign_id, after.revision, after.updated_at) == ("a", "c", 3, NOW + MINUTE)


def test_after_eight_attempts_the_client_is_asked_to_try_again(fakes: Fakes) -> None:
    registered(fakes)
    agents = iter(range(99))
    rival = Interrupted(fakes, *[lambda: changed(fakes, agent_id=f"{next(agents)}")] * 20)
    with pytest.raises(TransientError):
        changed(fakes, campaign_id="c", calls=rival)
    assert rival.writes == 8


def test_only_the_state_the_caller_means_is_changed(fakes: Fakes) -> None:
    registered(fakes)
    for revision in (0, 2):
        with pytest.raises(PreconditionFailed):
            changed(fakes, agent_id="a", if_revision=revision)
    assert changed(fakes, agent_id="a", if_revision=1).revision == 2
    quiet = Interrupted(fakes)
    assert changed(fakes, agent_id="a", calls=quiet).updated_at == NOW + MINUTE
    assert quiet.writes == 0


def test_a_call_that_is_not_there_is_named(fakes: Fakes) -> None:
    attempts: tuple[Callable[[], object], ...] = (
        lambda: stored(fakes),
        lambda: changed(fakes, agent_id="a"),
        lambda: logged(fakes),
    )
    for attempt in attempts:
        with pytest.raises(CallNotFound, match="Call not found: call_1"):
            attempt()
    registered(fakes)
    with pytest.raises(Conflict):
        registered(fakes)
    assert registered(fakes, None).id.startswith("call_")
