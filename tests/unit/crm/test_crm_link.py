"""The one CRM record a recording is linked to, also while something else changes either."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auricle.crm.connections import CONNECTIONS, Connection, Platform
from auricle.crm.contacts import NewContact, add_contact
from auricle.crm.crm_link import (
    ENGAGEMENT,
    OPPORTUNITY,
    Linked,
    customers_of,
    find_and_link,
    find_linked,
    link_to_crm,
    linked_by_external_id,
    linked_contacts,
    linked_deals,
    opportunities_of,
    unlink_from_crm,
    with_link,
)
from auricle.crm.deals import DEALS, Deal
from auricle.crm.links import link_recording
from auricle.errors import (
    Conflict,
    ContactNotFound,
    DealNotFound,
    InvalidRequest,
    PreconditionFailed,
    RecordingNotFound,
    TransientError,
)
from auricle.recordings.recording import CrmLink, Recording, Status
from auricle.records import Page
from tests.fakes import Fakes

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def fakes() -> Fakes:
    made = Fakes()
    for number in range(21):
        given = NewContact(f"Contact {number}", id=f"c{number}", external_id=f"003/{number}" if number else None)
        add_contact(given, org="acme", contacts=made.contacts, now=NOW)
    for deal_id, external_id in (("deal_1", "opp/1"), ("deal_2", None)):
        deal = Deal("acme", deal_id, NOW, NOW, deal_id.title(), external_id=external_id, connection_id="crm_1")
        made.records(DEALS).add(deal)
    made.recordings.create(Recording("acme", "rec_1", NOW, NOW, Status.UPLOADING, "call.wav"), [])
    return made


def find(fakes: Fakes, data_type: str, org: str = "acme", **named: Any) -> Linked:
    return find_linked(org, CrmLink(data_type, **named), records=fakes, contacts=fakes.contacts)


def link(fakes: Fakes, data_type: str, *, if_revision: int | None = None, **named: Any) -> Recording:
    linked = find(fakes, data_type, **named)
    return link_to_crm("acme", "rec_1", linked, recordings=fakes.recordings, now=LATER, if_revision=if_revision)


def unlink(fakes: Fakes, data_type: str | None = None, *, if_revision: int | None = None, **named: Any) -> bool:
    link = CrmLink(data_type, **named) if data_type else None
    return unlink_from_crm("acme", "rec_1", named=link, recordings=fakes.recordings, now=LATER, if_revision=if_revision)


def stored(fakes: Fakes) -> Recording:
    return fakes.recordings.get("acme", "rec_1", with_trashed=True)


def given(fakes: Fakes, **changes: Any) -> Recording:
    before = stored(fakes)
    assert fakes.recordings.save(replace(before, **changes), expected=before)
    return stored(fakes)


# --- what a link names --------------------------------------------------------------------------------------


def test_a_record_no_crm_knows_is_known_by_its_own_id(fakes: Fakes) -> None:
    for data_type, named in (("CONTACT", "c0"), (OPPORTUNITY, "deal_2")):
        linked = find(fakes, data_type, id=named)
        assert (linked.id, linked.external_id, linked.link.external_id) == (named, named, None)
        link(fakes, data_type, id=named)
        for again in ({"external_id": named}, {"id": named, "external_id": named}):
            assert find(fakes, data_type, **again) == linked
        assert unlink(fakes, data_type, external_id=named)
        assert stored(fakes).crm_link is None


def test_a_record_that_a_crm_knows_has_its_id_there(fakes: Fakes) -> None:
    assert find(fakes, "LEAD", external_id="003/1").id == "c1"
    for data_type, named, missing in (("CONTACT", "c1", ContactNotFound), (OPPORTUNITY, "deal_1", DealNotFound)):
        with pytest.raises(missing):
            find(fakes, data_type, external_id=named)
        with pytest.raises(missing):
            find(fakes, data_type, id=named, external_id=named)
        with pytest.raises(missing):
            find(fakes, data_type, id=named, connection_id="crm_2")
        with pytest.raises(missing):
            find(fakes, data_type, org="globex", id=named)
    assert find(fakes, OPPORTUNITY, external_id="opp/1", connection_id="crm_1").id == "deal_1"


@pytest.mark.parametrize("data_type", ["CONTACT", "ACCOUNT", "LEAD", OPPORTUNITY, ENGAGEMENT])
def test_a_link_names_something(data_type: str, fakes: Fakes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        find(fakes, data_type, connection_id="crm_1")
    assert refused.value.field == "id"


def test_a_record_is_found_beyond_pages_that_hold_none_of_it(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the tenant has many records a page can be short and still not be the last; the looks have their bound."""
    deals = type(fakes.records(DEALS))
    whole, empty = deals.list, [9]

    def late(self: Any, org: str, limit: int, position: Any = None, **asked: Any) -> Page[Deal]:
        looked = int(position["after"]) if position else 0
        return whole(self, org, limit, **asked) if looked >= empty[0] else Page((), {"after": str(looked + 1)})

    monkeypatch.setattr(deals, "list", late)
    assert find(fakes, OPPORTUNITY, external_id="opp/1").id == "deal_1"
    empty[0] = 10
    with pytest.raises(DealNotFound):
        find(fakes, OPPORTUNITY, external_id="opp/1")


