"""The rule for private and undiscoverable recordings, and that nothing which answers a request can go around it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auricle.crm.contacts import Contact
from auricle.crm.links import linked_recordings
from auricle.directory.visibility import Viewer, viewer_of
from auricle.domain_events import EventType
from auricle.errors import NotYours, RecordingNotFound
from auricle.ports import RecordingFilter
from auricle.recordings.comments import COMMENTS, Comment
from auricle.recordings.counters import Counters, CountersChange
from auricle.recordings.events import recording_event
from auricle.recordings.mobile_events import MOBILE_EVENTS, MobileEvent, find_mobile_event
from auricle.recordings.recording import Excerpt, Recording, RecordingDetail, Split
from auricle.search.lexical import search
from auricle.visible_stores import VisibleStores
from tests.contract.conftest import NOW, Archive
from tests.fakes import Fakes
from tests.fakes.contract import a_recording

API = Path(__file__).resolve().parents[3] / "functions/api"
OWNER, OTHER = viewer_of("ann", scopes=(), roles=()), viewer_of("bob", scopes=("recordings:read",), roles=("rep",))
ADMIN, FOUNDER = viewer_of("cid", scopes=("org:admin",), roles=()), viewer_of("dan", scopes=(), roles=("founder",))


@pytest.mark.parametrize(
    ("given", "opened_by_others", "found_by_others"),
    [
        ({}, True, True),
        ({"discoverable": False}, True, False),
        ({"private": True}, False, False),
        ({"private": True, "discoverable": False}, False, False),
    ],
)
def test_the_rule(given: dict[str, Any], opened_by_others: bool, found_by_others: bool) -> None:
    recording = a_recording("acme", user_id="ann", **given)
    nobodys = replace(recording, user_id=None)
    for viewer in (OWNER, ADMIN, FOUNDER):
        assert (viewer.may_open(recording), viewer.may_find(recording)) == (True, True)
    for one in (recording, nobodys):
        assert (OTHER.may_open(one), OTHER.may_find(one)) == (opened_by_others, found_by_others)
    assert (OWNER.may_open(nobodys), OWNER.may_find(nobodys)) == (opened_by_others, found_by_others)
    assert ADMIN.may_open(nobodys)
    assert FOUNDER.may_find(nobodys)


def test_a_user_owns_what_the_directory_says_is_theirs() -> None:
    """Identity providers make subjects that no directory id can be: an upload by email has the directory's."""
    viewer = viewer_of("auth0|5f7c8ec7", scopes=(), roles=())
    directory_id = "sub_621b3ebd936e3d561f86d5a77e7b36d500435f86"
    assert viewer.user_ids == {"auth0|5f7c8ec7", directory_id}
    assert viewer.owns(a_recording("acme", user_id=directory_id))
    assert not OTHER.owns(a_recording("acme", user_id=directory_id))


def stores_of(viewer: Viewer, fakes: Fakes) -> VisibleStores:
    return VisibleStores(lambda: fakes, viewer)


@pytest.fixture
def fakes() -> Fakes:
    fakes = Fakes()
    archive = Archive(fakes)
    archive.complete("rec_private", user_id="ann", private=True, contact_ids=("kim",))
    archive.complete("rec_unlisted", user_id="ann", discoverable=False, contact_ids=("kim",))
    archive.complete("rec_public", user_id="ann", contact_ids=("kim",))
    return fakes


def test_reading_hides_the_private_in_the_words_of_the_store(fakes: Fakes) -> None:
    seen = stores_of(OTHER, fakes).recordings
    for read in (seen.get, seen.detail):
        with pytest.raises(RecordingNotFound, match=r"^There is no recording rec_private\.$"):
            read("acme", "rec_private")
    assert seen.get("acme", "rec_unlisted") == fakes.recordings.get("acme", "rec_unlisted")
    assert set(seen.find("acme", ["rec_private", "rec_unlisted", "rec_public"])) == {"rec_unlisted", "rec_public"}
    assert [one.id for one in seen.list("acme", RecordingFilter(), 10).recordings] == ["rec_public"]
    for viewer in (OWNER, ADMIN, FOUNDER):
        all_seen = stores_of(viewer, fakes).recordings
        assert all_seen.get("acme", "rec_private").private
        assert len(all_seen.list("acme", RecordingFilter(), 10).recordings) == 3


