"""Lambda: AWS Batch tells of a job that failed for good, or that no machine can be had for; it is counted."""

from __future__ import annotations

from typing import Any

from auricle.adapters.logs import logger
from auricle.bootstrap import bootstrap
from auricle.recording import Stage

FAILED = "Batch Job State Change"
"""The rule lets it through for the status FAILED alone."""
BLOCKED = "Batch Job Queue Blocked"


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """The reason is logged, for it says what to do: a quota, a size no machine has, no capacity."""
    job = event["detail"]
    stage = _stage(job["jobDefinition"])
    metrics = bootstrap().metrics
    if event["detail-type"] == BLOCKED:
        metrics.job_blocked(stage=stage)
        outcome = "blocked"
    elif event["detail-type"] == FAILED and job["status"] == "FAILED":
        metrics.job_failed(stage=stage)
        outcome = "failed"
    else:
        outcome = "ignored"
    logger().warning(
        "job", extra={"job": job["jobId"], "stage": stage.value, "outcome": outcome, "reason": job.get("statusReason")}
    )
    return {"job": outcome}


def _stage(job_definition: str) -> Stage:
    """Of `arn:…:job-definition/auricle-prod-transcribe:7`: transcribe."""
    return Stage(job_definition.rpartition("/")[2].partition(":")[0].rpartition("-")[2])
