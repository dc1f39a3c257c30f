"""Two users of one tenant, every route: what is one's private recording's does not exist for the other.

The sibling of `test_tenants`: words, status, headers and the work done are those of an unknown id. Ann's recording is
private, or not discoverable; Bob has every scope but `org:admin`, and is no founder. Everything else is the tenant's,
and both see it.
"""

from __future__ import annotations

import json
import logging
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.contract.conftest import NOW
from tests.contract.gateway import ALL_SCOPES, Answer, Gateway, Identity
from tests.contract.requests_with_ids import (
    DOCUMENT,
    OPERATIONS,
    RECORDING,
    REQUEST,
    WITH_PATH_IDS,
    Watched,
    body_ids,
    neutral,
    place_named,
    query_ids,
    query_of,
    required,
    texts,
    unlike,
    with_value,
)
from tests.contract.world import FILES, RECORDINGS, Restoring, World, filled, prefixes
from tests.fakes import Fakes

AGENT = "/api/v1/agent/"
LOG = "/v1/calls/{call_id}/recording-log/{recording_id}"
WITH_A_RECORDING = (*RECORDINGS, FILES, "/v1/core/mobile-events/{event_id}", LOG)
"""Beginnings of paths under which lies what is a recording's: its own id, and those of what belongs to it."""
ORDINARY_SCOPES = ALL_SCOPES.replace(" org:admin", "")
AUTHORS = {f"{method} /v1/core/recordings/{{recording_id}}/comments/{{comment_id}}" for method in ("PATCH", "DELETE")}
TAKEN = ("PUT /v1/core/recordings", "id")
"""The one request by which a client makes an id: one that is taken, or ever was, is refused as such."""


def is_of_a_recording(place: str) -> bool:
    return place.startswith(WITH_A_RECORDING)


OF_A_RECORDING = [name for name in WITH_PATH_IDS if any(map(is_of_a_recording, prefixes(name.split(" ")[1])))]
FOR_BOB = [name for name in OF_A_RECORDING if AGENT not in name]


class Users:
    """Ann's recording with everything that can belong to one, and Bob with one of his own."""

    def __init__(self, **flags: bool) -> None:
        services = Fakes()
        maker = Gateway(services, Identity())
        maker.now = NOW
        self.bobs = World(maker, services, DOCUMENT, org="acme", mark="charlie")
        self.bobs.make_everything()
        self.anns = World(maker, services, DOCUMENT, org="acme", mark="alpha")
        shared = {place: found for place, found in self.bobs.ids.items() if not is_of_a_recording(place)}
        self.anns.ids = {**shared, **self.anns.ids}
        self.anns.make_everything()
        recording = services.recordings.get("acme", self.anns.id_of(RECORDING))
        after = replace(recording, user_id="user_alpha", **flags)  # type: ignore[arg-type]  # flags
        assert services.recordings.save(after, expected=recording)
        self.hidden = {"alpha", *(found for place, found in self.anns.ids.items() if is_of_a_recording(place))}
        self.services = Restoring(services)
        self._watched = Watched(self.services)
        self._api = Gateway(self._watched, maker.identity)
        self._api.now = NOW
        token = maker.identity.token
        self.tokens = {
            "owner": token(sub="user_alpha", scope=ORDINARY_SCOPES, roles=()),
            "admin": token(sub="user_dora", scope=f"{ORDINARY_SCOPES} org:admin", roles=()),
            "founder": token(sub="user_fay", scope=ORDINARY_SCOPES, roles=("founder",)),
            "bob": token(sub="user_charlie", scope=ORDINARY_SCOPES, roles=()),
        }

    def ask(self, method: str, path: str, *, by: str = "bob", **given: Any) -> tuple[Answer, list[str]]:
        """One request, and what it had the stores do. Everything is as at the start before each."""
        self.services.restore()
        self._watched.asked.clear()
        world = self.bobs if by == "bob" else self.anns
        world.token = self.tokens[by]
        answer = world.ask(method, path, api=self._api, **{**given, **REQUEST})
        return answer, list(self._watched.asked)

    def tells_of_it(self, *said: str) -> list[str]:
        """What of Ann's recording stands in the texts, or in the cursors within them."""
        text = " ".join((*said, *(cursor for each in said for cursor in _cursors_within(each))))
        return [word for word in sorted(self.hidden) if word in text]


def _cursors_within(text: str) -> Iterator[str]:
    with suppress(ValueError):
        answer = json.loads(text)
        for cursor in (answer.get("next"), answer.get("cursor")) if isinstance(answer, dict) else ():
            if isinstance(cursor, str):
                yield urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("latin-1")


@pytest.fixture(scope="module")
def users() -> Users:
    return Users(private=True)


@pytest.fixture(scope="module")
def unlisted() -> Users:
    return Users(discoverable=False)