def test_every_change_of_a_hidden_recording_is_refused(fakes: Fakes) -> None:
    seen, private = stores_of(OTHER, fakes).recordings, fakes.recordings.get("acme", "rec_private")
    job = private.current_job()
    changes: list[Any] = [
        lambda: seen.save(replace(private, title="mine"), expected=private),
        lambda: seen.begin_run(private, expected=private, events=[]),
        lambda: seen.count("acme", "rec_private", CountersChange(views=1)),
        lambda: seen.change_chunks("acme", "rec_private", None),  # type: ignore[arg-type]  # it is not read
        lambda: seen.add_later_version("acme", "rec_private", "v9"),
        lambda: seen.note_windows(job, 9),
        lambda: seen.note_window_done(job, 1),
        lambda: seen.note_stage(job, None, None),  # type: ignore[arg-type]  # as above
        lambda: seen.forget_children("acme", "rec_private"),
        lambda: seen.confirm_erased("acme", "rec_private"),
    ]
    for change in changes:
        with pytest.raises(RecordingNotFound):
            change()
    assert fakes.recordings.get("acme", "rec_private") == private


def test_every_change_of_what_may_be_opened_reaches_the_stores(fakes: Fakes) -> None:
    stores = stores_of(OTHER, fakes)
    stores.recordings.count("acme", "rec_unlisted", CountersChange(views=1))
    assert fakes.recordings.detail("acme", "rec_unlisted").counters.views == 1
    before = fakes.recordings.get("acme", "rec_unlisted")
    event = recording_event(EventType.RECORDING_UPLOADED, before)
    assert stores.recordings.save(replace(before, title="Ours"), expected=before, events=[event])
    assert fakes.recordings.get("acme", "rec_unlisted").title == "Ours"
    assert event in fakes.recordings.announced
    comments = [Comment("acme", f"c_{n}", "rec_unlisted", NOW, "ann", f"c_{n}", 0, 9, text="yes") for n in range(2)]
    stores.records(COMMENTS).add_all(comments)
    assert set(fakes.records(COMMENTS).list("acme", 10, recording_id="rec_unlisted").records) == set(comments)
    kim = Contact("acme", "kim", "Kim", NOW, NOW)
    stores.contacts.create_contact(kim)
    assert stores.contacts.replace_contact(replace(kim, name="Kim Lee"), expected=kim) is True
    assert fakes.contacts.get_contact("acme", "kim").name == "Kim Lee"
    assert stores.contacts.replace_contact(kim, expected=kim) is False


@pytest.mark.parametrize(
    "flags", [{"private": True}, {"discoverable": False}, {"private": True, "discoverable": False}]
)
def test_only_owner_and_administrators_say_who_sees_a_recording(fakes: Fakes, flags: dict[str, bool]) -> None:
    before = fakes.recordings.get("acme", "rec_public")
    with pytest.raises(NotYours, match="owner or an administrator"):
        stores_of(OTHER, fakes).recordings.save(replace(before, **flags), expected=before)  # type: ignore[arg-type]  # flags
    assert stores_of(OTHER, fakes).recordings.save(replace(before, title="Ours"), expected=before)
    for viewer in (OWNER, ADMIN, FOUNDER):
        before = fakes.recordings.get("acme", "rec_public")
        after = replace(before, **flags)  # type: ignore[arg-type]  # as above
        assert stores_of(viewer, fakes).recordings.save(after, expected=before)
        assert fakes.recordings.save(replace(after, private=False, discoverable=True, revision=1), expected=_now(fakes))


def _now(fakes: Fakes) -> Recording:
    return fakes.recordings.get("acme", "rec_public")


def test_whoever_may_delete_a_recording_may_delete_one_that_is_unlisted(fakes: Fakes) -> None:
    before = fakes.recordings.get("acme", "rec_unlisted")
    assert stores_of(OTHER, fakes).recordings.save(before.removed(at=NOW), expected=before)


def test_what_belongs_to_a_recording_is_hidden_with_it(fakes: Fakes) -> None:
    """Also where nobody has read the recording before: the guard reads it itself."""
    comment = Comment("acme", "comment_1", "rec_private", NOW, "ann", "comment_1", 0, 9, text="no")
    fakes.records(COMMENTS).add(comment)
    comments = stores_of(OTHER, fakes).records(COMMENTS)
    attempts: list[Any] = [
        lambda: comments.get("acme", "comment_1", recording_id="rec_private"),
        lambda: comments.list("acme", 10, recording_id="rec_private"),
        lambda: comments.add(replace(comment, id="comment_2")),
        lambda: comments.add_all([replace(comment, id="comment_2")]),
        lambda: comments.replace(replace(comment, text="yes"), expected=comment),
        lambda: comments.remove(comment),
    ]
    for attempt in attempts:
        with pytest.raises(RecordingNotFound, match=r"^There is no recording rec_private\.$"):
            attempt()
    assert list(fakes.records(COMMENTS).list("acme", 10, recording_id="rec_private").records) == [comment]
    owners = stores_of(OWNER, fakes).records(COMMENTS)
    assert owners.get("acme", "comment_1", recording_id="rec_private") == comment


