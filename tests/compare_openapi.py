"""Compares two OpenAPI documents by what clients see of them: `python -m tests.compare_openapi BEFORE AFTER`.

References are resolved, so names of schemas count for nothing. One line a kind of difference, with how often it occurs
and where first; exits with 1 where there is a difference.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete")
_WORDS = {"title", "description", "summary", "example", "examples", "operationId", "tags"}
"""What is for readers alone."""


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each difference: what it is, and where it is."""
    operations = [dict(_operations(before)), dict(_operations(after))]
    for place in sorted({*operations[0], *operations[1]}):
        old, new = operations[0].get(place), operations[1].get(place)
        if old is None or new is None:
            yield f"operation only {'after' if old is None else 'before'}", place
            continue
        yield from _of_operation(place, old, new, before, after)


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield f"{method.upper()} {path}", methods[method]


def _of_operation(
    place: str, old: Mapping[str, Any], new: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    if old["operationId"] != new["operationId"]:
        yield "operationId differs", f"{place}: {old['operationId']} → {new['operationId']}"
    old_parameters, new_parameters = (
        {
            (each["in"], each["name"]): each
            for each in (_resolved(one, document) for one in operation.get("parameters", ()))
        }
        for operation, document in ((old, before), (new, after))
    )
    yield from _of_mappings(f"{place} parameters", old_parameters, new_parameters, before, after)
    old_body, new_body = (operation.get("requestBody", {}).get("content", {}) for operation in (old, new))
    yield from _of_mappings(f"{place} body", old_body, new_body, before, after)
    required = [operation.get("requestBody", {}).get("required", False) for operation in (old, new)]
    if required[0] != required[1]:
        yield f"body required: {required[0]} → {required[1]}", place
    yield from _of_mappings(f"{place} answers", old["responses"], new["responses"], before, after)


def _of_mappings(
    place: str, old: Mapping[Any, Any], new: Mapping[Any, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    kind = place.rpartition(" ")[2]
    for name in sorted({*old, *new}, key=str):
        if name not in old or name not in new:
            yield f"{kind}: one only {'after' if name not in old else 'before'}", f"{place} {name}"
        else:
            for what, where in _of_schemas(_resolved(old[name], before), _resolved(new[name], after), before, after, 0):
                yield f"{kind}: {what}", f"{place} {name}{where}"


def _of_schemas(
    old: Any, new: Any, before: Mapping[str, Any], after: Mapping[str, Any], depth: int
) -> Iterator[tuple[str, str]]:
    """Differences of two schemas, or of what holds one."""
    if depth > 12:
        return
    old, new = _plain(_resolved(old, before), before), _plain(_resolved(new, after), after)
    if not isinstance(old, dict) or not isinstance(new, dict):
        if old != new:
            yield f"{_short(old)} → {_short(new)}", ""
        return
    for name in sorted(({*old, *new}) - _WORDS):
        if name not in new:
            yield f"`{name}` is gone" + _value(old[name]), f".{name}"
        elif name not in old:
            yield f"`{name}` is new" + _value(new[name]), f".{name}"
        elif name in {"enum", "required"} and isinstance(old[name], list):
            if sorted(map(str, old[name])) != sorted(map(str, new[name])):
                gone, added = (
                    set(map(str, old[name])) - set(map(str, new[name])),
                    set(map(str, new[name])) - set(map(str, old[name])),
                )
                yield f"`{name}` differs: -{sorted(gone)} +{sorted(added)}", f".{name}"
        elif isinstance(old[name], list) and isinstance(new[name], list):
            if len(old[name]) != len(new[name]):
                yield f"`{name}` has {len(old[name])} → {len(new[name])}", f".{name}"
            else:
                for each, other in zip(old[name], new[name], strict=True):
                    for what, where in _of_schemas(each, other, before, after, depth + 1):
                        yield what, f".{name}{where}"
        elif isinstance(old[name], dict) and name in {"properties", "content", "headers", "patternProperties"}:
            for key in sorted({*old[name], *new[name]}):
                if key not in old[name] or key not in new[name]:
                    yield f"one of `{name}` only {'after' if key not in old[name] else 'before'}", f".{name}.{key}"
                else:
                    for what, where in _of_schemas(old[name][key], new[name][key], before, after, depth + 1):
                        yield what, f".{key}{where}"
        else:
            for what, where in _of_schemas(old[name], new[name], before, after, depth + 1):
                yield f"`{name}`: {what}" if not where else what, f".{name}{where}"


def _plain(schema: Any, document: Mapping[str, Any]) -> Any:
    """With one way of writing what can be written in several."""
    if not isinstance(schema, dict):
        return schema
    found = {name: value for name, value in schema.items() if (name, value) != ("default", None)}
    if "const" in found:
        found["enum"] = [found.pop("const")]
    if "anyOf" in found:
        choices = [_plain(_resolved(choice, document), document) for choice in found["anyOf"]]
        found["anyOf"] = sorted(choices, key=lambda choice: (choice.get("type") == "null", choice.get("type", "")))
        if len(found["anyOf"]) == 1:
            found |= found.pop("anyOf")[0]
    if "enum" in found:
        found["enum"] = sorted(found["enum"], key=str)
    return found


def _resolved(schema: Any, document: Mapping[str, Any]) -> Any:
    while isinstance(schema, dict) and "$ref" in schema:
        _, _, kind, name = schema["$ref"].split("/")
        schema = {**document["components"][kind][name], **{key: of for key, of in schema.items() if key != "$ref"}}
    return schema


def _value(value: Any) -> str:
    return f": {_short(value)}" if not isinstance(value, dict | list) else ""


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, dict) else "{…}"
    return text if len(text) <= 60 else f"{text[:59]}…"


def main(before: str, after: str) -> int:
    found: dict[str, list[str]] = defaultdict(list)
    for kind, place in differences(json.loads(Path(before).read_text()), json.loads(Path(after).read_text())):
        found[kind].append(place)
    for kind, places in sorted(found.items(), key=lambda each: -len(each[1])):
        sys.stdout.write(f"{len(places):5}  {kind}\n         {places[0]}\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
