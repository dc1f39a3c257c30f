"""Linking: which contacts and which deal a recording concerns. It appears on the contacts' timelines by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from auricle.crm.timeline import EntryType
from auricle.errors import InvalidRequest
from auricle.ports import ContactStore, Position, RecordingFilter, RecordingPage, RecordingStore
from auricle.recordings.changes import change_recording
from auricle.recordings.recording import MAX_CONTACTS, Recording


def link_recording(
    org: str,
    recording_id: str,
    *,
    contact_ids: Sequence[str],
    deal_id: str | None,
    recordings: RecordingStore,
    contacts: ContactStore,
    now: datetime,
    if_revision: int | None = None,
) -> Recording:
    """Adds the contacts, sets the deal where one is given, and returns the recording as it stands then.

    Linking what is linked already changes nothing. A deal's id is taken as given: it may be one that only the CRM
    knows.

    Raises:
        RecordingNotFound, ContactNotFound: not the tenant's.
        InvalidRequest: more contacts than a recording can have.
        PreconditionFailed: the recording is not at `if_revision`.
        Conflict: it is locked.
        TransientError: it kept changing under the write.
    """
    if contact_ids:
        recordings.get(org, recording_id)  # of two ids that are unknown, the one in the path is named
        contacts.get_contacts(org, tuple(dict.fromkeys(contact_ids)))

    def link(before: Recording) -> Recording:
        linked = tuple(dict.fromkeys((*before.contact_ids, *contact_ids)))
        if len(linked) > MAX_CONTACTS:
            raise InvalidRequest(f"A recording can have {MAX_CONTACTS} contacts at most.", field="contact_ids")
        return replace(before, contact_ids=linked, deal_id=deal_id or before.deal_id)

    return change_recording(org, recording_id, link, recordings=recordings, now=now, if_revision=if_revision)


def unlink_recording(
    org: str,
    recording_id: str,
    *,
    contact_ids: Sequence[str],
    deal_id: str | None,
    recordings: RecordingStore,
    now: datetime,
    if_revision: int | None = None,
) -> Recording:
    """Takes the contacts and the deal off the recording; what it was not linked to changes nothing.

    Raises:
        RecordingNotFound, PreconditionFailed, Conflict, TransientError: as linking does.
    """

    def unlink(before: Recording) -> Recording:
        left = tuple(contact_id for contact_id in before.contact_ids if contact_id not in contact_ids)
        return replace(before, contact_ids=left, deal_id=None if before.deal_id == deal_id else before.deal_id)

    return change_recording(org, recording_id, unlink, recordings=recordings, now=now, if_revision=if_revision)


def linked_recordings(
    org: str,
    contact_id: str,
    wanted: RecordingFilter,
    limit: int,
    position: Position | None,
    *,
    recordings: RecordingStore,
    contacts: ContactStore,
) -> RecordingPage:
    """Recordings on the contact's timeline that the filter admits, newest first: however many others the tenant has.

    A page can be short where the filter passes over some, and still has a next position.
    """
    lines = contacts.timeline(
        org,
        contact_id,
        types=(EntryType.RECORDING,),
        date_from=wanted.created_from,
        date_to=wanted.created_to,
        limit=limit,
        position=position,
    )
    known = recordings.find(org, [line.id for line in lines.entries])
    found = (known[line.id] for line in lines.entries if line.id in known)
    return RecordingPage(tuple(recording for recording in found if wanted.admits(recording)), lines.next_position)
