"""Viewing, listening and starring on the core API: what counts, what counts once, and in which unit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from api.core.views import models as documented
from auricle.recordings.counters import Counters
from auricle.recordings.views import star
from tests.contract.conftest import NOW, Archive
from tests.contract.core_recordings import refused, send, shown
from tests.contract.core_reference import conforms
from tests.contract.gateway import Answer, Gateway
from tests.fakes import Fakes

RECORDING = "/v1/core/recordings/rec_1"
VIEWED, VIEWS, LISTEN, STAR = (f"{RECORDING}/{last}" for last in ("viewed", "views", "listen", "star"))


class Audience:
    """Users of one tenant and what is counted of them."""

    def __init__(self, api: Gateway, services: Fakes) -> None:
        self.api, self.services = api, services

    def ask(self, user: str, method: str, path: str, body: Any = None, **asked: Any) -> Answer:
        return send(self.api, method, path, body, token=self.api.identity.token(sub=user), **asked)

    def views(self, user: str) -> None:
        answer = self.ask(user, "PUT", VIEWED)
        assert shown(documented.SuccessResponse, answer) == {"data": {"success": True}}

    def viewed_for(self, user: str, duration_ms: int) -> None:
        answer = self.ask(user, "POST", VIEWS, {"duration": duration_ms})
        assert shown(documented.SuccessResponse, answer) == {"data": {"success": True}}

    def listens(self, user: str, duration_ms: int, session: str | None = None, **given: Any) -> Any:
        body = {"duration": duration_ms, **({"recordingEngagementId": session} if session else {}), **given}
        answer = self.ask(user, "PUT", LISTEN, body)
        return shown(documented.ListeningResponse, answer)["data"]["recordingEngagement"]

    @property
    def counters(self) -> Counters:
        return self.services.recordings.detail("acme", "rec_1").counters


@pytest.fixture
def audience(api: Gateway, services: Fakes, archive: Archive) -> Audience:
    archive.complete()
    return Audience(api, services)


def test_a_view_is_begun_and_ended_and_counts_once(audience: Audience) -> None:
    audience.views("ann")
    audience.views("ann")
    assert audience.counters == Counters(views=1, viewers=1)
    audience.viewed_for("ann", 1500)
    assert audience.counters == Counters(views=1, viewers=1, viewed_ms=1500)
    audience.views("ann")
    audience.views("bob")
    assert audience.counters == Counters(views=3, viewers=2, viewed_ms=1500)


def test_a_view_told_of_afterwards_counts_too(audience: Audience) -> None:
    audience.viewed_for("ann", 0)
    audience.viewed_for("ann", 700)
    assert audience.counters == Counters(views=2, viewers=1, viewed_ms=700)


def test_a_view_that_was_never_ended_gives_way_to_the_next(audience: Audience) -> None:
    audience.views("ann")
    audience.api.now = NOW + timedelta(hours=11)
    audience.views("ann")
    assert audience.counters.views == 1
    audience.api.now = NOW + timedelta(hours=13)
    audience.views("ann")
    assert audience.counters.views == 2


def test_what_is_counted_is_shown_with_the_recording(audience: Audience) -> None:
    audience.views("ann")
    audience.viewed_for("bob", 10)
    audience.viewed_for("bob", 10)
    audience.ask("ann", "PUT", STAR)
    found = audience.api.get(RECORDING).json["data"]
    assert (found["viewCount"], found["uniqueViewCount"], found["starCount"]) == (3, 2, 1)


def test_answers_are_what_the_reference_says(audience: Audience) -> None:
    base = "/v1/core/recordings/{id}"
    conforms(audience.ask("ann", "PUT", VIEWED), "put", f"{base}/viewed")
    conforms(audience.ask("ann", "POST", VIEWS, {"duration": 3}), "post", f"{base}/views")
    for body in ({"duration": 3}, {"duration": 4, "clientPlatform": "IOS"}):
        conforms(audience.ask("ann", "PUT", LISTEN, body), "put", f"{base}/listen")


def test_a_listening_session_grows_and_never_shrinks(audience: Audience) -> None:
    first = audience.listens("ann", 5000, clientPlatform="WEB")
    assert first == {
        "id": first["id"],
        "durationMilliseconds": 5000,
        "userId": "ann",
        "recordingId": "rec_1",
        "organizationId": "acme",
        "createdAt": "2026-03-30T12:00:00.123Z",
        "updatedAt": "2026-03-30T12:00:00.123Z",
        "clientPlatform": "WEB",
    }
    audience.api.now = NOW + timedelta(seconds=5)
    grown = audience.listens("ann", 9000, first["id"])
    assert grown == {**first, "durationMilliseconds": 9000, "updatedAt": "2026-03-30T12:00:05.123Z"}
    late = audience.listens("ann", 7000, first["id"], clientPlatform="IOS")
    assert (late["durationMilliseconds"], late["clientPlatform"]) == (9000, "IOS")
    audience.listens("ann", 1000)
    audience.listens("bob", 300)
    assert audience.counters == Counters(listened_ms=10_300)


def test_a_session_is_its_users_on_its_recording(audience: Audience, archive: Archive) -> None:
    archive.complete("rec_2")
    mine = audience.listens("ann", 5000)["id"]
    body = {"duration": 6000, "recordingEngagementId": mine}
    there = LISTEN.replace("rec_1", "rec_2")
    for answer in (
        audience.ask("bob", "PUT", LISTEN, body),
        audience.ask("ann", "PUT", there, body),
        audience.ask("ann", "PUT", LISTEN, {**body, "recordingEngagementId": "engagement_none"}),
    ):
        refused(answer, 422, "invalid-request", "recordingEngagementId")
    assert audience.counters.listened_ms == 5000


def test_a_star_counts_once_for_each_user(audience: Audience) -> None:
    for user in ("ann", "ann", "bob"):
        assert shown(documented.StarResponse, audience.ask(user, "PUT", STAR)) == {"data": {"starred": True}}
    assert audience.counters == Counters(stars=2)
    for user in ("ann", "ann", "cid"):
        assert shown(documented.StarResponse, audience.ask(user, "DELETE", STAR)) == {"data": {"starred": False}}
    assert audience.counters == Counters(stars=1)
    audience.views("bob")
    assert audience.counters == Counters(stars=1, views=1, viewers=1)


def test_many_at_once_count_each_user_once(audience: Audience, services: Fakes) -> None:
    from auricle.recordings.views import VIEWERS

    viewers = services.records(VIEWERS)
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(lambda number: star("acme", "rec_1", f"u{number % 2}", True, viewers=viewers, now=NOW), range(16))
        )
    assert audience.counters == Counters(stars=2)


def test_a_stale_state_is_not_changed(audience: Audience) -> None:
    stale = {"if-match": '"7"'}
    for method, path, body in (
        ("PUT", VIEWED, None),
        ("PUT", STAR, None),
        ("DELETE", STAR, None),
        ("PUT", LISTEN, {"duration": 1}),
    ):
        refused(audience.ask("ann", method, path, body, headers=stale), 412, "precondition-failed")
    assert audience.counters == Counters()
    audience.views("ann")
    starred = audience.ask("ann", "PUT", STAR, headers={"if-match": '"1"'})
    assert (starred.status, starred.headers["etag"]) == (200, '"2"')
    refused(audience.ask("ann", "DELETE", STAR, headers={"if-match": '"1"'}), 412, "precondition-failed")
    first = audience.ask("ann", "PUT", LISTEN, {"duration": 1})
    again = {"duration": 2, "recordingEngagementId": first.json["data"]["recordingEngagement"]["id"]}
    refused(audience.ask("ann", "PUT", LISTEN, again, headers={"if-match": '"2"'}), 412, "precondition-failed")
    assert audience.ask("ann", "PUT", LISTEN, again, headers={"if-match": '"1"'}).headers["etag"] == '"2"'


@pytest.mark.parametrize("duration", [-1, 86_400_001, "5", 1.5, None, True])
@pytest.mark.parametrize(("method", "path"), [("POST", VIEWS), ("PUT", LISTEN)], ids=["views", "listen"])
def test_a_duration_is_whole_milliseconds_of_a_day_at_most(
    audience: Audience, method: str, path: str, duration: Any
) -> None:
    refused(audience.ask("ann", method, path, {"duration": duration}), 422, "invalid-request", "duration")
    refused(audience.ask("ann", method, path, {}), 422, "invalid-request", "duration")
    assert audience.counters == Counters()
    assert audience.ask("ann", method, path, {"duration": 86_400_000}).status == 200


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"duration": 1, "clientPlatform": "TV"}, "clientPlatform"),
        ({"duration": 1, "recordingEngagementId": ""}, "recordingEngagementId"),
        ({"duration": 1, "userId": "bob"}, "userId"),
    ],
    ids=str,
)
def test_every_wrong_field_is_named(audience: Audience, body: Any, wrong: str) -> None:
    refused(audience.ask("ann", "PUT", LISTEN, body), 422, "invalid-request", wrong)


def test_unknown_binned_and_foreign_recordings_look_the_same(audience: Audience, archive: Archive) -> None:
    archive.put("rec_2", deleted_at=NOW)
    archive.put("rec_3", org="globex")
    for recording_id in ("rec_none", "rec_2", "rec_3"):
        for method, path, body in (
            ("PUT", VIEWED, None),
            ("POST", VIEWS, {"duration": 1}),
            ("PUT", LISTEN, {"duration": 1}),
            ("PUT", STAR, None),
            ("DELETE", STAR, None),
        ):
            answer = audience.ask("ann", method, path.replace("rec_1", recording_id), body)
            assert refused(answer, 404, "recording-not-found")["error"] == f"There is no recording {recording_id}."


def test_it_takes_the_scope_of_reading(audience: Audience) -> None:
    token = audience.api.identity.token(scope="recordings:write")
    for method, path, body in (
        ("PUT", VIEWED, None),
        ("POST", VIEWS, {"duration": 1}),
        ("PUT", LISTEN, {"duration": 1}),
        ("PUT", STAR, None),
        ("DELETE", STAR, None),
    ):
        refused(send(audience.api, method, path, body, token=token), 403, "insufficient-scope")
