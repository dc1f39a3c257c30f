"""The sweep: ends the waiting of recordings for something that will not happen.

Events are delivered at least once, and yet one may be lost, an execution may die without a word, and a removed
recording may be written to by a stage that was under way. The sweep finds all three.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from auricle.domain_events import EventType
from auricle.errors import ConsentRequired, RecordingNotFound, TransientError
from auricle.ports import Metrics, RecordingStore, SweptRecordings, Workflow
from auricle.processing_warnings import describe_chunks
from auricle.recordings.chunk_uploads import chunks_in_bucket, note_arrived
from auricle.recordings.chunks import Chunks
from auricle.recordings.consent import ObjectAccess
from auricle.recordings.consent_changes import carry_to_made
from auricle.recordings.events import recording_event
from auricle.recordings.intake import Accepted, Intake, accept_upload
from auricle.recordings.job import Job
from auricle.recordings.object_access import settle_object_access
from auricle.recordings.recording import Failure, Recording, Stage, Status
from auricle.recordings.splitting import split
from auricle.recordings.stalled_runs import STOPPED, mark_stalled
from auricle.recordings.stores import StoresOfRecording, erase_everywhere

UNTOUCHED = timedelta(minutes=10)
"""Younger than this, whatever is expected is probably still on its way."""

CHUNKS_AWAITED_FOR = timedelta(minutes=10)
"""Of the end of a recording in chunks: what is missing by then is named. It is still taken when it comes."""

ABANDONED_AFTER = timedelta(hours=24)
"""An upload URL holds for minutes: bytes that have not arrived by then never will. The recording says so and stays
as it is (should they arrive after all, they are processed), but no sweep looks at it again."""

UPLOADS_END_AFTER = timedelta(hours=1)
"""Of a recording's removal: its upload URL holds for 15 minutes, and a PUT that began in time may take a while. Until
then a removed recording may be uploaded to, and the event that tells of it may be lost."""

MAX_RECORDINGS = 2000
"""Of one sweep; the next goes on."""


def sweep(
    *,
    untouched: timedelta,
    recordings: SweptRecordings,
    intake: Intake,
    metrics: Metrics,
    now: datetime,
) -> Mapping[str, int]:
    """Checks every open recording that has not changed for that long; returns the number of recordings by outcome.

    Each sweep measures for how long the oldest of those waits that are not processed yet, 0 where there is none. A
    missing measurement shows that no sweep has run.

    A recording that cannot be checked because of a transient error is left to the next sweep; the others go on.

    Raises:
        ExceptionGroup: what went wrong with some of them and will not pass by itself, after all others.
    """
    ends: Counter[str] = Counter()
    broken: list[Exception] = []
    oldest = now

    def check(recording: Recording, step: Callable[[], str]) -> str | None:
        end = None
        try:
            end = step()
            ends[end] += 1
        except TransientError:
            ends["postponed"] += 1
        except Exception as error:  # noqa: BLE001  # one that nothing can be done for must not cost all the others
            error.add_note(f"while looking after recording {recording.id} of {recording.org}")
            broken.append(error)
        return end

    for recording in recordings.open_recordings(now - untouched, MAX_RECORDINGS):
        if recording.status in {Status.RECORDING, Status.UPLOADING}:
            check(recording, partial(_await_upload, recording, intake, now))
        elif recording.half_split:
            check(recording, partial(_finish_split, recording, intake.recordings, intake.workflow, now))
        else:
            end = check(recording, partial(_await_run, recording, intake.recordings, intake.workflow, now))
            if end in {"started", "running", "postponed", None}:
                oldest = min(oldest, recording.awaited_since or recording.updated_at)
    metrics.oldest_open_recording(age_seconds=(now - oldest).total_seconds())
    for recording in recordings.consent_work(now, MAX_RECORDINGS):
        check(recording, partial(_follow_consent, recording, intake, now))
    for recording in recordings.removed_recordings(now - untouched, MAX_RECORDINGS):
        check(recording, partial(_erase, recording, intake, now))
    if broken:
        raise ExceptionGroup(f"{len(broken)} recordings could not be looked after", broken)
    return dict(ends)


def run_stopped(job: Job, *, recordings: RecordingStore, workflow: Workflow, now: datetime) -> bool:
    """The job's execution is reported to have died: its recording is in error, unless it has moved on.

    The report may be old, so this checks whether the execution is running again, and whether it was the current one.
    """
    try:
        recording = recordings.get(job.org, job.recording, with_trashed=True)
    except RecordingNotFound:
        return False
    if recording.run != job.run or workflow.outcome(job) not in STOPPED:
        return False
    return mark_stalled(recording, recordings=recordings, now=now)


def _await_upload(recording: Recording, intake: Intake, now: datetime) -> str:
    recordings, objects = intake.recordings, intake.objects
    if recording.chunked:
        detail = recordings.detail(recording.org, recording.id, with_trashed=True)
        note_arrived(detail, chunks_in_bucket(recording, objects), recordings=recordings, objects=objects, now=now)
    accepted = accept_upload(recording.org, recording.id, intake=intake, now=now)
    if accepted is not Accepted.ABSENT:
        return accepted.value
    if recording.chunked:
        return _await_chunks(recording, recordings, now)
    if now - recording.updated_at < ABANDONED_AFTER:  # when it was made may be any date the client gave
        return "awaited"
    missing = Failure(Stage.PREPARE, "upload-missing", "The file never arrived. Ask for a new upload URL and send it.")
    recordings.save(replace(recording, failure=missing, updated_at=now), expected=recording)
    return "abandoned"


def _await_chunks(recording: Recording, recordings: RecordingStore, now: datetime) -> str:
    """What has not come is named, and the recording stays as it is: what comes after all is taken."""
    chunks = recordings.detail(recording.org, recording.id, with_trashed=True).chunks or Chunks()
    if chunks.finished_at is None:
        last = max((chunk.arrived_at for chunk in chunks.arrived.values()), default=recording.updated_at)
        if now - max(last, recording.updated_at) < ABANDONED_AFTER:
            return "awaited"
        failure = Failure(Stage.PREPARE, "never-finished", "The recording was begun and never finished. Finish it.")
    elif now - chunks.finished_at < CHUNKS_AWAITED_FOR:
        return "awaited"
    else:
        lacking = describe_chunks(chunks.outstanding or chunks.numbers)
        advice = "Upload what is missing, or skip it." if chunks.outstanding else "Upload at least one."
        failure = Failure(Stage.PREPARE, "chunk-missing", f"The recording is finished, but {lacking} missing. {advice}")
    recordings.save(replace(recording, failure=failure, updated_at=now), expected=recording)
    return "abandoned"


def _await_run(recording: Recording, recordings: RecordingStore, workflow: Workflow, now: datetime) -> str:
    job = recording.current_job()
    if not recording.consent.allows_processing:
        return "held"
    outcome = workflow.outcome(job)
    if outcome is None:
        if recording.object_access is ObjectAccess.UNBLOCKING:  # its bytes cannot be read yet
            return "postponed"
        workflow.start(job)
        return "started"
    if outcome not in STOPPED:
        return "running"
    return "stopped" if mark_stalled(recording, recordings=recordings, now=now) else "moved-on"


def _finish_split(recording: Recording, recordings: RecordingStore, workflow: Workflow, now: datetime) -> str:
    moments = [cut.at_ms for cut in recording.splits]
    try:
        split(recording.org, recording.id, moments, recordings=recordings, workflow=workflow, now=now)
    except (RecordingNotFound, ConsentRequired):  # removed, trashed, or consent was withdrawn, since it was listed
        return "moved-on"
    return "split"


def _follow_consent(recording: Recording, intake: Intake, now: datetime) -> str:
    """Erases what consent was withdrawn from for longer than the organization's grace period; until then nobody reads
    it, whatever was still written after the withdrawal."""
    withdrawal = recording.withdrawal
    carry = partial(
        carry_to_made,
        by=recording.consent_changes[-1].by if recording.consent_changes else "",
        grace=withdrawal.erase_at - withdrawal.at if withdrawal else timedelta(0),
        intake=intake,
        now=now,
    )
    if withdrawal is not None and withdrawal.erase_at <= now:
        return _erase_withdrawn(recording, carry, intake, now)
    settled = settle_object_access(
        recording,
        recordings=intake.recordings,
        objects=intake.objects,
        may_be_written=_may_be_written(recording, intake.workflow, now),
    )
    carry(settled)
    return "blocking" if settled.object_access is ObjectAccess.BLOCKING else "settled"


def _erase_withdrawn(recording: Recording, carry: Callable[[Recording], None], intake: Intake, now: datetime) -> str:
    """Erases it once what is made of it has lost its consent too: an erased recording no longer says what that is."""
    recordings = intake.recordings
    try:
        if recordings.get(recording.org, recording.id, with_trashed=True).revision != recording.revision:
            return "moved-on"
        carry(recording)
        after = recording.erased(at=now)
        events = [recording_event(kind, after) for kind in (EventType.RECORDING_REMOVED, EventType.RECORDING_ERASED)]
        if not recordings.save(after, expected=recording, events=events):
            carry(recordings.get(recording.org, recording.id, with_trashed=True))  # it may have consent again
            return "moved-on"
    except RecordingNotFound:  # removed since it was listed
        return "moved-on"
    return _erase(after, intake, now)


def _may_be_written(recording: Recording, workflow: Workflow, now: datetime) -> bool:
    """Whether an upload or a stage that began before consent was withdrawn may still be under way."""
    if now - recording.updated_at < UPLOADS_END_AFTER:
        return True
    return recording.version is not None and workflow.outcome(recording.current_job()) == "RUNNING"


def _erase(recording: Recording, intake: Intake, now: datetime) -> str:
    """Again, for a stage or an upload that was under way at the removal may have written after it."""
    if not erase_everywhere(recording, StoresOfRecording(intake.recordings, intake.objects, now)):
        return "erasing"
    if now - recording.updated_at < UPLOADS_END_AFTER:
        return "erasing"
    if recording.version is not None and intake.workflow.outcome(recording.current_job()) == "RUNNING":
        return "erasing"
    intake.recordings.confirm_erased(recording.org, recording.id)
    return "erased"
