"""Two tenants, every route: what is one's does not exist for the other, in status, words, work done, events and logs.

Nothing here names a route. Whatever a path, a query or a body names by an id has to come from `world`, so a new route
is tried as soon as it is declared, and fails until what it names can be made.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.contract.conftest import NOW
from tests.contract.gateway import Answer, Gateway, Identity
from tests.contract.requests_with_ids import (
    DOCUMENT,
    LABELS,
    OPERATIONS,
    ORGANIZATION,
    REQUEST,
    WITH_PATH_IDS,
    Watched,
    body_ids,
    form_ids,
    form_of,
    neutral,
    place_named,
    query_ids,
    query_of,
    required,
    texts,
    unlike,
    with_value,
)
from tests.contract.world import Restoring, World, filled, prefixes
from tests.fakes import Fakes
from tests.fixtures.operations import routes, surfaces

OURS, THEIRS = "charlie", "alpha"


class Tenants:
    """Two worlds behind one door."""

    def __init__(self) -> None:
        services = Fakes()
        maker = Gateway(services, Identity())
        maker.now = NOW
        self.theirs = World(maker, services, DOCUMENT, org=f"org_{THEIRS}", mark=THEIRS)
        self.ours = World(maker, services, DOCUMENT, org=f"org_{OURS}", mark=OURS)
        for world in (self.theirs, self.ours):
            world.make_everything()
        self.theirs_only = {self.theirs.org, THEIRS, *self.theirs.ids.values()} - {*self.ours.ids.values()}
        self.services = Restoring(services)
        self.watched = Watched(self.services)
        self._api = Gateway(self.watched, maker.identity)
        self._api.now = NOW

    def ask(self, method: str, path: str, *, world: World | None = None, **given: Any) -> tuple[Answer, list[str]]:
        """Our request, and what it had the stores do; everything is as before afterwards but for `announced`."""
        self.services.restore()
        self.watched.asked.clear()
        answer = (world or self.ours).ask(method, path, api=self._api, **{**given, **REQUEST})
        return answer, list(self.watched.asked)

    def tells_of_them(self, text: str) -> list[str]:
        return [word for word in sorted(self.theirs_only) if word in text]


@pytest.fixture(scope="module")
def tenants() -> Tenants:
    return Tenants()


def test_every_operation_is_tried() -> None:
    assert len(OPERATIONS) == sum(1 for prefix in surfaces() for _ in routes(prefix))


@pytest.mark.parametrize("name", [name for name in WITH_PATH_IDS if name.startswith("GET")])
def test_what_is_asked_for_is_there_for_its_owner(name: str, tenants: Tenants) -> None:
    """Else nothing would be shown by its not being there for others."""
    method, path = name.split(" ")
    answer, _ = tenants.ask(method, tenants.theirs.path(path), world=tenants.theirs, query=query_of(OPERATIONS[name]))
    assert answer.status in {200, 409}, answer.body


@pytest.mark.parametrize("name", WITH_PATH_IDS)
def test_ids_of_another_tenant_are_unknown_ids(name: str, tenants: Tenants) -> None:
    method, path = name.split(" ")
    operation, ours, theirs = OPERATIONS[name], tenants.ours, tenants.theirs
    places = prefixes(path)
    given = {"body": ours.example(operation), "query": query_of(operation)}
    for first in range(len(places)):  # what stands before it is ours, everything from here on is theirs
        own = {place: ours.id_of(place) for place in places[:first]}
        foreign = {place: theirs.id_of(place) for place in places[first:]}
        unknown = {place: unlike(found) for place, found in foreign.items()}
        refused, work = tenants.ask(method, filled(path, own | foreign), **given)
        never, least = tenants.ask(method, filled(path, own | unknown), **given)
        assert refused.status == 404, refused.body
        assert neutral(refused, foreign.values()) == neutral(never, unknown.values())
        assert work == least, "the time it takes tells that it is there"
        assert tenants.tells_of_them(neutral(refused, foreign.values())[1]) == []


@pytest.mark.parametrize(("name", "field"), list(query_ids()))
def test_an_id_of_another_tenant_in_a_query_finds_what_an_unknown_one_finds(
    name: str, field: str, tenants: Tenants
) -> None:
    method, path = name.split(" ")
    foreign = _theirs(OPERATIONS[name], field, tenants.theirs)
    answers = []
    for value in (foreign, unlike(foreign)):
        query = urlencode({**dict(required(OPERATIONS[name])), field: value})
        answer, work = tenants.ask(method, tenants.ours.path(path), query=query)
        answers.append((neutral(answer, [value]), work))
    assert answers[0] == answers[1]
    assert tenants.tells_of_them(answers[0][0][1]) == []


@pytest.mark.parametrize(("name", "place"), list(body_ids()))
def test_an_id_of_another_tenant_in_a_body_is_taken_as_an_unknown_one_is(
    name: str, place: str, tenants: Tenants
) -> None:
    method, path = name.split(" ")
    field = place.removesuffix(".0").rpartition(".")[2]
    foreign = _theirs(OPERATIONS[name], field, tenants.theirs)
    answers = []
    for value in (foreign, unlike(foreign)):
        body = with_value(tenants.ours.example(OPERATIONS[name]) or {}, place.split("."), value)
        answer, work = tenants.ask(method, tenants.ours.path(path), body=body, query=query_of(OPERATIONS[name]))
        answers.append((neutral(answer, [value]), work))
    _check_alike(answers, tenants)


@pytest.mark.parametrize(("name", "field"), list(form_ids()))
def test_an_id_of_another_tenant_in_a_form_is_taken_as_an_unknown_one_is(
    name: str, field: str, tenants: Tenants
) -> None:
    method, path = name.split(" ")
    foreign = _theirs(OPERATIONS[name], field, tenants.theirs)
    answers = []
    for value in (foreign, unlike(foreign)):
        content, content_type = form_of(OPERATIONS[name], field, value)
        answer, work = tenants.ask(method, path, raw=content, content_type=content_type)
        answers.append((neutral(answer, [value]), work))
    _check_alike(answers, tenants)


@pytest.mark.parametrize("name", OPERATIONS)
def test_nothing_of_another_tenant_is_told(name: str, tenants: Tenants, caplog: pytest.LogCaptureFixture) -> None:
    method, path = name.split(" ")
    with caplog.at_level(logging.DEBUG):
        body = tenants.ours.example(OPERATIONS[name])
        answer, _ = tenants.ask(method, tenants.ours.path(path), body=body, query=query_of(OPERATIONS[name]))
    assert answer.status not in {401, 403, 404, 405, 500}, answer.body
    announced = tenants.services.recordings.announced[len(tenants.services.at_start.recordings.announced) :]
    logged = [str(vars(record)) for record in caplog.records]
    for text in (*texts(answer), *logged, *(json.dumps(event.envelope(), default=str) for event in announced)):
        assert tenants.tells_of_them(text) == []


def _check_alike(answers: list[tuple[tuple[int, str, str], list[str]]], tenants: Tenants) -> None:
    """HttpProblem in the same words; or taken as a word that means nothing to us, with ids and times of its own."""
    (told, work), (told_of_none, work_for_none) = answers
    assert told[0] == told_of_none[0], told
    assert work == work_for_none
    if told[0] >= 400:
        assert told == told_of_none
    assert tenants.tells_of_them(told[1]) == []


def _theirs(operation: Mapping[str, Any], field: str, theirs: World) -> str:
    if field in LABELS:
        return f"{field}_{theirs.mark}"
    if field in ORGANIZATION:
        return theirs.org
    place = place_named(operation, field)
    assert place, f"{operation['operationId']} takes {field}: say in NAMED what it is the id of, or in LABELS"
    return theirs.id_of(place)
