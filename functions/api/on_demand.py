"""Applications and routers that are imported when the first request for them comes.

A process of Lambda answers few surfaces: importing all of their models costs more than the rest of its start.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
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
    """The routes of the `router` of a module, which answers all paths of one pattern."""

    def __init__(self, module: str, pattern: str) -> None:
        self.module = module
        self.pattern = re.compile(pattern)

    @cached_property
    def router(self) -> APIRouter:
        """The module's router."""
        router: APIRouter = import_module(self.module).router
        return router

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or self.pattern.fullmatch(scope["path"]) is None:
            return Match.NONE, {}
        return Match.FULL, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        allowed = set[str]()
        is_spelled_out = False
        for route in self.router.routes:
            if not isinstance(route, Route) or (is_spelled_out and "{" in route.path):
                continue  # a path that is spelled out is no id of another route
            match, child_scope = route.matches(scope)
            if match is Match.FULL:
                scope.update(child_scope)
                await route.handle(scope, receive, send)
                return
            if match is Match.PARTIAL:
                allowed |= route.methods or set()
                is_spelled_out = "{" not in route.path
        if not allowed:
            raise HTTPException(404)
        if "GET" in allowed:
            allowed.add("HEAD")
        raise HTTPException(405, headers={"allow": ", ".join(sorted(allowed))})
