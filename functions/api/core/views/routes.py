"""Who viewed a recording, who starred it, and how long they listened.

Viewing, listening and starring are what readers do, so these operations take the scope of reading.
"""

from __future__ import annotations

from fastapi import Response

from api.core.errors import NO_RECORDING
from api.core.shared import PREFIX, Reader, ReaderOnce
from api.core.views import models
from api.dependencies import IfMatch, RecordingId, RequestContext, tag_revision
from api.problems import errors
from api.routing import api_router
from auricle.recordings import views as domain

router = api_router(f"{PREFIX}/recordings/{{recording_id}}", tags=["views"], responses=errors(NO_RECORDING))


@router.put("/viewed", summary="Say that you view a recording")
async def mark_viewed(
    recording_id: RecordingId, context: Reader, if_match: IfMatch, response: Response
) -> models.SuccessResponse:
    """One more view (`viewCount`), unless the one you began within the last 12 hours has not ended: `POST …/views` ends
    it. Of each user the first counts in `uniqueViewCount`."""
    recording, viewers = context.recording(recording_id), context.stores.records(domain.VIEWERS)
    viewer = domain.begin_view(
        context.org, recording.id, context.caller.user, viewers=viewers, now=context.now, if_revision=if_match
    )
    tag_revision(response, viewer.revision)
    return models.SuccessResponse(data=models.Success(success=True))


@router.post("/views", summary="Say how long you viewed a recording")
async def report_view(
    recording_id: RecordingId, body: models.ReportViewRequest, context: ReaderOnce
) -> models.SuccessResponse:
    """In milliseconds. It ends the view begun by `PUT …/viewed`, or is one more view."""
    recording, viewers = context.recording(recording_id), context.stores.records(domain.VIEWERS)
    domain.end_view(context.org, recording.id, context.caller.user, body.duration, viewers=viewers, now=context.now)
    return models.SuccessResponse(data=models.Success(success=True))


@router.put("/listen", summary="Say how long you have listened to a recording")
async def report_listening(
    recording_id: RecordingId,
    body: models.ReportListeningRequest,
    context: Reader,
    if_match: IfMatch,
    response: Response,
) -> models.ListeningResponse:
    """`duration` is that of the whole session so far, in milliseconds. The first report of a session leaves
    `recordingEngagementId` out; further ones send the id answered."""
    engagement = domain.listen(
        context.org,
        context.recording(recording_id).id,
        context.caller.user,
        body.duration,
        session=body.recording_engagement_id,
        client_platform=body.client_platform,
        engagements=context.stores.records(domain.ENGAGEMENTS),
        now=context.now,
        if_revision=if_match,
    )
    tag_revision(response, engagement.revision)
    return models.ListeningResponse(
        data=models.Listening(recording_engagement=models.RecordingEngagement.of(engagement))
    )


@router.put("/star", summary="Star a recording")
async def star_recording(
    recording_id: RecordingId, context: Reader, if_match: IfMatch, response: Response
) -> models.StarResponse:
    """It counts once for each user in `starCount`."""
    return _star(True, recording_id, context, if_match, response)


@router.delete("/star", summary="Take your star back")
async def unstar_recording(
    recording_id: RecordingId, context: Reader, if_match: IfMatch, response: Response
) -> models.StarResponse:
    """Where there is none, nothing changes."""
    return _star(False, recording_id, context, if_match, response)


def _star(
    starred: bool, recording_id: str, context: RequestContext, if_revision: int | None, response: Response
) -> models.StarResponse:
    recording, viewers = context.recording(recording_id), context.stores.records(domain.VIEWERS)
    viewer = domain.star(
        context.org,
        recording.id,
        context.caller.user,
        starred,
        viewers=viewers,
        now=context.now,
        if_revision=if_revision,
    )
    tag_revision(response, viewer.revision)
    return models.StarResponse(data=models.Star(starred=viewer.starred))
