"""Comments as they are stored: what is left of a deleted one, whose unread marks count, and rivals' changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auricle.errors import CommentNotFound, Conflict, InvalidRequest, NotYours, PreconditionFailed, TransientError
from auricle.recordings.comments import (
    COMMENTS,
    Comment,
    CommentAudio,
    CommentEdit,
    NewComment,
    delete_comment,
    edit_comment,
    find_comment,
    write_comment,
)
from auricle.recordings.counters import Counters
from auricle.recordings.recording import Recording, Status
from tests.fakes import Fakes

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
SPOKEN = CommentAudio("s1", "a/b.m4a", "m4a", 1500, "um", "done", "none")


@pytest.fixture
def fakes() -> Fakes:
    made = Fakes()
    made.recordings.create(Recording("acme", "rec_1", NOW, NOW, Status.COMPLETE, "a.wav"), [])
    return made


def counts(fakes: Fakes) -> Counters:
    return fakes.recordings.detail("acme", "rec_1").counters


def written(
    fakes: Fakes, *recipients: str, author: str = "ann", counters: Counters | None = None, **given: Any
) -> Comment:
    return write_comment(
        NewComment(**{"start_ms": 1000, "end_ms": 2500, "recipients": recipients, "text": "Listen", **given}),
        org="acme",
        recording_id="rec_1",
        author=author,
        reader=frozenset({author}),
        counters=counters or counts(fakes),
        comments=fakes.records(COMMENTS),
        now=NOW,
    )


def edited(fakes: Fakes, comment: Comment, *, editor: str = "ann", **given: Any) -> Comment:
    named: dict[str, Any] = {"counters": counts(fakes), "comments": fakes.records(COMMENTS), "if_revision": None}
    named |= {name: given.pop(name) for name in tuple(given) if name in named}
    edit = CommentEdit(**given)
    return edit_comment(comment, edit, editor=editor, reader=frozenset({editor}), now=LATER, **named)


def deleted(fakes: Fakes, comment: Comment, **given: Any) -> Comment:
    usual = {"editor": "ann", "reader": frozenset({"ann"}), "comments": fakes.records(COMMENTS), "now": LATER}
    return delete_comment(comment, **{**usual, **given})


def stored(fakes: Fakes, comment: Comment) -> Comment:
    return fakes.records(COMMENTS).get("acme", comment.id, recording_id="rec_1")


class Interrupted:
    """The collection of comments, before each of whose next writes a rival comes."""

    def __init__(self, fakes: Fakes, *rivals: Callable[[], object]) -> None:
        self._collection, self._rivals = fakes.records(COMMENTS), list(rivals)
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._collection, name)

    def replace(self, record: Comment, **named: Any) -> bool:
        self.writes += 1
        if self._rivals:
            self._rivals.pop(0)()
        return self._collection.replace(record, **named)


def test_a_comment_is_kept_as_it_was_written(fakes: Fakes) -> None:
    comment = written(fakes, "bob", "ann", "bob", audio=SPOKEN, first_name="Ann", last_name="Lee")
    assert comment == Comment(
        org="acme",
        id=comment.id,
        recording_id="rec_1",
        created_at=NOW,
        author_id="ann",
        thread_id=comment.id,
        start_ms=1000,
        end_ms=2500,
        first_name="Ann",
        last_name="Lee",
        text="Listen",
        audio=SPOKEN,
        recipients=("bob", "ann"),
        unread=frozenset({"bob"}),
    )
    assert stored(fakes, comment) == comment
    assert counts(fakes) == Counters(comments=1, unread={"bob": frozenset({comment.id})})


def test_of_a_deleted_comment_only_its_place_is_kept(fakes: Fakes) -> None:
    comment = written(fakes, "bob", audio=SPOKEN, first_name="Ann", last_name="Lee")
    assert deleted(fakes, comment) == comment
    left = stored(fakes, comment)
    kept = {"org", "id", "recording_id", "created_at", "author_id", "thread_id", "start_ms", "end_ms", "recipients"}
    bare = Comment("acme", "", "rec_1", NOW, "", "", 0, 0, revision=2, deleted_at=LATER)
    for field in fields(Comment):
        source = comment if field.name in kept else bare
        assert getattr(left, field.name) == getattr(source, field.name), field.name
    assert counts(fakes) == Counters()
    with pytest.raises(CommentNotFound):
        find_comment("acme", "rec_1", comment.id, reader=frozenset({"ann"}), comments=fakes.records(COMMENTS))


def test_a_private_comment_is_counted_for_its_readers_alone(fakes: Fakes) -> None:
    comment = written(fakes, "bob", private=True)
    assert counts(fakes) == Counters(unread_private={"bob": frozenset({comment.id})})
    assert edited(fakes, comment, editor="bob", now_read=frozenset({"bob"})).seen == {"bob"}
    assert counts(fakes) == Counters()
    comment = edited(fakes, stored(fakes, comment), now_unread=frozenset({"bob"}))
    assert counts(fakes) == Counters(unread_private={"bob": frozenset({comment.id})})
    deleted(fakes, comment)
    assert counts(fakes) == Counters()


def test_the_author_has_read_what_they_wrote(fakes: Fakes) -> None:
    comment = written(fakes, "ann")
    assert (comment.unread, counts(fakes)) == (frozenset(), Counters(comments=1))
    comment = edited(fakes, comment, recipients=["bob"])
    comment = edited(fakes, comment, recipients=["bob", "ann"])
    assert comment.recipients == ("bob", "ann")
    assert comment.unread == {"bob"}
    assert edited(fakes, comment, now_read=frozenset({"ann"})).seen == frozenset()


def test_two_hundred_recipients_are_the_most(fakes: Fakes) -> None:
    users = [f"u{number}" for number in range(201)]
    assert len(written(fakes, *users[:200]).recipients) == 200
    with pytest.raises(InvalidRequest, match="200") as refused:
        written(fakes, *users)
    assert refused.value.field == "recipients"
    comment = written(fakes)
    with pytest.raises(InvalidRequest):
        edited(fakes, comment, recipients=users)
    assert len(edited(fakes, comment, recipients=[*users[:200], "u0"]).recipients) == 200


def test_three_thousand_unread_marks_are_the_most(fakes: Fakes) -> None:
    marks = frozenset(f"comment_{number}" for number in range(1500))
    full = Counters(unread={"ann": marks}, unread_private={"bob": marks - {"comment_0"}})
    assert written(fakes, "bob", counters=full).unread == {"bob"}
    with pytest.raises(Conflict, match="3000"):
        written(fakes, "bob", "cid", counters=full)
    comment = written(fakes)
    assert edited(fakes, comment, now_unread=frozenset({"bob"}), counters=full).unread == {"bob"}
    with pytest.raises(Conflict, match="3000"):
        edited(fakes, written(fakes), now_unread=frozenset({"bob", "cid"}), counters=full)
    over = replace(full, unread={"ann": marks | {"comment_x"}})
    assert written(fakes, counters=over).unread == frozenset(), "who makes nothing unread is not held back"


def test_three_thousand_readers_of_a_comment_are_noted(fakes: Fakes) -> None:
    comment = written(fakes, "bob")
    collection = fakes.records(COMMENTS)
    read = replace(comment, seen=frozenset(f"u{number}" for number in range(2999)))
    assert collection.replace(read, expected=comment)
    after = edited(fakes, stored(fakes, comment), editor="bob", now_read=frozenset({"bob"}))
    assert len(after.seen) == 3000
    with pytest.raises(Conflict, match="3000"):
        edited(fakes, after, editor="cid", now_read=frozenset({"cid"}))


def test_others_marks_are_the_authors_to_change(fakes: Fakes) -> None:
    comment = written(fakes, "bob", "cid")
    for change in (
        {"now_read": frozenset({"cid"})},
        {"now_unread": frozenset({"bob", "cid"})},
        {"text": "x"},
        {"audio": SPOKEN},
        {"recipients": ["bob"]},
    ):
        with pytest.raises(NotYours):
            edited(fakes, comment, editor="bob", **change)
    with pytest.raises(NotYours):
        deleted(fakes, comment, editor="bob", reader=frozenset({"bob"}))
    assert stored(fakes, comment) == comment


def test_marks_alone_leave_the_time_of_the_last_change(fakes: Fakes) -> None:
    comment = written(fakes, "bob", audio=SPOKEN)
    assert edited(fakes, comment, editor="bob", now_read=frozenset({"bob"})).updated_at is None
    after = edited(fakes, stored(fakes, comment), text="New")
    assert (after.text, after.audio, after.updated_at, after.revision) == ("New", SPOKEN, LATER, 3)
    after = edited(fakes, after, audio=replace(SPOKEN, text="uh"))
    assert (after.text, after.audio) == ("New", replace(SPOKEN, text="uh"))


def test_a_private_comment_is_not_made_unread_for_strangers(fakes: Fakes) -> None:
    comment = written(fakes, "bob", private=True)
    with pytest.raises(InvalidRequest) as refused:
        edited(fakes, comment, now_unread=frozenset({"cid"}))
    assert refused.value.field == "unreadUids.add"
    after = edited(fakes, comment, recipients=["bob", "cid"], now_unread=frozenset({"cid"}))
    assert after.unread == {"bob", "cid"}
    assert edited(fakes, written(fakes), now_unread=frozenset({"cid"})).unread == {"cid"}


def test_an_answer_in_a_private_thread_is_for_all_who_are_in_it(fakes: Fakes) -> None:
    begun = written(fakes, "bob", private=True)
    answer = written(fakes, "bob", author="bob", thread_id=begun.id)
    assert (answer.private, answer.thread_id, answer.recipients) == (True, begun.id, ("bob", "ann"))
    assert answer.unread == {"ann"}
    public = written(fakes, "bob")
    assert written(fakes, "cid", author="bob", thread_id=public.id).recipients == ("cid",)
    for author, thread in (("eve", begun.id), ("bob", answer.id), ("bob", "comment_none")):
        with pytest.raises(InvalidRequest) as refused:
            written(fakes, author=author, thread_id=thread)
        assert refused.value.field == "selectedThreadId"
    deleted(fakes, begun)
    assert written(fakes, author="bob", thread_id=begun.id).private, "the thread goes on without its first comment"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"text": None}, "text"),
        ({"start_ms": 2, "end_ms": 1}, "highlightRange.end"),
        ({"start_ms": 1.4, "end_ms": 1.3}, "highlightRange.end"),
    ],
    ids=str,
)
def test_a_comment_says_something_of_a_part_of_the_recording(fakes: Fakes, given: Any, field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        written(fakes, **given)
    assert refused.value.field == field
    comment = written(fakes, text=None, audio=SPOKEN, start_ms=0.6, end_ms=0.6)
    assert (comment.start_ms, comment.end_ms) == (1, 1)


def test_nobody_has_both_read_it_and_not(fakes: Fakes) -> None:
    comment = written(fakes, "bob")
    with pytest.raises(InvalidRequest) as refused:
        edited(fakes, comment, now_unread=frozenset({"bob"}), now_read=frozenset({"bob", "cid"}))
    assert refused.value.field == "unreadUids.remove"
    assert stored(fakes, comment) == comment


def test_a_rivals_change_is_kept_and_counted_once(fakes: Fakes) -> None:
    comment = written(fakes, "bob", "cid")
    rival = Interrupted(fakes, lambda: edited(fakes, comment, editor="bob", now_read=frozenset({"bob"})))
    after = edited(fakes, comment, editor="cid", now_read=frozenset({"cid"}), comments=rival)
    assert after.seen == {"bob", "cid"}
    assert (after.unread, after.revision) == (frozenset(), 3)
    assert stored(fakes, comment) == after
    assert counts(fakes) == Counters(comments=1)


def test_what_is_deleted_is_what_was_last_there(fakes: Fakes) -> None:
    comment = written(fakes, "bob")
    rival = Interrupted(fakes, lambda: edited(fakes, comment, text="Changed"))
    assert deleted(fakes, comment, comments=rival).text == "Changed"
    with pytest.raises(CommentNotFound):
        deleted(fakes, comment)


def test_only_the_state_the_caller_means_is_changed(fakes: Fakes) -> None:
    comment = written(fakes)
    for revision in (0, 2):
        with pytest.raises(PreconditionFailed):
            edited(fakes, comment, text="x", if_revision=revision)
        with pytest.raises(PreconditionFailed):
            deleted(fakes, comment, if_revision=revision)
    after = edited(fakes, comment, text="x", now_read=frozenset({"ann"}), if_revision=1)
    assert after.revision == 2
    deleted(fakes, after, if_revision=2)


def test_after_eight_attempts_the_client_is_asked_to_try_again(fakes: Fakes) -> None:
    comment = written(fakes)
    texts = iter(range(99))
    rival = Interrupted(fakes, *[lambda: edited(fakes, stored(fakes, comment), text=f"{next(texts)}")] * 20)
    with pytest.raises(TransientError):
        edited(fakes, comment, text="x", comments=rival)
    assert rival.writes == 8


def test_a_change_of_nothing_writes_nothing(fakes: Fakes) -> None:
    comment = written(fakes)
    quiet = Interrupted(fakes)
    assert edited(fakes, comment, comments=quiet) == comment
    assert quiet.writes == 0


@pytest.mark.parametrize(
    ("private", "reader", "visible"),
    [
        (False, frozenset(), True),
        (True, frozenset(), False),
        (True, frozenset({"ann"}), True),
        (True, frozenset({"bob", "x"}), True),
        (True, frozenset({"eve"}), False),
    ],
)
def test_who_sees_a_comment(private: bool, reader: frozenset[str], visible: bool, fakes: Fakes) -> None:
    comment = written(fakes, "bob", private=private)
    assert comment.visible_to(reader) is visible
    assert not replace(comment, deleted_at=NOW).visible_to(reader)
