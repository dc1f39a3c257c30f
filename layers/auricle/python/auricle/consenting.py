"""Recording and withdrawing consent: what is held is let go on, what is under way is stopped at its next step."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from auricle.changing import change_recording
from auricle.consent import MAX_CHANGES, Consent, ConsentChange
from auricle.errors import ConsentRequired
from auricle.ports import ObjectStore, RecordingStore, Workflow
from auricle.processing.start import process
from auricle.recording import Recording, Status


def record_consent(
    org: str,
    recording_id: str,
    consent: Consent,
    *,
    by: str,
    note: str | None,
    recordings: RecordingStore,
    objects: ObjectStore,
    workflow: Workflow,
    max_upload_bytes: int,
    now: datetime,
    if_revision: int | None = None,
) -> Recording:
    """Notes who recorded what, and starts what consent held up; returns the recording as it then stands.

    Saying again what holds notes nothing, but starts what has not been started. A lock is no hindrance: whoever
    withdraws consent need not find out who may unlock.

    Raises:
        RecordingNotFound: not the tenant's, or in the bin.
        PreconditionFailed: it is not at `if_revision`.
        TransientError: something did not answer; consent may be noted by then, and asking again is right.
    """

    def change(before: Recording) -> Recording:
        if before.consent is consent and note is None:
            return before
        made = ConsentChange(consent=consent, before=before.consent, at=now, by=by, note=note)
        return replace(before, consent=consent, consent_changes=_kept((*before.consent_changes, made)))

    after = change_recording(
        org, recording_id, change, recordings=recordings, now=now, if_revision=if_revision, locked=True
    )
    if not _was_held(after):
        return after
    return process(
        org,
        recording_id,
        reprocess=False,
        recordings=recordings,
        objects=objects,
        workflow=workflow,
        max_upload_bytes=max_upload_bytes,
        now=now,
    )


def consent_history(recording: Recording) -> tuple[ConsentChange, ...]:
    """Every change, oldest first, beginning with what was said when the recording was made."""
    changes = recording.consent_changes
    said = changes[0].before if changes else recording.consent
    return (ConsentChange(said, said, recording.created_at, recording.user_id or ""), *changes)


def _was_held(recording: Recording) -> bool:
    """Whether it waits for nothing but the consent it now has: held when it arrived, or stopped on its way."""
    stopped = recording.failure is not None and recording.failure.code == ConsentRequired.code
    return recording.consent.allows_processing and (
        recording.status is Status.UPLOADED or (recording.status is Status.ERROR and stopped)
    )


def _kept(changes: tuple[ConsentChange, ...]) -> tuple[ConsentChange, ...]:
    return changes if len(changes) <= MAX_CHANGES else (changes[0], *changes[-(MAX_CHANGES - 1) :])