def test_records_of_all_recordings_are_listed_without_the_hidden_in_full_pages(fakes: Fakes) -> None:
    names = ["rec_private", "rec_unlisted", "rec_public"]
    events = [
        MobileEvent("acme", f"evt_{number:02d}", names[number % 3], NOW + timedelta(seconds=number), "ann", "start")
        for number in range(30)
    ]
    fakes.records(MOBILE_EVENTS).add_all(events)
    seen = stores_of(OTHER, fakes).records(MOBILE_EVENTS)

    def pages(limit: int) -> Iterator[list[str]]:
        position = None
        while True:
            page = seen.list("acme", limit, position)
            yield [event.recording_id for event in page.records]
            if (position := page.next_position) is None:
                return

    assert list(pages(4))[:2] == [["rec_public"] * 4] * 2
    assert sum(map(len, pages(4))) == sum(map(len, pages(100))) == 10
    assert len(stores_of(OWNER, fakes).records(MOBILE_EVENTS).list("acme", 100).records) == 30
    assert len(stores_of(ADMIN, fakes).records(MOBILE_EVENTS).list("acme", 100).records) == 30


def test_a_record_of_an_unlisted_recording_is_opened_by_its_id(fakes: Fakes) -> None:
    made = {name: _event(name) for name in ("rec_private", "rec_unlisted", "rec_public")}
    fakes.records(MOBILE_EVENTS).add_all(list(made.values()))
    stores = stores_of(OTHER, fakes)
    for name in ("rec_unlisted", "rec_public"):
        events = stores.records(MOBILE_EVENTS, by_id=True)
        assert find_mobile_event("acme", made[name].id, events=events) == made[name]
    with pytest.raises(MOBILE_EVENTS.missing):
        find_mobile_event("acme", made["rec_private"].id, events=stores.records(MOBILE_EVENTS, by_id=True))
    with pytest.raises(MOBILE_EVENTS.missing):
        find_mobile_event("acme", made["rec_unlisted"].id, events=stores.records(MOBILE_EVENTS))


def _event(recording_id: str) -> MobileEvent:
    at = NOW.replace(microsecond=123_000)
    event_id = f"evt_{int(at.timestamp() * 1000):011x}{recording_id.encode().hex()[:20]:0>20}"
    return MobileEvent("acme", event_id, recording_id, at, "ann", "start")


def test_timelines_links_and_search_pass_over_the_hidden(fakes: Fakes) -> None:
    fakes.contacts.create_contact(Contact("acme", "kim", "Kim", NOW, NOW))

    def seen(viewer: Viewer) -> tuple[list[str], list[str], set[str], set[str]]:
        stores = stores_of(viewer, fakes)
        held: dict[str, Any] = {"recordings": stores.recordings, "contacts": stores.contacts}
        timeline = stores.contacts.timeline("acme", "kim").entries
        linked = linked_recordings("acme", "kim", RecordingFilter(), 10, None, **held).recordings
        hits = [
            search("acme", "thank", contact_id=contact, limit=50, objects=stores.objects, **held)
            for contact in (None, "kim")
        ]
        return (
            [entry.id for entry in timeline],
            [recording.id for recording in linked],
            {hit.id for hit in hits[0]},
            {hit.id for hit in hits[1]},
        )

    everything = ["rec_unlisted", "rec_public", "rec_private"]
    assert seen(OTHER) == (["rec_public"], ["rec_public"], {"rec_public"}, {"rec_public"})
    for viewer in (OWNER, ADMIN, FOUNDER):
        assert seen(viewer) == (everything, everything, set(everything), set(everything))


