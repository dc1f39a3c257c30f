"""The sub-application of the audio-files API."""

from __future__ import annotations

from fastapi import FastAPI

from api.audio_files import routes
from api.documentation import surface_app
from api.problems import ProblemDetails, problem_response

PREFIX = "/api/v1/audio-files"


def create_app() -> FastAPI:
    """The application; `api.app` mounts it."""
    app = surface_app(
        title="Auricle audio files",
        description="Upload, list, download and process audio. Errors are RFC 9457 problem details.",
        prefix=PREFIX,
        error_model=ProblemDetails,
        render=problem_response,
        tags=[{"name": "audio files", "description": "Uploads, and what processing found in them."}],
    )
    app.router.routes.extend(routes.router.routes)
    return app
