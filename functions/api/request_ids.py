"""Every answer carries `x-request-id`: the client's own where it sent a sound one, else Lambda's.

It also says that its type is what it says, and, of all but static files, that nothing between may keep it: answers
are private.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID = "auricle.request_id"
"""Where the id lies in the ASGI scope."""
_HEADER = b"x-request-id"
_NO_STORE = (b"cache-control", b"no-store")
_NO_SNIFF = (b"x-content-type-options", b"nosniff")
_SOUND = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class RequestIds:
    """ASGI middleware: settles the request's id before anything else, and puts it on whatever is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given(scope) or _made(scope)
        scope[REQUEST_ID] = request_id.decode()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message["headers"], _NO_SNIFF, (_HEADER, request_id)]
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append(_NO_STORE)
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, send_with_id)


def _given(scope: Scope) -> bytes | None:
    for name, value in scope["headers"]:
        if name == _HEADER:
            return bytes(value) if _SOUND.fullmatch(value) else None
    return None


def _made(scope: Scope) -> bytes:
    invocation = getattr(scope.get("aws.context"), "aws_request_id", None)
    return str(invocation or secrets.token_hex(16)).encode()
