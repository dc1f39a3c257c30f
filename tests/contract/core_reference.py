"""Answers held against the reference's own OpenAPI document, where it lies beside the checkout."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from tests.contract.core_recordings import contract
from tests.contract.gateway import Answer


def conforms(answer: Answer, method: str, path: str) -> Any:
    """The answer's JSON, once the reference admits it for that operation and status."""
    Draft202012Validator(_without_nullable(_answered(method, path, answer.status))).validate(answer.json)
    return answer.json


def conforms_as_field(value: Any, field: str) -> None:
    """The value is what the reference says that field of a recording is."""
    schema = _answered("patch", "/v1/core/recordings", 200)["properties"]["data"]["properties"][field]
    Draft202012Validator(_without_nullable(schema)).validate(value)


def _answered(method: str, path: str, status: int) -> Any:
    return _paths()[path][method]["responses"][str(status)]["content"]["application/json"]["schema"]


@cache
def _paths() -> Any:
    return json.loads(contract("core-recordings.openapi.json").read_text())["paths"]


def _without_nullable(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(schema, list):
        return [_without_nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _without_nullable(value) for name, value in schema.items() if name != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain
