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
    operation = _paths()[path][method]
    schema = operation["responses"][str(answer.status)]["content"]["application/json"]["schema"]
    Draft202012Validator(_without_nullable(schema)).validate(answer.json)
    return answer.json


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
