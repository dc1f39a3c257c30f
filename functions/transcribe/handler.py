"""Lambda: the words of one window."""

from __future__ import annotations

from typing import Any

from auricle.adapters.logs import stage_logged
from auricle.bootstrap import bootstrap
from auricle.processing.transcribe import transcribe_window
from auricle.recordings.job import Job
from transcribe.engine import engine


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    wired = bootstrap()
    job = Job.from_event(event)
    with stage_logged("transcribe", job, window=event["window"]):
        return dict(
            transcribe_window(
                job,
                event["window"],
                recordings=wired.recordings,
                objects=wired.objects,
                engine=engine(),
                instead_of_gpu=event.get("instead_of_gpu", False),
            ),
        )
