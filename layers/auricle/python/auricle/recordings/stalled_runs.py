"""Runs that ended without writing their end: the workflow failed, was stopped, or took too long as a whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from auricle.domain_events import EventType
from auricle.errors import ConsentRequired, RecordingNotFound, SupersededRun
from auricle.ports import RecordingStore
from auricle.recordings.events import recording_event
from auricle.recordings.failure_texts import RETRY_HINT, WITHDRAWN_WHILE_PROCESSING
from auricle.recordings.recording import OPEN, Failure, Recording, Run, Stage, StageResult, StageState, Status

STOPPED = frozenset({"FAILED", "TIMED_OUT", "ABORTED", "SUCCEEDED"})
"""Outcomes after which nothing more will happen to a recording that is still open."""

CODE = "processing-stopped"


def mark_stalled(recording: Recording, *, recordings: RecordingStore, now: datetime) -> bool:
    """The recording is in error, to be tried again; False when it has moved on meanwhile."""
    if recording.status not in OPEN or recording.status is Status.UPLOADING:
        return False
    try:
        detail = recordings.detail(recording.org, recording.id, with_trashed=True)
    except RecordingNotFound:
        return False
    failure = Failure(_last_stage(detail.run), CODE, f"Processing stopped unexpectedly. {RETRY_HINT}")
    if not recording.consent.allows_processing:
        # The bucket gave nothing out any more: recording consent again begins a new run.
        failure = Failure(failure.stage, ConsentRequired.code, WITHDRAWN_WHILE_PROCESSING)
    after = replace(recording, failure=failure).to(Status.ERROR, at=now)
    try:
        return recordings.save(
            after,
            expected=recording,
            events=[recording_event(EventType.RECORDING_FAILED, after)],
            finished_stages=_ended(detail.run, failure) if detail.run else None,
        )
    except SupersededRun:  # removed since it was read, and its run with it
        return False


def _last_stage(run: Run | None) -> Stage:
    begun = [stage for stage in Stage if run and run.stage(stage).state is StageState.IN_PROGRESS]
    return begun[-1] if begun else Stage.PREPARE


def _ended(run: Run, failure: Failure) -> dict[Stage, StageResult]:
    """What was under way has failed, what was still to come is skipped, what was complete stays so."""
    ended: dict[Stage, StageResult] = {}
    for stage in Stage:
        result = run.stage(stage)
        if result.state is StageState.IN_PROGRESS:
            result = StageResult(StageState.FAILED, replace(failure, stage=stage))
        elif result.state is StageState.NOT_STARTED:
            result = StageResult(StageState.SKIPPED)
        ended[stage] = result
    return ended
