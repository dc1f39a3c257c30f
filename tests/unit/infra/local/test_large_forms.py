"""Forms above what an invocation takes, on their way through the public port."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from auricle.adapters.multipart import FormReader
from infra.local import glue
from infra.local.cross_site import CrossSiteRules
from infra.local.front import MAX_INVOCATION_BYTES, Front
from infra.local.large_forms import PATH
from tests.contract.forms import BOUNDARY, form
from tests.loops import run

CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
FIELDS = (("type", "phone"), ("consent_status", "pending"), ("title", 'Größe "42"'))
LARGE = bytes(MAX_INVOCATION_BYTES)


@pytest.fixture
def passed_on(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """The requests that come to the function."""
    calls: list[Mapping[str, Any]] = []

    async def call_http_api(_api_id: str, **request: Any) -> tuple[int, dict[str, Any], bytes]:
        calls.append(request)
        return 200, {}, b"{}"

    monkeypatch.setattr(glue, "call_http_api", call_http_api)
    return calls


def ask(body: bytes, *, path: str = PATH, content_type: str = CONTENT_TYPE, whole: bool = True) -> tuple[int, bytes]:
    """What the public port answers to the body, which comes in pieces."""
    pieces = [body[start : start + 65_536] for start in range(0, len(body), 65_536)] or [b""]
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    if whole:
        messages[-1]["more_body"] = False
    messages.append({"type": "http.disconnect"})
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    served = Front(b"{}", CrossSiteRules(8080))
    served.api_id = "api"
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [
            (b"host", b"127.0.0.1:8080"),
            (b"content-type", content_type.encode()),
            (b"content-length", str(len(body)).encode()),
        ],
        "scheme": "http",
        "server": ("127.0.0.1", 8080),
    }
    run(served(scope, receive, send))
    return sent[0]["status"], sent[1]["body"]


def test_a_form_that_fits_goes_on_as_it_is(passed_on: list[Mapping[str, Any]]) -> None:
    body = form(*FIELDS, ("file", b"RIFF" * 1000))
    assert ask(body)[0] == 200
    assert passed_on[0]["body"] == body
    assert passed_on[0]["headers"]["content-type"] == CONTENT_TYPE


@pytest.mark.parametrize("times", [1, 4], ids=["more than an invocation", "more than the gateway"])
def test_of_a_larger_one_the_fields_go_on_with_the_files_name_and_size(
    times: int, passed_on: list[Mapping[str, Any]]
) -> None:
    wrong = (("file_name", "other.wav"), ("file_size", "1"))
    body = form(*FIELDS, *wrong, ("file", LARGE * times), file_name="lång.wav")
    assert ask(body)[0] == 200
    headers, left = passed_on[0]["headers"], passed_on[0]["body"]
    assert int(headers["content-length"]) == len(left) < 1000
    reader = FormReader(headers["content-type"], wanted_bytes=0)
    reader.feed(left)
    found = reader.finish()
    assert found.files == ()
    assert found.fields == (*FIELDS, ("file_name", "lång.wav"), ("file_size", str(len(LARGE) * times)))


@pytest.mark.parametrize(
    ("body", "how"),
    [
        (form(*FIELDS, ("file", LARGE)), {"path": "/api/v1/audio-files"}),
        (form(*FIELDS, ("file", LARGE)), {"content_type": "application/octet-stream"}),
        (form(*FIELDS, ("file", LARGE)), {"content_type": "multipart/form-data; boundary=other"}),
        (form(*FIELDS, ("file", LARGE))[:-10], {}),
        (form(*FIELDS, ("file", LARGE))[:-10], {"whole": False}),
        (form(*FIELDS, ("audio", LARGE)), {}),
        (LARGE * 2, {}),
    ],
    ids=["other route", "other type", "other boundary", "cut off", "broken off", "no file", "no form"],
)
def test_anything_else_is_too_large_as_it_is_in_aws(body: bytes, how: Any, passed_on: list[Mapping[str, Any]]) -> None:
    status, answer = ask(body, **how)
    assert (status, json.loads(answer)) == (413, {"message": "Request Entity Too Large"})
    assert passed_on == []
