"""Comments on a recording, in threads, and who has read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Body, Query, Response
from pydantic import StringConstraints

from api.core.comments import models
from api.core.errors import NO_RECORDING
from api.core.shared import PREFIX, PageSize, Reader, Writer, WriterOnce
from api.dependencies import Cursor, IfMatch, RecordingId, RequestContext, path_id, tag_revision
from api.models import CommaSeparated
from api.paging import Cursors, fit_page
from api.problems import PossibleError, errors
from api.routing import SparseRoute, api_router
from auricle.errors import CommentNotFound
from auricle.ports import Position
from auricle.recordings import comments as domain

router = api_router(f"{PREFIX}/recordings/{{recording_id}}/comments", SparseRoute, tags=["comments"])

CommentId = Annotated[str, path_id(CommentNotFound, "comment")]
ThreadId = Annotated[str, StringConstraints(max_length=64, pattern="^[A-Za-z0-9_-]+$")]

NO_COMMENT = PossibleError(404, "comment-not-found", "The comment is unknown, or private and not for the caller.")
NOT_YOURS = PossibleError(403, "forbidden", "Only the author may do this.")
TOO_MUCH_UNREAD = PossibleError(409, "conflict", "3,000 comments are unread on this recording already.")


@router.post("", status_code=201, responses=errors(NO_RECORDING, TOO_MUCH_UNREAD), summary="Write a comment")
async def write_comment(
    recording_id: RecordingId, body: models.WriteCommentRequest, context: WriterOnce, response: Response
) -> models.CommentResponse:
    """About a part of the recording, as text, audio or both. Without `selectedThreadId` it begins a thread. It is
    unread for every recipient but its author; teams mean their present members, 200 users altogether at most. A
    private comment exists for its author and its recipients alone, whoever administers or is mentioned; so do answers
    in its thread. It stands in nobody's counts but the unread ones of its recipients. An API key that was made for a
    user by somebody else, or with another key, reads none of that user's."""
    from auricle.directory.users import rep_of_id

    detail = context.detail(recording_id)
    author = context.caller.user
    rep = rep_of_id(context.org, author, context.stores)
    comment = domain.write_comment(
        domain.NewComment(
            start_ms=body.highlight_range.start,
            end_ms=body.highlight_range.end,
            text=body.text,
            audio=body.audio.as_domain() if body.audio else None,
            thread_id=body.selected_thread_id,
            recipients=_users(body.recipients, context),
            private=body.is_private,
            first_name=rep.first_name if rep else None,
            last_name=rep.last_name if rep else None,
        ),
        org=context.org,
        recording_id=recording_id,
        author=author,
        reader=context.caller.reader,
        counters=detail.counters,
        comments=context.stores.records(domain.COMMENTS),
        now=context.now,
    )
    tag_revision(response, comment.revision)
    response.headers["location"] = f"{PREFIX}/recordings/{recording_id}/comments/{comment.id}"
    return models.CommentResponse(data=models.Comment.of(comment, detail.recording))


@router.get("", responses=errors(NO_RECORDING), summary="List comments")
async def list_comments(
    recording_id: RecordingId,
    context: Reader,
    thread_ids: Annotated[
        list[ThreadId] | None,
        Query(alias="threadIds", max_length=50, description="Of these threads; with commas between, or repeated."),
        CommaSeparated,
    ] = None,
    commenter_uid: Annotated[
        str | None, Query(alias="commenterUid", min_length=1, max_length=256, description="Written by this user.")
    ] = None,
    exclude_private: Annotated[bool, Query(alias="excludePrivate", description="Leave private comments out.")] = False,
    cursor: Cursor = None,
    page_size: PageSize = 100,
) -> models.CommentPage:
    """Oldest first, those that exist for the caller."""
    recording, reader = context.recording(recording_id), context.caller.reader
    threads = None if thread_ids is None else frozenset(thread_ids)

    def wanted(comment: domain.Comment) -> bool:
        return (
            comment.visible_to(reader)
            and (threads is None or comment.thread_id in threads)
            and commenter_uid in (None, comment.author_id)
            and not (exclude_private and comment.private)
        )

    shown_to = context.caller.user, sorted(reader)
    filters = repr((recording.id, *shown_to, sorted(threads or ()), commenter_uid, exclude_private))
    cursors = Cursors(context.settings, org=context.org, route=f"{PREFIX}/comments", filters=filters)
    position = cursors.position(cursor)
    comments = context.stores.records(domain.COMMENTS)

    def read(count: int) -> tuple[list[models.Comment], Position | None]:
        page = comments.list(context.org, count, position, recording_id=recording.id, wanted=wanted)
        return [models.Comment.of(comment, recording) for comment in page.records], page.next_position

    found, following = fit_page(read, page_size)
    return models.CommentPage(data=found, cursor=cursors.seal(following), page_size=page_size)


