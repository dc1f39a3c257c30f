"""AWS Batch: who spoke when.

python -m diarize.job ORG RECORDING RUN
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from auricle.adapters.logs import stage_logged
from auricle.bootstrap import bootstrap
from auricle.processing.diarize import diarize_recording
from auricle.processing.failure_reporting import failure_reported
from auricle.recordings.job import Job
from auricle.recordings.recording import Stage
from diarize.models import models


def main(arguments: list[str]) -> None:
    org, recording, run = arguments
    job = Job(org, recording, int(run))
    wired = bootstrap()
    with (
        failure_reported(job, Stage.DIARIZE, wired.recordings),
        stage_logged("diarize", job),
        TemporaryDirectory() as workspace,
    ):
        diarize_recording(
            job,
            recordings=wired.recordings,
            objects=wired.objects,
            load_models=models,
            workspace=Path(workspace),
        )


if __name__ == "__main__":
    main(sys.argv[1:])
