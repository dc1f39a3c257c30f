"""Two tenants, every route: what is one's does not exist for the other, in status, words, work done, events and logs.

Nothing here names a route. Whatever a path, a query or a body names by an id has to come from `world`, so a new route
is tried as soon as it is declared, and fails until what it names can be made.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import pytest

from api.app import DOORS
from tests.contract.conftest import NOW
from tests.contract.gateway import Answer, Gateway, Identity
from tests.contract.world import Restoring, World, filled, operations, prefixes, served_document
from tests.fakes import Fakes

OURS, THEIRS = "charlie", "alpha"
REQUEST = {"x-request-id": "request-of-this-test"}
DOCUMENT = served_document()
OPERATIONS = {f"{method.upper()} {path}": operation for method, path, operation in operations(DOCUMENT)}
WITH_PATH_IDS = [name for name in OPERATIONS if "{" in name]
IS_ID = re.compile(r"(?:(?:^|_)ids?|[a-z](?:Ids?|Uids?))$")

CONTACT = "/api/v1/agent/founder/contacts/{contact_id}"
RECORDING = "/v1/core/recordings/{recording_id}"
COMMENT = "/v1/core/recordings/{recording_id}/comments/{comment_id}"
CALL = "/v1/calls/{call_id}"
CONNECTION = "/v1/core/integrations/connections/{connection_id}"
DEAL = "/api/v1/agent/founder/deals/{deal_id}"
QUESTION = "/v1/core/debrief-questions/{question_id}"
TEAM = "/v1/core/teams/{team_id}"
USER = "/v1/core/users/{user_id}"
NAMED: Mapping[str, str] = {
    "contact_id": CONTACT,
    "contact_ids": CONTACT,
    "contactIds": CONTACT,
    "deal_id": DEAL,
    "opportunityId": DEAL,
    "connection_id": CONNECTION,
    "integrationConnectionId": CONNECTION,
    "questionId": QUESTION,
    "recordingId": RECORDING,
    "recordingIds": RECORDING,
    "recording_id": RECORDING,
    "seedRecordingId": RECORDING,
    "coachTeamIds": TEAM,
    "memberTeamId": TEAM,
    "teamId": TEAM,
    "selectedThreadId": COMMENT,
    "threadIds": COMMENT,
    "agent_id": USER,
    "commenterUid": USER,
    "userId": USER,
    "fetch_core_recordings.ids": RECORDING,
    "start_core_recording.id": RECORDING,
    "change_core_recording_in_body.id": RECORDING,
    "link_core_recording.id": DEAL,
    "unlink_core_recording.id": DEAL,
    "create_contact.id": CONTACT,
    "create_deal.id": DEAL,
    "create_team.id": TEAM,
    "create_user.id": USER,
    "register_telephone_call.call_id": CALL,
}
"""What fields and parameters hold the ids of, by their names, or by an operation's and theirs."""
ORGANIZATION = {"organizationId"}
LABELS = {
    "campaignId",
    "campaign_id",
    "bundleId",
    "engagementId",
    "externalAccountId",
    "externalId",
    "external_id",
    "originalDeviceId",
    "recordingEngagementId",
    "transcription_id",
}
"""Fields and parameters that hold words of the client's own, which need not be known to anybody."""
WAV = "RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\x08\0\0\0" + "\0" * 8


def _query_ids() -> Iterator[tuple[str, str]]:
    for name, operation in OPERATIONS.items():
        for parameter in operation["parameters"]:
            if parameter.get("in") == "query" and IS_ID.search(parameter["name"]):
                yield name, parameter["name"]


def _body_ids() -> Iterator[tuple[str, str]]:
    for name, operation in OPERATIONS.items():
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        example = content.get("example") or {}
        places = [*_ids_within(example), *(place for place in _ids_read(content) if place.split(".")[0] not in example)]
        yield from ((name, place) for place in places)


def _form_ids() -> Iterator[tuple[str, str]]:
    for name, operation in OPERATIONS.items():
        for field in _form_parts(operation):
            if IS_ID.search(field):
                yield name, field


