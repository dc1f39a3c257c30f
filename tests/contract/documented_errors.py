"""Every error that a contract test gets must be documented beside the operation that answered it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.fixtures.operations import surfaces

_NOTHING_HERE = {"not-found", "urn:auricle:error:not-found", "NOT_FOUND"}
"""Of paths that only look like an operation's."""


def undocumented(method: str, path: str, status: int, body: bytes) -> str | None:
    """What the document does not say of that error; None where it says it, or where no operation answered."""
    for template, operation in _answering(method, path):
        response = operation["responses"].get(str(status))
        if response is None:
            return f"{method} {template} documents no {status}"
        (content,) = response["content"].values()
        documented = {_code(example["value"]) for example in content["examples"].values()}
        code = _code(json.loads(body))
        if code not in documented | _NOTHING_HERE:
            return f"{method} {template} documents no {code} among its {status}"
    return None


def _answering(method: str, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    found = [each for each in _operations() if each[1].fullmatch(path)]
    if any("{" not in template for _, _, template, _ in found):  # a path that is spelled out is no id
        found = [each for each in found if "{" not in each[2]]
    yield from ((template, operation) for verb, _, template, operation in found if verb == method)


@cache
def _operations() -> list[tuple[str, re.Pattern[str], str, dict[str, Any]]]:
    return [
        (method.upper(), re.compile(re.sub(r"{\w+}", "[^/]+", path)), path, operation)
        for app in surfaces().values()
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    ]


def _code(error: dict[str, Any]) -> str | None:
    """The code of an error in any surface's shape; the calls API has none."""
    inner = error.get("error")
    found = inner.get("code") if isinstance(inner, dict) else error.get("code", error.get("type"))
    return None if found is None else str(found)
