"""Updating a recording: its fields, who sees it, its chunks, its end and consent, in one write or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from auricle.errors import IllegalTransition
from auricle.recordings.changes import change_with_chunks, check_unlocked
from auricle.recordings.chunks import ChunksChange
from auricle.recordings.edits import Edit
from auricle.recordings.recording import Recording, RecordingDetail, Status
from auricle.recordings.recording_dates import check_recording_date

if TYPE_CHECKING:
    from auricle.directory.visibility import Viewer
    from auricle.domain_events import DomainEvent
    from auricle.ports import RecordingStore
    from auricle.recordings.consent import Parties
    from auricle.recordings.intake import Intake


@dataclass(frozen=True, slots=True)
class AttestedConsent:
    """What those who were recorded said of consent, and who attests it."""

    parties: Parties
    by: str
    grace: timedelta
    """How long after its withdrawal consent can be recorded again."""


@dataclass(frozen=True, slots=True)
class Update:
    """What to change; what is not named stays as it is."""

    edit: Edit = field(default_factory=Edit)
    status: str | None = None
    """The status that the client names. The one move that is a client's says that recording has ended."""
    chunk_count: int | None = None
    """How many chunks there are to be."""
    chunks_to_come: Sequence[int] = ()
    """Numbers of chunks that are still to come."""
    consent: AttestedConsent | None = None
    consent_signature: bytes | None = None

    @property
    def expected_chunks(self) -> int | None:
        """How many chunks there are to be, those still to come among them: numbers count from 0."""
        if not self.chunks_to_come:
            return self.chunk_count
        return max(self.chunk_count or 0, max(self.chunks_to_come) + 1)


def update_recording(
    org: str,
    recording_id: str,
    update: Update,
    *,
    viewer: Viewer,
    intake: Intake,
    all_recordings: RecordingStore,
    now: datetime,
    if_revision: int | None = None,
) -> None:
    """Makes the update in one conditional write; what refuses a part of it refuses all of it.

    An update that changes nothing writes nothing. After the write the signature is stored, what consent decides is
    done, and processing starts where nothing is waited for any more. Where that is cut short, sending the update
    again finishes it.

    `intake.recordings` are those that the viewer sees, `all_recordings` the tenant's own, as in `record_consent`.

    Raises:
        InvalidRequest: a date, or a number of chunks, that cannot be.
        RecordingNotFound: unknown, removed, or in the trash.
        PreconditionFailed: it is not at `if_revision` (any more).
        NotYours: the viewer may not change who sees it.
        IllegalTransition: the status is not a client's to set.
        Conflict: it is locked and the update does not unlock it; or chunks are named, and it takes none.
        TransientError: something did not answer, or the recording kept changing.
    """
    check_recording_date(update.edit.fields.get("created_at"), now)
    after = change_with_chunks(
        org,
        recording_id,
        lambda detail: _updated(detail, update, viewer, now),
        recordings=intake.recordings,
        now=now,
        if_revision=if_revision,
        events=_announced,
    )
    if update.consent_signature is not None:
        intake.objects.write(
            after.keys.consent_signature, update.consent_signature, content_type="application/octet-stream"
        )
    if update.consent is not None:
        from auricle.recordings.consent_changes import settle_consent

        tenants_own = replace(intake, recordings=all_recordings)
        settle_consent(after, by=update.consent.by, grace=update.consent.grace, intake=tenants_own, now=now)
    if after.chunked and (update.status is not None or update.expected_chunks is not None):
        from auricle.recordings.chunk_uploads import start_when_complete

        start_when_complete(org, recording_id, intake=intake, now=now)


def _updated(detail: RecordingDetail, update: Update, viewer: Viewer, now: datetime) -> tuple[Recording, ChunksChange]:
    before = detail.recording
    edited = update.edit.made(before)
    viewer.check_change(before, private=edited.private, discoverable=edited.discoverable)
    recording, chunks = _with_chunks(detail, update, now)
    if edited != before and not update.edit.unlocks:
        check_unlocked(before)
    after = update.edit.made(recording)
    if update.consent is not None:
        from auricle.recordings.consent_changes import with_attested_consent

        consent = update.consent
        after = with_attested_consent(after, consent.parties, by=consent.by, grace=consent.grace, now=now)
    return after, chunks


def _with_chunks(detail: RecordingDetail, update: Update, now: datetime) -> tuple[Recording, ChunksChange]:
    ends, count = _ends(detail.recording, update.status), update.expected_chunks
    if not ends and count is None:
        return detail.recording, ChunksChange()
    from auricle.recordings.chunk_uploads import expecting, finishing

    if ends:
        return finishing(detail, count, now=now)
    return expecting(detail, count or 0)


def _ends(recording: Recording, named: str | None) -> bool:
    """Whether recording has ended: the one move of the status that is a client's.

    Raises:
        IllegalTransition: any other move.
    """
    # Asking for the first chunk's URL makes it UPLOADING, and does not end it.
    recorded = recording.status is Status.RECORDING or (recording.chunked and recording.status is Status.UPLOADING)
    if named == Status.UPLOADING and recorded:
        return True
    if named is None or named == recording.status:
        return False
    raise IllegalTransition(
        f"transcriptionStatus is {recording.status} and follows the processing: a client may only set a recording "
        "that is RECORDING to UPLOADING."
    )


def _announced(before: Recording, after: Recording) -> Sequence[DomainEvent]:
    from auricle.recordings.events import consent_event

    return [consent_event(after)] if after.consent_changes != before.consent_changes else ()
