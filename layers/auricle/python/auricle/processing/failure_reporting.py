"""Records why a stage outside Lambda failed: Batch passes on an exit code, and no message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from auricle.errors import TransientError
from auricle.ports import RecordingStore
from auricle.processing.failures import TRY_AGAIN_EXIT_CODE, failure_of
from auricle.recordings.job import Job
from auricle.recordings.recording import Stage, StageState


@contextmanager
def failure_reported(job: Job, stage: Stage, recordings: RecordingStore) -> Iterator[None]:
    """Notes the failure of the stage in the run, where Finish finds it, and lets the job fail.

    A transient error is not the stage's failure yet: the process ends with `TRY_AGAIN_EXIT_CODE`. So does one that
    could not note its failure, since nobody would learn of it.
    """
    try:
        try:
            yield
        except TransientError:
            raise
        except Exception as error:
            recordings.note_stage(job, stage, StageState.FAILED, failure_of(stage, error))
            raise
    except TransientError as error:
        raise SystemExit(TRY_AGAIN_EXIT_CODE) from error
