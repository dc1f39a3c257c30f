"""Lambda: highlights of the assembled transcript."""

from __future__ import annotations

from typing import Any

from auricle.adapters.logs import stage_logged
from auricle.bootstrap import bootstrap
from auricle.processing.summarize import summarize_transcript
from auricle.recordings.job import Job


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    wired = bootstrap()
    job = Job.from_event(event)
    with stage_logged("summarize", job):
        return dict(summarize_transcript(job, recordings=wired.recordings, objects=wired.objects))
