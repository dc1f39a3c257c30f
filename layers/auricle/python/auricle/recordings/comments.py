"""Comments on a recording, in threads: who wrote them, for whom, and who has read them.

A comment lists the users who have not read it; the recording's counts say it too, changed in the same transaction.
A private comment exists for its author and those it was written for, and for nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from auricle.errors import CommentNotFound, Conflict, InvalidRequest, NotYours
from auricle.identifiers import new_id
from auricle.recordings.counters import CountersChange
from auricle.records import RecordKind, change_record

if TYPE_CHECKING:
    from auricle.ports import RecordStore
    from auricle.recordings.counters import Counters

MAX_RECIPIENTS = 200
"""Users one comment is for, teams counted by their members."""
MAX_UNREAD = 3000
"""Unread marks on one recording: they lie in one item of the table, which may have 400 KB."""


@dataclass(frozen=True, slots=True)
class CommentAudio:
    """A spoken comment, as the client keeps it: Auricle stores what is said of it, not its bytes."""

    storage_id: str
    storage_path: str | None = None
    extension: str | None = None
    duration_ms: int | None = None
    text: str | None = None
    status: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment. Its thread has the id of the comment that began it."""

    org: str
    id: str
    recording_id: str
    created_at: datetime
    author_id: str
    thread_id: str
    start_ms: int
    end_ms: int
    revision: int = 1
    updated_at: datetime | None = None
    """When its author changed it; None of one that stands as it was written."""
    first_name: str | None = None
    last_name: str | None = None
    text: str | None = None
    audio: CommentAudio | None = None
    recipients: tuple[str, ...] = ()
    """Users it is for; of a private thread also those whom the thread is for."""
    unread: frozenset[str] = frozenset()
    seen: frozenset[str] = frozenset()
    private: bool = False
    deleted_at: datetime | None = None
    """Deleted: nothing of what it said is left, but its thread goes on."""

    def visible_to(self, reader: frozenset[str]) -> bool:
        """Whether the comment exists for who has these ids; a private one does for none of them where there are none.

        Nobody else sees a private comment: neither administrators nor founders, nor who is mentioned in it.
        """
        return self.deleted_at is None and (
            not self.private or self.author_id in reader or not reader.isdisjoint(self.recipients)
        )


COMMENTS = RecordKind("comment", Comment, CommentNotFound, of_recording=True)


@dataclass(frozen=True, slots=True)
class NewComment:
    """What is said when a comment is written; without a thread it begins one. It is kept to whole milliseconds."""

    start_ms: float
    end_ms: float
    text: str | None = None
    audio: CommentAudio | None = None
    thread_id: str | None = None
    recipients: Sequence[str] = ()
    private: bool = False
    first_name: str | None = None
    last_name: str | None = None


@dataclass(frozen=True, slots=True)
class CommentEdit:
    """What to change of a comment; None leaves it as it is."""

    text: str | None = None
    audio: CommentAudio | None = None
    recipients: Sequence[str] | None = None
    now_unread: frozenset[str] = frozenset()
    now_read: frozenset[str] = frozenset()

    @property
    def is_the_authors(self) -> bool:
        """Whether it changes what was said, or to whom."""
        return self.text is not None or self.audio is not None or self.recipients is not None


