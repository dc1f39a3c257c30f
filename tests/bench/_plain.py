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
from api.core.recordings import collection_routes
from api.core.recordings import routes as core_recordings
from api.core.recordings.collection_models import RecordingPage
from api.core.recordings.models import Flag, RecordingResponse
from api.core.recordings.recording import Outcome

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

    @app.get("/v1/core/recordings/{recording_id}", response_model_exclude_unset=True)
    async def get_core_recording(
        recording_id: str,
        response: Response,
        showPhotos: Flag = "false",  # noqa: N803  # as on the wire
        showCrmOpportunities: Flag = "false",  # noqa: N803
        showMediaOpportunities: Flag = "false",  # noqa: N803
        showEvaluationScore: Flag = "false",  # noqa: N803
        showMultimediaEvents: Flag = "false",  # noqa: N803
        showMobileEvents: Flag = "false",  # noqa: N803
        showFollowups: Flag = "false",  # noqa: N803
        showCrmCustomers: Flag = "false",  # noqa: N803
        showSummary: Flag = "false",  # noqa: N803
        showEntityExtractions: Flag = "false",  # noqa: N803
    ) -> RecordingResponse:
        return await core_recordings.get_core_recording(
            recording_id,
            context,
            response,
            photos=showPhotos,
            crm_opportunities=showCrmOpportunities,
            media_opportunities=showMediaOpportunities,
            _evaluation_score=showEvaluationScore,
            multimedia_events=showMultimediaEvents,
            mobile_events=showMobileEvents,
            _followups=showFollowups,
            crm_customer=showCrmCustomers,
            summary=showSummary,
            entity_extractions=showEntityExtractions,
        )

    @app.get("/v1/core/recordings", response_model_exclude_unset=True)
    async def list_core_recordings(result: Outcome | None = None, pageSize: int = 100) -> RecordingPage:  # noqa: N803
        return await collection_routes.list_core_recordings(context, result=result, page_size=pageSize)

    return Mangum(app, lifespan="off")
