"""Lambda's limit on answers: 6 MB, in which the body is a JSON string, or base64 of what is no text.

An answer beyond it would be a 500 of API Gateway's own, each time it is asked for. One that is too large is sent
compressed to who accepts that; to others it is refused, saying what to do.

Source: AWS Lambda Developer Guide, Lambda quotas: "Invocation payload (request and response): 6 MB each".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from api.problems import Problem, Renderer
from api.request_ids import REQUEST_ID

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_ANSWER_BYTES = 6 * 1024 * 1024
_AROUND_THE_BODY_BYTES = 64 * 1024
"""Status and headers, generously: API Gateway takes 10 KB of headers."""
_SURELY_FITS_BYTES = MAX_ANSWER_BYTES // 8
"""No character of a body takes more than seven times its bytes as JSON."""

TOO_LARGE = Problem(
    422,
    "answer-too-large",
    "The answer would have more than 6 MB, which is the most that is sent at once. Send Accept-Encoding: gzip, or ask "
    "for less: a smaller page, or fewer parts of it.",
)


class AnswerLimit:
    """ASGI middleware: no answer is larger than Lambda sends. `render` shows a problem as the path's surface does."""

    def __init__(self, app: ASGIApp, render: Renderer) -> None:
        self._app = app
        self._render = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start: Message = {}

        async def send_what_fits(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            body = message.get("body", b"")
            if len(body) > _SURELY_FITS_BYTES and not fits(body):
                await self._send_otherwise(scope, receive, send, start, body)
                return
            if start:
                await send(start)
                start = {}
            await send(message)

        await self._app(scope, receive, send_what_fits)

    async def _send_otherwise(self, scope: Scope, receive: Receive, send: Send, start: Message, body: bytes) -> None:
        if _accepts_gzip(scope):
            import gzip

            compressed = gzip.compress(body, compresslevel=1, mtime=0)
            if fits(compressed):
                headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
                headers += [
                    (b"content-length", str(len(compressed)).encode()),
                    (b"content-encoding", b"gzip"),
                    (b"vary", b"accept-encoding"),
                ]
                await send({**start, "headers": headers})
                await send({"type": "http.response.body", "body": compressed})
                return
        _log(scope, len(body))
        await self._render(TOO_LARGE, scope["path"], scope[REQUEST_ID])(scope, receive, send)


def fits(body: bytes) -> bool:
    """Whether Lambda can answer with that body: as a JSON string where it is text, else as base64."""
    try:
        encoded_bytes = len(orjson.dumps(body.decode()))
    except UnicodeDecodeError:
        encoded_bytes = (len(body) + 2) // 3 * 4
    return encoded_bytes + _AROUND_THE_BODY_BYTES <= MAX_ANSWER_BYTES


def _accepts_gzip(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            accepted = [part.split(b";") for part in value.lower().replace(b" ", b"").split(b",")]
            return any(part[0] in (b"gzip", b"*") and b"q=0" not in part[1:] for part in accepted)
    return False


def _log(scope: Scope, body_bytes: int) -> None:
    from auricle.adapters.logs import logger

    logger().error(
        "answer too large",
        extra={
            "operation": getattr(scope.get("route"), "name", None),
            "requestId": scope[REQUEST_ID],
            "bodyBytes": body_bytes,
        },
    )