def test_an_engagement_is_kept_under_both_its_ids(fakes: Fakes) -> None:
    """No record of Auricle's stands behind it, so one id stands for the other where only one is given."""
    assert find(fakes, ENGAGEMENT, id="eng_1").link == CrmLink(ENGAGEMENT, "eng_1", "eng_1")
    assert find(fakes, ENGAGEMENT, external_id="eng/1").link == CrmLink(ENGAGEMENT, "eng/1", "eng/1")
    assert find(fakes, ENGAGEMENT, id="eng_1", external_id="eng/1").link == CrmLink(ENGAGEMENT, "eng_1", "eng/1")


def test_what_is_linked_has_a_name(fakes: Fakes) -> None:
    names = [find(fakes, data_type, id=one).name for data_type, one in ((OPPORTUNITY, "deal_1"), ("LEAD", "c1"))]
    assert [*names, find(fakes, ENGAGEMENT, id="eng_1").name] == ["Deal_1", "Contact 1", "eng_1"]


# --- one link, and what follows from it ---------------------------------------------------------------------


def test_a_link_takes_the_place_of_any_other(fakes: Fakes) -> None:
    link(fakes, OPPORTUNITY, id="deal_1")
    after = link(fakes, ENGAGEMENT, external_id="eng/1")
    assert (after.deal_id, after.engagement_id, after.contact_ids) == (None, "eng/1", ())
    after = link(fakes, "ACCOUNT", id="c2")
    assert (after.deal_id, after.engagement_id, after.contact_ids) == (None, None, ("c2",))
    after = link(fakes, OPPORTUNITY, external_id="opp/1")
    assert (after.deal_id, after.engagement_id, after.contact_ids) == ("deal_1", None, ())
    assert after == stored(fakes)
    assert after.crm_link == CrmLink(OPPORTUNITY, "deal_1", "opp/1", "crm_1", linked_at=LATER)


def test_a_link_leaves_other_contacts_and_what_was_put_in_its_place(fakes: Fakes) -> None:
    given(fakes, contact_ids=("c3",))
    assert link(fakes, "CONTACT", id="c1").contact_ids == ("c3", "c1")
    assert unlink(fakes)
    assert stored(fakes).contact_ids == ("c3",)
    link(fakes, OPPORTUNITY, id="deal_1")
    given(fakes, deal_id="deal_2")
    assert unlink(fakes, OPPORTUNITY, id="deal_1")
    assert (stored(fakes).deal_id, stored(fakes).crm_link) == ("deal_2", None)
    link(fakes, ENGAGEMENT, id="eng_1")
    given(fakes, engagement_id="eng_2")
    assert unlink(fakes)
    assert stored(fakes).engagement_id == "eng_2"


def test_a_recording_has_so_many_contacts_and_its_links_is_one_of_them(fakes: Fakes) -> None:
    given(fakes, contact_ids=tuple(f"c{number}" for number in range(20)))
    with pytest.raises(InvalidRequest) as refused:
        link(fakes, "CONTACT", id="c20")
    assert refused.value.field == "id"
    assert stored(fakes).crm_link is None
    link(fakes, "CONTACT", id="c0")
    assert link(fakes, "CONTACT", id="c20").contact_ids[-1] == "c20"


