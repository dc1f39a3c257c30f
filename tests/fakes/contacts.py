"""ContactStore in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from auricle.crm.contacts import Contact
from auricle.crm.interactions import no_such, place_of
from auricle.crm.timeline import EntryType, TimelineEntry
from auricle.directory.visibility import Viewer
from auricle.errors import Conflict, ContactNotFound
from auricle.ports import Position, TimelinePage
from auricle.records import Page
from tests.fakes.item_size import check_item_size


class FakeContacts:
    """`len(store)` contacts; `(org, id) in store`."""

    def __init__(self) -> None:
        self._contacts: dict[tuple[str, str], Contact] = {}
        self._lines: dict[tuple[str, str], dict[str, TimelineEntry]] = {}
        self.looks_at = 2000
        """How many lines one reading of a timeline looks at, as in the table."""

    def __len__(self) -> int:
        return len(self._contacts)

    def __contains__(self, key: object) -> bool:
        return key in self._contacts

    def create_contact(self, contact: Contact) -> None:
        key = (contact.org, contact.id)
        check_item_size(contact)
        if key in self._contacts:
            raise Conflict(f"There is a contact {contact.id} already.")
        self._contacts[key] = contact

    def get_contact(self, org: str, contact_id: str) -> Contact:
        try:
            return self._contacts[org, contact_id]
        except KeyError:
            raise ContactNotFound(f"There is no contact {contact_id}.") from None

    def get_contacts(self, org: str, contact_ids: Sequence[str]) -> Sequence[Contact]:
        return [self.get_contact(org, contact_id) for contact_id in contact_ids]

    def replace_contact(self, contact: Contact, *, expected: Contact) -> bool:
        key = (contact.org, contact.id)
        check_item_size(contact)
        if key not in self._contacts or self._contacts[key].revision != expected.revision:
            return False
        self._contacts[key] = replace(contact, revision=expected.revision + 1)
        return True

    def list_contacts(
        self,
        org: str,
        limit: int,
        position: Position | None = None,
        *,
        wanted: Callable[[Contact], bool] | None = None,
    ) -> Page[Contact]:
        found = sorted(
            (
                (f"{contact.created_at.timestamp():020.6f}#{contact.id}", contact)
                for (owner, _), contact in self._contacts.items()
                if owner == org and (wanted is None or wanted(contact))
            ),
            reverse=True,
        )
        if position is not None:
            found = [one for one in found if one[0] < position["after"]]
        page = found[:limit]
        return Page(tuple(one for _, one in page), {"after": page[-1][0]} if len(found) > limit else None)

    def add_interaction(self, entry: TimelineEntry) -> None:
        self.get_contact(entry.org, entry.contact_id)
        self.change_lines((), (entry,))

    def get_interaction(self, org: str, contact_id: str, interaction_id: str) -> TimelineEntry:
        type_, date = place_of(interaction_id)
        wanted = TimelineEntry(org, contact_id, type_, interaction_id, date)
        try:
            return self._lines[org, contact_id][_place(wanted)]
        except KeyError:
            raise no_such(interaction_id) from None

    def remove_interaction(self, org: str, contact_id: str, interaction_id: str) -> None:
        self.change_lines((self.get_interaction(org, contact_id, interaction_id),), ())

    def recent_interactions(self, org: str, limit: int) -> Sequence[TimelineEntry]:
        found = [
            (place, entry)
            for (owner, _), lines in self._lines.items()
            for place, entry in lines.items()
            if owner == org and entry.type is not EntryType.RECORDING
        ]
        found.sort(key=lambda one: (one[1].date, one[1].id), reverse=True)
        return [entry for _, entry in found[:limit]]

    def timeline(
        self,
        org: str,
        contact_id: str,
        *,
        types: Sequence[EntryType] = (),
        date_from: datetime | None = None,
        date_to: datetime | None = None,
        limit: int = 100,
        position: Position | None = None,
        viewer: Viewer | None = None,
    ) -> TimelinePage:
        known = sorted(
            (
                (place, entry)
                for place, entry in self._lines.get((org, contact_id), {}).items()
                if (date_from is None or entry.date >= date_from)
                and (date_to is None or entry.date <= date_to)
                and (position is None or place < position["before"])
            ),
            key=lambda line: line[0],
            reverse=True,
        )
        looked_at = known[: self.looks_at]
        found = [
            line
            for line in looked_at
            if (not types or line[1].type in types) and (viewer is None or viewer.may_find(line[1]))
        ]
        entries = tuple(entry for _, entry in found[:limit])
        ends_at = found[limit - 1][0] if len(found) > limit else looked_at[-1][0] if len(known) > len(looked_at) else ""
        return TimelinePage(entries, {"before": ends_at} if ends_at else None)

    def change_lines(self, before: Sequence[TimelineEntry], after: Sequence[TimelineEntry]) -> None:
        """What the store of recordings does in its own transaction."""
        for entry in before:
            self._lines.get((entry.org, entry.contact_id), {}).pop(_place(entry), None)
        for entry in after:
            self._lines.setdefault((entry.org, entry.contact_id), {})[_place(entry)] = entry


def _place(entry: TimelineEntry) -> str:
    return f"{entry.date.timestamp():020.6f}#{entry.type.value}#{entry.id}"
