"""The sub-application of the audio-files API."""

from __future__ import annotations

from fastapi import FastAPI

from api.audio_files.models import AudioFileProblem
from api.on_demand import RouterOnDemand
from api.problems import problem_response
from api.sub_application import surface_app

PREFIX = "/api/v1/audio-files"


def create_app() -> FastAPI:
    """The application; `api.app` mounts it."""
    app = surface_app(
        title="Auricle audio files",
        description="Upload, list, download and process audio. Errors are RFC 9457 problem details.",
        prefix=PREFIX,
        error_model=AudioFileProblem,
        render=problem_response,
        tags=[{"name": "audio files", "description": "Uploads, and what processing found in them."}],
    )
    app.router.routes.append(RouterOnDemand("api.audio_files.routes", f"{PREFIX}(/.*)?"))
    return app
