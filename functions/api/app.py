"""The API: one FastAPI application, one surface for each kind of client, one domain beneath.

Routes are `async` and call the domain, which is synchronous, directly: Lambda gives a process one request at a
time, so there is nobody to keep waiting, and a thread for each call would cost more than the call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.exceptions import HTTPException

from api.answer_limit import AnswerLimit
from api.cors import Cors
from api.doors import NOTHING_HERE, Door, not_allowed
from api.faults import INTERNAL, Fault, problem_response
from api.request_ids import REQUEST_ID, RequestIds
from api.surface import Parts, log_failure
from api.surfaces import service

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Scope

DOORS: tuple[Door, ...] = (
    Door("/api/v1/audio-files", "api.surfaces.audio_files"),
    Door("/api/v1/agent/founder", "api.surfaces.agent"),
    Door("/v1/core", "api.surfaces.core"),
    Door("/v1/calls", "api.surfaces.calls"),
)


def create_app(parts: Parts) -> FastAPI:
    """The application over the given parts, none of which is made before a request needs it."""
    app = FastAPI(
        title="Auricle",
        openapi_url=None,  # both are served by surfaces/service.py, from documents that are built when asked for
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(AnswerLimit, render=_rendered)
    app.add_middleware(Cors, origins=lambda: parts.settings().cors_origins)
    app.add_middleware(RequestIds)
    app.add_exception_handler(HTTPException, _no_such_route)
    app.add_exception_handler(Exception, _unexpected)
    app.router.routes.extend(door.opened(lambda: parts) for door in DOORS)
    app.router.routes.extend(service.routes(DOORS, parts.settings))
    return app


def _rendered(fault: Fault, scope: Scope) -> Response:
    """The fault in the shape of the surface the path lies on, known path or not."""
    path = scope["path"]
    for door in DOORS:
        if door.holds(path):
            return door.surface.render(fault, path, scope[REQUEST_ID])
    return problem_response(fault, path, scope[REQUEST_ID])


async def _no_such_route(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code == 405:
        allowed = service.allowed_methods(request.app.router.routes, request.scope["path"])
        return _rendered(not_allowed(request.scope["method"], allowed), request.scope)
    return _rendered(NOTHING_HERE, request.scope)


async def _unexpected(request: Request, error: Exception) -> Response:
    log_failure(error, request.scope["path"], request.scope[REQUEST_ID])
    return _rendered(INTERNAL, request.scope)
