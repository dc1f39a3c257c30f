"""What several requests say of a recording: when it was made, whose it is, which records of the CRM it concerns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints

from api.legacy.reading import Asked
from auricle.recordings.recording_dates import check_recording_date

if TYPE_CHECKING:
    from api.legacy.surface import Call
    from auricle.recordings.recording import Recording, Rep


class CrmObject(Asked):
    """A record of the CRM, by the CRM's own id."""

    type: Literal["Opportunity", "Account", "Contact", "Lead", "Engagement", "Event", "ServiceAppointment"] = Field(
        alias="objectType"
    )
    id: Annotated[str, StringConstraints(min_length=1, max_length=255)] = Field(alias="objectId")


CrmObjects = Annotated[tuple[CrmObject, ...], Field(max_length=20)]

DATA_TYPES: Mapping[str, str] = {
    "Opportunity": "OPPORTUNITY",
    "Account": "ACCOUNT",
    "Contact": "CONTACT",
    "Lead": "LEAD",
    "Engagement": "ENGAGEMENT",
    "Event": "ENGAGEMENT",
    "ServiceAppointment": "ENGAGEMENT",
}
"""What links call the CRM's object types; appointments and calendar events are engagements."""


def check_date(moment: datetime | None, now: datetime) -> None:
    check_recording_date(moment, now)


def rep_of_user(call: Call, user_id: str) -> Rep | None:
    """The user by name, as the directory has them; None of one it does not know."""
    from auricle.directory.users import rep_of_id

    return rep_of_id(call.org, user_id, call.services)


def recorded_by(call: Call, user_id: str | None, email: str | None, phone: str | None) -> tuple[str, Rep | None]:
    from auricle.directory import users

    return users.recorded_by(
        call.org, call.caller.user, user_id=user_id, email=email, phone=phone, records=call.services
    )


def check_connection(call: Call, connection_id: str | None) -> None:
    from auricle.crm import connections

    connections.check_connection(call.org, connection_id, call.services.records(connections.CONNECTIONS))


def linking(call: Call, objects: Sequence[CrmObject], connection_id: str | None) -> Callable[[Recording], Recording]:
    """What links a recording that is not stored yet to the first of the CRM objects: a recording has one link."""
    if not objects:
        return lambda recording: recording
    from auricle.crm.crm_link import linked_by_external_id
    from auricle.recordings.recording import CrmLink

    first, services = objects[0], call.services
    link = CrmLink(
        DATA_TYPES[first.type],
        external_id=first.id,
        connection_id=connection_id,
        trigger="AUDIO_UPLOAD_DEEPLINK",
    )
    return lambda recording: linked_by_external_id(
        recording, link, records=services, contacts=services.contacts, now=call.parts.now()
    )
