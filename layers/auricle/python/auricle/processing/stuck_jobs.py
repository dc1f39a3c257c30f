"""Cancels Batch jobs that no machine is available for, so that the workflow has functions do their work.

Batch itself cancels the job at the head of its queue for some reasons (`jobStateTimeLimitActions`), one after the
other. A missing quota is none of them, and those behind the head would wait for their turn to be cancelled.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from auricle.ports import JobQueue, QueuedJob

NO_GPU = "NO_GPU"
"""How the reason begins that a job is cancelled for; `infra/processing.asl.json` knows it by that."""

LONGEST_WAIT = timedelta(days=1)
"""Older jobs are not looked for: the workflow gives up after half of it."""


def cancel_stuck_jobs(job_queue: JobQueue, *, wait: timedelta, now: datetime) -> int:
    """Cancels every job that has waited that long while the queue stood still; returns how many.

    A queue that moves is left alone however long it is: machines are to be had, and an import of thousands waits.
    So is one where a job's attempt ended a moment ago, though it began long before: its spot machine was taken away.
    """
    jobs = job_queue.jobs_since(now - LONGEST_WAIT)
    since = now - wait
    if _has_moved(jobs, since=since):
        return 0
    stuck = [job for job in jobs if job.waits and max(job.created_at, job.started_at or job.created_at) <= since]
    if any(ended_at > since for ended_at in job_queue.attempts_ended([job.id for job in stuck]).values()):
        return 0
    for job in stuck:
        job_queue.cancel(job.id, f"{NO_GPU}: no machine could be had for {wait.total_seconds() / 60:.0f} minutes.")
    return len(stuck)


def _has_moved(jobs: Iterable[QueuedJob], *, since: datetime) -> bool:
    """Whether a job runs, or one that ran began or ended since. Jobs that were cancelled never ran."""
    return any(
        job.runs or (job.started_at is not None and max(job.started_at, job.stopped_at or job.started_at) > since)
        for job in jobs
    )