def test_ids_that_stand_elsewhere_are_told_apart(fakes: Fakes) -> None:
    ids = ["rec_private", "rec_unlisted", "rec_public", "rec_none"]
    stores = stores_of(OTHER, fakes)
    assert stores.hidden("acme", ids) == {"rec_private"}
    assert stores.hidden("acme", ids, listed=True) == {"rec_private", "rec_unlisted"}
    assert stores_of(OWNER, fakes).hidden("acme", ids, listed=True) == frozenset()
    private = fakes.recordings.get("acme", "rec_private")
    assert fakes.recordings.save(private.removed(at=NOW), expected=private)
    assert stores.hidden("acme", ids) == {"rec_private"}
    assert stores_of(ADMIN, fakes).hidden("acme", ids, listed=True) == frozenset()


def test_parts_and_originals_that_are_hidden_are_not_named(fakes: Fakes) -> None:
    everything = ("rec_private", "rec_unlisted", "rec_public")
    cuts = tuple(Split(1000 * number, made_id, NOW) for number, made_id in enumerate(everything))

    def seen(viewer: Viewer, *, listed: bool, original: str) -> tuple[list[str], list[str]]:
        whole = replace(
            fakes.recordings.get("acme", "rec_public"),
            splits=cuts,
            made_of=(Excerpt(original, 0),),
            discoverable=listed,
        )
        shown = stores_of(viewer, fakes).as_seen(RecordingDetail(whole, None), frozenset()).recording
        return [cut.recording_id for cut in shown.splits], [piece.recording_id for piece in shown.made_of]

    assert seen(OTHER, listed=True, original="rec_unlisted") == (["rec_public"], [])
    assert seen(OTHER, listed=False, original="rec_unlisted") == (["rec_unlisted", "rec_public"], ["rec_unlisted"])
    assert seen(OTHER, listed=False, original="rec_private") == (["rec_unlisted", "rec_public"], [])
    for viewer in (OWNER, ADMIN):
        assert seen(viewer, listed=True, original="rec_private") == ([*everything], ["rec_private"])


def test_unread_private_comments_are_the_readers_own(fakes: Fakes) -> None:
    counters = Counters(unread={"ann": frozenset({"c1"})}, unread_private={"ann": frozenset({"c2"})})
    detail = RecordingDetail(fakes.recordings.get("acme", "rec_public"), None, counters=counters)
    stores = stores_of(OTHER, fakes)
    assert stores.as_seen(detail, frozenset({"ann"})).counters.unread == {"ann": {"c1", "c2"}}
    assert stores.as_seen(detail, frozenset({"bob"})).counters.unread == {"ann": {"c1"}}


# --- no way around ----------------------------------------------------------------------------------------


def test_nothing_that_answers_a_request_comes_to_the_stores_but_through_the_viewer() -> None:
    """The one place that holds the stores themselves hands them to `VisibleStores`, and to the rate limit's meter."""
    found = [(path.relative_to(API).as_posix(), line) for path in API.rglob("*.py") for line in _ways_to_stores(path)]
    assert sorted(found) == [
        ("dependencies.py", "VisibleStores(app.services, caller.viewer)"),
        ("dependencies.py", "app.services().rate_limit_store"),
        ("handler.py", "import auricle.bootstrap"),
    ]


def test_the_tenants_own_recordings_go_to_what_follows_from_consent_alone() -> None:
    """Their one name stands where consent is recorded, and nowhere else; no other way leads into the stores."""
    found = [
        (path.relative_to(API).as_posix(), use)
        for path in API.rglob("*.py")
        for use in _uses_of_tenants_recordings(ast.parse(path.read_text()))
    ]
    assert sorted(found) == [
        ("agent/consent/routes.py", "record_consent(all_recordings=...)"),
        ("core/recordings/shared.py", "update_recording(all_recordings=...)"),
    ]


def _uses_of_tenants_recordings(tree: ast.Module) -> Iterator[str]:
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"recordings_for_consent", "_stores", "_recordings"}:
            argument = parents[node]
            taker = parents[argument] if isinstance(argument, ast.keyword) else None
            if isinstance(argument, ast.keyword) and isinstance(taker, ast.Call):
                yield f"{ast.unparse(taker.func)}({argument.arg}=...)"
            else:
                yield ast.unparse(argument)
        elif isinstance(node, ast.Constant) and node.value == "recordings_for_consent":
            yield ast.unparse(parents[node])


def _ways_to_stores(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(
            ("auricle.bootstrap", "auricle.adapters.dyn")
        ):
            yield f"import {node.module}"
        if isinstance(node, ast.Attribute) and node.attr == "services":
            outer: ast.AST = parents[node]
            if isinstance(outer, ast.Call) and outer.func is node:
                outer = parents[outer]
            yield ast.unparse(outer)
