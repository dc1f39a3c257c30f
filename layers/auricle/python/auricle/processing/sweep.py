"""Sweeping: no recording waits for something that will never happen.

Events are delivered at least once, and yet one may be lost, an execution may die without a word, and a removed
recording may be written to by a stage that was under way. The sweep finds all three.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from auricle.errors import RecordingNotFound, TransientError
from auricle.ports import ObjectStore, RecordingStore, Workflow
from auricle.processing.job import Job
from auricle.processing.start import Accepted, accept_upload
from auricle.processing.stopped import STOPPED, mark_stopped
from auricle.recording import Failure, Recording, Stage, Status

UNTOUCHED = timedelta(minutes=10)
"""Younger than this, whatever is expected is probably still on its way."""

ABANDONED_AFTER = timedelta(hours=24)
"""An upload URL holds for minutes: bytes that have not arrived by then never will. The recording says so and stays
as it is (should they arrive after all, they are processed), but no sweep looks at it again."""

MAX_RECORDINGS = 2000
"""Of one sweep; the next goes on."""


def sweep(
    *,
    untouched: timedelta,
    recordings: RecordingStore,
    objects: ObjectStore,
    workflow: Workflow,
    max_upload_bytes: int,
    now: datetime,
) -> Mapping[str, int]:
    """Looks after every open recording that nothing has touched for that long; returns how many met which end.

    One that cannot be looked after just now does not keep the others waiting: the next sweep meets it again.
    """
    ends: Counter[str] = Counter()
    for recording in recordings.open_recordings(now - untouched, MAX_RECORDINGS):
        try:
            if recording.status in {Status.RECORDING, Status.UPLOADING}:
                ends[_await_upload(recording, recordings, objects, workflow, max_upload_bytes, now)] += 1
            else:
                ends[_await_run(recording, recordings, workflow, now)] += 1
        except TransientError:
            ends["postponed"] += 1
    for recording in recordings.removed_recordings(now - untouched, MAX_RECORDINGS):
        try:
            ends[_erase(recording, recordings, objects, workflow)] += 1
        except TransientError:
            ends["postponed"] += 1
    return dict(ends)


def run_stopped(job: Job, *, recordings: RecordingStore, workflow: Workflow, now: datetime) -> bool:
    """The job's execution is reported to have died: its recording is in error, unless it has moved on.

    The report may be old: whether the execution is running again, or was the current one at all, is asked.
    """
    try:
        recording = recordings.get(job.org, job.recording)
    except RecordingNotFound:
        return False
    if recording.run != job.run or workflow.outcome(job) not in STOPPED:
        return False
    return mark_stopped(recording, recordings=recordings, now=now)


def _await_upload(
    recording: Recording,
    recordings: RecordingStore,
    objects: ObjectStore,
    workflow: Workflow,
    max_upload_bytes: int,
    now: datetime,
) -> str:
    accepted = accept_upload(
        recording.org,
        recording.id,
        recordings=recordings,
        objects=objects,
        workflow=workflow,
        max_upload_bytes=max_upload_bytes,
        now=now,
    )
    if accepted is not Accepted.ABSENT:
        return accepted.value
    if now - recording.created_at < ABANDONED_AFTER:
        return "awaited"
    missing = Failure(Stage.PREPARE, "upload-missing", "The file never arrived. Ask for a new upload URL and send it.")
    recordings.save(replace(recording, failure=missing, updated_at=now), expected=recording)
    return "abandoned"


def _await_run(recording: Recording, recordings: RecordingStore, workflow: Workflow, now: datetime) -> str:
    job = recording.current_job()
    if not recording.consent.allows_processing:
        return "held"
    outcome = workflow.outcome(job)
    if outcome is None:
        workflow.start(job)
        return "started"
    if outcome not in STOPPED:
        return "running"
    return "stopped" if mark_stopped(recording, recordings=recordings, now=now) else "moved-on"


def _erase(recording: Recording, recordings: RecordingStore, objects: ObjectStore, workflow: Workflow) -> str:
    """Again, for a stage that was under way at the removal may have written after it."""
    job = Job(org=recording.org, recording=recording.id, run=recording.run, version=recording.version or "")
    objects.erase(job.prefix)
    if recording.version and workflow.outcome(job) == "RUNNING":
        return "erasing"
    recordings.confirm_erased(recording.org, recording.id)
    return "erased"
