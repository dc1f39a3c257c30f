"""Interactions: emails, text messages, meetings and notes that somebody recorded of a contact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from auricle.crm.timeline import EntryType, TimelineEntry
from auricle.errors import InteractionNotFound, InvalidRequest
from auricle.identifiers import new_id

if TYPE_CHECKING:
    from auricle.ports import ContactStore

PREVIEW_CHARACTERS = 160
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2500, 1, 1, tzinfo=UTC)
"""What an interaction's id can say of its date."""
REQUIRED: dict[EntryType, tuple[str, ...]] = {
    EntryType.EMAIL: ("subject",),
    EntryType.SMS: ("body",),
    EntryType.MEETING: ("subject", "date"),
    EntryType.NOTE: ("body",),
}
"""What must be said of each type."""
_BELONGS_TO: dict[str, frozenset[EntryType]] = {
    "direction": frozenset({EntryType.EMAIL, EntryType.SMS}),
    "duration_seconds": frozenset({EntryType.MEETING}),
}
"""What is said of some types alone."""


class Direction(StrEnum):
    """Who wrote to whom, from the tenant's side."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


@dataclass(frozen=True, slots=True)
class NewInteraction:
    """What is said of an interaction when it is recorded; without a date it happened just now."""

    type: EntryType
    date: datetime | None = None
    subject: str | None = None
    body: str | None = None
    preview: str | None = None
    direction: Direction | None = None
    duration_seconds: float | None = None


def record_interaction(
    wanted: NewInteraction, *, org: str, contact_id: str, user: str, contacts: ContactStore, now: datetime
) -> TimelineEntry:
    """Puts it on the contact's timeline, at its date.

    Raises:
        ContactNotFound: not the tenant's.
        InvalidRequest: something that its type needs is missing, or does not belong to it.
    """
    contacts.get_contact(org, contact_id)
    for field in REQUIRED[wanted.type]:
        if getattr(wanted, field) is None:
            raise InvalidRequest(f"{field} is needed: it is {_a(wanted.type)}", field=field)
    for field, types in _BELONGS_TO.items():
        if getattr(wanted, field) is not None and wanted.type not in types:
            raise InvalidRequest(f"{field} does not belong to {_a(wanted.type)}", field=field)
    date = wanted.date or now
    if not EARLIEST <= date < LATEST:
        raise InvalidRequest(f"date must be from {EARLIEST.year} to {LATEST.year - 1}", field="date")
    interaction_id = new_id(wanted.type.value, date)
    facts = {
        "subject": wanted.subject,
        "preview": wanted.preview or _preview(wanted.body),
        "direction": wanted.direction.value if wanted.direction else None,
        "duration_seconds": wanted.duration_seconds,
        "body": wanted.body,
        "recorded_by": user,
        "recorded_at": now.isoformat(timespec="seconds"),
    }
    entry = TimelineEntry(
        org=org,
        contact_id=contact_id,
        type=wanted.type,
        id=interaction_id,
        date=place_of(interaction_id)[1],
        facts={name: value for name, value in facts.items() if value is not None},
    )
    contacts.add_interaction(entry)
    return entry


def place_of(interaction_id: str) -> tuple[EntryType, datetime]:
    """Where an interaction lies on the timeline: its id says of what type it is, and when it was, to the millisecond.

    Raises:
        InteractionNotFound: no id of an interaction.
    """
    name, _, rest = interaction_id.partition("_")
    if name not in {known.value for known in REQUIRED} or len(rest) != 31 or not set(rest) <= set("0123456789abcdef"):
        raise no_such(interaction_id)
    return EntryType(name), EARLIEST + timedelta(milliseconds=int(rest[:11], 16))


def no_such(interaction_id: str) -> InteractionNotFound:
    """The error of an id that is unknown, another contact's or another tenant's: they look the same."""
    return InteractionNotFound(f"There is no interaction {interaction_id}.")


def _preview(body: str | None) -> str | None:
    """The beginning of the text, in one line, to the end of a word."""
    if body is None:
        return None
    line = " ".join(body.split())
    if len(line) <= PREVIEW_CHARACTERS:
        return line
    return line[: PREVIEW_CHARACTERS - 2].rsplit(" ", 1)[0] + "..."


def _a(type_: EntryType) -> str:
    return {EntryType.EMAIL: "an email", EntryType.SMS: "a text message"}.get(type_, f"a {type_.value}")
