"""Recordings on the agent API: the list, the detail, and the transcript."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from api.agent.errors import NO_RECORDING
from api.agent.recordings import models
from api.agent.shared import PREFIX, DateFrom, DateTo, Founder, PerPage, RecordingType, check_dates
from api.dependencies import Cursor, Page, RecordingId, tag_revision
from api.models import Id
from api.paging import Batch, Cursors, read_page
from api.problems import RETRY_SOON_S, HttpProblem, PossibleError, Problem, errors
from api.routing import api_router
from api.transcripts import read_transcript
from auricle.crm.links import linked_recordings
from auricle.ports import Position, RecordingFilter
from auricle.recordings.consent import content_may_be_shown
from auricle.recordings.recording import Recording, RecordingDetail, Status

router = api_router(PREFIX, tags=["recordings"])


@router.get("/recordings", summary="List recordings")
async def list_recordings(
    context: Founder,
    contact_id: Annotated[Id | None, Query(description="Linked to this contact.")] = None,
    deal_id: Annotated[Id | None, Query(description="Linked to this deal.")] = None,
    recording_type: Annotated[RecordingType | None, Query(alias="type", description="Of this kind.")] = None,
    date_from: DateFrom = None,
    date_to: DateTo = None,
    page: Page = None,
    per_page: PerPage = 20,
    cursor: Cursor = None,
) -> models.AgentRecordingPage:
    """Newest first; dates are both inclusive. Page numbers reach the first 10,000 recordings, `cursor` all of them."""
    check_dates(date_from, date_to)
    wanted = RecordingFilter(
        contact_id=contact_id, deal_id=deal_id, kind=recording_type, created_from=date_from, created_to=date_to
    )
    cursors = Cursors(context.settings, org=context.org, route="agent recordings", filters=repr(wanted))
    recordings, contacts = context.stores.recordings, context.stores.contacts

    def read(count: int, position: Position | None) -> Batch[Recording]:
        if contact_id is None:
            return recordings.list(context.org, wanted, count, position)
        return linked_recordings(
            context.org, contact_id, wanted, count, position, recordings=recordings, contacts=contacts
        )

    found, position = read_page(read, cursors, page=page, page_size=per_page, cursor=cursor)
    shown = [models.summary_fields(recording, bucket=context.settings.bucket) for recording in found]
    return models.AgentRecordingPage(
        recordings=[models.AgentRecordingSummary(**fields) for fields in shown],
        page=None if cursor else page or 1,
        per_page=per_page,
        next=cursors.seal(position),
    )


@router.get("/recordings/{recording_id}", responses=errors(NO_RECORDING), summary="Get recording detail")
async def get_recording(recording_id: RecordingId, context: Founder, response: Response) -> models.AgentRecording:
    """Who said what, the summary and what the recording is linked to, as far as they are there."""
    detail = context.detail(recording_id)
    may_be_shown = content_may_be_shown(detail.recording)
    transcript = read_transcript(detail, context.stores.objects) if may_be_shown else None
    tag_revision(response, detail.recording.revision)
    return models.AgentRecording.of(detail, transcript, bucket=context.settings.bucket)


@router.get(
    "/recordings/{recording_id}/transcript",
    responses=errors(
        NO_RECORDING,
        PossibleError(409, "transcript-not-ready", "Ask again after Retry-After."),
        PossibleError(422, "consent-required", "Consent is pending, refused or withdrawn: no content is shown."),
        PossibleError(422, "unsupported-audio", "What was uploaded cannot be transcribed."),
        PossibleError(500, "transcription-failed", "A stage failed, which `stage` names; it can be processed again."),
    ),
    summary="Get the full transcript",
)
async def get_recording_transcript(recording_id: RecordingId, context: Founder) -> models.AgentTranscript:
    """Speakers, times per segment and word. Entities are empty until an entity engine is deployed."""
    detail = context.detail(recording_id)
    transcript = read_transcript(detail, context.stores.objects)
    if transcript is None:
        raise HttpProblem(_no_transcript(detail))
    return models.AgentTranscript.of(detail, transcript)


def _no_transcript(detail: RecordingDetail) -> Problem:
    """Why there is no transcript: the recording is no audio, a stage failed, or it is not ready yet."""
    recording, failure = detail.recording, detail.recording.failure
    if recording.status is Status.UNRECOVERABLE_ERROR and failure:
        return Problem(422, failure.code, failure.message, facts={"stage": failure.stage.value})
    if recording.status in {Status.ERROR, Status.UNRECOVERABLE_ERROR}:
        facts = {"stage": failure.stage.value} if failure else {}
        message = failure.message if failure else "Transcription failed."
        return Problem(500, "transcription-failed", message, facts=facts)
    return Problem(
        409,
        "transcript-not-ready",
        "The transcript is not ready yet. Ask again in a few seconds.",
        headers={"retry-after": str(RETRY_SOON_S)},
        facts={"transcription_status": models.transcription_status(detail)},
    )
