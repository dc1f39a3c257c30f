"""Forms above what an invocation takes, on their way through the public port."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest

from infra.local import glue
from infra.local.cross_site import CrossSiteRules
from infra.local.front import MAX_INVOCATION_BYTES, Front
from infra.local.large_forms import PATH, LargeForm
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


def fields_of(content_type: str, body: bytes) -> tuple[tuple[str, str], ...]:
    """The form's fields, which are all that it has."""
    read = message_from_bytes(f"content-type: {content_type}\r\n\r\n".encode() + body)
    parts = [part for part in read.get_payload() if isinstance(part, Message)]
    assert not any(part.get_filename() for part in parts)
    return tuple((str(part.get_param("name", header="content-disposition")), text_of(part)) for part in parts)


def text_of(part: Message) -> str:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()


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
    assert fields_of(headers["content-type"], left) == (
        *FIELDS,
        ("file_name", "lång.wav"),
        ("file_size", str(len(LARGE) * times)),
    )


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


# --- read as it arrives ----------------------------------------------------------------------------------------

FORM = (
    b'--xyz\r\nContent-Disposition: form-data; name="title"\r\n\r\nGr\xc3\xb6\xc3\x9fe\r\n'
    b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a \xc3\xbc.wav"\r\n'
    b"Content-Type: audio/wav\r\n\r\n"
    b"RIFF\r\n--xy\0\xff\r\n"
    b'--xyz\r\nContent-Disposition: form-data; name="empty"\r\n\r\n\r\n'
    b"--xyz--\r\n"
)
FIELD = b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n%s\r\n'
A_FILE = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n\r\n'


def left_of(body: bytes, *, piece: int = 1 << 20, content_type: str = 'multipart/form-data; boundary="xyz"') -> Any:
    """What goes on of a form that arrives in pieces; None where nothing does."""
    reading = LargeForm(content_type)
    for start in range(0, len(body), piece):
        reading.feed(body[start : start + piece])
    left = reading.without_file()
    return None if left is None else fields_of(*left)


@pytest.mark.parametrize("piece", [1, 2, 7, 50, 10_000])
def test_a_form_in_whatever_pieces(piece: int) -> None:
    assert left_of(FORM, piece=piece) == (
        ("title", "Größe"),
        ("file_name", "a ü.wav"),
        ("file_size", "12"),
        ("empty", ""),
    )


@pytest.mark.parametrize("length", [0, 1, 30, 60, len(FORM) - 60, len(FORM) - 5])
def test_a_form_that_breaks_off(length: int) -> None:
    assert left_of(FORM[:length]) is None


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "multipart/form-data",
        "multipart/mixed; boundary=xyz",
        "text/plain; boundary=xyz",
        f"multipart/form-data; boundary={'x' * 300}",
    ],
    ids=["nothing", "no boundary", "mixed", "text", "long boundary"],
)
def test_what_is_no_form(content_type: str) -> None:
    assert left_of(FORM, content_type=content_type) is None


@pytest.mark.parametrize(
    "body",
    [
        b"nothing",
        FORM.replace(b"a \xc3", b"a \xff"),
        FORM.replace(b"Gr", b"x" * 65_537),
        A_FILE + FIELD % b"" * 40 + b"--xyz--\r\n",
    ],
    ids=["nothing", "file name", "large field", "many parts"],
)
def test_what_is_wrong_with_a_form(body: bytes) -> None:
    assert left_of(body) is None


def test_a_field_may_have_65536_bytes_and_a_form_40_parts() -> None:
    found = left_of(A_FILE + FIELD % (b"x" * 65_536) + FIELD % b"" * 38 + b"--xyz--\r\n")
    assert ("a", "x" * 65_536) in found
    assert len(found) == 41  # the file is two of them


def test_a_part_without_a_name_is_not_named_by_the_one_before_it() -> None:
    nameless = b"--xyz\r\nContent-Type: text/plain\r\n\r\n2\r\n"
    found = left_of(A_FILE + FIELD % b"1" + nameless + b"--xyz--\r\n")
    assert sorted(found) == [("", "2"), ("a", "1"), ("file_name", "a"), ("file_size", "0")]
