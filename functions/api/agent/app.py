"""The sub-application of the agent API."""

from __future__ import annotations

from fastapi import FastAPI

from api.agent.errors import AgentError, error_response
from api.agent.shared import PREFIX
from api.documentation import surface_app
from api.on_demand import RouterOnDemand

_RECORDING = f"{PREFIX}/recordings/[^/]+"
_CONTACT = f"{PREFIX}/contacts/[^/]+"
ROUTERS: tuple[RouterOnDemand, ...] = ()
"""Which subject answers which paths; the first that fits does. A request imports no other."""

TAGS: list[dict[str, str]] = []


def create_app() -> FastAPI:
    """The application; `api.app` mounts it."""
    app = surface_app(
        title="Auricle agent",
        description="Recordings and CRM timelines for founders: the credential carries the role `founder`.",
        prefix=PREFIX,
        error_model=AgentError,
        render=error_response,
        tags=TAGS,
    )
    app.router.routes.extend(ROUTERS)
    return app
