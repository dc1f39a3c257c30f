"""AWS Batch: the words of every window in one process, on a GPU.

python -m transcribe.job ORG RECORDING RUN
"""

from __future__ import annotations

import sys

from auricle.adapters.logs import stage_logged
from auricle.bootstrap import bootstrap
from auricle.processing.failure_reporting import failure_reported
from auricle.processing.transcribe import transcribe_all
from auricle.recordings.job import Job
from auricle.recordings.recording import Stage
from transcribe.engine import engine


def main(arguments: list[str]) -> None:
    org, recording, run = arguments
    job = Job(org, recording, int(run))
    wired = bootstrap()
    with failure_reported(job, Stage.TRANSCRIBE, wired.recordings), stage_logged("transcribe", job):
        transcribe_all(job, recordings=wired.recordings, objects=wired.objects, engine=engine())


if __name__ == "__main__":
    main(sys.argv[1:])
