"""JSON as clients send it, parsed strictly and in one place.

Beyond RFC 8259 it refuses what parsers read differently, or what cannot be written back: names given twice, numbers
that no float or 64-bit integer holds, halves of surrogate pairs, a byte order mark (RFC 7493, I-JSON, asks the same).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from api.problems import MAX_FIELD_CHARACTERS, FieldProblem, first_problems, shortened

_MIN_INTEGER, _MAX_INTEGER = -(2**63), 2**64 - 1
_MAX_INTEGER_CHARACTERS = len(str(_MIN_INTEGER))
_MAX_DEPTH = 200
"""Lists and objects within each other. Serializers give up soon after, each at a depth of its own."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_REPLACEMENT_CHARACTER = "\N{REPLACEMENT CHARACTER}"

_NOT_A_NUMBER = "must be a number that JSON knows: NaN and Infinity are none"
_OUT_OF_RANGE = "is a number out of range"
_REPEATED = "is given more than once"
_HALF_A_PAIR = "must not have half of a surrogate pair in its text"


class NotJson(ValueError):
    """The text is not JSON in UTF-8; the message says where it stops being that."""


class InvalidValues(ValueError):
    """It is JSON, with values that are not accepted anywhere; the first of them are named by their places."""

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        super().__init__("; ".join(f"{problem.field} {problem.message}" for problem in problems))
        self.problems = problems


class _Invalid:
    """Stands in the parsed tree for what is not accepted, until its place is known."""

    __slots__ = ("message", "name")

    def __init__(self, message: str, name: str | None = None) -> None:
        self.message = message
        self.name = name


def parse_json(content: bytes, *, was_decoded: bool = False) -> Any:
    """The value the JSON text stands for.

    `was_decoded` says that the bytes were made of text which somebody in front decoded: API Gateway puts U+FFFD in
    place of bytes that are not UTF-8, so U+FFFD is refused then. A client that means it writes the escape `\\ufffd`.

    Raises:
        NotJson: it is not JSON in UTF-8.
        InvalidValues: naming the values that are not accepted, as many as an answer names.
    """
    if content.startswith(_BYTE_ORDER_MARK):
        raise NotJson("it begins with a byte order mark")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotJson(f"byte {error.start} is not UTF-8") from None
    if was_decoded and _REPLACEMENT_CHARACTER in text:
        place = text.index(_REPLACEMENT_CHARACTER)
        raise NotJson(f"character {place} is U+FFFD, which stands for bytes that were not UTF-8")
    any_invalid = False

    def mark(message: str, name: str | None = None) -> _Invalid:
        nonlocal any_invalid
        any_invalid = True
        return _Invalid(message, name)

    def integer(digits: str) -> Any:
        number = int(digits) if len(digits) <= _MAX_INTEGER_CHARACTERS else _MAX_INTEGER + 1
        return number if _MIN_INTEGER <= number <= _MAX_INTEGER else mark(_OUT_OF_RANGE)

    def fraction(digits: str) -> Any:
        number = float(digits)
        return number if math.isfinite(number) else mark(_OUT_OF_RANGE)

    def members(pairs: list[tuple[str, Any]]) -> Any:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        return mark(_REPEATED, _first_repeated(name for name, _ in pairs))

    try:
        value = json.loads(
            text,
            parse_int=integer,
            parse_float=fraction,
            parse_constant=lambda _: mark(_NOT_A_NUMBER),
            object_pairs_hook=members,
        )
    except json.JSONDecodeError as error:
        raise NotJson(f"{error.msg[:1].lower()}{error.msg[1:]} at character {error.pos}") from None
    except RecursionError:
        raise NotJson("it is nested too deeply") from None
    if content.count(b"[") + content.count(b"{") > _MAX_DEPTH and _is_deeper(value, _MAX_DEPTH):
        raise NotJson("it is nested too deeply")
    problems = first_problems(_placed(value)) if any_invalid or _ESCAPED_SURROGATE.search(content) else ()
    if problems:
        raise InvalidValues(problems)
    return value


def _is_deeper(value: Any, depth: int) -> bool:
    """Whether more lists and objects than that lie within each other."""
    level = [value]
    for _ in range(depth + 1):
        holders = [each for each in level if isinstance(each, list | dict)]
        if not holders:
            return False
        level = [each for holder in holders for each in (holder.values() if isinstance(holder, dict) else holder)]
    return True


def _first_repeated(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _placed(value: Any) -> Iterator[FieldProblem]:
    """What is wrong in the tree, by its place, in the order of the text.

    Places are made one at a time and no longer than an answer shows them: a deep place with a hundred thousand values
    below it takes no more memory than its own name.
    """
    open_branches: list[Iterator[tuple[str, Any]]] = [iter((("", value),))]
    while open_branches:
        found = next(open_branches[-1], None)
        if found is None:
            open_branches.pop()
            continue
        place, each = found
        if isinstance(each, _Invalid):
            yield FieldProblem(_below(place, each.name) if each.name is not None else place, each.message)
        elif isinstance(each, dict):
            for name in each:
                if _SURROGATE.search(name):
                    yield FieldProblem(place, _HALF_A_PAIR)
            open_branches.append(_members(place, each))
        elif isinstance(each, list):
            open_branches.append(_items(place, each))
        elif isinstance(each, str) and _SURROGATE.search(each):
            yield FieldProblem(place, _HALF_A_PAIR)


def _members(place: str, members: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((_below(place, name), member) for name, member in members.items() if not _SURROGATE.search(name))


def _items(place: str, items: list[Any]) -> Iterator[tuple[str, Any]]:
    return ((_below(place, str(number)), item) for number, item in enumerate(items))


def _below(place: str, name: str) -> str:
    shown = _SURROGATE.sub("?", name[: MAX_FIELD_CHARACTERS + 1])
    return shortened(f"{place}.{shown}" if place else shown)
