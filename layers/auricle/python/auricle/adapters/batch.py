"""JobQueue on AWS Batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from auricle.adapters import aws
from auricle.ports import QueuedJob

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient
    from mypy_boto3_batch.type_defs import JobSummaryTypeDef, KeyValuesPairTypeDef

JOBS_PER_CALL = 100
"""As many as DescribeJobs takes."""


class BatchQueue:
    """One job queue."""

    def __init__(self, name: str) -> None:
        self._name = name

    @cached_property
    def _client(self) -> BatchClient:
        client: BatchClient = aws.client("batch")
        return client

    def jobs_since(self, created: datetime) -> Sequence[QueuedJob]:
        # With a filter, Batch lists jobs of every status.
        after: KeyValuesPairTypeDef = {"name": "AFTER_CREATED_AT", "values": [str(round(created.timestamp() * 1000))]}
        with aws.transient_errors("The jobs of the queue could not be listed"):
            pages = self._client.get_paginator("list_jobs").paginate(jobQueue=self._name, filters=[after])
            return [_queued(job) for page in pages for job in page["jobSummaryList"]]

    def attempts_ended(self, job_ids: Sequence[str]) -> Mapping[str, datetime]:
        ended: dict[str, datetime] = {}
        for start in range(0, len(job_ids), JOBS_PER_CALL):
            asked = list(job_ids[start : start + JOBS_PER_CALL])
            with aws.transient_errors("The attempts of jobs could not be read"):
                found = self._client.describe_jobs(jobs=asked)["jobs"]
            for job in found:
                moments = [_moment(attempt.get("stoppedAt")) for attempt in job.get("attempts", [])]
                if known := [moment for moment in moments if moment]:
                    ended[job["jobId"]] = max(known)
        return ended

    def cancel(self, job_id: str, reason: str) -> None:
        with aws.transient_errors("A job could not be cancelled"):
            self._client.cancel_job(jobId=job_id, reason=reason)


def _queued(job: JobSummaryTypeDef) -> QueuedJob:
    created_at = _moment(job["createdAt"])
    assert created_at is not None  # noqa: S101 - every job has been created
    return QueuedJob(
        id=job["jobId"],
        status=job["status"],
        created_at=created_at,
        started_at=_moment(job.get("startedAt")),
        stopped_at=_moment(job.get("stoppedAt")),
    )


def _moment(milliseconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
