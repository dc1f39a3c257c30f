"""The one CRM record a recording is linked to: a deal, a contact, an account, a lead or an engagement.

The link also makes the recording concern its deal or contact, so that it stands on the contact's timeline; taking the
link off takes that off too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from auricle.crm.connections import CONNECTIONS, Connection
from auricle.crm.contacts import Contact
from auricle.crm.deals import DEALS, Deal
from auricle.errors import ContactNotFound, DealNotFound, InvalidRequest, NotFound
from auricle.recordings.changes import change_recording
from auricle.recordings.recording import MAX_CONTACTS, CrmLink, Recording
from auricle.records import Page, Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from auricle.directory.organization_settings import RecordStores
    from auricle.ports import ContactStore, Position, RecordingStore

OPPORTUNITY, ENGAGEMENT = "OPPORTUNITY", "ENGAGEMENT"
MAX_LOOKS = 10
"""Readings in which a record is looked for by its CRM's id."""

_T = TypeVar("_T", bound=Record)


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link leads to: at most one of the two; neither of an engagement."""

    link: CrmLink
    deal: Deal | None = None
    contact: Contact | None = None

    @property
    def id(self) -> str:
        """Auricle's id of it."""
        found = self.deal or self.contact
        return found.id if found else self.link.id or ""

    @property
    def name(self) -> str:
        """What people call it."""
        if self.deal is not None:
            return self.deal.name
        return self.contact.name if self.contact is not None else self.id

    @property
    def external_id(self) -> str:
        """The CRM's id of it; Auricle's, of a record that no CRM knows."""
        return self.link.external_id or self.id


def find_linked(org: str, link: CrmLink, *, records: RecordStores, contacts: ContactStore) -> Linked:
    """The record that a link names, by Auricle's id or by the CRM's.

    Raises:
        InvalidRequest: it names none.
        DealNotFound, ContactNotFound: the tenant has no such record.
    """
    if link.id is None and link.external_id is None:
        raise InvalidRequest("id is missing, and so is externalId: give one of them", field="id")
    if link.data_type == ENGAGEMENT:
        named = link.id or link.external_id
        return Linked(replace(link, id=named, external_id=link.external_id or named))
    if link.data_type == OPPORTUNITY:
        deal = _deal(org, link, records)
        return Linked(_of(link, deal), deal=deal)
    contact = _contact(org, link, contacts)
    return Linked(_of(link, contact), contact=contact)


def find_and_link(
    org: str,
    recording_id: str,
    link: CrmLink,
    *,
    recordings: RecordingStore,
    records: RecordStores,
    contacts: ContactStore,
    now: datetime,
    if_revision: int | None = None,
) -> tuple[Linked, Recording]:
    """Links the recording to the record that the link names; returns both. Of two ids that are unknown, the
    recording's is named.

    Raises:
        InvalidRequest, DealNotFound, ContactNotFound: as `find_linked` has it.
        RecordingNotFound, PreconditionFailed, Conflict, TransientError: as `link_to_crm` has it.
    """
    recordings.get(org, recording_id)
    linked = find_linked(org, link, records=records, contacts=contacts)
    return linked, link_to_crm(org, recording_id, linked, recordings=recordings, now=now, if_revision=if_revision)


def link_to_crm(
    org: str,
    recording_id: str,
    linked: Linked,
    *,
    recordings: RecordingStore,
    now: datetime,
    if_revision: int | None = None,
) -> Recording:
    """The recording linked to that record and to no other, stored. The same link again changes nothing.

    Raises:
        RecordingNotFound, PreconditionFailed, Conflict, TransientError: as changing a recording does.
        InvalidRequest: it has as many contacts as it can have.
    """

    def link(before: Recording) -> Recording:
        wanted = replace(linked.link, linked_at=now)
        same = before.crm_link and replace(before.crm_link, linked_at=now, trigger=wanted.trigger) == wanted
        if same and _concerns(before, linked):
            return before
        return with_link(before, replace(linked, link=wanted))

    return change_recording(org, recording_id, link, recordings=recordings, now=now, if_revision=if_revision)


def linked_by_external_id(
    recording: Recording, link: CrmLink, *, records: RecordStores, contacts: ContactStore, now: datetime
) -> Recording:
    """A recording that is not stored yet, linked to a record by its CRM's id, whether Auricle has the record or not."""
    try:
        linked = find_linked(recording.org, link, records=records, contacts=contacts)
    except NotFound:
        linked = Linked(link)
    return with_link(recording, replace(linked, link=replace(linked.link, linked_at=now)))


def unlink_from_crm(
    org: str,
    recording_id: str,
    *,
    named: CrmLink | None,
    recordings: RecordingStore,
    now: datetime,
    if_revision: int | None = None,
) -> bool:
    """Takes the link off; False where there is none, or `named` names another.

    Raises:
        RecordingNotFound, PreconditionFailed, Conflict, TransientError: as changing a recording does.
    """
    taken = False

    def unlink(before: Recording) -> Recording:
        nonlocal taken
        taken = before.crm_link is not None and (named is None or _is_meant(before.crm_link, named))
        return _without_link(before) if taken else before

    change_recording(org, recording_id, unlink, recordings=recordings, now=now, if_revision=if_revision)
    return taken


