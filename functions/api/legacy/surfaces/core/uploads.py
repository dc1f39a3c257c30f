"""Recordings made elsewhere: a signed URL for the file, then the recording of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints

from api.legacy.reading import Asked, Line, Moment
from api.legacy.surface import Call
from api.legacy.surfaces.core.given import CrmObjects, check_connection, check_date, linking, recorded_by
from api.legacy.surfaces.core.wire import WRITE, enveloped, surface, timestamp
from api.urls import SignedUrl
from auricle.errors import InvalidRequest
from auricle.recordings.recording import Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from auricle.crm.contacts import Contact

FileType = Literal["mp3", "aac", "wav"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]

MAX_FILE_BYTES = 2**53 - 1
"""The largest whole number that every client writes as it means it; what is processed is a setting, and far below."""
MAX_LOOKS = 5
"""How often a tenant's contacts are read on in search of one: some ten thousand of them."""
_SAME_NUMBER_DIGITS = 9
"""Numbers written with and without their country's code are the same from so many digits on."""


class SlotRequest(Asked):
    """`POST /recordings/signed-urls`."""

    file_type: FileType = Field(alias="fileType")
    size_bytes: int = Field(alias="fileSize", ge=1, le=MAX_FILE_BYTES)


class UploadedRequest(Asked):
    """`POST /recordings/upload`. Three fields have two names: clients of both documents are understood."""

    download_url: SignedUrl | None = Field(None, alias="downloadUrl")
    file_url: SignedUrl | None = Field(None, alias="fileUrl")
    file_type: FileType = Field(alias="fileType")
    title: Line | None = None
    user_id: Name | None = Field(None, alias="userId")
    user_email: Name | None = Field(None, alias="userEmail")
    user_phone: Name | None = Field(None, alias="userPhone")
    organization_id: Name | None = Field(None, alias="organizationId")
    conversation_type: Line | None = Field(None, alias="conversationType")
    connection_id: Name | None = Field(None, alias="integrationConnectionId")
    crm_objects: CrmObjects = Field((), alias="crmObjects")
    customer_phone: Name | None = Field(None, alias="customerPhone")
    contact_phone: Name | None = Field(None, alias="contactPhone")
    customer_name: Name | None = Field(None, alias="customerName")
    contact_name: Name | None = Field(None, alias="contactName")
    created_at: Moment | None = Field(None, alias="dateCreated")
    discoverable: bool = Field(True, description="Where false, not listed or found by others than its owner.")
    result: Literal["closed", "not closed", "in progress"] | None = None


@surface.post("/recordings/signed-urls", scope=WRITE, reads=SlotRequest)
async def create_signed_urls(call: Call, asked: SlotRequest) -> Response:
    from auricle.recordings.upload_slots import open_slot

    settings = call.parts.settings()
    if asked.size_bytes > settings.max_upload_bytes:
        raise InvalidRequest(
            f"fileSize is too large: {settings.max_upload_bytes} bytes is the most that is processed here",
            field="fileSize",
        )
    slot = open_slot(
        call.org,
        file_type=asked.file_type,
        size_bytes=asked.size_bytes,
        objects=call.services.objects,
        url_seconds=settings.upload_url_seconds,
        now=call.parts.now(),
    )
    return enveloped(
        {
            "uploadUrl": slot.upload_url,
            # The second header is part of what clients send to other stores; here the size itself is signed.
            "uploadHeaders": {
                "Content-Type": slot.content_type,
                "x-goog-content-length-range": f"0,{asked.size_bytes}",
            },
            "downloadUrl": slot.download_url,
            "expiresAt": timestamp(slot.expires_at),
        }
    )