def write_comment(
    wanted: NewComment,
    *,
    org: str,
    recording_id: str,
    author: str,
    reader: frozenset[str],
    counters: Counters,
    comments: RecordStore[Comment],
    now: datetime,
) -> Comment:
    """Adds the comment: unread by everyone it is for but its author. An answer in a private thread is private.

    Raises:
        InvalidRequest: it says nothing, it ends before it begins, the thread is none the reader can see, or there are
            too many recipients.
        Conflict: too much of the recording is unread already.
        RecordingNotFound: the recording is not there (any more).
    """
    if wanted.text is None and wanted.audio is None:
        raise InvalidRequest("text is missing, and so is audio: a comment has one of them", field="text")
    if wanted.end_ms < wanted.start_ms:
        raise InvalidRequest("highlightRange.end must not be less than its start", field="highlightRange.end")
    comment_id = new_id("comment", now)
    private, recipients = wanted.private, tuple(dict.fromkeys(wanted.recipients))
    if wanted.thread_id is not None:
        begun = _thread(org, recording_id, wanted.thread_id, reader, comments)
        private = begun.private
        if private:
            recipients = tuple(dict.fromkeys((*recipients, begun.author_id, *begun.recipients)))
    _check_recipients(recipients)
    unread = frozenset(recipients) - {author}
    _check_unread(counters, unread)
    comment = Comment(
        org=org,
        id=comment_id,
        recording_id=recording_id,
        created_at=now,
        author_id=author,
        thread_id=wanted.thread_id or comment_id,
        start_ms=round(wanted.start_ms),
        end_ms=round(wanted.end_ms),
        first_name=wanted.first_name,
        last_name=wanted.last_name,
        text=wanted.text,
        audio=wanted.audio,
        recipients=recipients,
        unread=unread,
        private=private,
    )
    counts = CountersChange(comments=0 if private else 1, unread=_pairs(comment, unread), private=private)
    comments.add(comment, counters=counts)
    return comment


def find_comment(
    org: str, recording_id: str, comment_id: str, *, reader: frozenset[str], comments: RecordStore[Comment]
) -> Comment:
    """The comment, if it exists for the reader. Raises CommentNotFound."""
    found = comments.get(org, comment_id, recording_id=recording_id)
    if not found.visible_to(reader):
        raise COMMENTS.not_found(comment_id)
    return found


def edit_comment(
    comment: Comment,
    edit: CommentEdit,
    *,
    editor: str,
    reader: frozenset[str],
    counters: Counters,
    comments: RecordStore[Comment],
    now: datetime,
    if_revision: int | None = None,
) -> Comment:
    """The comment as the editor changes it. Who makes it unread for some and read for others writes it twice.

    Raises:
        NotYours: what was said, and others' marks, are the author's to change.
        InvalidRequest: too many recipients, somebody for whom it becomes both read and unread, or a private comment
            made unread for somebody it was not written for.
        Conflict: too much of the recording is unread already, or too many have read the comment.
        PreconditionFailed: it is not at `if_revision` (any more).
        CommentNotFound: it is gone.
    """
    if edit.now_unread & edit.now_read:
        raise InvalidRequest("unreadUids.add and unreadUids.remove name the same user", field="unreadUids.remove")
    may_say = editor == comment.author_id
    if edit.is_the_authors and not may_say:
        raise NotYours("Only the author of a comment may change what it says and whom it is for.")
    if not may_say and (edit.now_unread | edit.now_read) - {editor}:
        raise NotYours("Only the author of a comment may mark it as read or unread for others.")

    kept = comment.recipients if edit.recipients is None else edit.recipients
    dropped = frozenset(comment.recipients) - frozenset(kept)

    def edit_and_mark_unread(before: Comment) -> Comment:
        after = before
        if edit.is_the_authors:
            after = replace(before, text=edit.text or before.text, audio=edit.audio or before.audio, updated_at=now)
        added: frozenset[str] = edit.now_unread
        if edit.recipients is not None:
            recipients = tuple(dict.fromkeys(edit.recipients))
            _check_recipients(recipients)
            added |= frozenset(recipients) - frozenset(before.recipients) - {before.author_id}
            after = replace(after, recipients=recipients)
        if after.private and added - {after.author_id, *after.recipients}:
            raise InvalidRequest(
                "unreadUids.add names somebody the private comment was not written for", field="unreadUids.add"
            )
        _check_unread(counters, added - before.unread)
        return replace(after, unread=before.unread | added, seen=before.seen - added)

    def mark_read(before: Comment) -> Comment:
        known = before.unread.union(before.recipients, {editor})
        marked = (edit.now_read & known) - {before.author_id}
        if len(before.seen | marked) > MAX_UNREAD:
            raise Conflict(f"{MAX_UNREAD} users have read this comment already: no more are noted.")
        return replace(before, unread=before.unread - marked - dropped, seen=before.seen | marked)

    after = _change(comment, edit_and_mark_unread, reader=reader, comments=comments, if_revision=if_revision)
    return _change(after, mark_read, reader=reader, comments=comments, if_revision=None)


