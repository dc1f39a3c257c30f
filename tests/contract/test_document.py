"""What readers and generators of clients need of the OpenAPI document beyond its being true."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.contract.world import operations
from tests.fixtures.operations import surfaces, whole_document

SCHEMAS = "#/components/schemas/"
STATUS = re.compile(r"(?i)(^|_)(status|state|stage)$|[a-z](Status|State|Stage)$")
"""The names of fields and parameters whose values are a closed vocabulary."""
FREE = re.compile(r".*Deal.*\.stage|.*Address.*\.state|get .*/deals stage")
"""A deal's stage is a word of the tenant's CRM, and an address's state is part of a country."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return whole_document()


def objects(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every schema with properties, by where it stands."""
    yield from _objects(document["components"]["schemas"], "")
    yield from _objects(document["paths"], "")


def _objects(value: Any, where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, dict):
        if isinstance(value.get("properties"), dict) and value.get("type") == "object":
            yield where, value
        for key, each in value.items():
            if key not in {"example", "examples"}:
                yield from _objects(each, f"{where}.{key}".removeprefix("."))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _objects(each, f"{where}.{number}")


def properties(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Every property of every schema: where it stands, its name, and what is said of it."""
    for where, schema in objects(document):
        for name, described in schema["properties"].items():
            yield f"{where}.{name}", name, described


def parameters(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for method, path, operation in operations(document):
        for each in operation.get("parameters", ()):
            yield f"{method} {path} {each['name']}", each["name"], each


# --- descriptions -------------------------------------------------------------------------------------------


def test_every_property_is_described(document: dict[str, Any]) -> None:
    """By itself or, where that says the same, by the schema it refers to, which pydantic then leaves it to."""
    found = list(properties(document))
    schemas = document["components"]["schemas"]
    lacking = [
        where
        for where, _, described in found
        if not described.get("description")
        and not schemas.get(described.get("$ref", "").removeprefix(SCHEMAS), {}).get("description")
    ]
    assert lacking == []
    assert len(found) > 100


def test_every_schema_is_described(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert [name for name, schema in schemas.items() if not schema.get("description")] == []


def test_every_parameter_and_header_is_described(document: dict[str, Any]) -> None:
    assert [where for where, _, described in parameters(document) if not described.get("description")] == []
    lacking = [
        f"{method} {path} {status} {name}"
        for method, path, operation in operations(document)
        for status, response in operation["responses"].items()
        for name, header in response.get("headers", {}).items()
        if not header.get("description")
    ]
    assert lacking == []


def test_every_operation_and_response_is_described(document: dict[str, Any]) -> None:
    lacking = []
    for method, path, operation in operations(document):
        lacking += [f"{method} {path} {part}" for part in ("summary", "description") if not operation.get(part)]
        for status, each in {
            "body": operation.get("requestBody", {"description": "None."}),
            **operation["responses"],
        }.items():
            if each.get("description", "") in {"", "Successful Response"}:
                lacking.append(f"{method} {path} {status}")
    assert lacking == []


def test_every_subject_is_described_and_has_operations(document: dict[str, Any]) -> None:
    described = [tag["name"] for tag in document["tags"]]
    assert len(described) == len(set(described))
    assert all(tag["description"] for tag in document["tags"])
    used = {tag for _, _, operation in operations(document) for tag in operation["tags"]} | {"service"}
    assert used == set(described)
    assert all(len(operation["tags"]) == 1 for _, _, operation in operations(document))


# --- types --------------------------------------------------------------------------------------------------


def test_statuses_are_enums(document: dict[str, Any]) -> None:
    found = [(where, name, described) for where, name, described in properties(document)]
    found += [(where, name, described["schema"]) for where, name, described in parameters(document)]
    statuses = [(where, described) for where, name, described in found if STATUS.search(name)]
    free = [where for where, described in statuses if is_free_text(described, document)]
    assert [where for where in free if FREE.fullmatch(where) is None] == []
    assert len(statuses) > 10


def test_a_status_says_which_of_its_values_are_final(document: dict[str, Any]) -> None:
    silent = [
        name
        for name, schema in document["components"]["schemas"].items()
        if "enum" in schema and STATUS.search(name) and "final" not in schema["description"]
    ]
    assert silent == ["ConsentStatus", "Stage"], "consent may always change, and a stage is no state"


def is_free_text(schema: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Whether any string is allowed."""
    if "$ref" in schema:
        return is_free_text(document["components"]["schemas"][schema["$ref"].removeprefix(SCHEMAS)], document)
    choices = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if choices:
        return any(is_free_text(each, document) for each in choices)
    return schema.get("type") == "string" and not {"enum", "const"} & schema.keys()


def test_no_default_makes_an_optional_field_required(document: dict[str, Any]) -> None:
    """openapi-typescript takes a field with a default for one that is always there."""
    wrong = [
        f"{where}.{name}"
        for where, schema in objects(document)
        for name, described in schema["properties"].items()
        if "default" in described and name not in schema.get("required", ())
    ]
    assert wrong == []


# --- names --------------------------------------------------------------------------------------------------


def test_a_name_means_one_schema_in_the_documents_of_all_surfaces() -> None:
    found: dict[str, Mapping[str, Any]] = {}
    for app in surfaces().values():
        for name, schema in app.openapi()["components"]["schemas"].items():
            assert found.setdefault(name, schema) == schema, name
    # openapi-python-client makes one class of `AudioFile` and `Audio_file`, and of what FastAPI tells apart by
    # module or by direction.
    assert [name for name in found if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", name)] == []
    assert len({name.lower() for name in found}) == len(found)
    assert [name for name, schema in found.items() if schema.get("title", name) != name] == []


def test_the_license_is_an_spdx_identifier(document: dict[str, Any]) -> None:
    assert document["info"]["license"] == {"name": "MIT", "identifier": "MIT"}
    for app in surfaces().values():
        assert app.openapi()["info"]["license"] == {"name": "MIT", "identifier": "MIT"}
