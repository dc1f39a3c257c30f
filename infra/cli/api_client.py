"""A client of Auricle's public API, as a phone or an integration would write it: presign, PUT, follow, read."""

from __future__ import annotations

import mimetypes
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

import httpx

POLL_S = 0.25
_CHUNK_BYTES = 1 << 18

MEDIA_TYPES = {
    ".amr": "audio/amr",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".webm": "audio/webm",
}
"""What the standard library's table lacks, or says differently from one system to the next."""


class ApiError(Exception):
    """The API answered with an error; the message is the API's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Finished:
    """A recording as the audio-files API shows it, usually once its processing has ended."""

    id: str
    status: Mapping[str, Any]
    """How its processing stands."""
    detail: Mapping[str, Any]
    """The audio file, with what was found in it."""
    transcript: Mapping[str, Any] | None
    """Its transcript; None where there is none."""

    @property
    def succeeded(self) -> bool:
        return bool(self.status["status"] == "completed")


class Client:
    """Speaks to `base_url` with one bearer token."""

    def __init__(self, base_url: str, token: str, *, timeout_s: float = 30.0) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            headers={"authorization": f"Bearer {token}"},
            timeout=timeout_s,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **query: str) -> dict[str, Any]:
        return self._answer(self._http.get(path, params=query))

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._answer(self._http.post(path, json=body))

    def submit(
        self,
        file: Path,
        *,
        contact_ids: tuple[str, ...] = (),
        on_sent: Callable[[int], None] = lambda _bytes: None,
    ) -> str:
        """Uploads a file by presigned URL and returns the id; `on_sent` is called with the bytes just sent."""
        media_type = _media_type(file)
        declared = {"fileName": file.name, "contentType": media_type, "contactIds": contact_ids}
        upload = self.post("/api/v1/audio-files/upload-url", declared)
        with file.open("rb") as content:
            answer = httpx.put(
                upload["uploadUrl"],
                content=_chunks(content, on_sent),
                headers={"content-type": media_type, "content-length": str(file.stat().st_size)},
                timeout=300,
                trust_env=False,
            )
        if answer.is_error:
            raise ApiError(answer.status_code, f"The upload was refused with status {answer.status_code}.")
        return str(upload["audioFileId"])

    def follow(self, recording_id: str, *, limit_s: float) -> Iterator[Mapping[str, Any]]:
        """The recording's processing status, until it has ended or `limit_s` is over."""
        until = time.monotonic() + limit_s
        while True:
            status = self.get(f"/api/v1/audio-files/{recording_id}/processing-status")
            yield status
            if status["status"] in {"completed", "failed"} or time.monotonic() > until:
                return
            time.sleep(POLL_S)

    def finished(self, recording_id: str) -> Finished:
        """Everything the API shows of a recording now."""
        status = self.get(f"/api/v1/audio-files/{recording_id}/processing-status")
        detail = self.get(f"/api/v1/audio-files/{recording_id}")
        transcript = None
        try:
            transcript = self.get(f"/api/v1/audio-files/{recording_id}/transcript")
        except ApiError as error:
            if error.status not in {404, 409}:
                raise
        return Finished(recording_id, status, detail, transcript)

    def _answer(self, answer: httpx.Response) -> dict[str, Any]:
        content: Any = None
        if answer.headers.get("content-type", "").partition(";")[0].endswith("json"):
            content = answer.json()
        if answer.is_error or not isinstance(content, dict):
            raise ApiError(answer.status_code, _reason(answer.status_code, content))
        return content


@contextmanager
def reachable(base_url: str) -> Iterator[None]:
    """Turns a refused connection, and an address that is none, into what to do about it."""
    try:
        yield
    except httpx.ConnectError:
        raise ApiError(0, f"Nothing answers at {base_url}. Start it with: make up") from None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise ApiError(0, f"{base_url!r} is not the address of an API: try http://127.0.0.1:8080") from None


def _reason(status: int, content: Any) -> str:
    if isinstance(content, dict):
        error = content.get("error")
        if isinstance(error, dict):
            return str(error.get("message"))
        named = content.get("detail") or content.get("title") or content.get("message") or error
        return str(named or f"The API answered with status {status}.")
    return f"The API answered with status {status}."


def _media_type(file: Path) -> str:
    known = MEDIA_TYPES.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0]
    return known or "application/octet-stream"


def _chunks(content: BinaryIO, on_sent: Callable[[int], None]) -> Iterator[bytes]:
    while chunk := content.read(_CHUNK_BYTES):
        yield chunk
        on_sent(len(chunk))