@pytest.mark.parametrize(
    ("data_type", "named", "taken_off"),
    [
        ("CONTACT", "c1", {"contact_ids": ()}),
        (OPPORTUNITY, "deal_1", {"deal_id": None}),
        (ENGAGEMENT, "eng_1", {"engagement_id": None}),
    ],
)
def test_the_same_link_again_writes_only_what_is_missing(
    data_type: str, named: str, taken_off: dict[str, Any], fakes: Fakes
) -> None:
    first = link(fakes, data_type, id=named)
    again = find(fakes, data_type, id=named)
    same = link_to_crm(
        "acme",
        "rec_1",
        replace(again, link=replace(again.link, trigger="USER_LINK_WEB")),
        recordings=fakes.recordings,
        now=LATER + timedelta(days=1),
    )
    assert same == first == stored(fakes)
    (field,) = taken_off
    given(fakes, **taken_off)
    mended = link(fakes, data_type, id=named)
    assert getattr(mended, field) == getattr(first, field) != taken_off[field]


def test_a_link_to_what_only_the_crm_knows_concerns_no_record(fakes: Fakes) -> None:
    recording = with_link(stored(fakes), Linked(CrmLink(OPPORTUNITY, external_id="opp/9")))
    assert (recording.deal_id, recording.contact_ids, recording.engagement_id) == (None, (), None)
    assert with_link(recording, find(fakes, "CONTACT", id="c1")).contact_ids == ("c1",)


# --- what happens to either meanwhile -----------------------------------------------------------------------


def test_a_new_recording_is_linked_by_a_crms_id_also_where_the_record_is_unknown(fakes: Fakes) -> None:
    new = Recording("acme", "rec_2", NOW, NOW, Status.UPLOADING, "call.wav")

    def linked(external_id: str) -> Recording:
        link = CrmLink("CONTACT", external_id=external_id, connection_id=None, trigger="AUDIO_UPLOAD_DEEPLINK")
        return linked_by_external_id(new, link, records=fakes, contacts=fakes.contacts, now=LATER)

    known, unknown = linked("003/1"), linked("003/none")
    assert known.contact_ids == ("c1",)
    assert known.crm_link == CrmLink(
        "CONTACT", id="c1", external_id="003/1", trigger="AUDIO_UPLOAD_DEEPLINK", linked_at=LATER
    )
    assert unknown.contact_ids == ()
    assert unknown.crm_link == CrmLink(
        "CONTACT", external_id="003/none", trigger="AUDIO_UPLOAD_DEEPLINK", linked_at=LATER
    )


def test_a_link_to_a_deal_that_is_gone_can_be_taken_off_or_replaced(fakes: Fakes) -> None:
    link(fakes, OPPORTUNITY, id="deal_1")
    deals = fakes.records(DEALS)
    assert deals.remove(deals.get("acme", "deal_1"))
    with pytest.raises(DealNotFound):
        link(fakes, OPPORTUNITY, id="deal_1")
    assert linked_deals("acme", [stored(fakes)], fakes) == {}
    assert link(fakes, OPPORTUNITY, id="deal_2").deal_id == "deal_2"
    assert deals.remove(deals.get("acme", "deal_2"))
    assert unlink(fakes, OPPORTUNITY, id="deal_2")
    assert stored(fakes).deal_id is None


def test_a_locked_recording_keeps_its_link(fakes: Fakes) -> None:
    link(fakes, OPPORTUNITY, id="deal_1")
    before = given(fakes, locked=True)
    for act in (lambda: link(fakes, "CONTACT", id="c1"), lambda: unlink(fakes, OPPORTUNITY), lambda: unlink(fakes)):
        with pytest.raises(Conflict):
            act()
    assert unlink(fakes, "CONTACT", id="c1") is False
    assert stored(fakes) == before == link(fakes, OPPORTUNITY, id="deal_1")


def test_a_recording_in_the_bin_or_changed_meanwhile_is_not_linked(fakes: Fakes) -> None:
    link(fakes, OPPORTUNITY, id="deal_1")
    for act in (lambda: link(fakes, "LEAD", id="c1", if_revision=1), lambda: unlink(fakes, if_revision=1)):
        with pytest.raises(PreconditionFailed):
            act()
    given(fakes, deleted_at=NOW)
    for act in (lambda: link(fakes, "LEAD", id="c1"), lambda: unlink(fakes)):
        with pytest.raises(RecordingNotFound):
            act()


