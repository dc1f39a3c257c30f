"""The API: one FastAPI application, one surface for each kind of client, one domain beneath.

Routes are `async` and call the domain, which is synchronous, directly: Lambda gives a process one request at a
time, so there is nobody to keep waiting, and a thread for each call would cost more than the call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.exceptions import HTTPException

from api.faults import INTERNAL, Fault, problem_response
from api.request_ids import REQUEST_ID, RequestIds
from api.surface import Parts, Surface, log_failure
from api.surfaces import agent, audio_files, service

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

SURFACES: tuple[Surface, ...] = (audio_files.surface, agent.surface)


def create_app(parts: Parts) -> FastAPI:
    """The application over the given parts, none of which is made before a request needs it."""
    app = FastAPI(
        title="Auricle",
        openapi_url=None,  # both are served by surfaces/service.py, from documents that are built when asked for
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(RequestIds)
    app.add_exception_handler(HTTPException, _no_such_route)
    app.add_exception_handler(Exception, _unexpected)
    for surface in SURFACES:
        app.router.routes.extend(surface.routes(parts))
    app.router.routes.extend(service.routes(SURFACES, parts.settings))
    return app


def _rendered(fault: Fault, request: Request) -> Response:
    """The fault in the shape of the surface the path lies on, known path or not."""
    path = request.scope["path"]
    for surface in SURFACES:
        if surface.holds(path):
            return surface.render(fault, path, request.scope[REQUEST_ID])
    return problem_response(fault, path, request.scope[REQUEST_ID])


async def _no_such_route(request: Request, error: Exception) -> Response:
    path, method = request.scope["path"], request.scope["method"]
    if isinstance(error, HTTPException) and error.status_code == 405:
        allowed = service.allowed_methods(request.app.router.routes, path)
        fault = Fault(
            405, "method-not-allowed", f"{method} is not allowed here.", headers={"allow": ", ".join(allowed)}
        )
    else:
        fault = Fault(404, "not-found", "There is nothing at this address. /docs lists what there is.")
    return _rendered(fault, request)


async def _unexpected(request: Request, error: Exception) -> Response:
    log_failure(error, request.scope["path"], request.scope[REQUEST_ID])
    return _rendered(INTERNAL, request)
