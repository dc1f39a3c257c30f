"""Linking recordings to contacts and deals, also while something else changes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auricle.crm.contacts import NewContact, add_contact
from auricle.crm.links import link_recording, linked_recordings, unlink_recording
from auricle.crm.timeline import EntryType, TimelineEntry
from auricle.errors import (
    Conflict,
    ContactNotFound,
    InvalidRequest,
    PreconditionFailed,
    RecordingNotFound,
    TransientError,
)
from auricle.ports import Position, RecordingFilter, RecordingPage
from auricle.recordings.recording import Recording, Status
from tests.fakes import Fakes

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def fakes() -> Fakes:
    made = Fakes()
    for number in range(21):
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
    link(fakes, [f"c{number}" for number in range(20)])
    with pytest.raises(InvalidRequest) as refused:
        link(fakes, ["c20"])
    assert refused.value.field == "contact_ids"


def test_a_change_in_between_is_kept(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else writes between our read and our write: both changes stand afterwards."""
    read = fakes.recordings.get
    others = iter([True])

    def read_and_be_overtaken(org: str, recording_id: str, *, with_trashed: bool = False) -> Recording:
        found = read(org, recording_id, with_trashed=with_trashed)
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


def test_the_revision_is_asked_for(fakes: Fakes) -> None:
    with pytest.raises(PreconditionFailed):
        link_recording(
            "acme",
            "rec_1",
            contact_ids=["c1"],
            deal_id=None,
            recordings=fakes.recordings,
            contacts=fakes.contacts,
            now=LATER,
            if_revision=2,
        )
    with pytest.raises(PreconditionFailed):
        unlink_recording(
            "acme",
            "rec_1",
            contact_ids=["c1"],
            deal_id=None,
            recordings=fakes.recordings,
            now=LATER,
            if_revision=2,
        )


def test_of_two_unknown_ids_the_recording_s_is_named(fakes: Fakes) -> None:
    with pytest.raises(RecordingNotFound, match="rec_none"):
        link_recording(
            "acme",
            "rec_none",
            contact_ids=["nobody"],
            deal_id=None,
            recordings=fakes.recordings,
            contacts=fakes.contacts,
            now=LATER,
        )


def test_the_bound_on_contacts_names_itself(fakes: Fakes) -> None:
    assert len(link(fakes, [f"c{number}" for number in range(20)]).contact_ids) == 20
    with pytest.raises(InvalidRequest) as refused:
        link(fakes, ["c20"])
    assert (refused.value.message, refused.value.field) == ("A recording can have 20 contacts at most.", "contact_ids")


@pytest.mark.parametrize("deal_id", ["deal_0", "deal_2", None])
def test_another_deal_than_its_own_is_not_taken_off(fakes: Fakes, deal_id: str | None) -> None:
    link(fakes, ["c1"], "deal_1")
    left = unlink_recording("acme", "rec_1", contact_ids=[], deal_id=deal_id, recordings=fakes.recordings, now=LATER)
    assert (left.deal_id, left.contact_ids) == ("deal_1", ("c1",))


# --- a contact's recordings ---------------------------------------------------------------------------------


def of_contact(
    fakes: Fakes, wanted: RecordingFilter, limit: int = 10, position: Position | None = None
) -> RecordingPage:
    return linked_recordings(
        "acme", "c1", wanted, limit, position, recordings=fakes.recordings, contacts=fakes.contacts
    )


def ids(page: RecordingPage) -> list[str]:
    return [recording.id for recording in page.recordings]


@pytest.fixture
def linked(fakes: Fakes) -> Fakes:
    """Four recordings with one contact, an hour apart, and a note between them."""
    for number in range(4):
        recording = Recording(
            "acme",
            f"call_{number}",
            NOW + timedelta(hours=number),
            NOW,
            Status.COMPLETE,
            "call.wav",
            kind="video" if number == 2 else "phone",
            contact_ids=("c1",),
        )
        fakes.recordings.create(recording, [])
    note = TimelineEntry("acme", "c1", EntryType.NOTE, "note_1", NOW + timedelta(minutes=90), {"text": "…"})
    fakes.contacts.add_interaction(note)
    return fakes


def test_a_contact_s_recordings_come_newest_first_page_by_page(linked: Fakes) -> None:
    assert ids(of_contact(linked, RecordingFilter())) == ["call_3", "call_2", "call_1", "call_0"]
    page = of_contact(linked, RecordingFilter(), limit=3)
    assert ids(page) == ["call_3", "call_2", "call_1"]
    last = of_contact(linked, RecordingFilter(), limit=3, position=page.next_position)
    assert (ids(last), last.next_position) == (["call_0"], None)


def test_a_contact_s_recordings_are_those_the_filter_admits(linked: Fakes) -> None:
    assert ids(of_contact(linked, RecordingFilter(kind="phone"))) == ["call_3", "call_1", "call_0"]
    since, until = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    asked: list[dict[str, Any]] = []
    timeline = linked.contacts.timeline

    def seen(*given: Any, **named: Any) -> Any:
        asked.append(named)
        return timeline(*given, **named)

    linked.contacts.timeline = seen  # type: ignore[method-assign]
    assert ids(of_contact(linked, RecordingFilter(created_from=since, created_to=until))) == ["call_2", "call_1"]
    assert (asked[0]["date_from"], asked[0]["date_to"]) == (since, until), "the table is not read beyond them"


def test_a_line_whose_recording_is_gone_is_passed_over(linked: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    find = linked.recordings.find

    def found(org: str, wanted: Sequence[str]) -> Any:
        return {key: value for key, value in find(org, wanted).items() if key != "call_2"}

    monkeypatch.setattr(linked.recordings, "find", found)
    assert ids(of_contact(linked, RecordingFilter())) == ["call_3", "call_1", "call_0"]
