"""Linking recordings to contacts and deals, also while something else changes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auricle.contacts import NewContact, add_contact
from auricle.errors import Conflict, ContactNotFound, InvalidRequest, TransientError
from auricle.linking import link_recording, unlink_recording
from auricle.recording import MAX_CONTACTS, Recording, Status
from tests.fakes import Fakes

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def fakes() -> Fakes:
    made = Fakes()
    for number in range(MAX_CONTACTS + 1):
        add_contact(NewContact(f"Contact {number}", id=f"c{number}"), org="acme", contacts=made.contacts, now=NOW)
    made.recordings.create(Recording("acme", "rec_1", NOW, NOW, Status.UPLOADING, "call.wav"), [])
    return made


def link(fakes: Fakes, contact_ids: Sequence[str], deal_id: str | None = None) -> Recording:
    return link_recording(
        "acme",
        "rec_1",
        contact_ids=contact_ids,
        deal_id=deal_id,
        recordings=fakes.recordings,
        contacts=fakes.contacts,
        now=LATER,
    )


def test_contacts_are_added_in_order_and_once(fakes: Fakes) -> None:
    assert link(fakes, ["c2", "c1", "c2"]).contact_ids == ("c2", "c1")
    assert link(fakes, ["c1", "c0"]).contact_ids == ("c2", "c1", "c0")
    assert [entry.id for entry in fakes.contacts.timeline("acme", "c0").entries] == ["rec_1"]


def test_a_deal_stays_until_another_is_given(fakes: Fakes) -> None:
    assert link(fakes, [], "deal_1").deal_id == "deal_1"
    assert link(fakes, ["c1"]).deal_id == "deal_1"
    assert link(fakes, [], "deal_2").deal_id == "deal_2"


def test_linking_what_is_linked_writes_nothing(fakes: Fakes) -> None:
    link(fakes, ["c1"], "deal_1")
    before = fakes.recordings.get("acme", "rec_1")
    assert link(fakes, ["c1"], "deal_1") == before == fakes.recordings.get("acme", "rec_1")


def test_an_unknown_contact_links_nobody(fakes: Fakes) -> None:
    with pytest.raises(ContactNotFound, match="nobody"):
        link(fakes, ["c1", "nobody"])
    assert fakes.recordings.get("acme", "rec_1").contact_ids == ()


def test_contacts_are_bounded(fakes: Fakes) -> None:
    link(fakes, [f"c{number}" for number in range(MAX_CONTACTS)])
    with pytest.raises(InvalidRequest) as refused:
        link(fakes, [f"c{MAX_CONTACTS}"])
    assert refused.value.field == "contact_ids"


def test_a_change_in_between_is_kept(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else writes between our read and our write: both changes stand afterwards."""
    read = fakes.recordings.get
    others = iter([True])

    def read_and_be_overtaken(org: str, recording_id: str) -> Recording:
        found = read(org, recording_id)
        if next(others, False):
            assert fakes.recordings.save(replace(found, title="Renewal", updated_at=LATER), expected=found)
        return found

    monkeypatch.setattr(fakes.recordings, "get", read_and_be_overtaken, raising=True)
    assert link(fakes, ["c1"]).title == "Renewal"
    assert read("acme", "rec_1").contact_ids == ("c1",)


def test_endless_change_is_a_passing_error(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fakes.recordings, "save", lambda *_args, **_named: False)
    with pytest.raises(TransientError):
        link(fakes, ["c1"])


def test_what_is_taken_off_is_on_no_timeline(fakes: Fakes) -> None:
    link(fakes, ["c1", "c2"], "deal_1")
    left = unlink_recording(
        "acme", "rec_1", contact_ids=["c1", "c9"], deal_id="deal_1", recordings=fakes.recordings, now=LATER
    )
    assert (left.contact_ids, left.deal_id) == (("c2",), None)
    assert fakes.contacts.timeline("acme", "c1").entries == ()
    assert [entry.id for entry in fakes.contacts.timeline("acme", "c2").entries] == ["rec_1"]


def test_a_contact_is_added_once(fakes: Fakes) -> None:
    with pytest.raises(Conflict):
        add_contact(NewContact("Another", id="c1"), org="acme", contacts=fakes.contacts, now=NOW)
    made = add_contact(NewContact("No id given"), org="acme", contacts=fakes.contacts, now=NOW)
    assert fakes.contacts.get_contact("acme", made.id) == made
