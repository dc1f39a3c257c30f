"""Forms: what is read of them, in whatever pieces they arrive, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import ConfigDict, Field

from api.forms import File, Form, read_form
from api.models import QueryInteger, RequestModel, left_out
from api.problems import HttpProblem
from api.requests import JsonRequest
from tests.loops import run

CONTENT_TYPE = 'multipart/form-data; boundary="xyz"'
CONTENT = b"RIFF\r\n--xy\0\xff"
BODY = (
    b'--xyz\r\nContent-Disposition: form-data; name="title"\r\n\r\nGr\xc3\xb6\xc3\x9fe\r\n'
    b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a \xc3\xbc.wav"\r\n'
    b"Content-Type: audio/wav\r\n\r\n" + CONTENT + b"\r\n"
    b'--xyz\r\nContent-Disposition: form-data; name="empty"\r\n\r\n\r\n'
    b"--xyz--\r\n"
)
FIELD = b'--xyz\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'


def request(body: bytes, *, piece: int = 1 << 20, content_type: str = CONTENT_TYPE) -> JsonRequest:
    """A request whose body arrives in pieces."""
    pieces = [body[start : start + piece] for start in range(0, len(body), piece)] or [b""]
    messages = [{"type": "http.request", "body": each, "more_body": True} for each in pieces]
    messages[-1]["more_body"] = False

    async def receive() -> Any:
        return messages.pop(0)

    headers = [(b"content-type", content_type.encode("latin-1"))]
    return JsonRequest({"type": "http", "method": "POST", "headers": headers, "app": None}, receive)


async def _read(one: JsonRequest) -> list[tuple[str, Any]]:
    try:
        parts: list[Any] = (await read_form(one)).multi_items()
        assert (await read_form(one)).multi_items() == parts, "it is read once"
        return [
            (name, part if isinstance(part, str) else (part.filename, part.size, await part.read()))
            for name, part in parts
        ]
    finally:
        await one.close()


def read(body: bytes, **how: Any) -> list[tuple[str, Any]]:
    """The form's fields, and its files by name, size and content."""
    found: list[tuple[str, Any]] = run(_read(request(body, **how)))
    return found


def refused(body: bytes, **how: Any) -> tuple[int, str]:
    with pytest.raises(HttpProblem) as raised:
        read(body, **how)
    return raised.value.problem.status, raised.value.problem.code


@pytest.mark.parametrize("piece", [1, 2, 7, 50, 10_000])
def test_fields_and_files_in_whatever_pieces(piece: int) -> None:
    assert read(BODY, piece=piece) == [
        ("title", "Größe"),
        ("file", ("a ü.wav", len(CONTENT), CONTENT)),
        ("empty", ""),
    ]


def test_a_form_of_nothing() -> None:
    assert read(b"--xyz--\r\n") == []


@pytest.mark.parametrize("length", [0, 1, 30, 60, len(BODY) - 60, len(BODY) - 5])
def test_a_form_that_breaks_off(length: int) -> None:
    assert refused(BODY[:length]) == (400, "broken-form")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("", 415),
        ("multipart/mixed; boundary=xyz", 415),
        ("text/plain; boundary=xyz", 415),
        ("application/json", 415),
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=", 400),
        (f"multipart/form-data; boundary={'x' * 300}", 400),
        ("multipart/form-data; boundary=other", 400),
    ],
)
def test_what_is_no_form(content_type: str, status: int) -> None:
    assert refused(BODY, content_type=content_type)[0] == status


def test_media_types_have_no_case() -> None:
    assert read(BODY, content_type="Multipart/Form-Data; boundary=xyz")[0] == ("title", "Größe")


@pytest.mark.parametrize(
    "body",
    [
        b"nothing",
        BODY.replace(b"Gr\xc3", b"Gr\xff"),
        BODY.replace(b"a \xc3", b"a \xff"),
        BODY.replace(b"Gr", b"x" * 65_537),
        FIELD % (b"a", b"") * 41 + b"--xyz--\r\n",
        b'--xyz\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n\r\n' * 41 + b"--xyz--\r\n",
        b"--xyz\r\nContent-Type: text/plain\r\n\r\n2\r\n--xyz--\r\n",
    ],
    ids=["nothing", "field", "file name", "large field", "many fields", "many files", "no name"],
)
def test_what_is_wrong_with_a_form(body: bytes) -> None:
    assert refused(body) == (400, "broken-form")


def test_a_field_may_have_65536_bytes_and_a_form_40_fields() -> None:
    assert read(FIELD % (b"a", b"x" * 65_536) + b"--xyz--\r\n") == [("a", "x" * 65_536)]
    assert len(read(FIELD % (b"a", b"") * 40 + b"--xyz--\r\n")) == 40


# --- as a model ---------------------------------------------------------------------------------------------


class Described(RequestModel):
    model_config = ConfigDict(strict=False)

    title: str = Field(description="Its name.")
    count: QueryInteger = left_out(ge=1, description="How many.")
    file: File = left_out(description="Its bytes.")


def as_model(body: bytes) -> Described:
    async def read() -> Described:
        one = request(body)
        try:
            return await Form(Described)(one)
        finally:
            await one.close()

    found: Described = run(read())
    return found


def test_a_form_as_its_model() -> None:
    found = as_model(FIELD % (b"count", b"3") + BODY.replace(b'name="empty"', b'name="file_name"'))
    assert (found.title, found.count, found.file.filename) == ("Größe", 3, "a ü.wav")


def test_what_is_left_empty_was_not_given() -> None:
    found = as_model(FIELD % (b"title", b"a") + FIELD % (b"count", b" ") + FIELD % (b"file", b"") + b"--xyz--\r\n")
    assert found.model_fields_set == {"title"}


@pytest.mark.parametrize(
    ("field", "value"), [(b"count", b"many"), (b"count", b"0"), (b"file", b"RIFF"), (b"other", b"a")]
)
def test_fields_that_are_wrong(field: bytes, value: bytes) -> None:
    with pytest.raises(RequestValidationError) as raised:
        as_model(FIELD % (b"title", b"a") + FIELD % (field, value) + b"--xyz--\r\n")
    assert [each["loc"] for each in raised.value.errors()] == [(field.decode(),)]


def test_what_is_given_twice_is_named() -> None:
    body = FIELD % (b"title", b"a") * 2 + FIELD % (b"count", b"1") * 2 + b"--xyz--\r\n"
    with pytest.raises(HttpProblem) as raised:
        as_model(body)
    assert [each.field for each in raised.value.problem.fields] == ["count", "title"]
