"""The OpenAPI document is true: schemathesis finds nothing, and every example is what its schema says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.contract.fuzzing import PREFIXES, findings
from tests.contract.world import operations, served_document


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return served_document()


@pytest.mark.parametrize("surface", ["agent", "audio files", "calls", "service"])
def test_schemathesis_finds_nothing(surface: str) -> None:
    assert findings(surface) == []


def test_schemathesis_finds_what_is_not_so(document: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Were it looking away, nothing here would tell: so a document that is not true is found out."""
    untrue = json.loads(json.dumps(document))
    path = "/api/v1/audio-files/{audio_file_id}"
    untrue["paths"] = {path: untrue["paths"][path]}
    untrue["components"]["schemas"]["AudioFileDetail"]["properties"]["title"] = {"type": "integer"}
    monkeypatch.setattr("tests.contract.fuzzing.served_document", lambda: untrue)
    found = {each.partition("\n")[0] for each in findings("audio files")}
    assert found
    assert all("response_schema_conformance" in each for each in found)


def test_every_surface_is_tried(document: dict[str, Any]) -> None:
    tried = {name for path in document["paths"] for name, prefix in PREFIXES.items() if path.startswith(prefix)}
    assert tried == {"agent", "audio files", "calls", "service", "core"}
    assert [path for path in document["paths"] if not path.startswith(tuple(PREFIXES.values()))] == []


def test_operations_are_grouped_by_subjects_that_are_described(document: dict[str, Any]) -> None:
    tags = {tag for methods in document["paths"].values() for each in methods.values() for tag in each["tags"]}
    assert tags == {tag["name"] for tag in document["tags"]}
    assert len(tags) > 20
    assert all(tag["description"] for tag in document["tags"])


def test_every_operation_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    names = Counter(operation["operationId"] for _, _, operation in operations(document))
    assert [name for name, times in names.items() if times > 1] == []


def test_every_example_is_what_its_schema_says(document: dict[str, Any]) -> None:
    wrong = []
    for where, schema, example in examples(document):
        resolvable = {**schema, "components": document["components"]}
        checker = Draft202012Validator(resolvable, format_checker=Draft202012Validator.FORMAT_CHECKER)
        wrong += [f"{where}: {error.json_path}: {error.message}" for error in checker.iter_errors(example)]
    assert wrong == []


def test_bodies_and_answers_say_all_they_may_hold(document: dict[str, Any]) -> None:
    """A field that is not documented is refused, and none is answered."""
    open_ended = [
        name
        for name, schema in document["components"]["schemas"].items()
        if schema.get("type") == "object" and "properties" in schema and schema.get("additionalProperties") is not False
    ]
    assert open_ended == []


def test_every_body_and_answer_has_an_example(document: dict[str, Any]) -> None:
    lacking = []
    for method, path, operation in operations(document):
        answered = [operation["responses"][status] for status in operation["responses"] if status < "300"]
        for content in [operation.get("requestBody", {}), *answered]:
            for media_type, each in content.get("content", {}).items():
                if "example" not in each and media_type == "application/json":
                    lacking.append(f"{method} {path}")
    assert lacking == []


def test_every_operation_documents_its_headers_and_common_errors(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        headers = {each["name"] for each in operation.get("parameters", ())}
        where, responses = f"{method} {path}", operation["responses"]
        assert ("Idempotency-Key" in headers) == (method == "post"), where
        assert ("If-Match" in headers) == ("412" in responses), where
        assert "If-Match" in headers or method not in {"put", "patch"} or "{" not in path, where
        assert "retry-after" in responses["429"]["headers"], where
        assert ("404" in responses) or "{" not in path, where
        if "If-Match" in headers and "{" in path and "get" in document["paths"][path]:
            assert "etag" in document["paths"][path]["get"]["responses"]["200"]["headers"], where


def examples(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, described in {"body": operation.get("requestBody", {}), **operation["responses"]}.items():
                for content in described.get("content", {}).values():
                    shown = [content["example"]] if "example" in content else []
                    shown += [each["value"] for each in content.get("examples", {}).values()]
                    for example in shown:
                        if content.get("schema"):
                            yield f"{method} {path} {status}", content["schema"], example


def test_every_documented_problem_has_a_title(document: dict[str, Any]) -> None:
    titles = {
        example["type"]: example["title"]
        for _, _, example in examples(document)
        if isinstance(example, dict) and str(example.get("type", "")).startswith("urn:auricle:error:")
    }
    assert len(titles) > 15
    assert [kind for kind, title in titles.items() if title == "Error"] == []