def _form_parts(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    content = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data", {})
    reference = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    parts: Mapping[str, Any] = DOCUMENT["components"]["schemas"].get(reference, {}).get("properties", {})
    return parts


def _form(operation: Mapping[str, Any], field: str, value: str) -> tuple[bytes, str]:
    """A form with its file, whatever must be chosen, and the one id; and its content type."""
    lines = []
    for name, part in _form_parts(operation).items():
        disposition = f'Content-Disposition: form-data; name="{name}"'
        if part.get("format") == "binary":
            lines += ["--form", f'{disposition}; filename="call.wav"', "Content-Type: audio/wav", "", WAV]
        elif name == field:
            lines += ["--form", disposition, "", json.dumps([value]) if "JSON array" in str(part) else value]
        elif "enum" in part:
            lines += ["--form", disposition, "", part["enum"][0]]
    return "\r\n".join([*lines, "--form--", ""]).encode("latin-1"), "multipart/form-data; boundary=form"


def _ids_read(content: Mapping[str, Any]) -> Iterator[str]:
    """The ids a body may have besides those of its example."""
    reference = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    for name, schema in DOCUMENT["components"]["schemas"].get(reference, {}).get("properties", {}).items():
        if IS_ID.search(name):
            yield f"{name}.0" if "array" in str(schema) else name


def _ids_within(example: Any, place: str = "", *, named: bool = False) -> Iterator[str]:
    """Where in an example ids stand, as `deals.0.contactId`; of a list of them, the first."""
    match example:
        case dict():
            for key, value in example.items():
                yield from _ids_within(value, f"{place}.{key}".lstrip("."), named=bool(IS_ID.search(key)))
        case list() if example:
            yield from _ids_within(example[0], f"{place}.0", named=named)
        case str() if named:
            yield place


class Watched:
    """Services that tell what they were asked."""

    def __init__(self, services: Restoring) -> None:
        self._services = services
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name == "collection":
            return lambda kind: _Watched(self._services.collection(kind), kind.name, self.asked)
        return _Watched(getattr(self._services, name), name, self.asked)


class _Watched:
    def __init__(self, port: Any, name: str, asked: list[str]) -> None:
        self._port = port
        self._name = name
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        self._asked.append(f"{self._name}.{name}")
        return getattr(self._port, name)


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
    assert len(OPERATIONS) == sum(len(door.surface.operations) for door in DOORS)


@pytest.mark.parametrize("name", [name for name in WITH_PATH_IDS if name.startswith("GET")])
def test_what_is_asked_for_is_there_for_its_owner(name: str, tenants: Tenants) -> None:
    """Else nothing would be shown by its not being there for others."""
    method, path = name.split(" ")
    answer, _ = tenants.ask(method, tenants.theirs.path(path), world=tenants.theirs, query=_query(OPERATIONS[name]))
    assert answer.status in {200, 409}, answer.body


@pytest.mark.parametrize("name", WITH_PATH_IDS)
def test_ids_of_another_tenant_are_unknown_ids(name: str, tenants: Tenants) -> None:
    method, path = name.split(" ")
    operation, ours, theirs = OPERATIONS[name], tenants.ours, tenants.theirs
    places = prefixes(path)
    given = {"body": ours.example(operation), "query": _query(operation)}
    for first in range(len(places)):  # what stands before it is ours, everything from here on is theirs
        own = {place: ours.id_of(place) for place in places[:first]}
        foreign = {place: theirs.id_of(place) for place in places[first:]}
        unknown = {place: _unlike(found) for place, found in foreign.items()}
        refused, work = tenants.ask(method, filled(path, own | foreign), **given)
        never, least = tenants.ask(method, filled(path, own | unknown), **given)
        assert refused.status == 404, refused.body
        assert _neutral(refused, foreign.values()) == _neutral(never, unknown.values())
        assert work == least, "the time it takes tells that it is there"
        assert tenants.tells_of_them(_neutral(refused, foreign.values())[1]) == []


@pytest.mark.parametrize(("name", "field"), list(_query_ids()))
def test_an_id_of_another_tenant_in_a_query_finds_what_an_unknown_one_finds(
    name: str, field: str, tenants: Tenants
) -> None:
    method, path = name.split(" ")
    foreign = _theirs(OPERATIONS[name], field, tenants.theirs)
    answers = []
    for value in (foreign, _unlike(foreign)):
        query = urlencode({**dict(_required(OPERATIONS[name])), field: value})
        answer, work = tenants.ask(method, tenants.ours.path(path), query=query)
        answers.append((_neutral(answer, [value]), work))
    assert answers[0] == answers[1]
    assert tenants.tells_of_them(answers[0][0][1]) == []


@pytest.mark.parametrize(("name", "place"), list(_body_ids()))
def test_an_id_of_another_tenant_in_a_body_is_taken_as_an_unknown_one_is(
    name: str, place: str, tenants: Tenants
) -> None:
    method, path = name.split(" ")
    field = place.removesuffix(".0").rpartition(".")[2]
    foreign = _theirs(OPERATIONS[name], field, tenants.theirs)
    answers = []
    for value in (foreign, _unlike(foreign)):
        body = _with(tenants.ours.example(OPERATIONS[name]) or {}, place.split("."), value)
        answer, work = tenants.ask(method, tenants.ours.path(path), body=body, query=_query(OPERATIONS[name]))
        answers.append((_neutral(answer, [value]), work))
    _check_alike(answers, tenants)


@pytest.mark.parametrize(("name", "field"), list(_form_ids()))
def test_an_id_of_another_tenant_in_a_form_is_taken_as_an_unknown_one_is(
    name: str, field: str, tenants: Tenants
) -> None:
    method, path = name.split(" ")
    foreign = _theirs(OPERATIONS[name], field, tenants.theirs)
    answers = []
    for value in (foreign, _unlike(foreign)):
        content, content_type = _form(OPERATIONS[name], field, value)
        answer, work = tenants.ask(method, path, raw=content, content_type=content_type)
        answers.append((_neutral(answer, [value]), work))
    _check_alike(answers, tenants)


@pytest.mark.parametrize("name", OPERATIONS)
def test_nothing_of_another_tenant_is_told(name: str, tenants: Tenants, caplog: pytest.LogCaptureFixture) -> None:
    method, path = name.split(" ")
    with caplog.at_level(logging.DEBUG):
        body = tenants.ours.example(OPERATIONS[name])
        answer, _ = tenants.ask(method, tenants.ours.path(path), body=body, query=_query(OPERATIONS[name]))
    assert answer.status not in {401, 403, 404, 405, 500}, answer.body
    announced = tenants.services.recordings.announced[len(tenants.services.at_start.recordings.announced) :]
    logged = [str(vars(record)) for record in caplog.records]
    for text in (*_texts(answer), *logged, *(json.dumps(event.envelope(), default=str) for event in announced)):
        assert tenants.tells_of_them(text) == []


def _check_alike(answers: list[tuple[tuple[int, str, str], list[str]]], tenants: Tenants) -> None:
    """Refused in the same words; or taken as a word that means nothing to us, with ids and times of its own."""
    (told, work), (told_of_none, work_for_none) = answers
    assert told[0] == told_of_none[0], told
    assert work == work_for_none
    if told[0] >= 400:
        assert told == told_of_none
    assert tenants.tells_of_them(told[1]) == []


def _texts(answer: Answer) -> tuple[str, str]:
    return answer.body.decode(), str(answer.headers)


def _neutral(answer: Answer, ids: Iterable[str]) -> tuple[int, str, str]:
    """The answer without the ids it was asked for."""
    body, headers = _texts(answer)
    for each in sorted(ids, key=len, reverse=True):
        body, headers = body.replace(each, "…"), headers.replace(each, "…")
    return answer.status, body, headers


def _unlike(known: str) -> str:
    """An id of the same look that nobody has."""
    return known[:-3] + ("zzz" if not known.endswith("zzz") else "yyy")


def _theirs(operation: Mapping[str, Any], field: str, theirs: World) -> str:
    if field in LABELS:
        return f"{field}_{theirs.mark}"
    if field in ORGANIZATION:
        return theirs.org
    place = NAMED.get(f"{operation['operationId']}.{field}") or NAMED.get(field)
    assert place, f"{operation['operationId']} takes {field}: say in NAMED what it is the id of, or in LABELS"
    return theirs.id_of(place)


def _required(operation: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for parameter in operation["parameters"]:
        if parameter.get("in") == "query" and parameter["required"]:
            schema = parameter["schema"]
            shown = schema.get("examples") or schema.get("enum") or [schema.get("default")]
            yield parameter["name"], shown[0]


def _query(operation: Mapping[str, Any]) -> str:
    return urlencode(dict(_required(operation)))


def _with(body: Any, place: Sequence[str], value: Any) -> Any:
    if not place:
        return value
    if isinstance(body, list):
        return [_with(body[0], place[1:], value), *body[1:]]
    rest: Any = [None] if place[1:] == ["0"] else None
    return {**body, place[0]: _with(body.get(place[0]) or rest, place[1:], value)}