def delete_comment(
    comment: Comment,
    *,
    editor: str,
    reader: frozenset[str],
    comments: RecordStore[Comment],
    now: datetime,
    if_revision: int | None = None,
) -> Comment:
    """Deletes it; what it was is returned. Nothing of what it said is kept, only its place in the thread.

    Raises:
        NotYours: only its author may.
        PreconditionFailed: it is not at `if_revision` (any more).
        CommentNotFound: it is gone already.
    """
    if editor != comment.author_id:
        raise NotYours("Only the author of a comment may delete it.")
    deleted = comment

    def empty(before: Comment) -> Comment:
        nonlocal deleted
        deleted = before
        return replace(
            before, deleted_at=now, text=None, audio=None, first_name=None, last_name=None, unread=frozenset()
        )

    _change(comment, empty, reader=reader, comments=comments, if_revision=if_revision)
    return deleted


def _thread(
    org: str, recording_id: str, thread_id: str, reader: frozenset[str], comments: RecordStore[Comment]
) -> Comment:
    """The comment a thread began with, though it be deleted. One that the reader cannot see is none."""
    try:
        begun = comments.get(org, thread_id, recording_id=recording_id)
    except CommentNotFound:
        begun = None
    if begun is None or begun.thread_id != begun.id or not replace(begun, deleted_at=None).visible_to(reader):
        raise InvalidRequest(
            "selectedThreadId is no thread of this recording: leave it out to begin one", field="selectedThreadId"
        )
    return begun


def _change(
    comment: Comment,
    change: Callable[[Comment], Comment],
    *,
    reader: frozenset[str],
    comments: RecordStore[Comment],
    if_revision: int | None,
) -> Comment:
    """Changes the comment, and the recording's counts with it. The first attempt takes it as the caller read it."""
    known = iter((comment,))
    return change_record(
        "comment",
        lambda: (
            next(known, None)
            or find_comment(comment.org, comment.recording_id, comment.id, reader=reader, comments=comments)
        ),
        lambda after, before: comments.replace(after, expected=before, counters=_counted(before, after)),
        change,
        if_revision=if_revision,
    )


def _counted(before: Comment, after: Comment) -> CountersChange | None:
    """What the change of a comment adds to the recording's counts; None where it adds nothing."""
    unread, read = _pairs(after, after.unread - before.unread), _pairs(after, before.unread - after.unread)
    deleted = before.deleted_at is None and after.deleted_at is not None
    if not (unread or read or deleted):
        return None
    comments = -1 if deleted and not after.private else 0
    return CountersChange(comments=comments, unread=unread, read=read, private=after.private)


def _check_unread(counters: Counters, unread: frozenset[str]) -> None:
    if unread and counters.all_unread + len(unread) > MAX_UNREAD:
        raise Conflict(f"{MAX_UNREAD} comments are unread on this recording already. Mark some of them as read first.")


def _check_recipients(recipients: Sequence[str]) -> None:
    if len(recipients) > MAX_RECIPIENTS:
        raise InvalidRequest(
            f"recipients are {len(recipients)} users, and a comment is for {MAX_RECIPIENTS} at most",
            field="recipients",
        )


def _pairs(comment: Comment, users: frozenset[str]) -> frozenset[tuple[str, str]]:
    return frozenset((user, comment.id) for user in users)
