"""Plain FastAPI behind Mangum serving the same answers: what the API's warm requests are measured against.

Routes as FastAPI's documentation shows them, without credentials, limits, idempotency or request ids, whose endpoints
are the API's own: the same values of the domain become the same response models.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Response
from mangum import Mangum

from api.audio_files import routes as audio_files
from api.audio_files.models import AudioFileDetail, AudioFilePage

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def plain_handler(context: Any) -> Handler:
    """A Lambda handler that answers for the caller of that context."""
    app = FastAPI()

    @app.get("/api/v1/audio-files/{audio_file_id}")
    async def get_audio_file(audio_file_id: str, response: Response) -> AudioFileDetail:
        return await audio_files.get_audio_file(audio_file_id, context, response)

    @app.get("/api/v1/audio-files")
    async def list_audio_files(campaignId: str | None = None, pageSize: int = 50) -> AudioFilePage:  # noqa: N803
        return await audio_files.list_audio_files(context, campaign_id=campaignId, page_size=pageSize)

    return Mangum(app, lifespan="off")
