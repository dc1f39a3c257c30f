from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from auricle.adapters.batch import BatchQueue
from auricle.errors import TransientError
from auricle.ports import QueuedJob

CREATED = datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> BatchQueue:
    for name, value in {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }.items():
        monkeypatch.setenv(name, value)
    return BatchQueue("auricle-prod-speech")


def summary(job_id: str, status: str, **more: Any) -> dict[str, Any]:
    return {"jobId": job_id, "jobName": "transcribe-rec_1-r1", "status": status, "createdAt": 1795255200000, **more}


def test_jobs_of_every_status_are_listed_page_by_page(queue: BatchQueue) -> None:
    asked = {"jobQueue": "auricle-prod-speech", "filters": [{"name": "AFTER_CREATED_AT", "values": ["1795255200000"]}]}
    with Stubber(queue._client) as batch:
        batch.add_response("list_jobs", {"jobSummaryList": [summary("a", "RUNNABLE")], "nextToken": "more"}, asked)
        ended = summary("b", "SUCCEEDED", startedAt=1795255201000, stoppedAt=1795255202500)
        batch.add_response("list_jobs", {"jobSummaryList": [ended]}, {**asked, "nextToken": "more"})
        found = queue.jobs_since(CREATED)
    assert found == [
        QueuedJob("a", "RUNNABLE", CREATED, None, None),
        QueuedJob(
            "b",
            "SUCCEEDED",
            CREATED,
            datetime(2026, 11, 21, 10, 0, 1, tzinfo=UTC),
            datetime(2026, 11, 21, 10, 0, 2, 500000, tzinfo=UTC),
        ),
    ]


def test_a_job_is_cancelled_only_while_it_waits(queue: BatchQueue) -> None:
    """CancelJob leaves a job alone that has begun; TerminateJob would end it."""
    with Stubber(queue._client) as batch:
        batch.add_response("cancel_job", {}, {"jobId": "a", "reason": "NO_GPU: …"})
        queue.cancel("a", "NO_GPU: …")
        batch.assert_no_pending_responses()


def test_a_busy_batch_is_asked_again_later(queue: BatchQueue) -> None:
    with Stubber(queue._client) as batch:
        batch.add_client_error("list_jobs", "TooManyRequestsException", http_status_code=429)
        with pytest.raises(TransientError):
            queue.jobs_since(CREATED)
