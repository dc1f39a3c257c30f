"""Bodies as models: what JSON leaves open, and clients differ in."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field

from api.models import RequestModel, WholeNumber
from api.problems import Problem, problem_of
from api.requests import CALLER
from api.routing import api_router
from tests.loops import run


class Inner(RequestModel):
    numbers: list[WholeNumber] = Field(default=[])


class Body(RequestModel):
    count: WholeNumber
    share: float = 0.5
    inner: Inner = Inner()
    many: list[Inner] = Field(default=[])


router = api_router("")
bodies: list[Body] = []


@router.post("/bodies")
async def take(body: Body) -> None:
    bodies.append(body)


def read(content: bytes) -> Body | Problem:
    """The body as an endpoint gets it, or the problem that it has."""
    app, problems = FastAPI(), []
    app.router.routes.extend(router.routes)

    async def handle(_request: Request, error: Exception) -> Response:
        problems.append(problem_of(error))
        return Response(status_code=422)

    app.add_exception_handler(RequestValidationError, handle)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(_message: Any) -> None: ...

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/bodies",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
        CALLER: "somebody whose credential is proven",
    }
    run(app(scope, receive, send))
    return problems[0] if problems else bodies.pop()


def body_of(content: bytes) -> Body:
    body = read(content)
    assert isinstance(body, Body), body
    return body


def problem_with(content: bytes) -> Problem:
    problem = read(content)
    assert isinstance(problem, Problem), problem
    return problem


def test_a_whole_number_may_be_written_as_a_fraction() -> None:
    body = body_of(b'{"count": 640.0, "share": 1, "inner": {"numbers": [1, 2.0]}, "many": [{"numbers": [3.0]}]}')
    assert (body.count, body.share, body.inner.numbers) == (640, 1.0, [1, 2])
    assert body.many[0].numbers == [3]


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
    problem = problem_with(content)
    assert [each.field for each in problem.fields] == [field]
    assert problem.status == 422


def test_of_many_wrong_fields_the_first_are_named() -> None:
    content = b'{"count": 1, ' + b", ".join(b'"unknown%d": 1' % number for number in range(50_000)) + b"}"
    fields = problem_with(content).fields
    assert [each.field for each in fields] == [f"unknown{number}" for number in range(20)]
    assert fields[0].message == "is not known here"
    assert fields[19].message == "is not known here; further fields are wrong, too"


def test_a_long_name_is_repeated_in_part() -> None:
    problem = problem_with(b'{"count": 1, "' + b"x" * 100_000 + b'": 1}')
    (named,) = problem.fields
    assert named.field == "x" * 199 + "…"
    assert len(problem.detail) == 219