# --- private ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["owner", "admin", "founder"])
@pytest.mark.parametrize("name", OF_A_RECORDING)
def test_owner_administrator_and_founder_see_and_change_it(name: str, by: str, users: Users) -> None:
    method, path = name.split(" ")
    body = users.anns.example(OPERATIONS[name])
    answer, _ = users.ask(method, users.anns.path(path), by=by, body=body, query=query_of(OPERATIONS[name]))
    if AGENT in name and by != "founder":
        assert answer.status == 403
    elif name in AUTHORS and by != "owner":
        assert answer.status == 403, "what a comment says is its author's to change"
    else:  # an example may name what this world has not, but the recording is there
        assert answer.status not in {401, 403, 405, 500}, answer.body
        assert b"There is no recording" not in answer.body


WAYS_TO_ASK: tuple[dict[str, Any], ...] = (
    {},
    {"if-match": '"1"'},
    {"idempotency-key": "key of this test"},
    {"body": None, "raw": b'{"nonsense": 1}'},
    {"query": "nonsense=1"},
)
"""What a request can say besides: it is refused, or not, as it would be of an unknown id."""


@pytest.mark.parametrize("name", FOR_BOB)
def test_its_ids_are_unknown_ids_to_others(name: str, users: Users) -> None:
    method, path = name.split(" ")
    places = [place for place in prefixes(path) if is_of_a_recording(place)]
    own = {place: users.bobs.id_of(place) for place in prefixes(path)}
    for first, way in product(range(len(places)), WAYS_TO_ASK):
        # What stands before it is Bob's, everything from here on is Ann's.
        anns = {place: users.anns.id_of(place) for place in places[first:]}
        unknown = {place: unlike(found) for place, found in anns.items()}
        given = {"body": users.bobs.example(OPERATIONS[name]), "query": query_of(OPERATIONS[name]), **way}
        refused, work = users.ask(method, filled(path, own | anns), **given)
        never, least = users.ask(method, filled(path, own | unknown), **given)
        assert refused.status == 404 or way, refused.body
        assert refused.status >= 400, refused.body
        assert neutral(refused, anns.values()) == neutral(never, unknown.values())
        assert work == least, "the time it takes tells that it is there"
        assert users.tells_of_it(*neutral(refused, anns.values())[1:]) == []


@pytest.mark.parametrize(
    ("name", "field"),
    [one for one in query_ids() if place_named(OPERATIONS[one[0]], one[1]) and AGENT not in one[0]],
)
def test_its_ids_in_a_query_find_what_unknown_ones_find(name: str, field: str, users: Users) -> None:
    method, path = name.split(" ")
    place = place_named(OPERATIONS[name], field)
    assert place is not None
    if not is_of_a_recording(place):
        return
    answers = []
    known = users.anns.id_of(place)
    for value in (known, unlike(known)):
        query = urlencode({**dict(required(OPERATIONS[name])), field: value})
        answer, work = users.ask(method, users.bobs.path(path), query=query)
        answers.append((neutral(answer, [value]), work))
    assert answers[0] == answers[1]
    assert users.tells_of_it(*answers[0][0][1:]) == []


def _bodies() -> Iterator[tuple[str, str]]:
    for name, place in body_ids():
        names = place_named(OPERATIONS[name], place.removesuffix(".0").rpartition(".")[2])
        if names and is_of_a_recording(names) and AGENT not in name and (name, place) != TAKEN:
            yield name, place


@pytest.mark.parametrize(("name", "place"), list(_bodies()))
def test_its_ids_in_a_body_are_taken_as_unknown_ones_are(name: str, place: str, users: Users) -> None:
    method, path = name.split(" ")
    names = place_named(OPERATIONS[name], place.removesuffix(".0").rpartition(".")[2])
    assert names is not None
    known, answers = users.anns.id_of(names), []
    for value in (known, unlike(known)):
        body = with_value(users.bobs.example(OPERATIONS[name]) or {}, place.split("."), value)
        answer, work = users.ask(method, users.bobs.path(path), body=body, query=query_of(OPERATIONS[name]))
        answers.append((neutral(answer, [value]), work))
    (told, work), (told_of_none, work_for_none) = answers
    assert told[0] == told_of_none[0], told
    assert work == work_for_none
    if told[0] >= 400:
        assert told == told_of_none
    assert users.tells_of_it(*told[1:]) == []


def test_an_id_that_is_taken_is_refused_without_a_word_of_what_it_is(users: Users) -> None:
    """A removed one is refused in the same words: that an id was ever taken says not that it is."""
    operation = OPERATIONS[TAKEN[0]]
    known = users.anns.id_of(RECORDING)
    body = {**users.bobs.example(operation), "id": known}
    taken, _ = users.ask("PUT", "/v1/core/recordings", body=body)
    users.services.restore()
    private = users.services.recordings.get("acme", known)
    assert users.services.recordings.save(private.removed(at=NOW), expected=private)
    api = Gateway(users.services, users._api.identity)  # without restoring
    headers: dict[str, Any] = REQUEST
    removed = users.bobs.ask("PUT", "/v1/core/recordings", body=body, api=api, **headers)
    assert (taken.status, texts(taken)) == (409, texts(removed))
    assert taken.json["error"] == f"There is a recording {known} already."


