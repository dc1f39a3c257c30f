"""Bodies as models: what JSON leaves open, and clients differ in."""

from __future__ import annotations

from typing import Any

import pytest
from api.reading import Asked, read_body
from starlette.requests import Request

from api.problems import HttpProblem
from tests.loops import run


class Inner(Asked):
    numbers: tuple[int, ...] = ()


class Body(Asked):
    count: int
    share: float = 0.5
    inner: Inner = Inner()
    many: tuple[Inner, ...] = ()


def read(content: bytes) -> Body:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    return run(read_body(Request(scope, receive), Body))


def test_a_whole_number_may_be_written_as_a_fraction() -> None:
    body = read(b'{"count": 640.0, "share": 1, "inner": {"numbers": [1, 2.0]}, "many": [{"numbers": [3.0]}]}')
    assert (body.count, body.share, body.inner.numbers) == (640, 1.0, (1, 2))
    assert body.many[0].numbers == (3,)


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b'{"count": 640.5}', "count"),
        (b'{"count": "640"}', "count"),
        (b'{"count": true}', "count"),
        (b'{"count": 1e300}', "count"),
        (b'{"count": 2.0, "inner": {"numbers": ["3"]}}', "inner.numbers.0"),
    ],
)
def test_nothing_else_is_a_whole_number(content: bytes, field: str) -> None:
    with pytest.raises(HttpProblem) as refused:
        read(content)
    assert [fault.field for fault in refused.value.fault.fields] == [field]
    assert refused.value.fault.status == 422


def test_of_many_wrong_fields_the_first_are_named() -> None:
    with pytest.raises(HttpProblem) as refused:
        read(b'{"count": 1, ' + b", ".join(b'"unknown%d": 1' % number for number in range(50_000)) + b"}")
    fields = refused.value.fault.fields
    assert [fault.field for fault in fields] == [f"unknown{number}" for number in range(20)]
    assert fields[0].message == "is not known here"
    assert fields[19].message == "is not known here; further fields are wrong, too"


def test_a_long_name_is_repeated_in_part() -> None:
    with pytest.raises(HttpProblem) as refused:
        read(b'{"count": 1, "' + b"x" * 100_000 + b'": 1}')
    (fault,) = refused.value.fault.fields
    assert fault.field == "x" * 199 + "…"
    assert len(refused.value.fault.detail) == 219
