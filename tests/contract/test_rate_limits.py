"""How much one credential may ask in a minute, over all processes together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auricle.errors import TransientError
from tests.contract.gateway import SETTINGS, Gateway, Identity
from tests.fakes import Fakes

FILES = "/api/v1/audio-files"
CONTACTS = "/api/v1/agent/founder/contacts"
CALLS = "/v1/calls"
NOON = datetime(2026, 3, 30, 12, 0, tzinfo=UTC)


def limited(services: Fakes, identity: Identity, limit: int) -> Gateway:
    made = Gateway(services, identity, settings=replace(SETTINGS, requests_per_minute=limit))
    made.now = NOON
    return made


def test_a_credential_that_spent_its_minute_waits_for_the_next(services: Fakes, identity: Identity) -> None:
    api = limited(services, identity, 40)
    api.now = NOON + timedelta(seconds=18)
    assert [api.get(FILES).status for _ in range(40)] == [200] * 40
    refused = api.get(FILES)
    assert (refused.status, refused.headers["retry-after"]) == (429, "42")
    assert refused.json["type"] == "urn:auricle:error:too-many-requests"
    api.now = NOON + timedelta(seconds=60)
    assert api.get(FILES).status == 200


def test_each_surface_says_so_in_its_own_shape(services: Fakes, identity: Identity) -> None:
    api = limited(services, identity, 1)
    api.get(FILES)
    assert api.get(f"{CONTACTS}/c").json["error"]["code"] == "TOO_MANY_REQUESTS"
    assert api.get("/v1/core/recordings").json["code"] == "too-many-requests"
    assert set(api.get(CALLS).json) == {"status", "message", "data"}
    for path in (f"{CONTACTS}/c", "/v1/core/recordings", CALLS):
        assert api.get(path).status == 429


def test_all_processes_together_let_no_more_through(services: Fakes, identity: Identity) -> None:
    processes = [limited(services, identity, 100) for _ in range(7)]
    answered = [process.get(FILES).status for _ in range(30) for process in processes]
    assert answered.count(200) == 100
    assert set(answered) == {200, 429}


def test_most_requests_ask_nobody(services: Fakes, identity: Identity) -> None:
    api = limited(services, identity, 1000)
    for _ in range(200):
        assert api.get(FILES).status == 200
    assert services.rate_limit_store.asked == 10  # blocks of 1, 1, 2, 4 … up to 50
    exhausted = limited(services, identity, 10)
    for _ in range(50):
        exhausted.get(FILES)
    assert services.rate_limit_store.asked <= 10 + 11


def test_a_burst_that_many_processes_answer_does_not_use_up_the_minute(services: Fakes, identity: Identity) -> None:
    """Lambda answers requests that come at once in as many processes: what each takes must not be a minute's part."""
    processes = [limited(services, identity, 1000) for _ in range(60)]
    assert {process.get(FILES).status for process in processes} == {200}
    last = processes[0]
    assert [last.get(FILES).status for _ in range(900)].count(200) == 900


def test_users_and_tenants_have_minutes_of_their_own(services: Fakes, identity: Identity) -> None:
    api = limited(services, identity, 1)
    assert api.get(FILES).status == 200
    assert api.get(FILES).status == 429
    assert api.get(FILES, token=identity.token(sub="user_2")).status == 200
    assert api.get(FILES, token=identity.token(org="globex")).status == 200
    assert api.get(FILES, token=identity.token(jti="another token of user_1")).status == 429


def test_nobody_is_turned_away_because_counting_failed(
    services: Fakes, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> int:
        raise TransientError("Try again.")

    monkeypatch.setattr(services.rate_limit_store, "take", away)
    api = limited(services, identity, 2)
    assert [api.get(FILES).status for _ in range(5)] == [200] * 5


def test_without_the_setting_nothing_is_counted(api: Gateway, services: Fakes) -> None:
    assert [api.get(FILES).status for _ in range(5)] == [200] * 5
    assert services.rate_limit_store.asked == 0
