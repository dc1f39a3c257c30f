"""The pages at `/docs`: Swagger UI, whose files are served here too, so that the pages work without the internet.

Source: FastAPI's documentation, "Custom Docs UI Static Assets (Self-Hosting)". The package `fastapi-offline` carries
the files; none of its code is imported.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

ASSETS = "/docs/assets"
"""The path that the files lie under."""
_FILES = StaticFiles(directory=Path(__file__).with_name("static"), packages=[("fastapi_offline", "static")])
_KEPT_S = 24 * 60 * 60


def swagger_ui(app: FastAPI, *, openapi_url: str, expanded: bool) -> Response:
    """The page of one document, its operations grouped by subject: `expanded` shows those of every subject at once."""
    page = get_swagger_ui_html(
        openapi_url=openapi_url,
        title=app.title,
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS}/icon.svg",
        swagger_ui_parameters={"docExpansion": "list" if expanded else "none", "filter": True},
    )
    page.headers["content-security-policy"] = (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data:; connect-src 'self' {app.state.dependencies.settings().public_url}".strip()
    )
    return page


async def asset(request: Request) -> ASGIApp:
    """The file that the path names, compressed to who accepts that: Swagger UI's script has 1.5 MB."""
    response = await _FILES.get_response(request.path_params["name"], request.scope)
    response.headers["cache-control"] = f"public, max-age={_KEPT_S}"
    return GZipMiddleware(response)
