"""Reading, changing and writing while others write: what is stored, what is refused, and when it is given up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from auricle.errors import Conflict, PreconditionFailed, RecordingNotFound, TransientError
from auricle.recordings.changes import change_recording
from auricle.recordings.edits import Edit, edit_recording
from auricle.recordings.events import consent_event
from auricle.recordings.recording import Capture, Recording, Status
from auricle.recordings.trash import move_to_trash, restore
from auricle.records import change_record
from tests.fakes import Fakes
from tests.fakes.contract import NOW, a_recording

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def put(fakes: Fakes, **given: Any) -> Recording:
    recording = a_recording("acme", **{"status": Status.COMPLETE, "title": "Old", "revision": 3, **given})
    fakes.recordings.create(recording, [])
    return recording


def stored(fakes: Fakes) -> Recording:
    return fakes.recordings.get("acme", "rec_1", with_trashed=True)


def renamed(before: Recording) -> Recording:
    return replace(before, title="New")


def changed(fakes: Fakes, change: Callable[[Recording], Recording] = renamed, **given: Any) -> Recording:
    return change_recording("acme", "rec_1", change, recordings=fakes.recordings, now=LATER, **given)


def rival(fakes: Fakes, times: int) -> Callable[[], None]:
    left = list(range(times))

    def write() -> None:
        if left:
            fakes.recordings.add_later_version("acme", "rec_1", f"w{left.pop()}")

    return write


# --- recordings --------------------------------------------------------------------------------------------


def test_a_change_is_stored_and_answered_as_it_is_stored(fakes: Fakes) -> None:
    before = put(fakes)
    after = changed(fakes)
    assert after == stored(fakes)
    assert after == replace(before, title="New", updated_at=LATER, revision=4)


def test_a_change_that_changes_nothing_writes_nothing_not_even_to_a_locked_one(fakes: Fakes) -> None:
    before = put(fakes, title="New", locked=True)
    assert changed(fakes) == before == stored(fakes)


def test_its_events_are_made_of_what_is_stored(fakes: Fakes) -> None:
    put(fakes)
    changed(fakes, events=lambda after: [consent_event(after)])
    (event,) = fakes.recordings.announced
    assert event.occurred_at == LATER
    changed(fakes, lambda before: replace(before, title="Newer"))
    assert len(fakes.recordings.announced) == 1


@pytest.mark.parametrize("revision", [2, 4])
def test_a_revision_that_is_not_the_present_one_is_refused(fakes: Fakes, revision: int) -> None:
    before = put(fakes)
    with pytest.raises(PreconditionFailed) as refused:
        changed(fakes, if_revision=revision)
    assert refused.value.message == "The recording was changed meanwhile. Read it again, then send the change anew."
    assert stored(fakes) == before
    assert changed(fakes, if_revision=3).title == "New"


def test_a_locked_one_is_refused_unless_that_is_admitted(fakes: Fakes) -> None:
    before = put(fakes, locked=True)
    with pytest.raises(Conflict) as refused:
        changed(fakes)
    assert refused.value.message == "The recording is locked. Unlock it first, then send the change anew."
    assert stored(fakes) == before
    assert changed(fakes, locked=True).title == "New"


def test_one_in_the_bin_is_not_found_unless_that_is_admitted(fakes: Fakes) -> None:
    put(fakes, deleted_at=NOW)
    with pytest.raises(RecordingNotFound) as refused:
        changed(fakes)
    assert refused.value.message == "There is no recording rec_1."
    assert changed(fakes, with_trashed=True).title == "New"


def test_seven_rivals_are_outlasted_and_both_changes_stand(fakes: Fakes) -> None:
    put(fakes)
    fakes.recordings.before_save = rival(fakes, 7)
    after = changed(fakes)
    assert (after.title, len(after.later_versions), after.revision) == ("New", 7, 11)


def test_after_eight_it_is_given_up_for_now(fakes: Fakes) -> None:
    put(fakes)
    fakes.recordings.before_save = rival(fakes, 8)
    with pytest.raises(TransientError) as refused:
        changed(fakes)
    assert refused.value.message == "The recording kept changing while it was being written. Try again."
    assert stored(fakes).title == "Old"


# --- other records -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Note:
    text: str = "old"
    revision: int = 3
    updated_at: datetime = NOW


class Shelf:
    """Holds one note; refuses the first writes."""

    def __init__(self, refusals: int = 0) -> None:
        self.note = Note()
        self.refusals = refusals
        self.writes = 0

    def write(self, after: Note, before: Note) -> bool:
        assert before == self.note
        self.writes += 1
        if self.writes <= self.refusals:
            return False
        self.note = replace(after, revision=before.revision + 1)
        return True

    def changed(self, text: str = "new", if_revision: int | None = None) -> Note:
        change: Any = change_record  # of any dataclass with a revision and the time of its last change
        after: Note = change(
            "note",
            lambda: self.note,
            self.write,
            lambda before: replace(before, text=text),
            now=LATER,
            if_revision=if_revision,
        )
        return after


def test_a_record_is_stored_and_answered_as_it_is_stored() -> None:
    shelf = Shelf(refusals=7)
    assert shelf.changed(if_revision=3) == shelf.note == Note("new", 4, LATER)
    assert shelf.writes == 8


def test_a_record_that_is_as_it_should_be_is_not_written() -> None:
    shelf = Shelf()
    assert (shelf.changed("old"), shelf.writes) == (Note(), 0)


@pytest.mark.parametrize("revision", [2, 4])
def test_a_record_at_another_revision_is_not_written(revision: int) -> None:
    shelf = Shelf()
    with pytest.raises(PreconditionFailed) as refused:
        shelf.changed(if_revision=revision)
    assert refused.value.message == "The note was changed meanwhile. Read it again, then send the change anew."
    assert shelf.writes == 0


def test_a_record_that_keeps_changing_is_given_up_for_now() -> None:
    shelf = Shelf(refusals=8)
    with pytest.raises(TransientError) as refused:
        shelf.changed()
    assert refused.value.message == "The note kept changing while it was being written. Try again."
    assert (shelf.writes, shelf.note) == (8, Note())


# --- the bin -----------------------------------------------------------------------------------------------


def trashed(fakes: Fakes, if_revision: int | None = None, at: datetime = LATER) -> Recording:
    return move_to_trash("acme", "rec_1", recordings=fakes.recordings, now=at, if_revision=if_revision)


def restored(fakes: Fakes, if_revision: int | None = None) -> Recording:
    return restore("acme", "rec_1", recordings=fakes.recordings, now=LATER, if_revision=if_revision)


def test_one_goes_into_the_bin_once_and_comes_back(fakes: Fakes) -> None:
    before = put(fakes)
    once = trashed(fakes)
    assert (once.deleted_at, once.updated_at, once.revision) == (LATER, LATER, 4)
    assert trashed(fakes, at=LATER + timedelta(hours=1)) == once == stored(fakes)
    back = restored(fakes)
    assert back == replace(before, updated_at=LATER, revision=5)
    assert restored(fakes) == back


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"locked": True}, "The recording is locked. Set lock to false first, then delete it."),
        ({"do_not_delete": True}, "The recording is protected. Set doNotDelete to false first, then delete it."),
    ],
)
def test_a_locked_or_protected_one_does_not_go_into_the_bin(fakes: Fakes, given: Any, message: str) -> None:
    before = put(fakes, **given)
    with pytest.raises(Conflict) as refused:
        trashed(fakes)
    assert refused.value.message == message
    assert stored(fakes) == before


def test_a_locked_one_comes_out_of_the_bin(fakes: Fakes) -> None:
    put(fakes, deleted_at=NOW, locked=True)
    assert restored(fakes).deleted_at is None


def test_the_bin_asks_for_the_revision_too(fakes: Fakes) -> None:
    put(fakes)
    with pytest.raises(PreconditionFailed):
        trashed(fakes, if_revision=2)
    trashed(fakes, if_revision=3)
    with pytest.raises(PreconditionFailed):
        restored(fakes, if_revision=3)
    assert restored(fakes, if_revision=4).deleted_at is None


# --- editing -----------------------------------------------------------------------------------------------


def edited(fakes: Fakes, edit: Edit, if_revision: int | None = None) -> Recording:
    return edit_recording("acme", "rec_1", edit, recordings=fakes.recordings, now=LATER, if_revision=if_revision)


def test_an_edit_changes_what_it_says_and_nothing_else(fakes: Fakes) -> None:
    before = put(fakes, notes="kept", capture=Capture(os="iOS", app_version="1"))
    after = edited(fakes, Edit({"title": "New", "private": True}, {"app_version": "2"}))
    assert after == stored(fakes)
    assert after == replace(
        before,
        title="New",
        private=True,
        capture=Capture(os="iOS", app_version="2"),
        updated_at=LATER,
        revision=4,
    )


def test_an_edit_of_the_capture_begins_one_where_there_is_none(fakes: Fakes) -> None:
    put(fakes)
    assert edited(fakes, Edit({"title": "New"})).capture is None
    assert edited(fakes, Edit(capture={"os": "iOS"})).capture == Capture(os="iOS")


def test_an_edit_asks_for_the_revision(fakes: Fakes) -> None:
    put(fakes)
    with pytest.raises(PreconditionFailed):
        edited(fakes, Edit({"title": "New"}), if_revision=2)
    assert edited(fakes, Edit({"title": "New"}), if_revision=3).title == "New"


@pytest.mark.parametrize(
    ("edit", "unlocks"),
    [
        (Edit({"locked": False}), True),
        (Edit({"locked": False, "title": "New"}), True),
        (Edit({"locked": True}), True),
        (Edit({"locked": True, "title": "New"}), False),
        (Edit({"locked": True}, {"os": "iOS"}), False),
        (Edit({"title": "New"}), False),
        (Edit(capture={"os": "iOS"}), False),
        (Edit({"locked": 0, "title": "New"}), False),
    ],
)
def test_a_locked_one_takes_edits_that_unlock_it_alone(fakes: Fakes, edit: Edit, unlocks: bool) -> None:
    put(fakes, locked=True)
    assert edit.unlocks is unlocks
    if unlocks:
        assert edited(fakes, edit) == stored(fakes)
    else:
        with pytest.raises(Conflict, match="locked"):
            edited(fakes, edit)


def test_an_edit_says_nothing_by_itself() -> None:
    assert (Edit().fields, Edit().capture, Edit().unlocks) == ({}, {}, False)
