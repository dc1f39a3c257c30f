"""Calls that telephony tells of: registered once, however often and in whatever order; what is wrong is named only."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

import register_calls.handler
from auricle.adapters import logs
from auricle.crm.calls import CALLS, TelephoneCall
from auricle.crm.contacts import NewContact, add_contact
from auricle.errors import CallNotFound, InvalidRequest
from tests.fakes import Fakes
from tests.fakes.contract import NOW

TOLD_AT = "2026-03-15T13:51:20Z"
DETAIL: dict[str, Any] = {
    "org": "acme",
    "call_id": "call_1",
    "direction": "outbound",
    "from_number": "+15550100",
    "to_number": "+15550199",
    "agent_id": "usr_1",
    "campaign_id": "camp_1",
    "started_at": "2026-03-15T13:40:20Z",
    "ended_at": "2026-03-15T13:51:15+00:00",
    "metadata": {"queue": "renewals"},
}
SECRET = "+1555-private"


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Fakes:
    wired = Fakes()
    monkeypatch.setattr(register_calls.handler, "bootstrap", lambda: wired)
    return wired


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    written = io.StringIO()
    monkeypatch.setattr(logs.logger().registered_handler, "stream", written)
    return written


def tell(time: str = TOLD_AT, **facts: Any) -> str:
    detail = {name: value for name, value in {**DETAIL, **facts}.items() if value is not ...}
    event = {"source": "telephony", "detail-type": "call.completed", "time": time, "detail": detail}
    return register_calls.handler.lambda_handler(event, None)["call"]


def call(fakes: Fakes) -> TelephoneCall:
    return fakes.records(CALLS).get("acme", "call_1")


def test_a_call_is_registered_with_everything_that_is_said(fakes: Fakes, logged: io.StringIO) -> None:
    assert tell(vendor_field={"x": 1}) == "registered"
    found = call(fakes)
    assert (found.direction, found.from_number, found.to_number) == ("outbound", "+15550100", "+15550199")
    assert (found.agent_id, found.campaign_id, found.metadata) == ("usr_1", "camp_1", {"queue": "renewals"})
    assert (found.duration_s, found.registered_at.isoformat()) == (655, "2026-03-15T13:51:20+00:00")
    (line,) = (json.loads(line) for line in logged.getvalue().splitlines())
    assert (line["org"], line["call"], line["outcome"]) == ("acme", "call_1", "registered")
    assert not [value for value in ("5550100", "renewals", "usr_1") if value in logged.getvalue()]


def test_told_again_it_stays_as_it_is(fakes: Fakes) -> None:
    tell()
    before = call(fakes)
    assert [tell(), tell()] == ["known", "known"]
    assert call(fakes) == before


def test_what_comes_later_replaces_what_it_says(fakes: Fakes) -> None:
    tell()
    assert tell("2026-03-15T13:52:00Z", agent_id="usr_2", campaign_id=None, metadata=...) == "changed"
    found = call(fakes)
    assert (found.agent_id, found.campaign_id, found.metadata) == ("usr_2", None, {"queue": "renewals"})
    assert found.revision == 2


def test_what_comes_late_only_adds_what_was_not_known(fakes: Fakes) -> None:
    tell(agent_id=..., metadata=...)
    before = call(fakes)
    assert tell("2026-03-15T13:50:00Z", from_number="+15550000", direction="inbound") == "changed"
    found = call(fakes)
    assert (found.agent_id, found.metadata) == ("usr_1", {"queue": "renewals"})
    assert (found.from_number, found.direction, found.updated_at) == ("+15550100", "outbound", before.updated_at)


def test_a_clock_that_is_ahead_does_not_silence_what_comes_next(fakes: Fakes) -> None:
    tell("2999-01-01T00:00:00Z")
    assert call(fakes).updated_at.year < 2999


def test_a_contact_must_be_the_tenants(fakes: Fakes) -> None:
    add_contact(NewContact(id="contact_1", name="Jane"), org="acme", contacts=fakes.contacts, now=NOW)
    assert tell(contact_id="contact_1") == "registered"
    with pytest.raises(InvalidRequest):
        tell(org="globex", contact_id="contact_1")


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        ({"org": ...}, "detail.org"),
        ({"org": "acme#x"}, "detail.org"),
        ({"org": 7}, "detail.org"),
        ({"call_id": ...}, "detail.call_id"),
        ({"call_id": ""}, "detail.call_id"),
        ({"direction": ...}, "detail.direction"),
        ({"direction": None}, "detail.direction"),
        ({"direction": SECRET}, "detail.direction"),
        ({"from_number": f"tel:{SECRET}"}, "detail.from_number"),
        ({"agent_id": f"a {SECRET}"}, "detail.agent_id"),
        ({"started_at": 1773582020}, "detail.started_at"),
        ({"ended_at": SECRET}, "detail.ended_at"),
        ({"metadata": [SECRET]}, "detail.metadata"),
        ({"metadata": {"a": "\ud800"}}, "detail.metadata"),
        ({"metadata": {SECRET: "x" * 9000}}, "detail.metadata"),
        ({"started_at": "2026-03-15T14:00:00Z"}, "started_at"),
        ({"time": SECRET}, "time"),
        ({"org": ..., "ended_at": SECRET}, "detail.ended_at, detail.org"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_raised_without_what_it_holds(
    facts: dict[str, Any], wrong: str, fakes: Fakes, logged: io.StringIO
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        tell(**facts)
    assert wrong in f"{refused.value.field} {refused.value.message}"
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None or refused.value.__suppress_context__
    assert logged.getvalue() == ""
    with pytest.raises(CallNotFound):
        call(fakes)


@pytest.mark.parametrize("event", [{}, {"time": TOLD_AT}, {"time": TOLD_AT, "detail": "x"}, {"detail": DETAIL}])
def test_what_is_no_event_is_raised_too(event: dict[str, Any], fakes: Fakes) -> None:
    with pytest.raises(InvalidRequest):
        register_calls.handler.lambda_handler(event, None)
