"""Lambda: AWS Batch tells of a job that failed for good, or that no machine can be had for; it is counted.

By the clock, jobs are given up that wait while the queue stands still.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.data_classes import EventBridgeEvent, event_source

from auricle.adapters.logs import logger
from auricle.bootstrap import bootstrap
from auricle.processing.stuck_jobs import NO_GPU, cancel_stuck_jobs
from auricle.recordings.recording import Stage

FAILED = "Batch Job State Change"
"""The rule lets it through for the status FAILED alone."""
BLOCKED = "Batch Job Queue Blocked"
NO_MACHINE = (NO_GPU, "Canceled by JobStateTimeLimit action", "CAPACITY:", "MISCONFIGURATION:")
"""How the reason of a job begins that was cancelled while it waited for a machine, by `watch_jobs` or by Batch: the job
itself has not failed. Of a missing quota this is the only sign, since Batch does not call its queue blocked."""
BY_THE_CLOCK = "Scheduled Event"


@event_source(data_class=EventBridgeEvent)
def lambda_handler(event: EventBridgeEvent, _context: object) -> dict[str, Any]:
    """The reason is logged, for it says what to do: a quota, a size no machine has, no capacity."""
    if event.detail_type == BY_THE_CLOCK:
        return _cancel_stuck_jobs()
    job = event.detail
    stage = _stage(job["jobDefinition"])
    reason = str(job.get("statusReason", ""))
    metrics = bootstrap().metrics
    if event.detail_type == BLOCKED:
        metrics.job_blocked(stage=stage)
        outcome = "blocked"
    elif event.detail_type == FAILED and job["status"] == "FAILED" and reason.startswith(NO_MACHINE):
        metrics.job_blocked(stage=stage)
        outcome = "given up"
    elif event.detail_type == FAILED and job["status"] == "FAILED":
        metrics.job_failed(stage=stage)
        outcome = "failed"
    else:
        outcome = "ignored"
    logger().warning("job", extra={"job": job["jobId"], "stage": stage.value, "outcome": outcome, "reason": reason})
    return {"job": outcome}


def _cancel_stuck_jobs() -> dict[str, Any]:
    wired = bootstrap()
    wait = timedelta(minutes=wired.settings.gpu_wait_minutes)
    cancelled = cancel_stuck_jobs(wired.job_queue, wait=wait, now=datetime.now(UTC))
    if cancelled:
        logger().warning("no machine could be had", extra={"jobs": cancelled, "minutes": wait.total_seconds() / 60})
    return {"cancelled": cancelled}


def _stage(job_definition: str) -> Stage:
    """Of `arn:…:job-definition/auricle-prod-transcribe:7`: transcribe."""
    return Stage(job_definition.rpartition("/")[2].partition(":")[0].rpartition("-")[2])
