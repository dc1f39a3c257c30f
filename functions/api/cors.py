"""CORS by setting: which other origins' pages may call the API, whatever stands in front of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

REQUEST_HEADERS = (
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "x-api-key",
    "x-request-id",
    "x-siro-auth-token",
)
"""What pages of other origins may send."""
ANSWER_HEADERS = ("etag", "idempotency-replayed", "location", "retry-after", "x-request-id")
"""What they may read."""
PREFLIGHT_KEPT_S = 3600


class Cors:
    """ASGI middleware. A request that says no origin passes by; the setting is read when one first does."""

    def __init__(self, app: ASGIApp, origins: Callable[[], str]) -> None:
        self._app = app
        self._origins = origins
        self._answering: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not any(name == b"origin" for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
            return
        if self._answering is None:
            self._answering = self._made()
        await self._answering(scope, receive, send)

    def _made(self) -> ASGIApp:
        origins = [origin.strip() for origin in self._origins().split(",") if origin.strip()]
        if not origins:
            return self._app
        from starlette.middleware.cors import CORSMiddleware

        return CORSMiddleware(
            self._app,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=REQUEST_HEADERS,
            expose_headers=ANSWER_HEADERS,
            max_age=PREFLIGHT_KEPT_S,
        )
