"""Doors: each surface is loaded when the first request for it comes, and finds its route without asking the others.

A process starts with none of them: their models cost more to build than everything else of a start. A hundred routes
tried one after the other would cost a request more than all that is done for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Match, Route

from api.legacy.faults import Fault
from api.request_ids import REQUEST_ID

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from api.legacy.surface import Parts, Surface

_Routes = Mapping[int, Sequence[Route]]
"""By how many parts their paths have."""


class Door:
    """Everything under one prefix, behind which a surface is loaded."""

    def __init__(self, prefix: str, module: str) -> None:
        self.prefix = prefix
        self._module = module

    @cached_property
    def surface(self) -> Surface:
        """The surface, with everything it declares."""
        for module in sorted(set(self._modules.values())):
            import_module(f"{self._module}.{module}")
        surface: Surface = import_module(self._module).surface
        if surface.prefix != self.prefix:
            raise AssertionError(f"{self._module} serves {surface.prefix}, not {self.prefix}")
        return surface

    def answering(self, path: str) -> tuple[Surface, str] | None:
        """Of a surface in several modules: as much of it as one request takes, and the name of the module that
        answers it; None where it is in one, or where only all of them can tell."""
        words = path[len(self.prefix) :].split("/")[1:4]
        for word in reversed(words):
            if module := self._modules.get(word):
                answering = import_module(f"{self._module}.{module}")
                return answering.surface, answering.__name__
        return None

    @cached_property
    def _modules(self) -> Mapping[str, str]:
        """The surface's modules by words of paths, where it says so."""
        modules: Mapping[str, str] = getattr(import_module(self._module), "MODULES", {})
        return modules

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
        self._by_module: dict[str, _Routes] = {}

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        held = scope["type"] == "http" and self._door.holds(scope["path"])
        return (Match.FULL, {}) if held else (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        route, allowed = _found(self._likely(path), scope)
        if route is None:
            route, allowed = _found(self._all, scope)
        if route is not None:
            await route.handle(scope, receive, send)
            return
        fault = not_allowed(scope["method"], allowed) if allowed else NOTHING_HERE
        await self._door.surface.render(fault, path, scope[REQUEST_ID])(scope, receive, send)

    def _likely(self, path: str) -> _Routes:
        """Routes of the module that should answer, so that no other need be loaded; none where all have to be asked."""
        answering = self._door.answering(path)
        if answering is None:
            return {}
        surface, module = answering
        if module not in self._by_module:
            mine = [one for one in surface.operations if one.endpoint.__module__ == module]
            self._by_module[module] = _by_length(surface.routes(self._parts(), mine))
        return self._by_module[module]

    @cached_property
    def _all(self) -> _Routes:
        surface = self._door.surface
        return _by_length(surface.routes(self._parts(), surface.operations))


def _by_length(routes: Iterable[Route]) -> _Routes:
    """By how many parts their paths have; paths without a parameter first, as they were declared."""
    found: dict[int, list[Route]] = {}
    for route in sorted(routes, key=lambda route: "{" in route.path):
        found.setdefault(route.path.count("/"), []).append(route)
    return {parts: tuple(routes) for parts, routes in found.items()}


def _found(routes: _Routes, scope: Scope) -> tuple[Route | None, set[str]]:
    """The route that answers, with its parameters in the scope; else the methods that its path has."""
    allowed, spelled_out = set[str](), False
    for route in routes.get(scope["path"].count("/"), ()):
        if spelled_out and "{" in route.path:
            break  # it is the path of another route, and so no id of this one
        match, child_scope = route.matches(scope)
        if match is Match.FULL:
            scope.update(child_scope)
            return route, allowed
        if match is Match.PARTIAL:
            allowed |= route.methods or set()
            spelled_out = "{" not in route.path
    return None, allowed


NOTHING_HERE = Fault(404, "not-found", "There is nothing at this address. /docs lists what there is.")


def not_allowed(method: str, allowed: set[str]) -> Fault:
    """The path is known, the method is not one of its."""
    return Fault(
        405, "method-not-allowed", f"{method} is not allowed here.", headers={"allow": ", ".join(sorted(allowed))}
    )
