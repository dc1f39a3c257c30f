"""Linking: which contacts and which deal a recording concerns. It appears on the contacts' timelines by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from auricle.errors import InvalidRequest, TransientError
from auricle.ports import ContactStore, RecordingStore
from auricle.recording import Recording

MAX_CONTACTS = 20
"""A recording's state, its lines on every timeline and its events are one transaction, which DynamoDB bounds."""
_ATTEMPTS = 5


def link_recording(
    org: str,
    recording_id: str,
    *,
    contact_ids: Sequence[str],
    deal_id: str | None,
    recordings: RecordingStore,
    contacts: ContactStore,
    now: datetime,
) -> Recording:
    """Adds the contacts, sets the deal where one is given, and returns the recording as it stands then.

    Linking what is linked already changes nothing.

    Raises:
        RecordingNotFound, ContactNotFound: not the tenant's.
        InvalidRequest: more contacts than a recording can have.
        TransientError: the recording kept changing under the write.
    """
    if contact_ids:
        contacts.get_contacts(org, tuple(dict.fromkeys(contact_ids)))
    for _ in range(_ATTEMPTS):
        before = recordings.get(org, recording_id)
        linked = tuple(dict.fromkeys((*before.contact_ids, *contact_ids)))
        if len(linked) > MAX_CONTACTS:
            raise InvalidRequest(f"A recording can have {MAX_CONTACTS} contacts at most.", field="contact_ids")
        after = replace(before, contact_ids=linked, deal_id=deal_id or before.deal_id)
        if after == before:
            return before
        after = replace(after, updated_at=now)
        if recordings.save(after, expected=before):
            return after
    raise TransientError("The recording kept changing while it was being linked. Try again.")
