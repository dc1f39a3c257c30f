"""What belongs to no surface: health, the OpenAPI document and its page. None takes a credential or asks AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from api.legacy.answers import json_response
from auricle import __version__
from auricle.settings import Settings

if TYPE_CHECKING:
    from starlette.requests import Request

    from api.legacy.doors import Door

HEALTH_PATH = "/health"
OPENAPI_PATH = "/openapi.json"
DOCS_PATH = "/docs"


def routes(doors: Sequence[Door], settings: Callable[[], Settings]) -> list[Route]:
    """Health, OpenAPI and its page. The document is built when first asked for: most processes never are."""

    @cache
    def document() -> dict[str, Any]:
        from api.legacy.openapi import build_document

        return build_document([door.surface for door in doors], public_url=settings().public_url)

    async def health(_request: Request) -> Response:
        return json_response({"status": "ok", "version": __version__, "environment": settings().env})

    async def openapi(_request: Request) -> Response:
        return json_response(document())

    async def docs(_request: Request) -> HTMLResponse:
        from fastapi.openapi.docs import get_swagger_ui_html

        # The page itself comes from a content network: offline, /openapi.json says the same to any other viewer.
        return get_swagger_ui_html(openapi_url=OPENAPI_PATH, title="Auricle API")

    return [Route(HEALTH_PATH, health), Route(OPENAPI_PATH, openapi), Route(DOCS_PATH, docs)]


def allowed_methods(known: Iterable[BaseRoute], path: str) -> set[str]:
    """What one of the paths here may be asked."""
    found = [route for route in known if isinstance(route, Route) and route.path_regex.match(path)]
    return {method for route in found for method in route.methods or ()}
