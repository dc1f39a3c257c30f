"""What every implementation of `ports.RecordStore` does: run on the fakes (unit) and on the table (integration).

A subclass gives `state`. Tests share it, so each works in a tenant of its own (`org`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from uuid import uuid4

import pytest

from auricle.errors import (
    CommentNotFound,
    Conflict,
    DealNotFound,
    EventNotFound,
    NotFound,
    RecordingNotFound,
    RecordTooLarge,
)
from auricle.ports import RecordingStore, RecordStore
from auricle.recordings.counters import NOTHING_COUNTED, Counters, CountersChange
from auricle.records import RecordKind, T
from tests.fakes.contract import NOW, a_recording


class State(Protocol):
    """The ports under test."""

    @property
    def recordings(self) -> RecordingStore: ...
    def records(self, kind: RecordKind[T]) -> RecordStore[T]: ...


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    weight_g: int = 0
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    """A record of the tenant's, with everything a record may hold."""

    org: str
    id: str
    created_at: datetime
    revision: int = 1
    name: str = ""
    colour: Colour | None = None
    parts: tuple[Part, ...] = ()
    sizes: frozenset[int] = frozenset()
    facts: Any = None


@dataclass(frozen=True, slots=True)
class Remark:
    """A record of a recording's."""

    org: str
    id: str
    recording_id: str
    created_at: datetime
    revision: int = 1
    text: str = ""


THINGS = RecordKind("odd-thing", Thing, DealNotFound)
OTHERS = RecordKind("odd-thing-also", Thing, DealNotFound)
REMARKS = RecordKind("remark", Remark, CommentNotFound, of_recording=True)
NOISES = RecordKind("noise", Remark, EventNotFound, of_recording=True, listed=True)


def a_thing(org: str, thing_id: str = "thing_1", **given: Any) -> Thing:
    return replace(Thing(org, thing_id, NOW), **given)


def a_remark(org: str, remark_id: str = "remark_1", recording_id: str = "rec_1", **given: Any) -> Remark:
    return replace(Remark(org, remark_id, recording_id, NOW), **given)


def ids(collection: RecordStore[Any], org: str, limit: int = 100, **asked: Any) -> list[list[str]]:
    """Ids of the whole listing, a list a page."""
    pages: list[list[str]] = []
    position = None
    while True:
        page = collection.list(org, limit, position, **asked)
        pages.append([record.id for record in page.records])
        position = page.next_position
        if position is None:
            return pages


