"""Recording on a phone: the recording exists from the moment it starts, under an id the phone made."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from auricle.domain_events import EventType
from auricle.errors import Conflict, PreconditionFailed, RecordingNotFound
from auricle.ports import RecordingStore
from auricle.recordings.consent import BasisKind, Consent, ConsentBasis
from auricle.recordings.events import recording_event
from auricle.recordings.recording import Capture, Recording, Rep, Result, Status


@dataclass(frozen=True, slots=True)
class NewCapture:
    """What a phone says of a recording when it starts."""

    id: str
    capture: Capture
    started_at: datetime | None = None
    title: str | None = None
    private: bool = False
    conversation_type: str | None = None
    transcription_language: str | None = None
    result: Result | None = None
    engagement_id: str | None = None
    automatic_split: bool = False
    seed_recording_id: str | None = None
    consent: Consent = Consent.ALL_CONSENTED
    consent_basis: ConsentBasis | None = None


def start_recording(
    wanted: NewCapture,
    *,
    org: str,
    user: str,
    rep: Rep | None,
    link: Callable[[Recording], Recording],
    recordings: RecordingStore,
    now: datetime,
    if_revision: int | None = None,
) -> Recording:
    """The recording, being recorded: its audio comes in chunks. `link` links it before it is stored.

    Starting it again with the same words changes nothing, for a phone may not have heard the answer.

    Raises:
        PreconditionFailed: there is no recording of that id at `if_revision`.
        Conflict: there is another recording of that id.
    """
    if if_revision is not None:
        _check_revision(org, wanted.id, if_revision, recordings)
    recording = Recording(
        org=org,
        id=wanted.id,
        created_at=wanted.started_at or now,
        updated_at=now,
        status=Status.RECORDING,
        file_name=f"{wanted.id}.audio",
        user_id=user,
        title=wanted.title,
        kind="in-person",
        private=wanted.private,
        conversation_type=wanted.conversation_type,
        transcription_language=wanted.transcription_language,
        result=wanted.result,
        engagement_id=wanted.engagement_id,
        capture=wanted.capture,
        consent=wanted.consent,
        consent_basis=wanted.consent_basis,
        rep=rep,
        chunked=True,
        automatic_split=wanted.automatic_split,
        seed_recording_id=wanted.seed_recording_id,
    )
    recording = link(recording)
    try:
        recordings.create(recording, [recording_event(EventType.RECORDING_CREATED, recording)])
    except Conflict:
        stored = _started_before(recording, wanted, recordings)
        if stored is None:
            raise
        return stored
    return recording


def _check_revision(org: str, recording_id: str, revision: int, recordings: RecordingStore) -> None:
    with suppress(RecordingNotFound):
        if recordings.get(org, recording_id).revision == revision:
            return
    raise PreconditionFailed("There is no recording of that id in that state.")


def _started_before(recording: Recording, wanted: NewCapture, recordings: RecordingStore) -> Recording | None:
    """The one that is there, if it was started in the same words and nothing has come of it yet."""
    try:
        stored = recordings.get(recording.org, recording.id, with_trashed=True)
    except RecordingNotFound:
        return None
    by_policy = stored.consent_basis is not None and stored.consent_basis.kind is BasisKind.POLICY
    as_started = replace(
        stored,
        created_at=stored.created_at if wanted.started_at else recording.created_at,
        updated_at=recording.updated_at,
        revision=recording.revision,
        # What the directory and the CRM know of it may have changed meanwhile.
        rep=recording.rep,
        crm_link=recording.crm_link,
        contact_ids=recording.contact_ids,
        deal_id=recording.deal_id,
        # Nobody has said anything of consent, and the policy may be another one now.
        consent=recording.consent if by_policy else stored.consent,
        consent_basis=recording.consent_basis if by_policy else stored.consent_basis,
    )
    return stored if as_started == recording else None
