"""Uploads: the recording exists from then on, and waits for its bytes, or has them already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from auricle.domain_events import EventType
from auricle.errors import AuricleError, EmptyAudio, UnsupportedAudio
from auricle.identifiers import new_id
from auricle.ports import MAX_URL_SECONDS, ContactStore, ObjectStore, RecordingStore
from auricle.recordings.consent import Consent, ConsentBasis
from auricle.recordings.events import recording_event
from auricle.recordings.intake import remove
from auricle.recordings.recording import Recording, Rep, Status

MEDIA_TYPES: Mapping[str, str] = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "mp4": "audio/mp4",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "webm": "audio/webm",
    "flac": "audio/flac",
    "aac": "audio/aac",
    "amr": "audio/amr",
    "aiff": "audio/aiff",
}
"""What audio that comes with a request is stored as, by its format. Any format that is processed is taken."""


@dataclass(frozen=True, slots=True)
class NewRecording:
    """What an uploader says of a recording before sending it. What it declares of the bytes is signed into the URL."""

    file_name: str
    title: str | None = None
    kind: str = "phone"
    source: str | None = None
    content_type: str | None = None
    size_bytes: int | None = None
    checksum_sha256: str | None = None
    """In Base64, as S3 writes it."""
    consent: Consent = Consent.ALL_CONSENTED
    consent_basis: ConsentBasis | None = None
    contact_ids: Sequence[str] = ()
    deal_id: str | None = None
    campaign_id: str | None = None
    engagement_id: str | None = None
    is_ai_call: bool = False


@dataclass(frozen=True, slots=True)
class Upload:
    """Where to PUT the bytes, and until when. The URL is a credential: never logged."""

    recording: Recording
    url: str
    expires_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    """What the PUT must carry, because it was declared and is signed."""


def request_upload(
    wanted: NewRecording,
    *,
    org: str,
    user: str,
    recordings: RecordingStore,
    contacts: ContactStore,
    objects: ObjectStore,
    url_seconds: int,
    now: datetime,
    rep: Rep | None = None,
) -> Upload:
    """Creates the recording and a presigned PUT for its audio.

    Raises:
        ContactNotFound: one of the contacts is not the tenant's.
    """
    recording = _new_recording(wanted, org=org, user=user, rep=rep, contacts=contacts, now=now)
    seconds = min(url_seconds, MAX_URL_SECONDS)
    url = objects.upload_url(
        source_key_of(recording),
        content_type=wanted.content_type,
        seconds=seconds,
        size_bytes=wanted.size_bytes,
        checksum_sha256=wanted.checksum_sha256,
    )
    recordings.create(recording, [recording_event(EventType.RECORDING_CREATED, recording)])
    return Upload(recording, url, now + timedelta(seconds=seconds), _declared(wanted))


@dataclass(frozen=True, slots=True)
class TakenAudio:
    """A recording whose audio is stored, and how long it will turn out to be."""

    recording: Recording
    estimated_s: int


def take_audio(
    wanted: NewRecording,
    content: bytes,
    *,
    org: str,
    user: str,
    recordings: RecordingStore,
    contacts: ContactStore,
    objects: ObjectStore,
    now: datetime,
    rep: Rep | None = None,
) -> TakenAudio:
    """As `take_upload`, of audio whose format its bytes tell, whatever its name says; a file without a name gets one.

    Raises:
        UnsupportedAudio: empty, no audio, or of a format that is not processed.
        ContactNotFound, TransientError: as `take_upload` does.
    """
    from auricle.speech.estimate import estimated_duration_s
    from auricle.speech.sniff import HEAD_BYTES, sniff

    try:
        audio_format = sniff(content[:HEAD_BYTES])
    except EmptyAudio as error:
        raise UnsupportedAudio(error.message) from None
    # Before the recording is made: an error after it would be answered with a 500, and a retry would make another.
    estimated_s = estimated_duration_s(content, audio_format)
    recording = take_upload(
        replace(
            wanted,
            file_name=wanted.file_name or f"recording.{audio_format.name}",
            content_type=MEDIA_TYPES.get(audio_format.name),
        ),
        content,
        org=org,
        user=user,
        recordings=recordings,
        contacts=contacts,
        objects=objects,
        now=now,
        rep=rep,
    )
    return TakenAudio(recording, estimated_s)


def take_upload(
    wanted: NewRecording,
    content: bytes,
    *,
    org: str,
    user: str,
    recordings: RecordingStore,
    contacts: ContactStore,
    objects: ObjectStore,
    now: datetime,
    rep: Rep | None = None,
) -> Recording:
    """Creates the recording and stores its audio, of which the bucket tells: so its processing starts as always.

    The recording is there first: bytes that nothing knows of would never be found. Where they cannot be stored, it
    is removed again, and with it whatever had been stored in spite of the error.

    Raises:
        ContactNotFound: one of the contacts is not the tenant's.
        TransientError: the bytes could not be stored.
    """
    recording = _new_recording(wanted, org=org, user=user, rep=rep, contacts=contacts, now=now)
    recordings.create(recording, [recording_event(EventType.RECORDING_CREATED, recording)])
    try:
        objects.write(source_key_of(recording), content, content_type=wanted.content_type or "application/octet-stream")
    except Exception:
        with suppress(AuricleError):  # the error that is told of is the first
            remove(org, recording.id, recordings=recordings, objects=objects, now=now)
        raise
    return recording


def _new_recording(
    wanted: NewRecording, *, org: str, user: str, rep: Rep | None, contacts: ContactStore, now: datetime
) -> Recording:
    contact_ids = tuple(dict.fromkeys(wanted.contact_ids))
    if contact_ids:
        contacts.get_contacts(org, contact_ids)
    return Recording(
        org=org,
        id=new_id("rec", now),
        created_at=now,
        updated_at=now,
        status=Status.UPLOADING,
        file_name=wanted.file_name,
        user_id=user,
        rep=rep,
        title=wanted.title,
        kind=wanted.kind,
        source=wanted.source,
        consent=wanted.consent,
        consent_basis=wanted.consent_basis,
        contact_ids=contact_ids,
        deal_id=wanted.deal_id,
        campaign_id=wanted.campaign_id,
        engagement_id=wanted.engagement_id,
        is_ai_call=wanted.is_ai_call,
        content_type=wanted.content_type,
    )


def _declared(wanted: NewRecording) -> Mapping[str, str]:
    declared = {
        "content-type": wanted.content_type,
        "content-length": wanted.size_bytes,
        "x-amz-checksum-sha256": wanted.checksum_sha256,
    }
    return {name: str(value) for name, value in declared.items() if value is not None}


def source_key_of(recording: Recording) -> str:
    """Where its bytes lie, or will."""
    return recording.keys.source
