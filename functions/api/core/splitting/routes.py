"""Splitting one recording into several, and merging several into one."""

from __future__ import annotations

from typing import Annotated

from fastapi import Response, Security

from api.core.errors import NO_RECORDING
from api.core.shared import PREFIX, WriterOnce
from api.core.splitting import models
from api.dependencies import IfMatch, RecordingId, RequestContext, tag_revision
from api.idempotency import Idempotent
from api.problems import PossibleError, errors
from api.routing import api_router

router = api_router(f"{PREFIX}/recordings", tags=["splitting"])

Merger = Annotated[
    RequestContext, Security(Idempotent(names_recordings=("recordingIds",)), scopes=["recordings:write"])
]


@router.post(
    "/{recording_id}/split",
    responses=errors(
        NO_RECORDING,
        PossibleError(409, "conflict", "Not complete, locked, or split elsewhere already."),
        PossibleError(409, "consent-required", "Consent to it was withdrawn."),
    ),
    summary="Split a recording",
)
async def split_recording(
    recording_id: RecordingId, body: models.SplitRequest, context: WriterOnce, if_match: IfMatch, response: Response
) -> models.SplitResponse:
    """Each stretch becomes a recording of its own, with the contacts, consent and everything else that was said of
    this one, and is transcribed anew. The recording stays, as `RAW_SPLIT`; it may be deleted at once: its audio is kept
    until each part has its own copy, and then erased. Parts belong to its owner, and are private or not discoverable
    where it is; what it becomes later they do not follow. Asking again for the same cuts changes nothing, and finishes
    what a failure left undone."""
    from auricle.recordings.splitting import split

    original, parts = split(
        context.org,
        recording_id,
        body.split_timestamps_ms,
        recordings=context.stores.recordings,
        workflow=context.stores.workflow,
        now=context.now,
        if_revision=if_match,
    )
    hidden = context.stores.hidden(context.org, (cut.recording_id for cut in original.splits))
    cuts = [cut for cut in original.splits if cut.recording_id not in hidden]
    tag_revision(response, original.revision)
    return models.SplitResponse.of(original, cuts, parts)


@router.post(
    "/merge",
    status_code=201,
    responses=errors(
        PossibleError(404, "recording-not-found", "One of them is unknown, or removed."),
        PossibleError(409, "conflict", "One of them is not complete, is locked, is split, or was merged 200 times."),
        PossibleError(409, "consent-required", "Consent to one of them was withdrawn."),
    ),
    summary="Merge recordings",
)
async def merge_recordings(body: models.MergeRequest, context: Merger, response: Response) -> models.MergeResponse:
    """One recording of all of them, in the order named, which is transcribed anew; they stay as they are. It has the
    contacts of all, and what else was said of the first. They may be deleted at once: their audio is kept until the new
    recording has its own copy, and then erased. It is private where one of them is, and discoverable where all are; it
    belongs to the owner of the first or, where others are private or not discoverable, to theirs, and to nobody where
    those are several's. Merging the same again gives the same recording, or another one where that was removed or is in
    the trash."""
    from auricle.recordings.splitting import merge

    merged = merge(
        context.org,
        body.recording_ids,
        title=body.title,
        max_duration_s=context.settings.max_duration_s,
        recordings=context.stores.recordings,
        workflow=context.stores.workflow,
        now=context.now,
    )
    response.headers["location"] = f"{PREFIX}/recordings/{merged.id}"
    tag_revision(response, merged.revision)
    return models.MergeResponse(data=models.MadeRecording.of(merged))
