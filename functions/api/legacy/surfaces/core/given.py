"""What several requests say of a recording: when it was made, whose it is, which records of the CRM it concerns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints

from api.legacy.reading import Asked
from api.legacy.surfaces.core.crm_links import link_external
from auricle.errors import InvalidRequest

if TYPE_CHECKING:
    from api.legacy.surface import Call
    from auricle.recordings.recording import Recording, Rep

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Nobody recorded conversations for Auricle before."""
AHEAD = timedelta(days=1)
"""Clocks of phones differ, and so do their time zones; tomorrow's recordings do not exist."""


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
    """Raises InvalidRequest: no recording can have been made then."""
    if moment is not None and not EARLIEST <= moment <= now + AHEAD:
        raise InvalidRequest(
            f"dateCreated must lie between {EARLIEST:%Y-%m-%d} and a day from now", field="dateCreated"
        )


def rep_of_user(call: Call, user_id: str) -> Rep | None:
    """The user by name, as the directory has them; None of one it does not know."""
    from auricle.directory.users import rep_of_id

    return rep_of_id(call.org, user_id, call.services)


def recorded_by(call: Call, user_id: str | None, email: str | None, phone: str | None) -> tuple[str, Rep | None]:
    """Whose recording it is: the user named by id, email or phone, else the caller; and their name.

    Raises:
        InvalidRequest: the directory does not know the user; the caller it need not know.
    """
    from auricle.directory.users import USERS, directory_id, find_user

    users = call.services.records
    known_as = directory_id(user_id or call.caller.user)
    if user_id not in (None, call.caller.user) and known_as not in users(USERS).find(call.org, [known_as]):
        raise InvalidRequest("userId is no user of the organization", field="userId")
    found = user_id
    for field, value in (("userEmail", email), ("userPhone", phone)):
        if found is None and value is not None:
            user = find_user(users, call.org, value)
            if user is None:
                raise InvalidRequest(f"{field} is no user's of the organization", field=field)
            found = user.id
    found = found or call.caller.user
    return found, rep_of_user(call, found)


def check_connection(call: Call, connection_id: str | None) -> None:
    """Raises InvalidRequest: the tenant has no such connection."""
    if connection_id is None:
        return
    from auricle.crm.connections import CONNECTIONS

    if connection_id not in call.services.records(CONNECTIONS).find(call.org, [connection_id]):
        raise InvalidRequest(
            "integrationConnectionId is no connection of the organization", field="integrationConnectionId"
        )


def linking(call: Call, objects: Sequence[CrmObject], connection_id: str | None) -> Callable[[Recording], Recording]:
    """What links a recording that is not stored yet to the first of the CRM objects: a recording has one link."""
    if not objects:
        return lambda recording: recording
    first = objects[0]
    data_type = DATA_TYPES[first.type]
    return lambda recording: link_external(
        call, recording, data_type=data_type, external_id=first.id, connection_id=connection_id
    )
