"""Uploading first and describing afterwards: a signed URL is a slot, and the recording that claims it takes its bytes.

A slot is nothing but the id its recording will have. What is uploaded to it lies where that recording's source does,
so nothing is moved when it is claimed, and until then the bucket's event meets no recording and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

from auricle.domain_events import EventType
from auricle.errors import Conflict, InvalidRequest, RecordingNotFound, TransientError
from auricle.identifiers import is_id, made_at, new_id
from auricle.ports import MAX_URL_SECONDS, Downloads, ObjectStore, RecordingStore
from auricle.recordings.consent import Consent, ConsentBasis
from auricle.recordings.events import recording_event
from auricle.recordings.intake import Intake, accept_upload
from auricle.recordings.keys import ORGS_PREFIX, RecordingKeys, source_key_ids
from auricle.recordings.recording import Recording, Rep, Result, Status

FILE_TYPES: Mapping[str, str] = {"mp3": "audio/mpeg", "aac": "audio/aac", "wav": "audio/wav"}
"""Media types by the names clients know them by."""

CLAIMABLE_FOR = timedelta(days=7)
"""What is uploaded and not described within that is nobody's, and erased a week later (processing/orphans.py)."""

MAX_FETCHED_BYTES = 64 * 1024 * 1024
"""Of a file that is fetched from another host: that happens while the client waits."""
FETCH_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class UploadSlot:
    """Where to PUT a file of that type and size, where it can be read afterwards, and until when. Both URLs are
    credentials: never logged."""

    upload_url: str
    download_url: str
    content_type: str
    expires_at: datetime


def open_slot(
    org: str, *, file_type: str, size_bytes: int, objects: ObjectStore, url_seconds: int, now: datetime
) -> UploadSlot:
    """A place for a file of the tenant's that no recording knows of yet."""
    key = _source_key(org, new_id("rec", now))
    seconds, content_type = min(url_seconds, MAX_URL_SECONDS), FILE_TYPES[file_type]
    return UploadSlot(
        upload_url=objects.upload_url(key, content_type=content_type, seconds=seconds, size_bytes=size_bytes),
        download_url=objects.download_url(
            key, file_name=f"recording.{file_type}", content_type=content_type, seconds=seconds
        ),
        content_type=content_type,
        expires_at=now + timedelta(seconds=seconds),
    )


def slot_of(url: str, *, org: str, objects: ObjectStore) -> str | None:
    """The id of the recording whose source the URL names; None of any other URL, and of other tenants' ones."""
    try:
        given = urlsplit(url)
    except ValueError:
        return None
    place = unquote(given.path).partition(ORGS_PREFIX)
    ids = source_key_ids(place[1] + place[2])
    if ids is None or ids[0] != org or not is_id(ids[1]):
        return None
    ours = urlsplit(objects.download_url(_source_key(org, ids[1]), file_name="recording", content_type=None, seconds=1))
    return ids[1] if (given.scheme, given.netloc, given.path) == (ours.scheme, ours.netloc, ours.path) else None


@dataclass(frozen=True, slots=True)
class Described:
    """What is said of an uploaded file when it becomes a recording."""

    file_type: str
    user_id: str
    rep: Rep | None = None
    title: str | None = None
    conversation_type: str | None = None
    created_at: datetime | None = None
    discoverable: bool = True
    result: Result | None = None
    contact_ids: Sequence[str] = ()
    consent: Consent = Consent.ALL_CONSENTED
    consent_basis: ConsentBasis | None = None


def claim(
    wanted: Described,
    recording_id: str,
    *,
    org: str,
    link: Callable[[Recording], Recording],
    intake: Intake,
    now: datetime,
) -> Recording:
    """The recording of a slot. Its processing starts when its bytes are there: now, or when the bucket says so.

    `link` links it before it is stored.

    Claiming a slot again in the same words changes nothing.

    Raises:
        Conflict: it became another recording already.
        InvalidRequest: it is too old.
    """
    made = made_at(recording_id)
    if made is not None and now - made > CLAIMABLE_FOR:
        raise InvalidRequest(
            f"was signed more than {CLAIMABLE_FOR.days} days ago, so its file is kept no longer: ask for a new URL and "
            "upload the file again"
        )
    recording = link(_described(wanted, recording_id, org, now))
    try:
        intake.recordings.create(recording, [recording_event(EventType.RECORDING_CREATED, recording)])
    except Conflict:
        if not _claimed_before(recording, wanted, intake.recordings):
            raise Conflict("This upload has become a recording already. Ask for a new upload URL.") from None
    # The recording is made: an error now would be answered as a failure, and whoever tries again would make another.
    # What did not start here is started by the bucket's event or by the sweep.
    with suppress(TransientError):
        accept_upload(org, recording_id, intake=intake, now=now)
        return intake.recordings.get(org, recording_id, with_trashed=True)
    return recording


def _described(wanted: Described, recording_id: str, org: str, now: datetime) -> Recording:
    return Recording(
        org=org,
        id=recording_id,
        created_at=wanted.created_at or now,
        updated_at=now,
        status=Status.UPLOADING,
        file_name=f"{recording_id}.{wanted.file_type}",
        user_id=wanted.user_id,
        title=wanted.title,
        contact_ids=tuple(wanted.contact_ids),
        consent=wanted.consent,
        consent_basis=wanted.consent_basis,
        content_type=FILE_TYPES[wanted.file_type],
        conversation_type=wanted.conversation_type,
        discoverable=wanted.discoverable,
        result=wanted.result,
        rep=wanted.rep,
    )


def fetch_into_slot(
    url: str,
    *,
    org: str,
    content_type: str,
    allowed_hosts: Sequence[str],
    downloads: Downloads,
    objects: ObjectStore,
    now: datetime,
) -> str:
    """The file at an address of an allow-listed host, put into a new slot: the id of its recording to be.

    Raises:
        InvalidRequest: the address is not one that may be fetched, or does not give the file.
    """
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        host = ""
    if host not in allowed_hosts:
        raise InvalidRequest("must be the downloadUrl of POST /v1/core/recordings/signed-urls: no other host is read")
    recording_id = new_id("rec", now)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "source"
        downloads.fetch(url, file, max_bytes=MAX_FETCHED_BYTES, seconds=FETCH_SECONDS)
        objects.upload(file, _source_key(org, recording_id), content_type=content_type)
    return recording_id


def _source_key(org: str, recording_id: str) -> str:
    return RecordingKeys(org, recording_id).source


def _claimed_before(recording: Recording, wanted: Described, recordings: RecordingStore) -> bool:
    """Whether the recording that is there was described in the same words."""
    try:
        stored = recordings.get(recording.org, recording.id, with_trashed=True)
    except RecordingNotFound:
        return False
    return (
        (not wanted.created_at or stored.created_at == wanted.created_at)
        and stored.file_name == recording.file_name
        and stored.user_id == recording.user_id
        and stored.title == recording.title
        and stored.conversation_type == recording.conversation_type
        and stored.result == recording.result
    )
