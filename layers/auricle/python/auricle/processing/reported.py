"""How a stage outside Lambda says why it failed: Batch passes on an exit code, and no message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from auricle.errors import AuricleError
from auricle.ports import RecordingStore
from auricle.processing.failures import failure
from auricle.processing.job import Job
from auricle.recording import Stage, StageState


@contextmanager
def failure_reported(job: Job, stage: Stage, recordings: RecordingStore) -> Iterator[None]:
    """Notes the failure of the stage in the run, where Finish finds it, and lets the job fail."""
    try:
        yield
    except Exception as error:
        message = error.message if isinstance(error, AuricleError) else ""
        recordings.note_stage(job, stage, StageState.FAILED, failure(stage, type(error).__name__, message))
        raise
