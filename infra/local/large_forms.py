"""Forms that are too large for one invocation, passed on without their file.

API Gateway refuses them before anything of Auricle's is asked: in AWS a client sends the form without the file, says
how large it is, and is told where to put it. Here whoever sends the whole form gets the same answer. The file's name
and size go on in its place, and its bytes are dropped as they arrive.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from auricle.adapters.multipart import MEDIA_TYPE, BrokenForm, FormReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auricle.adapters.multipart import Form

PATH = "/api/v1/agent/founder/recordings/upload"
FILE = "file"
_IN_ITS_PLACE = ("file_name", "file_size")


class LargeForm:
    """Reads along as a form arrives, holding its fields alone."""

    def __init__(self, content_type: str) -> None:
        try:
            self._reader: FormReader | None = FormReader(content_type, wanted_bytes=0)
        except BrokenForm:
            self._reader = None

    def feed(self, chunk: bytes) -> None:
        """The next bytes; of what is no form, nothing is read."""
        try:
            if self._reader is not None:
                self._reader.feed(chunk)
        except BrokenForm:
            self._reader = None

    def without_file(self) -> tuple[str, bytes] | None:
        """Content type and body of the form with its file's name and size instead of it; None of what is no form."""
        try:
            form = self._reader.finish() if self._reader is not None else None
        except BrokenForm:
            return None
        if form is None or not any(file.name == FILE for file in form.files):
            return None
        boundary = secrets.token_hex(16)
        parts = [
            f'--{boundary}\r\ncontent-disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}\r\n'
            for name, value in _fields(form)
        ]
        return f"{MEDIA_TYPE}; boundary={boundary}", f"{''.join(parts)}--{boundary}--\r\n".encode()


def _fields(form: Form) -> Iterator[tuple[str, str]]:
    """What the form says. Every file is named, so that one too many is refused as it would be."""
    yield from ((name, value) for name, value in form.fields if name not in _IN_ITS_PLACE)
    for file in form.files:
        if file.name == FILE:
            yield "file_name", file.file_name
            yield "file_size", str(file.size_bytes)
        else:
            yield file.name, file.file_name


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
