"""Lambda: looks after recordings that wait for nothing, by the clock and when an execution has died."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.data_classes import EventBridgeEvent, event_source

from auricle.adapters.logs import logger
from auricle.bootstrap import bootstrap
from auricle.processing.orphans import erase_orphans
from auricle.processing.sweep import UNTOUCHED, run_stopped, sweep
from auricle.recordings.intake import Intake
from auricle.recordings.job import Job

RUN_ENDED = "Step Functions Execution Status Change"
ORPHANS = "erase-orphans"
ENGINE_STARTED = "Engine Started"
"""The local engine was off: nothing is on its way any more, so nothing is waited for."""


@event_source(data_class=EventBridgeEvent)
def lambda_handler(event: EventBridgeEvent, _context: object) -> dict[str, Any]:
    """One run when the event tells of its death; what belongs to no recording when that is the task; otherwise all, or
    those untouched for `untouched_minutes`."""
    now = datetime.now(UTC)
    wired = bootstrap()
    if event.get("detail-type") == RUN_ENDED:
        job = Job.from_event(json.loads(event.detail["input"]))
        stopped = run_stopped(job, recordings=wired.recordings, workflow=wired.workflow, now=now)
        logger().info(
            "run ended",
            extra={"org": job.org, "recording": job.recording, "run": job.run, "marked": stopped},
        )
        return {"stopped": int(stopped)}
    if event.get("task") == ORPHANS:
        ends = erase_orphans(recordings=wired.recordings, objects=wired.objects, now=now)
        log = logger().error if {"unowned", "doubtful"} & ends.keys() else logger().info
        log("orphans", extra={"ends": ends})
        return dict(ends)
    ends = sweep(
        untouched=_untouched(event),
        recordings=wired.recordings,
        intake=Intake(wired.recordings, wired.objects, wired.workflow, wired.settings.max_upload_bytes),
        metrics=wired.metrics,
        now=now,
    )
    logger().info("swept", extra={"ends": ends})
    return dict(ends)


def _untouched(event: EventBridgeEvent) -> timedelta:
    if event.get("detail-type") == ENGINE_STARTED:
        return timedelta(0)
    minutes = event.get("untouched_minutes")
    return UNTOUCHED if minutes is None else timedelta(minutes=minutes)
