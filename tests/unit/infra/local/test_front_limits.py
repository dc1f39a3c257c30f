"""The public port refuses what API Gateway and Lambda refuse: long heads, large requests and large answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from infra.local import glue
from infra.local.cross_site import CrossSiteRules
from infra.local.front import Front
from tests.loops import run

JSON = {"content-type": "application/json"}


def asked(
    answer: tuple[int, dict[str, Any], bytes],
    *,
    body: bytes = b"",
    path: str = "/health",
    headers: Mapping[str, str] | None = None,
) -> int:
    """The status a client sees, where the deployed API answers so."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    async def call_http_api(_api_id: str, **_request: Any) -> tuple[int, dict[str, Any], bytes]:
        return answer

    lines = {"host": "127.0.0.1:8080", **(headers or {})}
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in lines.items()],
        "scheme": "http",
        "server": ("127.0.0.1", 8080),
    }
    front = Front(b"{}", CrossSiteRules(8080))
    front.api_id = "api"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(glue, "call_http_api", call_http_api)
        run(front(scope, receive, send))
    return int(sent[0]["status"])


@pytest.mark.parametrize(("characters", "status"), [(10_200, 200), (10_300, 431)])
def test_request_line_and_headers_have_10_240_bytes_together(characters: int, status: int) -> None:
    answer = (200, JSON, b"{}")
    assert asked(answer, headers={"x-a": "a" * characters}) == status
    assert asked(answer, headers={f"x-{number}": "a" * (characters // 10) for number in range(10)}) == status
    assert asked(answer, path="/" + "a" * characters) == status


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        (JSON, b"a" * 6_200_000, 200),
        (JSON, b"a" * 6_300_000, 500),
        (JSON, b'"' * 3_000_000, 200),
        (JSON, b'"' * 3_200_000, 500),  # each is two bytes of the function's JSON
        (JSON, b"\x01" * 1_100_000, 500),
        ({"content-type": "application/problem+json"}, b'"' * 3_200_000, 500),
        ({"content-type": "application/octet-stream"}, bytes(4_600_000), 200),
        ({"content-type": "application/octet-stream"}, bytes(4_800_000), 500),
        ({**JSON, "Content-Encoding": "gzip"}, b"\xff" * 4_600_000, 200),
        ({**JSON, "Content-Encoding": "gzip"}, b"\xff" * 4_800_000, 500),
    ],
)
def test_an_answer_has_6_mb_as_the_function_gives_it(headers: dict[str, str], content: bytes, status: int) -> None:
    assert asked((200, headers, content)) == status


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"a" * 6_200_000, 200),
        ("application/json; charset=utf-8", b"a" * 6_200_000, 200),
        ("application/json", b'"' * 3_200_000, 413),
        ("application/octet-stream", b"a" * 4_600_000, 200),
        ("application/octet-stream", b"a" * 4_800_000, 413),
        ("application/problem+json", b"a" * 4_800_000, 413),  # not text to API Gateway
    ],
)
def test_a_request_has_6_mb_as_the_function_gets_it(content_type: str, body: bytes, status: int) -> None:
    assert asked((200, JSON, b"{}"), body=body, headers={"content-type": content_type}) == status
