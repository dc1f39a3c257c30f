"""Lambda: the run's outcome becomes the record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from auricle.adapters.logs import stage_logged
from auricle.bootstrap import bootstrap
from auricle.processing.finish import finish_recording
from auricle.recordings.job import Job


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    wired = bootstrap()
    job = Job.from_event(event)
    with stage_logged("finish", job) as facts:
        outcome = finish_recording(
            job,
            event["stages"],
            recordings=wired.recordings,
            objects=wired.objects,
            now=datetime.now(UTC),
        )
        facts["status"] = outcome["status"]
        return dict(outcome)
