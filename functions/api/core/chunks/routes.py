"""Recordings that arrive in chunks: start, presign, see what is outstanding, skip, finish."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body

from api.core.chunks import models
from api.core.errors import NO_RECORDING
from api.core.shared import PREFIX, Reader, WriterOnce
from api.dependencies import RecordingId
from api.problems import PossibleError, errors
from api.routing import api_router

router = api_router(f"{PREFIX}/recordings/{{recording_id}}", tags=["chunks"])

NOT_OPEN = PossibleError(409, "conflict", "Not uploaded in chunks, all of them here already, or locked.")


@router.post("/chunks/signed-urls", responses=errors(NO_RECORDING, NOT_OPEN), summary="Get URLs to upload chunks")
async def request_chunk_urls(
    recording_id: RecordingId, body: models.ChunkUrlsRequest, context: WriterOnce
) -> models.ChunkUrlsResponse:
    """PUT each chunk to its URL, with the headers given, in any order; the URL holds for 15 minutes. Chunks are
    numbered from 0 in the order of the audio. Send slices of one file, or files that are each complete, but not both.
    A chunk that is sent again is kept, and the first that arrived counts."""
    from auricle.recordings.chunk_uploads import request_chunks

    content_type = body.signed_type
    uploads = request_chunks(
        context.org,
        recording_id,
        body.chunk_numbers,
        content_type=content_type,
        recordings=context.stores.recordings,
        objects=context.stores.objects,
        url_seconds=context.settings.upload_url_seconds,
        now=context.now,
    )
    headers = {"Content-Type": content_type} if content_type else {}
    return models.ChunkUrlsResponse(
        data=[
            models.ChunkUrl(
                chunk_number=upload.number, upload_url=upload.url, upload_headers=headers, expires_at=upload.expires_at
            )
            for upload in uploads
        ]
    )


@router.get(
    "/chunks",
    responses=errors(NO_RECORDING, PossibleError(409, "conflict", "Not uploaded in chunks.")),
    summary="See where every chunk is",
)
async def list_chunks(recording_id: RecordingId, context: Reader) -> models.ChunkBoardResponse:
    """Processing starts when the recording is finished and nothing is outstanding. What has not come ten minutes after
    the end is named in `processingError`, and still taken when it comes."""
    from auricle.recordings.chunk_uploads import check_chunked

    detail = context.detail(recording_id)
    check_chunked(detail.recording)
    return models.ChunkBoardResponse(data=models.ChunkBoard.of(detail))


@router.post("/chunks/skip", responses=errors(NO_RECORDING, NOT_OPEN), summary="Go on without chunks")
async def skip_chunks(
    recording_id: RecordingId, body: models.SkipChunksRequest, context: WriterOnce
) -> models.ChunkBoardResponse:
    """Those chunks are waited for no more. One that comes before processing starts is taken all the same."""
    from auricle.recordings.chunk_uploads import skip

    detail = skip(context.org, recording_id, body.chunk_numbers, intake=context.intake, now=context.now)
    return models.ChunkBoardResponse(data=models.ChunkBoard.of(detail))


@router.post("/finish", responses=errors(NO_RECORDING, NOT_OPEN), summary="Finish the recording")
async def finish_chunked_recording(
    recording_id: RecordingId,
    body: Annotated[models.FinishRecordingRequest, Body(default_factory=models.FinishRecordingRequest)],
    context: WriterOnce,
) -> models.ChunkBoardResponse:
    """Nothing more is recorded. Chunks that are on their way are waited for. Finishing again changes nothing, unless
    another number is given while chunks are still outstanding."""
    from auricle.recordings.chunk_uploads import finish

    detail = finish(context.org, recording_id, body.number_of_expected_chunks, intake=context.intake, now=context.now)
    return models.ChunkBoardResponse(data=models.ChunkBoard.of(detail))
