"""How a stage outside Lambda says why it failed: Batch passes on an exit code, and no message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from auricle.ports import RecordingStore
from auricle.processing.failures import failure_of
from auricle.processing.job import Job
from auricle.recording import Stage, StageState


@contextmanager
def failure_reported(job: Job, stage: Stage, recordings: RecordingStore) -> Iterator[None]:
    """Notes the failure of the stage in the run, where Finish finds it, and lets the job fail."""
    try:
        yield
    except Exception as error:
        recordings.note_stage(job, stage, StageState.FAILED, failure_of(stage, error))
        raise
