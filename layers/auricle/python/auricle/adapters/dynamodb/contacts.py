"""ContactStore on the table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from auricle.adapters.dynamodb import items
from auricle.adapters.dynamodb.items import ContactItem, Item, TimelineItem
from auricle.adapters.dynamodb.paging import FILTERED_PAGE, Budget, read_newest
from auricle.adapters.dynamodb.translate import ConditionFailed, repeated
from auricle.contacts import Contact
from auricle.errors import Conflict, ContactNotFound
from auricle.ports import Position, TimelinePage
from auricle.timeline import EntryType


class DynamoContacts:
    """Contacts and their timelines; the lines of recordings are written with the recordings."""

    def __init__(self, table: str) -> None:
        items.use_table(table)

    def create_contact(self, contact: Contact) -> None:
        try:
            repeated(lambda: items.contact_item(contact).save(condition=Item.pk.does_not_exist()))
        except ConditionFailed:
            raise Conflict(f"There is a contact {contact.id} already.") from None

    def get_contact(self, org: str, contact_id: str) -> Contact:
        key = items.contact_key(org, contact_id)
        try:
            item = repeated(lambda: ContactItem.get(key, items.CONTACT_KEY, consistent_read=True))
        except ContactItem.DoesNotExist:
            raise _not_found(contact_id) from None
        return items.contact_of(item)

    def get_contacts(self, org: str, contact_ids: Sequence[str]) -> Sequence[Contact]:
        keys = [(items.contact_key(org, contact_id), items.CONTACT_KEY) for contact_id in contact_ids]
        read = repeated(lambda: tuple(ContactItem.batch_get(keys, consistent_read=True)))
        found = {contact.id: contact for contact in map(items.contact_of, read)}
        for contact_id in contact_ids:
            if contact_id not in found:
                raise _not_found(contact_id)
        return [found[contact_id] for contact_id in contact_ids]

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
        read = read_newest(pages, limit + 1, Budget(), sort_key="sk")
        entries = tuple(items.entry_of(item) for item in read.found[:limit] if isinstance(item, TimelineItem))
        if len(read.found) > limit:
            return TimelinePage(entries, {"after": read.found[limit - 1].sk})
        return TimelinePage(entries, {"after": read.stopped_at} if read.stopped_at else None)


def _not_found(contact_id: str) -> ContactNotFound:
    return ContactNotFound(f"There is no contact {contact_id}.")