class RecordStoreContract:
    """Subclasses are collected; this class alone is not."""

    @pytest.fixture
    def org(self) -> str:
        return f"org-{uuid4().hex[:12]}"

    # --- the tenant's own ---------------------------------------------------------------------------------

    def test_a_record_comes_back_as_it_was_written(self, state: State, org: str) -> None:
        things = state.records(THINGS)
        full = a_thing(
            org,
            "thing_2",
            name="Größe 📞",
            colour=Colour.BLUE,
            parts=(Part("a", 3, NOW + timedelta(microseconds=7)), Part("b")),
            sizes=frozenset({1, 2}),
            facts={"a": [1, "x", None, True, 0.25]},
        )
        for thing in (a_thing(org), full):
            things.add(thing)
            assert things.get(org, thing.id) == thing

    def test_an_id_is_taken_once(self, state: State, org: str) -> None:
        things = state.records(THINGS)
        things.add(a_thing(org, name="first"))
        with pytest.raises(Conflict) as refused:
            things.add(a_thing(org, name="second"))
        assert refused.value.message == "There is a odd thing thing_1 already."
        assert things.get(org, "thing_1").name == "first"

    def test_unknown_foreign_and_other_kinds_ids_look_the_same(self, state: State, org: str) -> None:
        state.records(THINGS).add(a_thing(org))
        asked = ((THINGS, f"{org}-other", "thing_1"), (THINGS, org, "thing_2"), (THINGS, org[:-1], "thing_1"))
        for kind, tenant, thing_id in asked:
            with pytest.raises(DealNotFound) as refused:
                state.records(kind).get(tenant, thing_id)
            assert refused.value.message == f"There is no odd thing {thing_id}."
        with pytest.raises(NotFound):
            state.records(OTHERS).get(org, "thing_1")
        assert ids(state.records(THINGS), f"{org}-other") == ids(state.records(OTHERS), org) == [[]]
        assert state.records(THINGS).find(f"{org}-other", ["thing_1"]) == {}

    def test_those_there_are_are_found(self, state: State, org: str) -> None:
        things = state.records(THINGS)
        made = [a_thing(org, f"thing_{number:03d}") for number in range(120)]
        for thing in made:
            things.add(thing)
        wanted = [thing.id for thing in made]
        assert things.find(org, [*wanted, "thing_none", wanted[0]]) == {thing.id: thing for thing in made}
        assert things.find(org, []) == {}

    def test_a_write_is_refused_once_the_record_has_moved_on(self, state: State, org: str) -> None:
        things, first = state.records(THINGS), a_thing(org)
        assert not things.replace(first, expected=first)
        things.add(first)
        assert things.replace(replace(first, name="second"), expected=first)
        stored = things.get(org, first.id)
        assert (stored.name, stored.revision) == ("second", 2)
        assert not things.replace(replace(first, name="late"), expected=first)
        assert not things.remove(first)
        assert things.get(org, first.id) == stored
        assert things.remove(stored)
        assert not things.remove(stored)
        assert not things.replace(stored, expected=stored)
        with pytest.raises(DealNotFound):
            things.get(org, first.id)
        assert ids(things, org) == [[]]

    def test_of_rivals_with_the_same_view_one_writes(self, state: State, org: str) -> None:
        things, before = state.records(THINGS), a_thing(org)
        things.add(before)
        rivals = [replace(before, name=f"rival {number}") for number in range(8)]
        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(lambda rival: things.replace(rival, expected=before), rivals))
        assert won.count(True) == 1
        assert things.get(org, before.id) == replace(rivals[won.index(True)], revision=2)

    def test_listings_are_newest_first_in_exact_pages(self, state: State, org: str) -> None:
        things = state.records(THINGS)
        for number in range(7):
            things.add(a_thing(org, f"thing_{number}", created_at=NOW - timedelta(days=20 * number)))
        things.add(a_thing(org, "thing_7", created_at=NOW - timedelta(days=120)))
        everything = [f"thing_{number}" for number in (0, 1, 2, 3, 4, 5, 7, 6)]
        assert ids(things, org) == [everything]
        assert ids(things, org, 3) == [everything[:3], everything[3:6], everything[6:]]
        assert ids(things, org, 4) == [everything[:4], everything[4:]]

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ({"created_from": NOW}, "65"),
            ({"created_from": NOW + timedelta(microseconds=1)}, "6"),
            ({"created_to": NOW}, "543210"),
            ({"created_to": NOW - timedelta(microseconds=1)}, "43210"),
            ({"created_from": NOW, "created_to": NOW}, "5"),
            ({"created_from": NOW, "created_to": NOW - timedelta(days=1)}, ""),
            ({"wanted": lambda thing: thing.id in {"thing_1", "thing_4"}}, "41"),
            ({"wanted": lambda thing: int(thing.id[-1]) % 2, "created_to": NOW - timedelta(days=1)}, "31"),
        ],
        ids=["from", "after", "to", "before", "at", "none", "chosen", "chosen-before"],
    )
    def test_listings_admit_what_was_asked_for(
        self, state: State, org: str, asked: dict[str, Any], expected: str
    ) -> None:
        self.some(state, org)
        assert ids(state.records(THINGS), org, **asked) == [[f"thing_{number}" for number in expected]]
        one_by_one = ids(state.records(THINGS), org, 1, **asked)
        assert [thing_id for page in one_by_one for thing_id in page] == [f"thing_{number}" for number in expected]

    def some(self, state: State, org: str) -> None:
        for number in range(7):
            state.records(THINGS).add(a_thing(org, f"thing_{number}", created_at=NOW + timedelta(days=number - 5)))

    def test_a_listing_goes_on_where_what_it_ended_with_is_gone(self, state: State, org: str) -> None:
        self.some(state, org)
        things = state.records(THINGS)
        first = things.list(org, 3)
        assert things.remove(first.records[-1])
        rest = things.list(org, 100, first.next_position)
        assert [thing.id for thing in rest.records] == ["thing_3", "thing_2", "thing_1", "thing_0"]

    # --- a recording's ------------------------------------------------------------------------------------

    @pytest.fixture
    def recording_id(self, state: State, org: str) -> str:
        state.recordings.create(a_recording(org), [])
        return "rec_1"

    def counts(self, state: State, org: str) -> Counters:
        return state.recordings.detail(org, "rec_1").counters

    def test_a_childs_place_is_its_recording(self, state: State, org: str, recording_id: str) -> None:
        remarks, remark = state.records(REMARKS), a_remark(org, text="yes")
        remarks.add(remark)
        assert remarks.get(org, "remark_1", recording_id=recording_id) == remark
        state.recordings.create(a_recording(org, "rec_2"), [])
        for tenant, owner in ((org, "rec_2"), (org, "rec_none"), (f"{org}-other", "rec_1")):
            with pytest.raises(CommentNotFound):
                remarks.get(tenant, "remark_1", recording_id=owner)
            assert ids(remarks, tenant, recording_id=owner) == [[]]
        with pytest.raises(Conflict):
            remarks.add(a_remark(org, text="no"))
        assert remarks.get(org, "remark_1", recording_id=recording_id) == remark

    def test_nothing_is_added_to_a_recording_that_is_not_there(self, state: State, org: str, recording_id: str) -> None:
        remarks, other = state.records(REMARKS), f"{org}-other"
        for tenant, owner in ((org, "rec_none"), (other, "rec_1")):
            with pytest.raises(RecordingNotFound) as refused:
                remarks.add(a_remark(tenant, recording_id=owner), counters=CountersChange(comments=1))
            assert refused.value.message == f"There is no recording {owner}."
            with pytest.raises(RecordingNotFound):
                remarks.add_all([a_remark(tenant, recording_id=owner)])
            assert ids(remarks, tenant, recording_id=owner) == [[]]
        self.remove(state, org)
        with pytest.raises(RecordingNotFound):
            remarks.add(a_remark(org), counters=CountersChange(comments=1))
        with pytest.raises(RecordingNotFound):
            state.recordings.count(org, recording_id, CountersChange(views=1))

    def remove(self, state: State, org: str) -> None:
        before = state.recordings.get(org, "rec_1")
        assert state.recordings.save(before.removed(at=NOW), expected=before)

    def test_children_are_listed_oldest_first_in_exact_pages(self, state: State, org: str, recording_id: str) -> None:
        remarks = state.records(REMARKS)
        for number in (3, 0, 6, 2, 5, 1, 4):
            remarks.add(a_remark(org, f"remark_{number}", created_at=NOW + timedelta(days=number)))
        state.records(NOISES).add(a_remark(org, "noise_1"))
        everything = [f"remark_{number}" for number in range(7)]
        assert ids(remarks, org, recording_id=recording_id) == [everything]
        assert ids(remarks, org, 3, recording_id=recording_id) == [everything[:3], everything[3:6], everything[6:]]
        assert ids(remarks, org, 7, recording_id=recording_id) == [everything]
        odd: Callable[[Remark], bool] = lambda remark: int(remark.id[-1]) % 2 == 1  # noqa: E731
        assert ids(remarks, org, 2, recording_id=recording_id, wanted=odd) == [["remark_1", "remark_3"], ["remark_5"]]
        between = {"created_from": NOW + timedelta(days=2), "created_to": NOW + timedelta(days=4)}
        assert ids(remarks, org, 2, recording_id=recording_id, **between) == [["remark_2", "remark_3"], ["remark_4"]]

    def test_what_a_record_counts_for_is_counted_with_it(self, state: State, org: str, recording_id: str) -> None:
        remarks = state.records(REMARKS)
        assert self.counts(state, org) == NOTHING_COUNTED
        first = a_remark(org)
        unread = frozenset({("ann", "remark_1"), ("bob b", "remark_1")})
        remarks.add(first, counters=CountersChange(comments=1, unread=unread))
        with pytest.raises(Conflict):
            remarks.add(first, counters=CountersChange(comments=1))
        told = frozenset({"remark_1"})
        assert self.counts(state, org) == Counters(comments=1, unread={"ann": told, "bob b": told})
        read = CountersChange(read=frozenset({("bob b", "remark_1"), ("cid", "remark_1")}))
        assert remarks.replace(replace(first, text="x"), expected=first, counters=read)
        assert not remarks.replace(replace(first, text="y"), expected=first, counters=CountersChange(comments=5))
        assert not remarks.remove(first, counters=CountersChange(comments=-1))
        assert self.counts(state, org) == Counters(comments=1, unread={"ann": told})
        secret = CountersChange(unread=frozenset({("bob b", "remark_1")}), private=True)
        state.recordings.count(org, recording_id, secret)
        assert self.counts(state, org) == Counters(comments=1, unread={"ann": told}, unread_private={"bob b": told})
        state.recordings.count(org, recording_id, CountersChange(read=secret.unread, private=True))
        last = CountersChange(comments=-1, read=frozenset({("ann", "remark_1")}))
        assert remarks.remove(remarks.get(org, "remark_1", recording_id=recording_id), counters=last)
        assert self.counts(state, org) == NOTHING_COUNTED

    def test_counts_add_up_whoever_adds_at_once(self, state: State, org: str, recording_id: str) -> None:
        change = CountersChange(views=1, viewers=1, viewed_ms=1500, listened_ms=700, stars=1)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: state.recordings.count(org, recording_id, change), range(12)))
        counted = Counters(views=12, viewers=12, viewed_ms=18_000, listened_ms=8400, stars=12)
        assert self.counts(state, org) == counted
        state.recordings.count(org, recording_id, CountersChange(stars=-2, listened_ms=-400))
        assert self.counts(state, org) == replace(counted, stars=10, listened_ms=8000)

    def test_many_are_added_at_once(self, state: State, org: str, recording_id: str) -> None:
        remarks = state.records(REMARKS)
        made = [a_remark(org, f"remark_{number:03d}", text="x" * number) for number in range(100)]
        remarks.add_all(made)
        assert remarks.list(org, 100, recording_id=recording_id).records == tuple(made)
        with pytest.raises(Conflict):
            remarks.add_all([a_remark(org, "remark_new"), made[50]])
        assert len(remarks.list(org, 200, recording_id=recording_id).records) == 100
        remarks.add_all([])

    def test_what_is_listed_of_all_recordings_lies_with_each(self, state: State, org: str, recording_id: str) -> None:
        noises = state.records(NOISES)
        state.recordings.create(a_recording(org, "rec_2"), [])
        for number in range(6):
            owner, at = f"rec_{number % 2 + 1}", NOW + timedelta(minutes=number)
            noises.add(a_remark(org, f"noise_{number}", owner, created_at=at))
        noises.add(a_remark(org, "noise_6", created_at=NOW + timedelta(minutes=5)))
        assert ids(noises, org, 2) == [
            ["noise_6", "noise_5"],
            ["noise_4", "noise_3"],
            ["noise_2", "noise_1"],
            ["noise_0"],
        ]
        later = {"created_from": NOW + timedelta(minutes=2), "created_to": NOW + timedelta(minutes=4)}
        assert ids(noises, org, 9, **later) == [["noise_4", "noise_3", "noise_2"]]
        assert ids(noises, org, recording_id=recording_id) == [["noise_0", "noise_2", "noise_4", "noise_6"]]
        assert ids(noises, f"{org}-other") == [[]]
        one = noises.get(org, "noise_1", recording_id="rec_2")
        assert noises.replace(replace(one, text="x"), expected=one)
        assert [noise.text for noise in noises.list(org, 100).records] == ["", "", "", "", "", "x", ""]

    def test_what_is_larger_than_an_item_is_refused(self, state: State, org: str, recording_id: str) -> None:
        """Of text that does not become smaller by compression."""
        large = secrets.token_urlsafe(450_000)
        things, remarks = state.records(THINGS), state.records(REMARKS)
        with pytest.raises(RecordTooLarge):
            things.add(a_thing(org, name=large))
        thing = a_thing(org, name=large[:300_000])
        things.add(thing)
        with pytest.raises(RecordTooLarge):
            things.replace(replace(thing, name=large), expected=thing)
        assert things.get(org, thing.id) == thing
        with pytest.raises(RecordTooLarge):
            remarks.add(a_remark(org, text=large))
        with pytest.raises(RecordTooLarge):
            remarks.add_all([a_remark(org), a_remark(org, "remark_2", text=large)])
        assert remarks.list(org, 9, recording_id=recording_id).records == ()

    def test_a_detail_gives_the_children_asked_for(self, state: State, org: str, recording_id: str) -> None:
        assert state.recordings.detail(org, recording_id, children=[REMARKS]).children == {"remark": ()}
        remarks = [a_remark(org, f"remark_{number}") for number in range(3)]
        noises = [a_remark(org, f"noise_{number}") for number in range(2)]
        state.records(NOISES).add_all(noises)
        state.records(REMARKS).add_all(remarks)
        state.recordings.count(org, recording_id, CountersChange(views=1))
        detail = state.recordings.detail(org, recording_id, children=[NOISES, REMARKS])
        assert detail.children == {"noise": tuple(noises), "remark": tuple(remarks)}
        assert (detail.recording.id, detail.counters) == (recording_id, Counters(views=1))
        assert state.recordings.detail(org, recording_id, children=[NOISES]).children == {"noise": tuple(noises)}
        assert state.recordings.detail(org, recording_id).children == {}

    def test_children_are_forgotten_with_their_recording(self, state: State, org: str, recording_id: str) -> None:
        remarks, noises = state.records(REMARKS), state.records(NOISES)
        made = [a_remark(org, f"remark_{number:02d}") for number in range(30)]
        remarks.add_all(made)
        noises.add_all([a_remark(org, "noise_1")])
        state.recordings.create(a_recording(org, "rec_2"), [])
        noises.add(a_remark(org, "noise_2", "rec_2"))
        state.records(THINGS).add(a_thing(org))
        state.recordings.count(org, recording_id, CountersChange(comments=30))
        self.remove(state, org)
        counting = CountersChange(comments=-1)
        assert not remarks.replace(made[0], expected=made[0], counters=counting)
        assert not remarks.remove(made[0], counters=counting)
        state.recordings.forget_children(org, recording_id)
        assert ids(remarks, org, recording_id=recording_id) == [[]]
        assert ids(noises, org) == [["noise_2"]]
        assert ids(state.records(THINGS), org) == [["thing_1"]]
        assert state.recordings.was_removed(org, recording_id)
        state.recordings.forget_children(org, recording_id)
