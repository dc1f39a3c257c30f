"""What a recording says: utterances, the summary, and where to download the audio."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import Query, Response

from api.core.errors import LOCKED, NO_CONSENT
from api.core.shared import PREFIX, Reader, ReaderAnew, Writer
from api.core.transcripts import models
from api.dependencies import IfMatch, RecordingId, page_size, tag_revision
from api.models import QueryInteger
from api.problems import RETRY_SOON_S, HttpProblem, PossibleError, Problem, errors
from api.routing import api_router
from api.transcripts import read_transcript
from auricle.recordings.recording import RecordingDetail, Status

MAX_UTTERANCES = 100_000
MAX_PAGE = 100_000

router = api_router(f"{PREFIX}/recordings/{{recording_id}}", tags=["transcripts"])

NOT_THERE = PossibleError(404, "recording-not-found", "Unknown, or of another tenant: the two look the same.")


@router.get(
    "/utterances",
    response_model_exclude_unset=True,
    responses=errors(
        NOT_THERE,
        NO_CONSENT,
        PossibleError(409, "not-ready", "Not there yet; Retry-After says when to ask again."),
        PossibleError(409, "processing-failed", "There is none, and why."),
    ),
    summary="Get the utterances",
)
async def get_utterances(
    recording_id: RecordingId,
    context: Reader,
    cursor: Annotated[QueryInteger, Query(ge=1, le=MAX_PAGE, description="The number of the page, from 1.")] = 1,
    page_size: Annotated[QueryInteger, page_size("pageSize", MAX_UTTERANCES)] = MAX_UTTERANCES,
) -> models.UtterancesPage:
    """In reading order, with milliseconds from the start. `cursor` is a page number; the first is 1."""
    detail = context.detail(recording_id)
    stored = read_transcript(detail, context.stores.objects)
    if stored is None:
        raise HttpProblem(_no_transcript(detail))
    return models.UtterancesPage.of(stored["segments"], cursor, page_size)


@router.get("/summary", responses=errors(NOT_THERE, NO_CONSENT), summary="Get the summary")
async def get_summary(recording_id: RecordingId, context: Reader) -> models.SummaryResponse:
    """Where no language model is deployed, the most telling quotations, called highlights. Empty while there is
    none."""
    from auricle.recordings.consent import check_content_may_be_shown

    recording = context.recording(recording_id)
    check_content_may_be_shown(recording)
    return models.SummaryResponse.of(recording)


@router.post(
    "/signedUrl",
    responses=errors(NOT_THERE, NO_CONSENT, PossibleError(409, "not-ready", "There is no audio yet.")),
    summary="Sign a download URL",
)
async def create_signed_url(recording_id: RecordingId, context: ReaderAnew) -> models.SignedDownloadResponse:
    """A presigned GET, good for 15 minutes at most: the audio as browsers play it, or, before it has been processed,
    as it was uploaded."""
    from auricle.ports import MAX_URL_SECONDS
    from auricle.recordings.stored_audio import working_audio

    objects = context.stores.objects
    audio = working_audio(context.recording(recording_id), objects)
    seconds = min(context.settings.download_url_seconds, MAX_URL_SECONDS)
    url = objects.download_url(
        audio.key, file_name=audio.file_name, content_type=audio.content_type, seconds=seconds, version=audio.version
    )
    expires_at = context.now + timedelta(seconds=seconds)
    data = models.SignedDownload(error=False, url=url, expiration=round(expires_at.timestamp() * 1000))
    return models.SignedDownloadResponse(data=data)


@router.patch("/transcription-language", responses=errors(NOT_THERE, LOCKED), summary="Say which language is spoken")
async def change_transcription_language(
    recording_id: RecordingId,
    body: models.ChangeTranscriptionLanguageRequest,
    context: Writer,
    if_match: IfMatch,
    response: Response,
) -> models.TranscriptionLanguageResponse:
    """Kept with the recording. The embedded engine hears English whatever it says."""
    from auricle.recordings.edits import Edit, edit_recording

    edit, recordings = Edit({"transcription_language": body.transcription_language}), context.stores.recordings
    changed = edit_recording(
        context.org, recording_id, edit, recordings=recordings, now=context.now, if_revision=if_match
    )
    tag_revision(response, changed.revision)
    return models.TranscriptionLanguageResponse(data=None)


def _no_transcript(detail: RecordingDetail) -> Problem:
    """Not there yet, or never to be, and why."""
    failure = detail.recording.failure
    if detail.recording.status in {Status.ERROR, Status.UNRECOVERABLE_ERROR} and failure is not None:
        return Problem(409, "processing-failed", failure.message)
    words, retry = "The transcript is not ready yet. Ask again in a few seconds.", {"retry-after": str(RETRY_SOON_S)}
    return Problem(409, "not-ready", words, headers=retry)
