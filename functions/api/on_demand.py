"""Applications and routers that are imported when the first request for them comes.

A process of Lambda answers few surfaces: importing all of their models costs more than the rest of its start.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Match, Route

if TYPE_CHECKING:
    from fastapi import APIRouter, FastAPI
    from starlette.types import Receive, Scope, Send


class SurfaceMount(BaseRoute):
    """Everything under one prefix, answered by the application that `create_app` of the module makes.

    Unlike Starlette's Mount it answers the prefix itself too, and leaves paths as they are.
    """

    def __init__(self, prefix: str, module: str, prepare: Callable[[FastAPI], None]) -> None:
        self.prefix = prefix
        self.module = module
        self._prepare = prepare

    @cached_property
    def app(self) -> FastAPI:
        """The surface's application."""
        app: FastAPI = import_module(self.module).create_app()
        self._prepare(app)
        return app

    def holds(self, path: str) -> bool:
        """Whether a path lies on the surface, known there or not."""
        return path == self.prefix or path.startswith(f"{self.prefix}/")

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        held = scope["type"] == "http" and self.holds(scope["path"])
        return (Match.FULL, {}) if held else (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class RouterOnDemand(BaseRoute):
    """The routes of the `router` of a module, which answers paths of one pattern."""

    def __init__(self, module: str, pattern: str) -> None:
        self.module = module
        self.pattern = re.compile(pattern)

    @cached_property
    def router(self) -> APIRouter:
        """The module's router."""
        router: APIRouter = import_module(self.module).router
        return router

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if self.pattern.fullmatch(scope["path"]) is None:
            return Match.NONE, {}
        partial = Match.NONE, {}
        for route in self.router.routes:
            match, child_scope = route.matches(scope)
            if match is Match.FULL:
                return match, child_scope
            if match is Match.PARTIAL and partial[0] is Match.NONE:
                partial = match, child_scope
        return partial

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["route"].handle(scope, receive, send)


def allowed_methods(routes: Iterable[BaseRoute], scope: Scope) -> set[str]:
    """The methods that the request's path has."""
    found = set[str]()
    for route in routes:
        if isinstance(route, RouterOnDemand) and route.pattern.fullmatch(scope["path"]):
            found |= allowed_methods(route.router.routes, scope)
        elif isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return found | {"HEAD"} if "GET" in found else found