@router.get("/{comment_id}", responses=errors(NO_RECORDING, NO_COMMENT), summary="Get a comment")
async def get_comment(
    recording_id: RecordingId, comment_id: CommentId, context: Reader, response: Response
) -> models.CommentResponse:
    """One comment, with who has read it."""
    recording = context.recording(recording_id)
    comment = _comment(recording_id, comment_id, context)
    tag_revision(response, comment.revision)
    return models.CommentResponse(data=models.Comment.of(comment, recording))


@router.patch(
    "/{comment_id}", responses=errors(NO_RECORDING, NO_COMMENT, NOT_YOURS, TOO_MUCH_UNREAD), summary="Change a comment"
)
async def change_comment(
    recording_id: RecordingId,
    comment_id: CommentId,
    body: Annotated[models.ChangeCommentRequest, Body(default_factory=models.ChangeCommentRequest)],
    context: Writer,
    if_match: IfMatch,
    response: Response,
) -> models.CommentResponse:
    """Text, audio and recipients are its author's to change; new recipients find it unread. Everyone may mark it as
    read (`unreadUids.remove`) or unread (`unreadUids.add`) for themselves, its author for others too."""
    detail = context.detail(recording_id)
    comment = domain.edit_comment(
        _comment(recording_id, comment_id, context),
        domain.CommentEdit(
            text=body.text,
            audio=body.audio.as_domain() if body.audio else None,
            recipients=None if body.recipients is None else _users(body.recipients, context),
            now_unread=frozenset(body.unread_uids.add),
            now_read=frozenset(body.unread_uids.remove),
        ),
        editor=context.caller.user,
        reader=context.caller.reader,
        counters=detail.counters,
        comments=context.stores.records(domain.COMMENTS),
        now=context.now,
        if_revision=if_match,
    )
    tag_revision(response, comment.revision)
    return models.CommentResponse(data=models.Comment.of(comment, detail.recording))


@router.delete("/{comment_id}", responses=errors(NO_RECORDING, NO_COMMENT, NOT_YOURS), summary="Delete a comment")
async def delete_comment(
    recording_id: RecordingId, comment_id: CommentId, context: Writer, if_match: IfMatch
) -> models.CommentResponse:
    """What it was is answered, and kept nowhere; its thread goes on."""
    recording = context.recording(recording_id)
    comment, comments = _comment(recording_id, comment_id, context), context.stores.records(domain.COMMENTS)
    user, reader = context.caller.user, context.caller.reader
    deleted = domain.delete_comment(
        comment, editor=user, reader=reader, comments=comments, now=context.now, if_revision=if_match
    )
    return models.CommentResponse(data=models.Comment.of(deleted, recording))


def _comment(recording_id: str, comment_id: str, context: RequestContext) -> domain.Comment:
    """The comment, if it exists for the caller."""
    comments = context.stores.records(domain.COMMENTS)
    return domain.find_comment(context.org, recording_id, comment_id, reader=context.caller.reader, comments=comments)


def _users(recipients: Sequence[models.CommentRecipient], context: RequestContext) -> list[str]:
    """Ids of the users meant."""
    from auricle.directory.recipients import Recipient, users_among

    meant = [Recipient(recipient.key, is_team=recipient.type == "team") for recipient in recipients]
    return users_among(context.org, meant, context.stores)
