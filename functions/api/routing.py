"""FastAPI's route with what the API adds to it: strict JSON, and answers that are given once.

Source: FastAPI's documentation, "Custom Request and APIRoute class".
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args, get_origin

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from api.idempotency import Replayed, keep, release
from api.problems import HttpProblem
from api.requests import JsonRequest
from auricle.errors import AuricleError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_EXPECTED = (AuricleError, HttpProblem, RequestValidationError, HTTPException)


class ApiRoute(APIRoute):
    """The route of every operation."""

    @cached_property
    def query_parameters(self) -> Mapping[str, bool]:
        """The names of its query parameters, and whether they are lists."""
        return dict(_query_parameters(self.dependant))

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            request = JsonRequest(request.scope, request.receive)
            try:
                response = await handle(request)
                keep(request, response)
            except Replayed as replayed:
                return replayed.response
            except _EXPECTED:
                release(request)
                raise
            except Exception as error:  # noqa: BLE001  # else Starlette answers, and raises it again
                release(request)
                failure: Response = await request.app.exception_handlers[Exception](request, error)
                return failure
            else:
                return response
            finally:
                await request.close()  # the files of its form

        return handle_once


class SparseRoute(ApiRoute):
    """The route of an answer that leaves out the fields nothing set."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **kwargs: Any) -> None:
        super().__init__(path, endpoint, **kwargs | {"response_model_exclude_unset": True})


def _query_parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        yield field.alias, any(get_origin(each) is list for each in (annotation, *get_args(annotation)))
    for each in dependant.dependencies:
        yield from _query_parameters(each)


def api_router(prefix: str, route_class: type[ApiRoute] = ApiRoute, **kwargs: Any) -> APIRouter:
    """A router of such routes."""
    return APIRouter(
        prefix=prefix,
        route_class=route_class,
        strict_content_type=False,
        generate_unique_id_function=lambda route: route.name,
        **kwargs,
    )


class HeadAsGet:
    """ASGI middleware: a HEAD request is answered as a GET, whose body whoever is in front leaves out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)
