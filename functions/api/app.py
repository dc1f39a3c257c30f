"""The API: one FastAPI application that mounts a sub-application for each kind of client, over one domain.

Routes are `async` and call the domain, which is synchronous, directly: Lambda gives a process one request at a
time, so there is nobody to keep waiting, and a thread for each call would cost more than the call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.answer_limit import AnswerLimit
from api.cors import Cors
from api.dependencies import AppDependencies
from api.on_demand import SurfaceMount
from api.problems import Problem, add_problem_handlers, problem_response
from api.request_ids import RequestIds
from api.routing import HeadAsGet
from auricle import __version__

if TYPE_CHECKING:
    from starlette.types import ASGIApp

SURFACES = {
    "/api/v1/audio-files": "api.audio_files.app",
    "/api/v1/agent/founder": "api.agent.app",
    "/v1/core": "api.core.app",
    "/v1/calls": "api.calls.app",
}
"""The module of each surface's application, by the prefix of its paths."""


class Health(BaseModel):
    """The API answers."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    status: Literal["ok"] = Field(description="That it answers.")
    version: str = Field(description="The version of Auricle that answers.")
    environment: str = Field(description="The environment it is deployed as.")


def create_app(dependencies: AppDependencies) -> FastAPI:
    """The application over the given dependencies, none of which is made before a request needs it."""
    app = FastAPI(title="Auricle", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.dependencies = dependencies

    def prepare(surface: FastAPI) -> None:
        surface.state.dependencies = dependencies

    mounts = [SurfaceMount(prefix, module, prepare) for prefix, module in SURFACES.items()]

    def render(problem: Problem, path: str, request_id: str) -> Response:
        """The problem in the shape of the surface the path lies on, known path or not."""
        for mount in mounts:
            if mount.holds(path):
                response: Response = mount.app.state.render(problem, path, request_id)
                return response
        return problem_response(problem, path, request_id)

    app.add_middleware(HeadAsGet)
    app.add_middleware(AnswerLimit, render=render)
    app.add_middleware(Cors, origins=lambda: dependencies.settings().cors_origins)
    app.add_middleware(RequestIds)
    add_problem_handlers(app, render)
    app.router.routes.extend(mounts)
    app.router.routes.extend(
        [
            Route("/health", health),
            Route("/openapi.json", openapi),
            Route("/docs", docs),
            Route("/docs/assets/{name}", docs_asset),
        ],
    )
    app.state.surfaces = mounts
    return app


async def health(request: Request) -> Response:
    """Whether the API answers. It takes no credential and asks nothing of AWS."""
    settings = request.app.state.dependencies.settings()
    return JSONResponse({"status": "ok", "version": __version__, "environment": settings.env})


async def openapi(request: Request) -> Response:
    """The documents of all surfaces as one, made when first asked for: most processes never are."""
    from api.documentation import merged_document

    app = request.app
    if app.openapi_schema is None:
        app.openapi_schema = merged_document([mount.app.openapi() for mount in app.state.surfaces], app)
    return JSONResponse(app.openapi_schema)


async def docs(request: Request) -> Response:
    """The page that shows the documents of all surfaces."""
    from api.swagger_ui import swagger_ui

    return swagger_ui(request.app, openapi_url="/openapi.json", expanded=False)


async def docs_asset(request: Request) -> ASGIApp:
    """A file that the pages at `/docs` and `…/docs` load."""
    from api.swagger_ui import asset

    return await asset(request)
