"""Recordings of files that are there already, put to a signed URL or lying on another host, and whom they concern."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from auricle.crm.connections import CONNECTIONS, check_connection
from auricle.crm.matching import matching_contacts
from auricle.directory.organization_settings import consent_at_creation
from auricle.directory.users import recorded_by
from auricle.errors import InvalidRequest
from auricle.recordings.recording import Recording, Result
from auricle.recordings.recording_dates import check_recording_date
from auricle.recordings.upload_slots import FILE_TYPES, Described, claim, fetch_into_slot, slot_of

if TYPE_CHECKING:
    from auricle.directory.organization_settings import RecordStores
    from auricle.ports import ContactStore, Downloads, ObjectStore
    from auricle.recordings.intake import Intake


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file, and what is said of the recording that it becomes."""

    url: str
    url_field: str
    """What the client calls the URL: an error names it."""
    file_type: str
    title: str | None = None
    conversation_type: str | None = None
    created_at: datetime | None = None
    discoverable: bool = True
    result: Result | None = None
    user_id: str | None = None
    user_email: str | None = None
    user_phone: str | None = None
    """Whose recording it is: the first of the three that is given, else the caller's."""
    connection_id: str | None = None
    contact_phone: str | None = None
    contact_name: str | None = None
    """Whom it concerns, where nothing else links it."""


def record_uploaded_file(
    file: UploadedFile,
    *,
    org: str,
    caller: str,
    link: Callable[[Recording], Recording],
    intake: Intake,
    records: RecordStores,
    contacts: ContactStore,
    downloads: Downloads,
    download_hosts: Sequence[str],
    now: datetime,
) -> Recording:
    """The recording of the file, whose processing starts when its bytes are there.

    `link` links it before it is stored. A file on one of `download_hosts` is fetched at once.

    Raises:
        InvalidRequest: the URL is not one that is read, or something that is named is not there.
        Conflict: the file has become another recording already.
    """
    check_recording_date(file.created_at, now)
    check_connection(org, file.connection_id, records.records(CONNECTIONS))
    user_id, rep = recorded_by(
        org, caller, user_id=file.user_id, email=file.user_email, phone=file.user_phone, records=records
    )
    consent, basis = consent_at_creation(org, None, records=records, now=now)
    described = Described(
        file_type=file.file_type,
        user_id=user_id,
        rep=rep,
        title=file.title,
        conversation_type=file.conversation_type,
        created_at=file.created_at,
        discoverable=file.discoverable,
        result=file.result,
        consent=consent,
        consent_basis=basis,
        contact_ids=matching_contacts(org, phone=file.contact_phone, name=file.contact_name, contacts=contacts),
    )
    slot = _slot(file, org=org, objects=intake.objects, downloads=downloads, download_hosts=download_hosts, now=now)
    return claim(described, slot, org=org, link=link, intake=intake, now=now)


def _slot(
    file: UploadedFile,
    *,
    org: str,
    objects: ObjectStore,
    downloads: Downloads,
    download_hosts: Sequence[str],
    now: datetime,
) -> str:
    """The id of the recording to be, whose source the file is: by a URL of ours, or fetched from another host."""
    slot = slot_of(file.url, org=org, objects=objects)
    if slot is not None:
        return slot
    try:
        return fetch_into_slot(
            file.url,
            org=org,
            content_type=FILE_TYPES[file.file_type],
            allowed_hosts=download_hosts,
            downloads=downloads,
            objects=objects,
            now=now,
        )
    except InvalidRequest as error:
        raise InvalidRequest(f"{file.url_field} {error.message}", field=file.url_field) from None