@surface.post("/recordings/upload", scope=WRITE, reads=UploadedRequest)
async def create_recording_from_upload(call: Call, asked: UploadedRequest) -> Response:
    from auricle.directory.organization_settings import consent_at_creation
    from auricle.recordings.upload_slots import Described, claim

    services, now = call.services, call.parts.now()
    field, url = _given(("downloadUrl", asked.download_url), ("fileUrl", asked.file_url))
    if url is None:
        raise InvalidRequest("downloadUrl is missing, and so is fileUrl: give one of them", field="downloadUrl")
    _, phone = _given(("customerPhone", asked.customer_phone), ("contactPhone", asked.contact_phone))
    _, name = _given(("customerName", asked.customer_name), ("contactName", asked.contact_name))
    if asked.organization_id not in (None, call.org):
        raise InvalidRequest("organizationId must be the organization of the credential", field="organizationId")
    check_date(asked.created_at, now)
    check_connection(call, asked.connection_id)
    user_id, rep = recorded_by(call, asked.user_id, asked.user_email, asked.user_phone)
    consent, basis = consent_at_creation(call.org, None, records=services, now=now)
    described = Described(
        file_type=asked.file_type,
        user_id=user_id,
        rep=rep,
        title=asked.title,
        conversation_type=asked.conversation_type,
        created_at=asked.created_at,
        discoverable=asked.discoverable,
        result=Result(asked.result) if asked.result else None,
        consent=consent,
        consent_basis=basis,
        contact_ids=() if asked.crm_objects else _contacts(call, phone, name),
    )
    recording = claim(
        described,
        _slot(call, url, field, asked.file_type),
        org=call.org,
        link=linking(call, asked.crm_objects, asked.connection_id),
        intake=call.intake,
        now=now,
    )
    return enveloped(
        {"id": recording.id, "recordingId": recording.id},
        201,
        headers={"location": f"{surface.prefix}/recordings/{recording.id}"},
    )


def _given(*named: tuple[str, str | None]) -> tuple[str, str | None]:
    """The one of several names that was given, and its value.

    Raises:
        InvalidRequest: they say different things.
    """
    given = [(name, value) for name, value in named if value is not None]
    if len({value for _, value in given}) > 1:
        raise InvalidRequest(f"{given[0][0]} and {given[1][0]} say the same: give one of them", field=given[1][0])
    return given[0] if given else named[0]


def _slot(call: Call, url: str, field: str, file_type: str) -> str:
    """The id of the recording whose bytes the URL stands for: one of ours, or fetched from an allow-listed host.

    Raises:
        InvalidRequest: neither; naming the field it was given in.
    """
    from auricle.recordings.upload_slots import FILE_TYPES, fetch_into_slot, slot_of

    objects = call.services.objects
    recording_id = slot_of(url, org=call.org, objects=objects)
    if recording_id is not None:
        return recording_id
    allowed = [host.strip().lower() for host in call.parts.settings().download_hosts.split(",") if host.strip()]
    try:
        return fetch_into_slot(
            url,
            org=call.org,
            content_type=FILE_TYPES[file_type],
            allowed_hosts=allowed,
            downloads=call.services.downloads,
            objects=objects,
            now=call.parts.now(),
        )
    except InvalidRequest as error:
        raise InvalidRequest(f"{field} {error.message}", field=field) from None


def _contacts(call: Call, phone: str | None, name: str | None) -> tuple[str, ...]:
    """The latest contact with that number, or, where none was given, the only one of that name; else nobody."""
    if phone is not None:
        digits = _digits(phone)
        return _found(call, lambda contact: _same_number(digits, _digits(contact.phone or "")), 1)
    if name is not None:
        wanted = name.strip().casefold()
        found = _found(call, lambda contact: contact.name.casefold() == wanted, 2)
        return found if len(found) == 1 else ()
    return ()


def _found(call: Call, wanted: Callable[[Contact], bool], count: int) -> tuple[str, ...]:
    """Ids of so many contacts, if there are as many, the latest first."""
    found: list[str] = []
    position = None
    for _ in range(MAX_LOOKS):
        page = call.services.contacts.list_contacts(call.org, count - len(found), position, wanted=wanted)
        found += [contact.id for contact in page.records]
        position = page.next_position
        if position is None or len(found) == count:
            break
    return tuple(found)


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdecimal())


def _same_number(one: str, other: str) -> bool:
    """Whether two numbers are the same, however they are written, with their country's code or without."""
    if not one or not other:
        return False
    one, other = one.lstrip("0"), other.lstrip("0")
    shorter, longer = sorted((one, other), key=len)
    return one == other or (len(shorter) >= _SAME_NUMBER_DIGITS and longer.endswith(shorter))
