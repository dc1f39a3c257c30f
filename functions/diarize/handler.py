"""Lambda: who spoke when."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from auricle.adapters.logs import stage_logged
from auricle.bootstrap import bootstrap
from auricle.processing.diarize import diarize_recording
from auricle.recordings.job import Job
from diarize.models import models


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    wired = bootstrap()
    job = Job.from_event(event)
    with stage_logged("diarize", job), TemporaryDirectory() as workspace:
        return dict(
            diarize_recording(
                job,
                recordings=wired.recordings,
                objects=wired.objects,
                load_models=models,
                workspace=Path(workspace),
            ),
        )
