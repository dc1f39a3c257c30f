"""Asking for an upload: the recording exists from then on, and waits for its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from auricle.consent import Consent
from auricle.domain_events import EventType, recording_event
from auricle.identifiers import new_id
from auricle.ports import ContactStore, ObjectStore, RecordingStore
from auricle.processing.job import Job
from auricle.recording import Recording, Status

MAX_URL_SECONDS = 900
"""A presigned URL never holds longer than 15 minutes, whatever the setting."""


@dataclass(frozen=True, slots=True)
class NewRecording:
    """What an uploader says of a recording before sending it. `content_type`, where given, is signed into the URL."""

    file_name: str
    title: str | None = None
    kind: str = "phone"
    source: str | None = None
    content_type: str | None = None
    consent: Consent = Consent.ALL_CONSENTED
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
) -> Upload:
    """Creates the recording and a presigned PUT for its audio.

    Raises:
        ContactNotFound: one of the contacts is not the tenant's.
    """
    contact_ids = tuple(dict.fromkeys(wanted.contact_ids))
    if contact_ids:
        contacts.get_contacts(org, contact_ids)
    recording = Recording(
        org=org,
        id=new_id("rec", now),
        created_at=now,
        updated_at=now,
        status=Status.UPLOADING,
        file_name=wanted.file_name,
        user_id=user,
        title=wanted.title,
        kind=wanted.kind,
        source=wanted.source,
        consent=wanted.consent,
        contact_ids=contact_ids,
        deal_id=wanted.deal_id,
        campaign_id=wanted.campaign_id,
        engagement_id=wanted.engagement_id,
        is_ai_call=wanted.is_ai_call,
        content_type=wanted.content_type,
    )
    seconds = min(url_seconds, MAX_URL_SECONDS)
    source_key = Job(org=org, recording=recording.id, run=recording.run).source_key
    url = objects.upload_url(source_key, content_type=wanted.content_type, seconds=seconds)
    recordings.create(recording, [recording_event(EventType.RECORDING_CREATED, recording)])
    return Upload(recording=recording, url=url, expires_at=now + timedelta(seconds=seconds))
