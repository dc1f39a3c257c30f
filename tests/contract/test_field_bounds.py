"""Bounds of the fields of requests, written in `tests/fixtures/field_bounds.json`: what is at one is taken, what is
beyond it is refused by name, and the document says so."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.contract.gateway import Answer, Gateway, Identity
from tests.contract.world import World, operations, served_document
from tests.fakes import Fakes

BOUNDS: Mapping[str, Mapping[str, Mapping[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "field_bounds.json").read_text()
)
"""By operation and field: `maxLength`, `minLength`, `maximum`, `minimum`, `maxItems` and `minItems`."""
FORM_BOUNDS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "POST /api/v1/agent/founder/recordings/upload": {
        "source": {"maxLength": 255, "minLength": 1},
        "contact_ids": {"maxLength": 4096},
        "deal_id": {"maxLength": 64},
        "title": {"maxLength": 255, "minLength": 1},
        "file_name": {"maxLength": 255, "minLength": 1},
        "file_size": {"maximum": 9007199254740991, "minimum": 1},
    }
}
NESTED_BOUNDS: Mapping[str, Mapping[str, Mapping[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "nested_bounds.json").read_text()
)
"""By operation and the way to a field inside a field, or to an element (`0`) of a list."""
QUERY_BOUNDS: Mapping[str, Mapping[str, Mapping[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "query_bounds.json").read_text()
)
"""By operation and parameter of its query."""
NAMES = ("maxLength", "minLength", "maximum", "minimum", "maxItems", "minItems")


def resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The choices of a schema, without those that only say null."""
    if "$ref" in schema:
        yield from resolved(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from resolved(choice, document)
    if schema.get("type") not in (None, "null"):
        yield schema


def described(parameter: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameter itself, where the operation only names it."""
    name = parameter.get("$ref", "").rpartition("/")[2]
    return document["components"]["parameters"][name] if name else parameter


def documented_in_queries(document: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """The bounds of the parameters of queries."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for method, path, operation in operations(document):
        for parameter in (described(each, document) for each in operation.get("parameters", ())):
            choices = list(resolved(parameter["schema"], document))
            bounds = {name: choices[0][name] for name in NAMES if len(choices) == 1 and name in choices[0]}
            if parameter["in"] == "query" and bounds:
                found.setdefault(f"{method.upper()} {path}", {})[parameter["name"]] = bounds
    return found


def inside(schema: Mapping[str, Any], document: Mapping[str, Any], way: str = "") -> Iterator[tuple[str, Any]]:
    """The schemas of what an object or a list holds, however deep, each with the way to it."""
    for choice in resolved(schema, document):
        held = {**choice.get("properties", {}), **({"0": choice["items"]} if choice.get("items") else {})}
        for name, below in held.items():
            yield f"{way}{name}", below
            yield from inside(below, document, f"{way}{name}.")


def documented_inside_fields(document: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """The bounds of what the fields of JSON bodies hold, where it has one choice only."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for method, path, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        for way, schema in inside(content["schema"], document) if content else ():
            choices = list(resolved(schema, document))
            bounds = {name: choices[0][name] for name in NAMES if len(choices) == 1 and name in choices[0]}
            if bounds and "." in way:
                found.setdefault(f"{method.upper()} {path}", {})[way] = bounds
    return found


def documented(
    document: Mapping[str, Any], media_type: str = "application/json"
) -> dict[str, dict[str, dict[str, Any]]]:
    """The bounds of the fields of bodies, where a field has one choice only."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for method, path, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get(media_type)
        for body in resolved(content["schema"], document) if content else ():
            for field, schema in body.get("properties", {}).items():
                choices = list(resolved(schema, document))
                bounds = {name: choices[0][name] for name in NAMES if len(choices) == 1 and name in choices[0]}
                if bounds:
                    found.setdefault(f"{method.upper()} {path}", {})[field] = bounds
    return found


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return served_document()


@pytest.fixture(scope="module")
def world(document: dict[str, Any]) -> World:
    services = Fakes()
    made = World(Gateway(services, Identity()), services, document, org="acme", mark="a1")
    made.make_everything()
    return made


def test_the_document_has_these_bounds(document: dict[str, Any]) -> None:
    assert documented(document) == BOUNDS
    assert documented(document, "multipart/form-data") == FORM_BOUNDS
    assert documented_inside_fields(document) == NESTED_BOUNDS
    assert documented_in_queries(document) == QUERY_BOUNDS


def text(length: int, field: str) -> str:
    """Text so long, of the kind that a field of that name takes."""
    name = field.lower()
    if not length:
        return ""
    if name.endswith("url") or name == "linkedimage":
        return "https://example.com/".ljust(length, "a")
    if name == "email":
        return "@example.com".rjust(length, "a")
    if name in {"contenttype", "mimetype"}:
        return "audio/".ljust(length, "a")
    return "+".ljust(length, "1")[:length] if name.endswith(("phone", "number")) else "x" * length


def value(name: str, bound: float, field: str, example: Any, *, beyond: bool) -> Any:
    """A value at the bound, or just beyond it; None where the example gives nothing to make one of."""
    step = (1 if name.startswith("max") else -1) * beyond
    if name.endswith("Length"):
        return text(int(bound + step), field)
    if name.endswith("Items"):
        return [example[0]] * int(bound + step) if example else None
    return bound + step if abs(bound) < 2**53 else bound * 2


def names(answer: Answer, field: str) -> bool:
    """Whether the request was refused for that field."""
    return answer.status in {400, 422} and re.search(rf"\b{re.escape(field)}\b", answer.body.decode()) is not None


OTHERWISE = {
    "checksumSha256",
    "consentSignatureBase64",
    "contactPhone",
    "downloadUrl",
    "duration_seconds",
    "fileSize",
    "fileUrl",
    "integrationConnectionId",
    "integrationPlatform",
    "memberTeamId",
    "organizationId",
    "recordingEngagementId",
    "recordingIds",
    "selectedThreadId",
    "sizeBytes",
    "splitTimestampsMs",
    "userEmail",
    "userId",
    "userPhone",
}
"""Fields that are refused at their bound for another reason: they name what must be there, or have a form."""


@pytest.mark.parametrize("operation", BOUNDS)
def test_what_is_beyond_a_bound_is_refused_and_what_is_at_it_is_taken(operation: str, world: World) -> None:
    method, _, path = operation.partition(" ")
    described = world.document["paths"][path][method.lower()]
    example = world.example(described) or {}
    wrong = []
    for field, bounds in BOUNDS[operation].items():
        for name, bound in bounds.items():
            for beyond in (False, True):
                content = value(name, bound, field, example.get(field), beyond=beyond)
                if content is None or (name.startswith("min") and not bound and beyond and name != "minimum"):
                    continue
                answer = world.ask(method, world.path(path), body={**copy.deepcopy(example), field: content})
                taken_otherwise = not beyond and field in OTHERWISE
                if names(answer, field) is not beyond and not taken_otherwise:
                    wrong.append(f"{field} {name} {bound}: {answer.status} {answer.body[:120]!r}")
    assert wrong == []


NEVER_TAKEN = {"cursor", "eventCodeIn", "threadIds", "types"}
"""Parameters that are refused at their bound for another reason: a cursor that this API has made, and lists of words
that it knows."""


@pytest.mark.parametrize("operation", QUERY_BOUNDS)
def test_what_is_beyond_a_bound_of_a_query_is_refused_and_what_is_at_it_is_taken(operation: str, world: World) -> None:
    method, _, path = operation.partition(" ")
    wrong = []
    for parameter, bounds in QUERY_BOUNDS[operation].items():
        for name, bound in bounds.items():
            for beyond in (False, True):
                content = value(name, bound, parameter, ["x"], beyond=beyond)
                query = urlencode({parameter: content}, doseq=True)
                answer = world.ask(method, world.path(path), query=query)
                if names(answer, parameter) is not beyond and not (not beyond and parameter in NEVER_TAKEN):
                    wrong.append(f"{parameter} {name} {bound}: {answer.status} {answer.body[:120]!r}")
    assert wrong == []


def changed_inside(body: Any, way: list[str], name: str, bound: float, *, beyond: bool) -> Any:
    """The body with another value at the end of the way; None where the example does not go there."""
    body = copy.deepcopy(body)
    held = body
    for part in way[:-1]:
        held = held.get(part) if isinstance(held, dict) else next(iter(held or ()), None)
    last: Any = int(way[-1]) if way[-1].isdecimal() else way[-1]
    if not held or not isinstance(held, dict | list):
        return None
    example = held[last] if isinstance(held, list) else held.get(last)
    content = value(name, bound, next(part for part in reversed(way) if part != "0"), example, beyond=beyond)
    if content is None:
        return None
    held[last] = content
    return body


@pytest.mark.parametrize("operation", NESTED_BOUNDS)
def test_what_is_beyond_a_bound_inside_a_field_is_refused(operation: str, world: World) -> None:
    method, _, path = operation.partition(" ")
    example = world.example(world.document["paths"][path][method.lower()]) or {}
    wrong = []
    for way, bounds in NESTED_BOUNDS[operation].items():
        for name, bound in bounds.items():
            body = changed_inside(example, way.split("."), name, bound, beyond=True)
            if body is not None and not (name.startswith("min") and not bound and name != "minimum"):
                answer = world.ask(method, world.path(path), body=body)
                if not names(answer, way.partition(".")[0]):
                    wrong.append(f"{way} {name} {bound}: {answer.status} {answer.body[:120]!r}")
    assert wrong == []