def with_link(recording: Recording, linked: Linked) -> Recording:
    """The recording with this link instead of the one it had."""
    bare = _without_link(recording)
    if linked.contact is not None:
        contact_ids = tuple(dict.fromkeys((*bare.contact_ids, linked.contact.id)))
        if len(contact_ids) > MAX_CONTACTS:
            raise InvalidRequest(f"A recording can have {MAX_CONTACTS} contacts at most.", field="id")
        bare = replace(bare, contact_ids=contact_ids)
    if linked.deal is not None:
        bare = replace(bare, deal_id=linked.deal.id)
    if linked.link.data_type == ENGAGEMENT:
        bare = replace(bare, engagement_id=linked.link.id)
    return replace(bare, crm_link=linked.link)


def _of(link: CrmLink, found: Deal | Contact) -> CrmLink:
    """The link with everything by which the record is known, whichever of it the request named."""
    return replace(link, id=found.id, external_id=found.external_id, connection_id=found.connection_id)


def _concerns(recording: Recording, linked: Linked) -> bool:
    """Whether nobody has taken off meanwhile what the link had put on."""
    if linked.contact is not None:
        return linked.contact.id in recording.contact_ids
    if linked.deal is not None:
        return recording.deal_id == linked.deal.id
    return recording.engagement_id == linked.link.id


def _without_link(recording: Recording) -> Recording:
    link = recording.crm_link
    if link is None:
        return recording
    bare = replace(recording, crm_link=None)
    if link.data_type == OPPORTUNITY:
        return replace(bare, deal_id=None) if bare.deal_id == link.id else bare
    if link.data_type == ENGAGEMENT:
        return replace(bare, engagement_id=None) if bare.engagement_id == link.id else bare
    return replace(bare, contact_ids=tuple(one for one in bare.contact_ids if one != link.id))


def _is_meant(link: CrmLink, named: CrmLink) -> bool:
    return (
        link.data_type == named.data_type
        and named.id in (None, link.id)
        and named.external_id in (None, link.external_id or link.id)
        and named.connection_id in (None, link.connection_id)
    )


def _is_named(link: CrmLink, found: Deal | Contact) -> bool:
    """Whether the record is the one in its CRM that the link names, as far as the link says."""
    known_as = found.external_id or found.id
    return link.external_id in (None, known_as) and link.connection_id in (None, found.connection_id)


def _deal(org: str, link: CrmLink, records: RecordStores) -> Deal:
    deals = records.records(DEALS)
    if link.id is not None:
        deal = deals.get(org, link.id)
        if not _is_named(link, deal):
            raise DealNotFound(f"There is no deal {link.id} with that externalId and connection.")
        return deal

    found = _first(lambda position: deals.list(org, 1, position, wanted=partial(_is_named, link)))
    if found is None:
        raise DealNotFound(f"There is no deal {link.external_id}.")
    return found


def _contact(org: str, link: CrmLink, contacts: ContactStore) -> Contact:
    if link.id is not None:
        contact = contacts.get_contact(org, link.id)
        if not _is_named(link, contact):
            raise ContactNotFound(f"There is no contact {link.id} with that externalId and connection.")
        return contact

    found = _first(lambda position: contacts.list_contacts(org, 1, position, wanted=partial(_is_named, link)))
    if found is None:
        raise ContactNotFound(f"There is no contact {link.external_id}.")
    return found


def _first(read: Callable[[Position | None], Page[_T]]) -> _T | None:
    position: Position | None = None
    for _ in range(MAX_LOOKS):
        page = read(position)
        if page.records:
            return page.records[0]
        position = page.next_position
        if position is None:
            break
    return None


def linked_deals(org: str, recordings: Sequence[Recording], records: RecordStores) -> dict[str, Deal]:
    """The deals of these recordings by id, in one reading; deals that only the CRM knows are left out."""
    wanted = [recording.deal_id for recording in recordings if recording.deal_id]
    return dict(records.records(DEALS).find(org, wanted)) if wanted else {}


def linked_contacts(org: str, recordings: Sequence[Recording], contacts: ContactStore) -> dict[str, Contact]:
    """The contacts of these recordings by id, in one reading."""
    wanted = tuple(dict.fromkeys(one for recording in recordings for one in recording.contact_ids))
    return {contact.id: contact for contact in contacts.get_contacts(org, wanted)} if wanted else {}


def customers_of(
    org: str, recordings: Sequence[Recording], *, records: RecordStores, contacts: ContactStore
) -> list[Deal | Contact | None]:
    """Whom each recording concerns: the deal or contact its link leads to, else its first contact; None is nobody."""
    known = linked_contacts(org, recordings, contacts)
    in_crm = [one for one in recordings if one.crm_link is not None and one.crm_link.data_type == OPPORTUNITY]
    deals = linked_deals(org, in_crm, records)
    return [_customer(recording, known, deals) for recording in recordings]


def _customer(
    recording: Recording, contacts: Mapping[str, Contact], deals: Mapping[str, Deal]
) -> Deal | Contact | None:
    link = recording.crm_link
    if link is not None and link.data_type == OPPORTUNITY and (deal := deals.get(link.id or "")):
        return deal
    first = link.id if link is not None and link.id in contacts else next(iter(recording.contact_ids), None)
    return contacts.get(first or "")


def opportunities_of(org: str, recording: Recording, records: RecordStores) -> list[tuple[Deal, Connection | None]]:
    """The deal the recording concerns, with the connection to the CRM it comes from."""
    found: list[tuple[Deal, Connection | None]] = []
    for deal in linked_deals(org, [recording], records).values():
        connection_id = deal.connection_id
        known = records.records(CONNECTIONS).find(org, [connection_id]) if connection_id is not None else {}
        found.append((deal, known.get(connection_id or "")))
    return found
