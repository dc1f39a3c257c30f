"""JobQueue in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from auricle.ports import QueuedJob


class FakeJobQueue:
    """`cancelled` holds the reason of each job that was cancelled; `ended` when the last attempt of a job ended."""

    def __init__(self, *jobs: QueuedJob) -> None:
        self.jobs = list(jobs)
        self.cancelled: dict[str, str] = {}
        self.ended: dict[str, datetime] = {}

    def jobs_since(self, created: datetime) -> Sequence[QueuedJob]:
        return [job for job in self.jobs if job.created_at > created]

    def attempts_ended(self, job_ids: Sequence[str]) -> Mapping[str, datetime]:
        return {job_id: self.ended[job_id] for job_id in job_ids if job_id in self.ended}

    def cancel(self, job_id: str, reason: str) -> None:
        """As Batch does: only a job that still waits."""
        for index, job in enumerate(self.jobs):
            if job.id == job_id and job.waits:
                self.jobs[index] = replace(job, status="FAILED")
                self.cancelled[job_id] = reason
