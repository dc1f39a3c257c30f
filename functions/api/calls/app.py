"""The sub-application of the calls API."""

from __future__ import annotations

from fastapi import FastAPI

from api.calls.errors import CallsError, error_response
from api.on_demand import RouterOnDemand
from api.sub_application import surface_app

PREFIX = "/v1/calls"


def create_app() -> FastAPI:
    """The application; `api.app` mounts it."""
    app = surface_app(
        title="Auricle calls",
        description="Telephone calls and the logs of their recordings, in one envelope.",
        prefix=PREFIX,
        error_model=CallsError,
        render=error_response,
        tags=[{"name": "calls", "description": "Telephone calls and the logs of their recordings."}],
    )
    app.router.routes.append(RouterOnDemand("api.calls.routes", f"{PREFIX}(/.*)?"))
    return app
