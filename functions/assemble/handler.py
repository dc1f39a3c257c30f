"""Lambda: words and speaker turns become the transcript."""

from __future__ import annotations

from typing import Any

from auricle.adapters.logs import stage_logged
from auricle.bootstrap import bootstrap
from auricle.processing.assemble import assemble_transcript
from auricle.recordings.job import Job


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    wired = bootstrap()
    job = Job.from_event(event)
    with stage_logged("assemble", job):
        return dict(
            assemble_transcript(job, event["stages"], recordings=wired.recordings, objects=wired.objects),
        )
