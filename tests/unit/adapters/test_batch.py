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


def detail(job_id: str, *attempts: dict[str, Any]) -> dict[str, Any]:
    required = {"jobName": "n", "jobQueue": "q", "jobDefinition": "d", "startedAt": 1795255200000}
    return {"jobId": job_id, "status": "RUNNABLE", **required, "attempts": list(attempts)}


def test_a_job_s_last_attempt_says_since_when_it_waits(queue: BatchQueue) -> None:
    ids = [f"job {number}" for number in range(101)]
    with Stubber(queue._client) as batch:
        retried = detail("job 0", {"stoppedAt": 1795255201000}, {"stoppedAt": 1795255203000})
        described = {"jobs": [retried, detail("job 1"), detail("job 2", {"startedAt": 1795255202000})]}
        batch.add_response("describe_jobs", described, {"jobs": ids[:100]})
        batch.add_response("describe_jobs", {"jobs": []}, {"jobs": ["job 100"]})
        assert queue.attempts_ended(ids) == {"job 0": datetime(2026, 11, 21, 10, 0, 3, tzinfo=UTC)}
        batch.assert_no_pending_responses()
        assert queue.attempts_ended([]) == {}  # the stubber has no answer left: a call would fail


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
        batch.add_client_error("describe_jobs", "TooManyRequestsException", http_status_code=429)
        with pytest.raises(TransientError):
            queue.attempts_ended(["a"])
