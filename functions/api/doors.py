"""Doors: each surface is loaded when the first request for it comes, and finds its route without asking the others.

A process starts with none of them: their models cost more to build than everything else of a start. A hundred routes
tried one after the other would cost a request more than all that is done for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Match, Route

from api.faults import Fault
from api.request_ids import REQUEST_ID

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from api.surface import Parts, Surface


class Door:
    """Everything under one prefix, behind which a surface is loaded."""

    def __init__(self, prefix: str, module: str) -> None:
        self.prefix = prefix
        self._module = module

    @cached_property
    def surface(self) -> Surface:
        """The surface, with everything it declares."""
        surface: Surface = import_module(self._module).surface
        if surface.prefix != self.prefix:
            raise AssertionError(f"{self._module} serves {surface.prefix}, not {self.prefix}")
        return surface

    def holds(self, path: str) -> bool:
        """Whether a path lies behind this door, known there or not."""
        return path == self.prefix or path.startswith(f"{self.prefix}/")

    def opened(self, parts: Callable[[], Parts]) -> BaseRoute:
        """The door as a route of one application."""
        return _OpenDoor(self, parts)


class _OpenDoor(BaseRoute):
    def __init__(self, door: Door, parts: Callable[[], Parts]) -> None:
        self._door = door
        self._parts = parts

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        held = scope["type"] == "http" and self._door.holds(scope["path"])
        return (Match.FULL, {}) if held else (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, allowed, spelled_out = scope["path"], set[str](), False
        for route in self._routes.get(path.count("/"), ()):
            if spelled_out and "{" in route.path:
                break  # it is the path of another route, and so no id of this one
            match, child_scope = route.matches(scope)
            if match is Match.FULL:
                scope.update(child_scope)
                await route.handle(scope, receive, send)
                return
            if match is Match.PARTIAL:
                allowed |= route.methods or set()
                spelled_out = "{" not in route.path
        fault = not_allowed(scope["method"], allowed) if allowed else NOTHING_HERE
        await self._door.surface.render(fault, path, scope[REQUEST_ID])(scope, receive, send)

    @cached_property
    def _routes(self) -> dict[int, Sequence[Route]]:
        """By how many parts their paths have; paths without a parameter first, as they were declared."""
        found: dict[int, list[Route]] = {}
        for route in sorted(self._door.surface.routes(self._parts()), key=lambda route: "{" in route.path):
            found.setdefault(route.path.count("/"), []).append(route)
        return {parts: tuple(routes) for parts, routes in found.items()}


NOTHING_HERE = Fault(404, "not-found", "There is nothing at this address. /docs lists what there is.")


def not_allowed(method: str, allowed: set[str]) -> Fault:
    """The path is known, the method is not one of its."""
    return Fault(
        405, "method-not-allowed", f"{method} is not allowed here.", headers={"allow": ", ".join(sorted(allowed))}
    )
