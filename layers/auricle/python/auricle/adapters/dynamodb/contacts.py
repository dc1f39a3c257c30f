"""ContactStore on the table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from pynamodb.transactions import TransactWrite

from auricle.adapters.dynamodb import items
from auricle.adapters.dynamodb.items import Item, RawItem, RecordItem, TimelineItem
from auricle.adapters.dynamodb.paging import FILTERED_PAGE, Budget, read_newest
from auricle.adapters.dynamodb.records import RECORD_KEY, DynamoRecordStore
from auricle.adapters.dynamodb.translate import ConditionFailed, repeated, transact
from auricle.crm.contacts import Contact
from auricle.crm.interactions import no_such, place_of
from auricle.crm.timeline import EntryType, TimelineEntry
from auricle.directory.visibility import Viewer
from auricle.errors import Conflict, ContactNotFound
from auricle.ports import Position, TimelinePage
from auricle.records import Page, RecordKind

CONTACTS = RecordKind("contact", Contact, ContactNotFound)
"""How contacts are kept: each in the partition that holds its timeline (`items.contact_key`)."""


class DynamoContacts:
    """Contacts and their timelines; the lines of recordings are written with the recordings."""

    def __init__(self, table: str) -> None:
        self._kept = DynamoRecordStore(table, CONTACTS)

    def create_contact(self, contact: Contact) -> None:
        self._kept.add(contact)

    def get_contact(self, org: str, contact_id: str) -> Contact:
        return self._kept.get(org, contact_id)

    def get_contacts(self, org: str, contact_ids: Sequence[str]) -> Sequence[Contact]:
        found = self._kept.find(org, contact_ids)
        for contact_id in contact_ids:
            if contact_id not in found:
                raise CONTACTS.not_found(contact_id)
        return [found[contact_id] for contact_id in contact_ids]

    def replace_contact(self, contact: Contact, *, expected: Contact) -> bool:
        return self._kept.replace(contact, expected=expected)

    def list_contacts(
        self,
        org: str,
        limit: int,
        position: Position | None = None,
        *,
        wanted: Callable[[Contact], bool] | None = None,
    ) -> Page[Contact]:
        return self._kept.list(org, limit, position, wanted=wanted)

    def add_interaction(self, entry: TimelineEntry) -> None:
        item = items.timeline_item(entry)

        def fill(transaction: TransactWrite) -> None:
            key = items.record_key(entry.org, CONTACTS.name, entry.contact_id)
            transaction.condition_check(RecordItem, key, RECORD_KEY, condition=Item.pk.exists())
            transaction.save(item, condition=Item.pk.does_not_exist())

        try:
            transact(fill)
        except ConditionFailed:
            self.get_contact(entry.org, entry.contact_id)
            raise Conflict(f"There is an interaction {entry.id} already.") from None

    def get_interaction(self, org: str, contact_id: str, interaction_id: str) -> TimelineEntry:
        item = TimelineItem(*_place(org, contact_id, interaction_id))
        try:
            repeated(lambda: item.refresh(consistent_read=True))
        except TimelineItem.DoesNotExist:
            raise no_such(interaction_id) from None
        return items.entry_of(item)

    def remove_interaction(self, org: str, contact_id: str, interaction_id: str) -> None:
        item = TimelineItem(*_place(org, contact_id, interaction_id))
        try:
            repeated(lambda: item.delete(condition=Item.pk.exists()))
        except ConditionFailed:
            raise no_such(interaction_id) from None

    def recent_interactions(self, org: str, limit: int) -> Sequence[TimelineEntry]:
        def read() -> Sequence[TimelineEntry]:
            found = TimelineItem.by_month.query(items.interactions_key(org), scan_index_forward=False, limit=limit)
            return [items.entry_of(item) for item in found if isinstance(item, TimelineItem)]

        return repeated(read)

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
        key = items.contact_key(org, contact_id)
        first = items.TIMELINE_KEYS + (items.sortable(date_from) if date_from else "")
        last = items.TIMELINE_KEYS + (items.sortable(date_to) if date_to else "") + "~"
        if first > last:
            return TimelinePage((), None)
        after = {"pk": {"S": key}, "sk": {"S": position["after"]}} if position else None
        pages = TimelineItem.query(
            key,
            Item.sk.between(first, last),
            filter_condition=TimelineItem.entry_type.is_in(*(one.value for one in types)) if types else None,
            scan_index_forward=False,
            consistent_read=True,
            page_size=max(limit + 1, FILTERED_PAGE) if types else limit + 1,
            last_evaluated_key=after,
        ).page_iter
        read = read_newest(pages, limit + 1, Budget(), sort_key="sk", value=partial(_admitted, viewer))
        entries = tuple(read.found[:limit])
        if len(read.found) > limit:
            last_shown = entries[-1]
            return TimelinePage(entries, {"after": items.timeline_key(last_shown.date, last_shown.type, last_shown.id)})
        return TimelinePage(entries, {"after": read.stopped_at} if read.stopped_at else None)


def _admitted(viewer: Viewer | None, raw: RawItem) -> TimelineEntry | None:
    """The line, if the viewer may find what it is of."""
    item = Item.from_raw_data(dict(raw))
    if not isinstance(item, TimelineItem):
        return None
    entry = items.entry_of(item)
    return entry if viewer is None or viewer.may_find(entry) else None


def _place(org: str, contact_id: str, interaction_id: str) -> tuple[str, str]:
    """The keys of an interaction, which its id is enough for. Raises InteractionNotFound."""
    type_, date = place_of(interaction_id)
    return items.contact_key(org, contact_id), items.timeline_key(date, type_, interaction_id)
