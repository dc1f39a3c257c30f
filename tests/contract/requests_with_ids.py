"""What requests may name by ids, found in the OpenAPI document: paths, queries, bodies and forms.

Nothing here names a route. Whatever a path, a query or a body names by an id has to be said in `NAMED` or `LABELS`
once, so a new route is tried by every test that walks them as soon as it is declared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from tests.contract.gateway import Answer
from tests.contract.world import Restoring, operations, served_document

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


def query_ids() -> Iterator[tuple[str, str]]:
    """Every (operation, query parameter) that is an id."""
    for name, operation in OPERATIONS.items():
        for parameter in operation.get("parameters", ()):
            if parameter.get("in") == "query" and IS_ID.search(parameter["name"]):
                yield name, parameter["name"]


def body_ids() -> Iterator[tuple[str, str]]:
    """Every (operation, place in its JSON body) that is an id."""
    for name, operation in OPERATIONS.items():
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        example = content.get("example") or {}
        places = [*_ids_within(example), *(place for place in _ids_read(content) if place.split(".")[0] not in example)]
        yield from ((name, place) for place in places)


def form_ids() -> Iterator[tuple[str, str]]:
    """Every (operation, field of its form) that is an id."""
    for name, operation in OPERATIONS.items():
        for field in _form_parts(operation):
            if IS_ID.search(field):
                yield name, field


def _form_parts(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    content = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data", {})
    reference = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    parts: Mapping[str, Any] = DOCUMENT["components"]["schemas"].get(reference, {}).get("properties", {})
    return parts


def form_of(operation: Mapping[str, Any], field: str, value: str) -> tuple[bytes, str]:
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
        if name == "records":
            return lambda kind: _Watched(self._services.records(kind), kind.name, self.asked)
        return _Watched(getattr(self._services, name), name, self.asked)


class _Watched:
    def __init__(self, port: Any, name: str, asked: list[str]) -> None:
        self._port = port
        self._name = name
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        self._asked.append(f"{self._name}.{name}")
        return getattr(self._port, name)


def texts(answer: Answer) -> tuple[str, str]:
    """The answer's body and headers."""
    return answer.body.decode(), str(answer.headers)


def place_named(operation: Mapping[str, Any], field: str) -> str | None:
    """The beginning of a path that what the field names stands at the end of; None of a field that is no such id."""
    return NAMED.get(f"{operation['operationId']}.{field}") or NAMED.get(field)


def neutral(answer: Answer, ids: Iterable[str]) -> tuple[int, str, str]:
    """The answer without the ids it was asked for."""
    body, headers = texts(answer)
    for each in sorted(ids, key=len, reverse=True):
        body, headers = body.replace(each, "…"), headers.replace(each, "…")
    return answer.status, body, headers


def unlike(known: str) -> str:
    """An id of the same look that nobody has."""
    return known[:-3] + ("zzz" if not known.endswith("zzz") else "yyy")


def required(operation: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The query parameters that must be given, with values."""
    for parameter in operation.get("parameters", ()):
        if parameter.get("in") == "query" and parameter["required"]:
            schema = parameter["schema"]
            shown = schema.get("examples") or schema.get("enum") or [schema.get("default")]
            yield parameter["name"], shown[0]


def query_of(operation: Mapping[str, Any]) -> str:
    """The shortest query string that the operation takes."""
    return urlencode(dict(required(operation)))


def with_value(body: Any, place: Sequence[str], value: Any) -> Any:
    """The body with the value in that place."""
    if not place:
        return value
    if isinstance(body, list):
        return [with_value(body[0], place[1:], value), *body[1:]]
    rest: Any = [None] if place[1:] == ["0"] else None
    return {**body, place[0]: with_value(body.get(place[0]) or rest, place[1:], value)}