def test_a_change_that_comes_first_is_kept(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    save = fakes.recordings.save
    interrupted: list[bool] = []

    def late(*args: Any, **kwargs: Any) -> bool:
        if not interrupted:
            interrupted.append(True)
            link_recording(
                "acme",
                "rec_1",
                contact_ids=["c5"],
                deal_id=None,
                recordings=fakes.recordings,
                contacts=fakes.contacts,
                now=LATER,
            )
        return save(*args, **kwargs)

    monkeypatch.setattr(fakes.recordings, "save", late)
    assert link(fakes, "CONTACT", id="c1").contact_ids == ("c5", "c1")
    interrupted.clear()
    assert unlink(fakes)
    assert stored(fakes).contact_ids == ("c5",)


def test_a_link_taken_off_by_two_is_taken_off_by_one(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    link(fakes, OPPORTUNITY, id="deal_1")
    save = fakes.recordings.save

    def late(*args: Any, **kwargs: Any) -> bool:
        monkeypatch.undo()
        assert unlink(fakes)
        return save(*args, **kwargs)

    monkeypatch.setattr(fakes.recordings, "save", late)
    assert unlink(fakes) is False


def test_a_recording_that_keeps_changing_is_linked_later(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fakes.recordings, "save", lambda *_args, **_kwargs: False)
    with pytest.raises(TransientError):
        link(fakes, OPPORTUNITY, id="deal_1")


def test_what_many_recordings_are_linked_to_is_read_at_once(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = stored(fakes)
    recordings = [
        replace(usual, id="a", deal_id="deal_1", contact_ids=("c1", "c2")),
        replace(usual, id="b", deal_id="deal_2", contact_ids=("c2",)),
        replace(usual, id="c", deal_id="only_in_the_crm"),
    ]
    assert sorted(linked_deals("acme", recordings, fakes)) == ["deal_1", "deal_2"]
    assert sorted(linked_contacts("acme", recordings, fakes.contacts)) == ["c1", "c2"]
    assert linked_deals("globex", recordings, fakes) == {}
    monkeypatch.setattr(fakes.contacts, "get_contacts", None)
    monkeypatch.setattr(type(fakes), "records", None)
    assert (linked_deals("acme", [usual], fakes), linked_contacts("acme", [usual], fakes.contacts)) == ({}, {})


def test_whom_recordings_concern(fakes: Fakes) -> None:
    usual = stored(fakes)
    recordings = [
        replace(usual, deal_id="deal_1", contact_ids=("c1",), crm_link=CrmLink(OPPORTUNITY, id="deal_1")),
        replace(usual, contact_ids=("c1", "c2"), crm_link=CrmLink("ACCOUNT", id="c2")),
        replace(usual, deal_id="gone", contact_ids=("c1",), crm_link=CrmLink(OPPORTUNITY, id="gone")),
        replace(usual, deal_id="deal_1", contact_ids=("c1",)),
        usual,
    ]
    found = customers_of("acme", recordings, records=fakes, contacts=fakes.contacts)
    assert [one and one.id for one in found] == ["deal_1", "c2", "c1", "c1", None]


def test_a_deal_comes_from_a_crm(fakes: Fakes) -> None:
    recording = replace(stored(fakes), deal_id="deal_1")
    deal = fakes.records(DEALS).get("acme", "deal_1")
    assert opportunities_of("acme", recording, fakes) == [(deal, None)]
    crm = Connection("acme", "crm_1", NOW, NOW, "Our CRM", Platform.MERGE, "acct_1")
    fakes.records(CONNECTIONS).add(crm)
    assert opportunities_of("acme", recording, fakes) == [(deal, crm)]
    assert opportunities_of("acme", stored(fakes), fakes) == []


def test_of_two_unknown_ids_the_recordings_is_named(fakes: Fakes) -> None:
    def link_named(recording_id: str, deal_id: str) -> tuple[Linked, Recording]:
        return find_and_link(
            "acme",
            recording_id,
            CrmLink(OPPORTUNITY, id=deal_id),
            recordings=fakes.recordings,
            records=fakes,
            contacts=fakes.contacts,
            now=LATER,
        )

    with pytest.raises(RecordingNotFound):
        link_named("rec_none", "deal_none")
    with pytest.raises(DealNotFound):
        link_named("rec_1", "deal_none")
    linked, recording = link_named("rec_1", "deal_1")
    assert (linked.id, recording) == ("deal_1", stored(fakes))
