"""Lambda: API Gateway's events (payload 2.0) into the application, and its answers back."""

from __future__ import annotations

import gc

# What start-up allocates stays for the life of the process: collecting during it costs a fifth of the time.
gc.disable()

import sys  # noqa: E402

# FastAPI imports pydantic.v1 to ask of every model whether it is of pydantic 1, and takes a missing one for no: none
# here is, and importing it costs 20 ms.
sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type]

import asyncio  # noqa: E402
from datetime import UTC, datetime  # noqa: E402
from typing import TYPE_CHECKING, Any  # noqa: E402

from mangum import Mangum  # noqa: E402
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES  # noqa: E402

from api.app import create_app  # noqa: E402
from api.auth import Authenticator, SigningKeys  # noqa: E402
from api.dependencies import AppDependencies, Services  # noqa: E402
from auricle.directory.api_keys import API_KEYS  # noqa: E402
from auricle.settings import settings  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

_ADDRESS_HEADERS = frozenset({"host", "x-forwarded-port"})


def _keys() -> SigningKeys:
    from auricle.adapters.jwks import PublishedKeys

    return PublishedKeys(settings().require("jwks_url"))


def _services() -> Services:
    from auricle.bootstrap import bootstrap

    return bootstrap()


def gateway_handler(app: FastAPI) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The application as a Lambda handler; API Gateway gets JSON of every kind as text."""
    mangum = Mangum(app, lifespan="off", text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, "application/problem+json"])

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return mangum(_with_one_address(event), context)

    return handle


def _with_one_address(event: dict[str, Any]) -> dict[str, Any]:
    """The event with the address of this API in place of what the client says of it.

    Mangum splits `host` at its colon and reads a number after it, so `a:b:c` and `[::1]` end the invocation.
    Nothing here answers differently by host: what is public of it is the setting `public_url`.
    """
    headers = {name: value for name, value in event.get("headers", {}).items() if name.lower() not in _ADDRESS_HEADERS}
    return {**event, "headers": {**headers, "host": "api", "x-forwarded-port": "443"}}


# Mangum asks for this thread's event loop on every request; from Python 3.12 on nobody makes one unasked.
asyncio.set_event_loop(asyncio.new_event_loop())

_handle = gateway_handler(
    create_app(
        AppDependencies(
            settings=settings,
            services=_services,
            authenticator=Authenticator(
                keys=_keys,
                issuer=lambda: settings().require("jwt_issuer"),
                audience=lambda: settings().require("jwt_audience"),
                api_keys=lambda: _services().records(API_KEYS),
            ),
            now=lambda: datetime.now(UTC),
        ),
    ),
)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    try:
        return _handle(event, context)
    finally:
        if not gc.isenabled():  # the first request imports its surface, which stays, too
            gc.freeze()
            gc.enable()
