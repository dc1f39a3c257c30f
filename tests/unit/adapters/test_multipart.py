"""Forms, read as they arrive, in whatever pieces."""

from __future__ import annotations

import pytest

from auricle.adapters.multipart import BrokenForm, Form, FormFile, FormReader

CONTENT_TYPE = 'multipart/form-data; boundary="xyz"'
BODY = (
    b'--xyz\r\nContent-Disposition: form-data; name="title"\r\n\r\nGr\xc3\xb6\xc3\x9fe\r\n'
    b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a \xc3\xbc.wav"\r\n'
    b"Content-Type: audio/wav\r\n\r\n"
    b"RIFF\r\n--xy\0\xff\r\n"
    b'--xyz\r\nContent-Disposition: form-data; name="empty"\r\n\r\n\r\n'
    b"--xyz--\r\n"
)
CONTENT = b"RIFF\r\n--xy\0\xff"


def read(body: bytes, *, piece: int = 1 << 20, wanted_bytes: int = 100, content_type: str = CONTENT_TYPE) -> Form:
    reader = FormReader(content_type, wanted_bytes=wanted_bytes)
    for start in range(0, len(body), piece):
        reader.feed(body[start : start + piece])
    return reader.finish()


@pytest.mark.parametrize("piece", [1, 2, 7, 50, 10_000])
def test_fields_and_files_in_whatever_pieces(piece: int) -> None:
    assert read(BODY, piece=piece) == Form(
        fields=(("title", "Größe"), ("empty", "")),
        files=(FormFile("file", "a ü.wav", CONTENT, len(CONTENT)),),
    )


@pytest.mark.parametrize("piece", [1, 10_000])
def test_of_a_file_larger_than_wanted_the_size_is_known(piece: int) -> None:
    (file,) = read(BODY, piece=piece, wanted_bytes=len(CONTENT) - 1).files
    assert (file.content, file.size_bytes) == (None, len(CONTENT))
    (file,) = read(BODY, piece=piece, wanted_bytes=len(CONTENT)).files
    assert file.content == CONTENT


def test_a_form_of_nothing() -> None:
    assert read(b"--xyz--\r\n") == Form((), ())


@pytest.mark.parametrize("length", [0, 1, 30, 60, len(BODY) - 60, len(BODY) - 5])
def test_a_form_that_breaks_off(length: int) -> None:
    with pytest.raises(BrokenForm, match="not sent whole"):
        read(BODY[:length])


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
    with pytest.raises(BrokenForm):
        read(BODY, content_type=content_type)


@pytest.mark.parametrize(
    "body",
    [
        b"nothing",
        BODY.replace(b"Gr\xc3", b"Gr\xff"),
        BODY.replace(b"a \xc3", b"a \xff"),
        BODY.replace(b"Gr", b"x" * 65_537),
        b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 41 + b"--xyz--\r\n",
    ],
    ids=["nothing", "field", "file name", "large field", "many parts"],
)
def test_what_is_wrong_with_a_form(body: bytes) -> None:
    with pytest.raises(BrokenForm):
        read(body)


def test_a_field_may_have_65536_bytes_and_a_form_40_parts() -> None:
    field = b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n%s\r\n'
    assert read(field % (b"x" * 65_536) + b"--xyz--\r\n").fields == (("a", "x" * 65_536),)
    assert len(read(field % b"" * 40 + b"--xyz--\r\n").fields) == 40


def test_a_part_without_a_name_is_not_named_by_the_one_before_it() -> None:
    named = b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    assert read(named + b"--xyz\r\nContent-Type: text/plain\r\n\r\n2\r\n--xyz--\r\n").fields == (("a", "1"), ("", "2"))