@pytest.mark.parametrize("name", OPERATIONS)
def test_nothing_of_it_is_told_to_others(name: str, users: Users, caplog: pytest.LogCaptureFixture) -> None:
    method, path = name.split(" ")
    with caplog.at_level(logging.DEBUG):
        body = users.bobs.example(OPERATIONS[name])
        answer, _ = users.ask(method, users.bobs.path(path), body=body, query=query_of(OPERATIONS[name]))
    assert answer.status not in {401, 404, 405, 500}, answer.body
    announced = users.services.recordings.announced[len(users.services.at_start.recordings.announced) :]
    logged = [str(vars(record)) for record in caplog.records]
    told = [json.dumps(event.envelope(), default=str) for event in announced]
    assert users.tells_of_it(*texts(answer), *logged, *told) == []


LISTS = {
    "GET /v1/core/recordings": "",
    "POST /v1/core/recordings": "",
    "GET /v1/core/mobile-events": "",
    "GET /api/v1/audio-files": "",
    "GET /v1/calls": "",
    "GET /v1/calls/{call_id}/recording-log": "",
}
"""What lists recordings, or what belongs to them, over the whole tenant."""


@pytest.mark.parametrize("page_size", [1, 100])
@pytest.mark.parametrize("name", LISTS)
def test_lists_show_it_to_owner_administrator_and_founder_alone(
    name: str, page_size: int, users: Users, unlisted: Users
) -> None:
    method, path = name.split(" ")
    for world in (users, unlisted):
        recording = world.anns.id_of(RECORDING)
        for by in ("owner", "admin", "founder"):
            assert recording in _whole(world, method, path, by, page_size), by
        assert world.tells_of_it(_whole(world, method, path, "bob", page_size)) == []


def _whole(users: Users, method: str, path: str, by: str, page_size: int) -> str:
    """All pages of the list, cursors included."""
    pages, cursor = [], None
    sizes = {"/v1/calls": "page_size", "/v1/calls/{call_id}/recording-log": None}
    size = sizes.get(path, "pageSize")
    for _ in range(20):
        asked: dict[str, Any] = {size: page_size} if size else {}
        asked |= {"cursor": cursor} if cursor else {}
        given: dict[str, Any] = {"body": asked} if method == "POST" else {"query": urlencode(asked)}
        answer, _ = users.ask(method, users.anns.path(path), by=by, **given)
        assert answer.status == 200, answer.body
        pages.append(answer.body.decode())
        data = answer.json.get("data")
        cursor = answer.json.get("next") or answer.json.get("cursor")
        if isinstance(data, dict):
            cursor = cursor or data.get("next")
        if cursor is None:
            return "\n".join(pages)
    raise AssertionError("the list has no end")


@pytest.mark.parametrize("name", [name for name in OF_A_RECORDING if AGENT in name])
def test_others_are_not_let_onto_the_surface_of_founders(name: str, users: Users) -> None:
    method, path = name.split(" ")
    refused, _ = users.ask(method, users.anns.path(path), body=users.bobs.example(OPERATIONS[name]))
    assert refused.status == 403
    assert users.tells_of_it(*texts(refused)) == []


@pytest.mark.parametrize("path", ["/v1/core/recordings", "/api/v1/audio-files"])
@pytest.mark.parametrize("by", ["owner", "bob"])
def test_the_rule_costs_no_reading(by: str, path: str, users: Users) -> None:
    world = users.anns if by == "owner" else users.bobs
    answer, work = users.ask("GET", f"{path}/{world.id_of(RECORDING)}", by=by)
    assert (answer.status, work) == (200, ["recordings.detail"])
    answer, work = users.ask("GET", path, by=by)
    assert (answer.status, work) == (200, ["recordings.list"])


# --- not discoverable -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in FOR_BOB if name.startswith("GET")])
def test_who_has_the_id_of_an_undiscoverable_one_opens_it(name: str, unlisted: Users) -> None:
    method, path = name.split(" ")
    answer, _ = unlisted.ask(method, unlisted.anns.path(path), query=query_of(OPERATIONS[name]))
    assert answer.status in {200, 409}, answer.body


@pytest.mark.parametrize("name", OPERATIONS)
def test_nobody_is_led_to_an_undiscoverable_one(name: str, unlisted: Users) -> None:
    method, path = name.split(" ")
    body = unlisted.bobs.example(OPERATIONS[name])
    answer, _ = unlisted.ask(method, unlisted.bobs.path(path), body=body, query=query_of(OPERATIONS[name]))
    assert answer.status not in {401, 404, 405, 500}, answer.body
    assert unlisted.tells_of_it(*texts(answer)) == []
