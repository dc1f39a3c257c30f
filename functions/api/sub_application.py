"""The FastAPI application of one surface: its error shape, its OpenAPI document and the page that shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from starlette.routing import Route

from api.problems import Renderer, add_problem_handlers
from auricle import __version__

LICENSE = {"name": "MIT", "identifier": "MIT"}


def surface_app(
    *,
    title: str,
    description: str,
    prefix: str,
    error_model: type[BaseModel],
    render: Renderer,
    tags: Sequence[Mapping[str, str]],
) -> FastAPI:
    """A sub-application whose errors `render` shows, as `error_model` describes them, with its own OpenAPI and page.

    `tags` are the subjects that its operations are grouped by.
    """
    app = FastAPI(
        title=title,
        version=__version__,
        description=description,
        license_info=LICENSE,
        openapi_tags=[dict(tag) for tag in tags],
        openapi_url=f"{prefix}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    add_problem_handlers(app, render)

    def openapi() -> dict[str, Any]:
        from api.documentation import surface_document

        if app.openapi_schema is None:
            app.openapi_schema = surface_document(app, error_model)
        return app.openapi_schema

    async def docs(_request: Request) -> Response:
        from api.swagger_ui import swagger_ui

        return swagger_ui(app, openapi_url=f"{prefix}/openapi.json", expanded=True)

    app.router.routes.append(Route(f"{prefix}/docs", docs))
    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation extends it
    return app
