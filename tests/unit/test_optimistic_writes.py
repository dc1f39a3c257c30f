"""The one optimistic write loop: read, change, write if nobody else wrote meanwhile, else read again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from auricle.errors import PreconditionFailed, TransientError
from auricle.records import change_record, check_revision, remove_record, until_written

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
LATER = datetime(2026, 5, 4, 13, tzinfo=UTC)


@dataclass(frozen=True)
class Note:
    org: str = "acme"
    id: str = "note_1"
    created_at: datetime = NOW
    updated_at: datetime = NOW
    text: str = ""
    revision: int = 1


class Notes:
    """One note, and other writers who change it just before each of the first `rivals` writes."""

    def __init__(self, rivals: int = 0) -> None:
        self.stored: Note | None = Note()
        self.rivals = rivals
        self.reads = 0
        self.writes = 0

    def read(self) -> Note:
        self.reads += 1
        assert self.stored is not None
        return self.stored

    def write(self, after: Note, before: Note) -> bool:
        if not self._unchanged(before):
            return False
        self.stored = replace(after, revision=before.revision + 1)
        return True

    def remove(self, note: Note) -> bool:
        if not self._unchanged(note):
            return False
        self.stored = None
        return True

    def _unchanged(self, before: Note) -> bool:
        self.writes += 1
        assert self.stored is not None
        if self.rivals:
            self.rivals -= 1
            self.stored = replace(self.stored, text=f"{self.stored.text}!", revision=self.stored.revision + 1)
        return self.stored.revision == before.revision


def test_the_first_result_of_an_attempt_is_returned() -> None:
    results = iter([None, None, "written"])
    assert until_written(lambda: next(results), "It kept changing.") == "written"


def test_after_eight_attempts_in_vain_it_is_a_transient_error() -> None:
    attempts: list[int] = []
    with pytest.raises(TransientError) as raised:
        until_written(lambda: attempts.append(1), "It kept changing.")
    assert (len(attempts), raised.value.message) == (8, "It kept changing.")


def test_a_result_that_is_false_ends_the_loop() -> None:
    attempts: list[int] = []

    def attempt() -> bool:
        attempts.append(1)
        return False

    assert until_written(attempt, "It kept changing.") is False
    assert len(attempts) == 1


@pytest.mark.parametrize(("present", "if_revision"), [(3, None), (3, 3), (None, None)])
def test_the_revision_that_the_client_read_is_accepted(present: int | None, if_revision: int | None) -> None:
    check_revision(present, if_revision, "It was changed.")


@pytest.mark.parametrize(("present", "if_revision"), [(3, 2), (3, 4), (None, 1), (3, 0)])
def test_another_revision_is_refused_in_the_words_given(present: int | None, if_revision: int) -> None:
    with pytest.raises(PreconditionFailed) as raised:
        check_revision(present, if_revision, "It was changed.")
    assert raised.value.message == "It was changed."


def test_a_change_is_made_of_what_another_writer_left() -> None:
    notes = Notes(rivals=2)
    after = change_record(
        "note", notes.read, notes.write, lambda note: replace(note, text=f"{note.text} ours"), if_revision=None
    )
    assert after == notes.stored == Note(text="!! ours", revision=4)


def test_a_change_sets_the_time_where_one_is_given() -> None:
    notes = Notes()
    change_record("note", notes.read, notes.write, lambda note: replace(note, text="a"), if_revision=1, now=LATER)
    assert notes.stored == Note(text="a", updated_at=LATER, revision=2)


def test_a_change_that_changes_nothing_writes_nothing() -> None:
    notes = Notes()
    after = change_record("note", notes.read, notes.write, lambda note: note, if_revision=None, now=LATER)
    assert (after, notes.writes) == (Note(), 0)


def test_a_change_of_what_another_writer_changed_is_refused_to_who_names_the_revision() -> None:
    notes = Notes(rivals=1)
    with pytest.raises(PreconditionFailed) as raised:
        change_record("note", notes.read, notes.write, lambda note: replace(note, text="a"), if_revision=1)
    assert raised.value.message == "The note was changed meanwhile. Read it again, then send the change anew."
    assert notes.stored == Note(text="!", revision=2)


def test_a_record_that_keeps_changing_is_a_transient_error() -> None:
    notes = Notes(rivals=100)
    with pytest.raises(TransientError) as raised:
        change_record("note", notes.read, notes.write, lambda note: replace(note, text="a"), if_revision=None)
    assert raised.value.message == "The note kept changing while it was being written. Try again."
    assert (notes.reads, notes.writes) == (8, 8)


def test_a_removal_returns_what_was_removed() -> None:
    notes = Notes(rivals=1)
    assert remove_record("note", notes.read, notes.remove, if_revision=None) == Note(text="!", revision=2)
    assert notes.stored is None


def test_a_removal_at_another_revision_is_refused() -> None:
    notes = Notes()
    with pytest.raises(PreconditionFailed) as raised:
        remove_record("note", notes.read, notes.remove, if_revision=2)
    assert raised.value.message == "The note was changed meanwhile. Read it again, then ask anew."
    assert notes.stored == Note()


def test_a_removal_of_what_keeps_changing_is_a_transient_error() -> None:
    notes = Notes(rivals=100)
    with pytest.raises(TransientError) as raised:
        remove_record("note", notes.read, notes.remove, if_revision=None)
    assert raised.value.message == "The note kept changing while it was being removed. Try again."
    assert notes.writes == 8
