"""Reading multipart/form-data as it arrives: fields as text, files as far as they are wanted."""

from __future__ import annotations

from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState, parse_options_header

MEDIA_TYPE = "multipart/form-data"
MAX_PARTS = 40
MAX_FIELD_BYTES = 64 * 1024


class BrokenForm(ValueError):
    """Not a form, or not the whole of one. The text is meant for who sent it."""


@dataclass(frozen=True, slots=True)
class FormFile:
    """A part with a file name. `content` is None where it has more bytes than were wanted."""

    name: str
    file_name: str
    content: bytes | None
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Form:
    """Fields and files in the order they were sent; a name may come twice."""

    fields: tuple[tuple[str, str], ...]
    files: tuple[FormFile, ...]


@dataclass(slots=True)
class _Part:
    name: str
    file_name: str | None
    held: bytearray = field(default_factory=bytearray)
    size_bytes: int = 0


class FormReader:
    """Takes a form in pieces. Of each file it holds `wanted_bytes` at most; a larger one is only counted."""

    def __init__(self, content_type: str, *, wanted_bytes: int) -> None:
        media_type, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if media_type != MEDIA_TYPE.encode() or not boundary:
            raise BrokenForm("The content type names no boundary: send the form as multipart/form-data.")
        self._wanted_bytes = wanted_bytes
        self._header_name, self._header_value = bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._part = _Part("", None)
        self._count = 0
        self._fields: list[tuple[str, str]] = []
        self._files: list[FormFile] = []
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": lambda data, start, end: self._header_name.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._header_value.extend(data[start:end]),
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._name_part,
                    "on_part_data": self._take,
                    "on_part_end": self._end_part,
                },
            )
        except FormParserError as error:
            raise BrokenForm(f"The form cannot be read: {error}.") from None

    def feed(self, chunk: bytes) -> None:
        """The next bytes of the body. Raises BrokenForm."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise BrokenForm(f"The form cannot be read: {error}.") from None

    def finish(self) -> Form:
        """The form, once all of its body was fed. Raises BrokenForm: its end is missing."""
        if self._parser.state != MultipartState.END:
            raise BrokenForm("The form breaks off before its last boundary: it was not sent whole.")
        return Form(tuple(self._fields), tuple(self._files))

    def _begin_part(self) -> None:
        self._count += 1
        if self._count > MAX_PARTS:
            raise BrokenForm(f"The form may have {MAX_PARTS} parts at most.")
        self._headers = {}

    def _end_header(self) -> None:
        self._headers[bytes(self._header_name).lower()] = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _name_part(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        file_name = options.get(b"filename")
        self._part = _Part(_text(options.get(b"name", b"")), None if file_name is None else _text(file_name))

    def _take(self, data: bytes, start: int, end: int) -> None:
        part, part_bytes = self._part, end - start
        part.size_bytes += part_bytes
        most = MAX_FIELD_BYTES if part.file_name is None else self._wanted_bytes
        if part.size_bytes <= most:
            part.held += data[start:end]
        elif part.file_name is None:
            raise BrokenForm(f"A field of the form may have {MAX_FIELD_BYTES} bytes at most.")
        else:
            part.held.clear()

    def _end_part(self) -> None:
        part = self._part
        if part.file_name is None:
            self._fields.append((part.name, _text(bytes(part.held))))
            return
        content = bytes(part.held) if part.size_bytes <= self._wanted_bytes else None
        self._files.append(FormFile(part.name, part.file_name, content, part.size_bytes))


def _text(sent: bytes) -> str:
    try:
        return sent.decode()
    except UnicodeDecodeError:
        raise BrokenForm("The form is not in UTF-8.") from None
