"""Forms as clients send them."""

from __future__ import annotations

import struct
from typing import Any

from tests.contract.gateway import Answer, Gateway

BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
UPLOAD = "/api/v1/agent/founder/recordings/upload"


def a_wav(seconds: float = 2.0, rate_hz: int = 8000) -> bytes:
    """Silence, with a header that says how long."""
    size = round(seconds * rate_hz) * 2
    header = struct.pack("<IHHIIHH", 16, 1, 1, rate_hz, rate_hz * 2, 2, 16)
    return (
        b"RIFF" + struct.pack("<I", size + 36) + b"WAVEfmt " + header + b"data" + struct.pack("<I", size) + bytes(size)
    )


def form(*parts: tuple[str, str | bytes], file_name: str = "call.wav") -> bytes:
    """The parts as multipart/form-data; one of bytes is a file."""
    body = b""
    for name, value in parts:
        body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        if isinstance(value, bytes):
            body += f'; filename="{file_name}"\r\nContent-Type: application/octet-stream\r\n\r\n'.encode() + value
        else:
            body += b"\r\n\r\n" + value.encode()
        body += b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def upload(
    api: Gateway, *parts: tuple[str, str | bytes], file_name: str = "call.wav", token: str | None = None, **headers: str
) -> Answer:
    """The form, sent to where recordings are uploaded."""
    return send(api, form(*parts, file_name=file_name), token=token, **headers)


def send(api: Gateway, body: bytes, *, token: str | None = None, **headers: Any) -> Answer:
    """A body as a form, whatever it is."""
    sent = {"content-type": f"multipart/form-data; boundary={BOUNDARY}", **headers}
    return api.ask("POST", UPLOAD, body=body, token=token, headers=sent)
