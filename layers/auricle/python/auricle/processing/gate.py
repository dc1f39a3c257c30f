"""What every stage checks before it starts: that its run is still the recording's current one, and may go on."""

from __future__ import annotations

from auricle.errors import ConsentRequired, RecordingNotFound, SupersededRun
from auricle.ports import RecordingStore
from auricle.recordings.consent import check_content_may_be_shown
from auricle.recordings.failure_texts import WITHDRAWN_WHILE_PROCESSING
from auricle.recordings.job import Job
from auricle.recordings.recording import RecordingDetail


def current(job: Job, recordings: RecordingStore) -> RecordingDetail:
    """The recording, if the job's run is its current one.

    Raises:
        SupersededRun: removed meanwhile, or processed anew; the workflow ends quietly.
    """
    try:
        detail = recordings.detail(job.org, job.recording, with_trashed=True)
    except RecordingNotFound:
        raise SupersededRun("The recording was removed while it was being processed.") from None
    if detail.recording.run != job.run:
        raise SupersededRun(f"Run {job.run} was superseded by run {detail.recording.run}.")
    return detail


def enter(job: Job, recordings: RecordingStore) -> RecordingDetail:
    """The recording, if the job's run is its current one, consent holds, and the bucket gives its objects out.

    Raises:
        SupersededRun: as `current` does.
        ConsentRequired: consent was withdrawn; the workflow ends with the recording held.
        TransientError: consent was recorded again just now; the workflow tries again.
    """
    detail = current(job, recordings)
    if not detail.recording.consent.allows_processing:
        raise ConsentRequired(WITHDRAWN_WHILE_PROCESSING)
    check_content_may_be_shown(detail.recording)
    return detail
