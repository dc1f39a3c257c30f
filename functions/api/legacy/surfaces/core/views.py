"""Who viewed a recording, who starred it, and how long they listened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from api.legacy.reading import Asked, Id
from api.legacy.surface import Call, etag
from api.legacy.surfaces.core.wire import READ, enveloped, surface, timestamp
from auricle.recordings.views import ENGAGEMENTS, MAX_DURATION_MS, VIEWERS

if TYPE_CHECKING:
    from starlette.responses import Response

    from auricle.recordings.views import Engagement

Duration = Annotated[int, Field(ge=0, le=MAX_DURATION_MS, description="In milliseconds; a day at most.")]


class ViewRequest(Asked):
    """`POST /recordings/{id}/views`."""

    duration_ms: Duration = Field(alias="duration")


class ListenRequest(Asked):
    """`PUT /recordings/{id}/listen`. The duration is that of the whole session so far."""

    session: Id | None = Field(None, alias="recordingEngagementId")
    duration_ms: Duration = Field(alias="duration")
    client_platform: Literal["WEB", "IOS", "ANDROID"] | None = Field(None, alias="clientPlatform")


# Viewing, listening and starring are what readers do: they take the scope of reading.


@surface.put("/recordings/{recording_id}/viewed", scope=READ)
async def mark_viewed(call: Call) -> Response:
    from auricle.recordings.views import begin_view

    recording = call.recording(call.recording_id())
    viewer = begin_view(
        call.org,
        recording.id,
        call.caller.user,
        viewers=call.services.records(VIEWERS),
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    return enveloped({"success": True}, headers=etag(viewer.revision))


@surface.post("/recordings/{recording_id}/views", scope=READ, reads=ViewRequest)
async def report_view(call: Call, asked: ViewRequest) -> Response:
    from auricle.recordings.views import end_view

    recording = call.recording(call.recording_id())
    end_view(
        call.org,
        recording.id,
        call.caller.user,
        asked.duration_ms,
        viewers=call.services.records(VIEWERS),
        now=call.parts.now(),
    )
    return enveloped({"success": True})


@surface.put("/recordings/{recording_id}/listen", scope=READ, reads=ListenRequest)
async def report_listening(call: Call, asked: ListenRequest) -> Response:
    from auricle.recordings.views import listen

    recording = call.recording(call.recording_id())
    engagement = listen(
        call.org,
        recording.id,
        call.caller.user,
        asked.duration_ms,
        session=asked.session,
        client_platform=asked.client_platform,
        engagements=call.services.records(ENGAGEMENTS),
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    return enveloped({"recordingEngagement": _engagement(engagement)}, headers=etag(engagement.revision))


@surface.put("/recordings/{recording_id}/star", scope=READ)
async def star_recording(call: Call) -> Response:
    return _starred(call, True)


@surface.delete("/recordings/{recording_id}/star", scope=READ)
async def unstar_recording(call: Call) -> Response:
    return _starred(call, False)


def _starred(call: Call, starred: bool) -> Response:
    from auricle.recordings.views import star

    recording = call.recording(call.recording_id())
    viewer = star(
        call.org,
        recording.id,
        call.caller.user,
        starred,
        viewers=call.services.records(VIEWERS),
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    return enveloped({"starred": viewer.starred}, headers=etag(viewer.revision))


def _engagement(engagement: Engagement) -> dict[str, Any]:
    return {
        "id": engagement.id,
        "durationMilliseconds": engagement.duration_ms,
        "userId": engagement.user_id,
        "recordingId": engagement.recording_id,
        "organizationId": engagement.org,
        "createdAt": timestamp(engagement.created_at),
        "updatedAt": timestamp(engagement.updated_at),
        "clientPlatform": engagement.client_platform,
    }
