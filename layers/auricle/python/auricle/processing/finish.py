"""Finish: writes the outcome of the run to the recording, its contacts' timelines and the event that announces it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from auricle.domain_events import EventType
from auricle.errors import ConsentRequired, NotFound
from auricle.ports import ObjectStore, RecordingStore
from auricle.processing import gate
from auricle.processing.failures import is_final, result_with_own_failure
from auricle.processing.run_files import read_highlights, read_plan
from auricle.processing.stages import REQUIRED_STAGES
from auricle.processing_warnings import ProcessingWarning
from auricle.recordings.consent import check_content_may_be_shown
from auricle.recordings.events import recording_event
from auricle.recordings.failure_texts import WITHDRAWN_WHILE_PROCESSING
from auricle.recordings.job import Job
from auricle.recordings.recording import Failure, Recording, Run, Stage, StageResult, StageState, Status
from auricle.records import until_written
from auricle.transcripts import storage as transcript_file
from auricle.transcripts.highlights import ENGINE as HIGHLIGHTS_ENGINE
from auricle.transcripts.transcript import Transcript


def finish_recording(
    job: Job,
    stages: Mapping[str, Mapping[str, Any]],
    *,
    recordings: RecordingStore,
    objects: ObjectStore,
    now: datetime,
) -> Mapping[str, Any]:
    """Writes the record as the stages left it; returns `{"status"}`.

    What a stage finished stays on the record whatever the others did. Finishing twice changes nothing.

    Raises:
        SupersededRun: the recording was removed, or is being processed anew.
        TransientError: the recording kept changing under the write, or consent was recorded again just now and the
            bucket does not give its files out yet; the workflow tries again.
    """
    results: Mapping[Stage, StageResult] | None = None

    def attempt() -> Status | None:
        nonlocal results
        detail = gate.current(job, recordings)
        before, run = detail.recording, detail.run
        if before.status not in {Status.UPLOADED, Status.TRANSCRIBING}:
            return before.status
        results = results or _results(stages, run)
        # What an earlier run found may be kept apart; the store keeps apart what this one found, where it must.
        after = _outcome(before.with_findings(), results, job, objects, now)
        completed = after.status is Status.COMPLETE
        event = recording_event(
            EventType.RECORDING_COMPLETED if completed else EventType.RECORDING_FAILED,
            after,
        )
        if not recordings.save(after, expected=before, events=[event], finished_stages=results if run else None):
            return None
        objects.remove(objects.keys(job.keys.runs_prefix))
        return after.status

    status = until_written(attempt, "The recording kept changing while its results were being written.")
    return {"status": status.value}


def _results(stages: Mapping[str, Mapping[str, Any]], run: Run | None) -> dict[Stage, StageResult]:
    """Each stage's final state; what the workflow did not come to is skipped."""
    results: dict[Stage, StageResult] = {}
    for stage in Stage:
        result = result_with_own_failure(stage, stages.get(stage.value), run)
        results[stage] = StageResult(StageState.SKIPPED) if result.state is StageState.NOT_STARTED else result
    return results


def _outcome(
    before: Recording,
    results: Mapping[Stage, StageResult],
    job: Job,
    objects: ObjectStore,
    now: datetime,
) -> Recording:
    failure = next((results[stage].failure for stage in REQUIRED_STAGES if results[stage].failure), None)
    if not before.consent.allows_processing:
        return _without_consent(before, failure, now)
    check_content_may_be_shown(before)
    found = _found(before, job, objects, has_transcript=results[Stage.ASSEMBLE].state is StageState.COMPLETE)
    if failure:
        status = Status.UNRECOVERABLE_ERROR if is_final(failure) else Status.ERROR
        return replace(found, failure=failure).to(status, at=now)
    if found.status is Status.UPLOADED:  # nothing had begun, and nothing failed: cannot be a finished run
        return replace(found, failure=_never_began()).to(Status.ERROR, at=now)
    return replace(found, failure=None).to(Status.COMPLETE, at=now)


def _without_consent(before: Recording, failure: Failure | None, now: datetime) -> Recording:
    """The recording as a run leaves it whose consent was withdrawn on its way, however far it came.

    Nothing of it is read: the bucket does not give it out. Recording consent again begins a new run.
    """
    if failure is not None and is_final(failure):
        return replace(before, failure=failure).to(Status.UNRECOVERABLE_ERROR, at=now)
    stage = failure.stage if failure else Stage.ASSEMBLE
    held = Failure(stage, ConsentRequired.code, WITHDRAWN_WHILE_PROCESSING)
    return replace(before, failure=held).to(Status.ERROR, at=now)


def _never_began() -> Failure:
    return Failure(Stage.PREPARE, "prepare-failed", "Processing ended before it began. Ask for it again to retry.")


def _found(before: Recording, job: Job, objects: ObjectStore, *, has_transcript: bool) -> Recording:
    """The recording with everything the run's files say; what they do not say stays as an earlier run found it."""
    try:
        plan = read_plan(job, objects)
    except NotFound:
        return before
    warnings: dict[str, ProcessingWarning] = {warning.code: warning for warning in plan.warnings}
    if not has_transcript:
        return replace(before, audio=plan.audio, warnings=tuple(warnings.values()))
    stored = transcript_file.load_whole(objects.read(job.keys.transcript))
    transcript, engines = stored.transcript, dict(stored.engines)
    warnings.update((warning.code, warning) for warning in stored.warnings)
    highlights = read_highlights(job, objects)
    if highlights is not None:
        engines[Stage.SUMMARIZE.value] = HIGHLIGHTS_ENGINE
    return replace(
        before,
        audio=plan.audio,
        language=transcript.language,
        speakers=transcript.talk(),
        word_count=len(transcript.words),
        confidence=_mean_confidence(transcript),
        highlights=highlights or (),  # an earlier run's would point into another transcript
        engines=engines,
        warnings=tuple(warnings.values()),
    )


def _mean_confidence(transcript: Transcript) -> float | None:
    known = [word.confidence for word in transcript.words if word.confidence is not None]
    return round(sum(known) / len(known), 4) if known else None
