"""Forms that are too large for one invocation, passed on without their file.

API Gateway refuses them before anything of Auricle's is asked: in AWS a client sends the form without the file, says
how large it is, and is told where to put it. Here whoever sends the whole form gets the same answer. The file's name
and size go on in its place, and its bytes are dropped as they arrive.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState, parse_options_header

PATH = "/api/v1/agent/founder/recordings/upload"
FILE = "file"
MEDIA_TYPE = "multipart/form-data"
MAX_PARTS = 40
MAX_FIELD_BYTES = 64 * 1024
"""Together they bound what is held of a form, however long it goes on; the API has the same bounds."""
_IN_ITS_PLACE = ("file_name", "file_size")


@dataclass(slots=True)
class _Part:
    """A field with its text, or a file with its name and size."""

    name: str = ""
    file_name: str | None = None
    text: bytearray = field(default_factory=bytearray)
    size_bytes: int = 0


class LargeForm:
    """Reads along as a form arrives, holding its fields alone."""

    def __init__(self, content_type: str) -> None:
        media_type, options = parse_options_header(content_type)
        self._is_form = media_type == MEDIA_TYPE.encode() and bool(options.get(b"boundary"))
        self._header_name, self._header_value = bytearray(), bytearray()
        self._parts: list[_Part] = []
        try:
            self._parser = MultipartParser(
                options.get(b"boundary", b""),
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": lambda data, start, end: self._header_name.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._header_value.extend(data[start:end]),
                    "on_header_end": self._end_header,
                    "on_part_data": self._take,
                },
            )
        except FormParserError:
            self._is_form = False

    def feed(self, chunk: bytes) -> None:
        """The next bytes; of what is no form, nothing is read."""
        if not self._is_form:
            return
        try:
            self._parser.write(chunk)
        except (FormParserError, UnicodeDecodeError):
            self._is_form = False

    def without_file(self) -> tuple[str, bytes] | None:
        """Content type and body of the form with its file's name and size instead of it; None of what is no form."""
        is_whole = self._is_form and self._parser.state == MultipartState.END
        if not is_whole or not any(part.name == FILE and part.file_name is not None for part in self._parts):
            return None
        boundary = secrets.token_hex(16)
        parts = [
            f'--{boundary}\r\ncontent-disposition: form-data; name="{_quoted(name)}"\r\n\r\n'.encode() + value + b"\r\n"
            for name, value in _fields(self._parts)
        ]
        return f"{MEDIA_TYPE}; boundary={boundary}", b"".join([*parts, f"--{boundary}--\r\n".encode()])

    def _begin_part(self) -> None:
        if len(self._parts) == MAX_PARTS:
            raise FormParserError("too many parts")
        self._parts.append(_Part())

    def _end_header(self) -> None:
        if bytes(self._header_name).lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._header_value))
            file_name = options.get(b"filename")
            part = self._parts[-1]
            part.name = options.get(b"name", b"").decode()
            part.file_name = None if file_name is None else file_name.decode()
        self._header_name.clear()
        self._header_value.clear()

    def _take(self, data: bytes, start: int, end: int) -> None:
        part = self._parts[-1]
        part.size_bytes += end - start
        if part.file_name is None:
            if part.size_bytes > MAX_FIELD_BYTES:
                raise FormParserError("a field is too long")
            part.text += data[start:end]


def _fields(parts: list[_Part]) -> Iterator[tuple[str, bytes]]:
    """What the form says. Every file is named, so that one too many is refused as it would be."""
    for part in parts:
        if part.file_name is None:
            if part.name not in _IN_ITS_PLACE:
                yield part.name, bytes(part.text)
        elif part.name == FILE:
            yield "file_name", part.file_name.encode()
            yield "file_size", str(part.size_bytes).encode()
        else:
            yield part.name, part.file_name.encode()


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
