"""What is not moved to FastAPI's routes yet: delete a module's entry of PENDING once it is."""

from __future__ import annotations

import re
from typing import Any

from starlette.routing import BaseRoute, Match

from api.legacy.doors import Door
from api.legacy.surface import Parts

_A, _C = "/api/v1/agent/founder", "/v1/core"
_R = f"{_C}/recordings/[^/]+"
PENDING: dict[str, str] = {
    "core.recordings": f"{_C}/recordings(/(?!(merge|signed-urls|upload)$)[^/]+(/restore)?)?",
    "core.transcripts": f"{_R}/(utterances|summary|signedUrl|transcription-language)",
}
DOORS = (
    Door(_C, "api.legacy.surfaces.core"),
)


def pending(path: str) -> bool:
    described = path.endswith(("/docs", "/openapi.json"))
    return not described and any(re.fullmatch(pattern, path) for pattern in PENDING.values())


class _Pending(BaseRoute):
    def __init__(self, route: BaseRoute) -> None:
        self.route = route

    def matches(self, scope: Any) -> Any:
        return self.route.matches(scope) if scope["type"] == "http" and pending(scope["path"]) else (Match.NONE, {})

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        await self.route.handle(scope, receive, send)


def doors(dependencies: Any) -> list[Any]:
    parts = Parts(
        settings=dependencies.settings,
        services=dependencies.services,
        authenticator=dependencies.authenticator,
        now=dependencies.now,
    )
    return [_Pending(door.opened(lambda: parts)) for door in DOORS]


def merged(document: dict[str, Any], app: Any) -> dict[str, Any]:
    from api.legacy.openapi import build_document

    if not PENDING:
        return document
    old = build_document([door.surface for door in DOORS], public_url=app.state.dependencies.settings().public_url)
    old["paths"].pop("/health")
    document["paths"] |= {path: of for path, of in old["paths"].items() if pending(path)}
    document["tags"] += old["tags"][1:]
    for kind, found in old["components"].items():
        for name, each in found.items():
            document["components"].setdefault(kind, {}).setdefault(name, each)
    return document
