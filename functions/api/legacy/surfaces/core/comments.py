"""Comments on a recording, in threads, and who has read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from api.legacy.paging import Cursors, fit_page
from api.legacy.reading import Asked, Id
from api.legacy.surface import Call, etag
from api.legacy.surfaces.core.given import rep_of_user
from api.legacy.surfaces.core.wire import READ, WRITE, enveloped, surface, timestamp
from auricle.errors import CommentNotFound, InvalidRequest, TeamNotFound
from auricle.recordings.comments import COMMENTS, Comment, CommentAudio

if TYPE_CHECKING:
    from starlette.responses import Response

    from auricle.recordings.recording import Recording

MAX_POSITION_MS = 7 * 86_400_000
MAX_THREADS = 50

Words = Annotated[
    str, StringConstraints(min_length=1, max_length=10_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")
]
Label = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]
Position = Annotated[float, Field(ge=0, le=MAX_POSITION_MS, allow_inf_nan=False)]
UserIds = Annotated[tuple[Id, ...], Field(max_length=100)]


class AudioOfComment(Asked):
    """What the client keeps of a spoken comment."""

    storage_id: Label = Field(alias="storageId")
    storage_path: Label | None = Field(None, alias="storagePath")
    extension: Annotated[str, StringConstraints(max_length=11, pattern=r"^\.?[A-Za-z0-9]{1,10}$")] | None = None
    duration_ms: Position | None = Field(None, alias="durationInMilliseconds")
    text: Words | None = Field(None, alias="textTranscription")
    status: Literal["uploaded", "uploading", "failed"] | None = None
    error: Label | None = Field(None, alias="errorMessage")

    def value(self) -> CommentAudio:
        return CommentAudio(
            storage_id=self.storage_id,
            storage_path=self.storage_path,
            extension=self.extension,
            duration_ms=None if self.duration_ms is None else round(self.duration_ms),
            text=self.text,
            status=self.status,
            error=self.error,
        )


class HighlightRange(Asked):
    """The part of the recording a comment is about, in milliseconds from its beginning."""

    start_ms: Position = Field(alias="start")
    end_ms: Position = Field(alias="end")


class TeamMember(Asked):
    """A member of a team, as clients send them along; who they are, the directory says."""

    type: Literal["user"]
    key: Id
    first_name: Label | None = Field(None, alias="firstName")
    last_name: Label | None = Field(None, alias="lastName")
    email: Label | None = None
    reps: Annotated[tuple[None, ...], Field(max_length=0)] = ()


class Recipient(Asked):
    """A user, or a team: its members, as the directory has them now."""

    type: Literal["user", "team"]
    key: Id
    first_name: Label | None = Field(None, alias="firstName")
    last_name: Label | None = Field(None, alias="lastName")
    email: Label | None = None
    reps: Annotated[tuple[TeamMember, ...], Field(max_length=500)] = ()


Recipients = Annotated[tuple[Recipient, ...], Field(max_length=100)]


class CommentRequest(Asked):
    """`POST /recordings/{id}/comments`: text, audio, or both."""

    text: Words | None = None
    audio: AudioOfComment | None = None
    range: HighlightRange = Field(alias="highlightRange")
    thread_id: Id | None = Field(None, alias="selectedThreadId")
    recipients: Recipients
    private: bool = Field(False, alias="isPrivate")


class Marks(Asked):
    """Users for whom the comment becomes unread, and for whom it becomes read."""

    add: UserIds = ()
    remove: UserIds = ()


class CommentPatch(Asked):
    """`PATCH /recordings/{id}/comments/{commentId}`. What is not said stays as it is."""

    text: Words | None = None
    audio: AudioOfComment | None = None
    recipients: Recipients | None = None
    unread: Marks = Field(Marks(), alias="unreadUids")


class CommentsRequest(Asked):
    """`GET /recordings/{id}/comments`. Threads are separated by commas, or given several times."""

    repeatable: ClassVar = frozenset({"threadIds"})
    thread_ids: (
        Annotated[
            str,
            StringConstraints(
                max_length=65 * MAX_THREADS,
                pattern=rf"^[A-Za-z0-9_-]{{1,64}}(,[A-Za-z0-9_-]{{1,64}}){{0,{MAX_THREADS - 1}}}$",
            ),
        ]
        | None
    ) = Field(None, alias="threadIds")
    commenter: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = Field(
        None, alias="commenterUid"
    )
    exclude_private: bool = Field(False, alias="excludePrivate")
    cursor: Annotated[str, StringConstraints(max_length=2048)] | None = None
    page_size: int = Field(100, alias="pageSize", ge=1, le=100)


@surface.post("/recordings/{recording_id}/comments", scope=WRITE, reads=CommentRequest)
async def write_comment(call: Call, asked: CommentRequest) -> Response:
    from auricle.recordings.comments import NewComment
    from auricle.recordings.comments import write_comment as write

    detail = call.detail(call.recording_id())
    if asked.text is None and asked.audio is None:
        raise InvalidRequest("text is missing, and so is audio: a comment has one of them", field="text")
    if asked.range.end_ms < asked.range.start_ms:
        raise InvalidRequest("highlightRange.end must not be less than its start", field="highlightRange.end")
    author = call.caller.user
    named = rep_of_user(call, author)
    comment = write(
        NewComment(
            start_ms=round(asked.range.start_ms),
            end_ms=round(asked.range.end_ms),
            text=asked.text,
            audio=asked.audio.value() if asked.audio else None,
            thread_id=asked.thread_id,
            recipients=_users(call, asked.recipients),
            private=asked.private,
            first_name=named.first_name if named else None,
            last_name=named.last_name if named else None,
        ),
        org=call.org,
        recording_id=detail.recording.id,
        author=author,
        reader=call.caller.reader,
        counters=detail.counters,
        comments=call.services.records(COMMENTS),
        now=call.parts.now(),
    )
    place = f"{surface.prefix}/recordings/{detail.recording.id}/comments/{comment.id}"
    return _answer(comment, detail.recording, 201, location=place)


@surface.get("/recordings/{recording_id}/comments", scope=READ, reads=CommentsRequest)
async def list_comments(call: Call, asked: CommentsRequest) -> Response:
    recording = call.recording(call.recording_id())
    threads = frozenset(asked.thread_ids.split(",")) if asked.thread_ids else None
    reader = call.caller.reader

    def wanted(comment: Comment) -> bool:
        return (
            comment.visible_to(reader)
            and (threads is None or comment.thread_id in threads)
            and asked.commenter in (None, comment.author_id)
            and not (asked.exclude_private and comment.private)
        )

    filters = repr(
        (recording.id, call.caller.user, sorted(reader), sorted(threads or ()), asked.commenter, asked.exclude_private)
    )
    cursors = Cursors(call.parts.settings(), org=call.org, route=f"{surface.prefix}/comments", filters=filters)
    position = cursors.position(asked.cursor) if asked.cursor is not None else None

    def read(count: int) -> tuple[list[dict[str, Any]], Mapping[str, str] | None]:
        comments = call.services.records(COMMENTS)
        page = comments.list(call.org, count, position, recording_id=recording.id, wanted=wanted)
        return [_shown(comment, recording) for comment in page.records], page.next_position

    shown, following = fit_page(read, asked.page_size)
    return enveloped(shown, cursor=cursors.seal(following), pageSize=asked.page_size)


@surface.get("/recordings/{recording_id}/comments/{comment_id}", scope=READ)
async def get_comment(call: Call) -> Response:
    recording, comment = _found(call)
    return _answer(comment, recording)


@surface.patch("/recordings/{recording_id}/comments/{comment_id}", scope=WRITE, reads=CommentPatch)
async def change_comment(call: Call, asked: CommentPatch) -> Response:
    from auricle.recordings.comments import CommentEdit, edit_comment

    detail = call.detail(call.recording_id())
    recording, comment = detail.recording, _comment(call)
    if set(asked.unread.add) & set(asked.unread.remove):
        raise InvalidRequest("unreadUids.add and unreadUids.remove name the same user", field="unreadUids.remove")
    edit = CommentEdit(
        text=asked.text,
        audio=asked.audio.value() if asked.audio else None,
        recipients=None if asked.recipients is None else _users(call, asked.recipients),
        now_unread=frozenset(asked.unread.add),
        now_read=frozenset(asked.unread.remove),
    )
    changed = edit_comment(
        comment,
        edit,
        editor=call.caller.user,
        reader=call.caller.reader,
        counters=detail.counters,
        comments=call.services.records(COMMENTS),
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    return _answer(changed, recording)


@surface.delete("/recordings/{recording_id}/comments/{comment_id}", scope=WRITE)
async def delete_comment(call: Call) -> Response:
    from auricle.recordings.comments import delete_comment as delete

    recording, comment = _found(call)
    deleted = delete(
        comment,
        editor=call.caller.user,
        reader=call.caller.reader,
        comments=call.services.records(COMMENTS),
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    return enveloped(_shown(deleted, recording))


def _found(call: Call) -> tuple[Recording, Comment]:
    """The recording and its comment, if it exists for the caller."""
    return call.recording(call.recording_id()), _comment(call)


def _comment(call: Call) -> Comment:
    """The comment of the path, if it exists for the caller."""
    from auricle.recordings.comments import find_comment

    comment_id = call.path_id("comment_id", CommentNotFound, "comment")
    comments = call.services.records(COMMENTS)
    return find_comment(call.org, call.recording_id(), comment_id, reader=call.caller.reader, comments=comments)


def _users(call: Call, recipients: Sequence[Recipient]) -> list[str]:
    """Ids of the users meant, teams by their members."""
    users: list[str] = []
    for number, recipient in enumerate(recipients):
        if recipient.type == "user":
            users.append(recipient.key)
            continue
        from auricle.directory.users import members_of

        try:
            users += members_of(call.org, recipient.key, call.services)
        except TeamNotFound as error:
            raise InvalidRequest(error.message, field=f"recipients.{number}.key") from None
    return users


def _answer(comment: Comment, recording: Recording, status: int = 200, **headers: str) -> Response:
    return enveloped(_shown(comment, recording), status, headers={**etag(comment.revision), **headers})


def _shown(comment: Comment, recording: Recording) -> dict[str, Any]:
    """The comment; what it has none of is left out, as documented."""
    audio = comment.audio
    optional = {
        "commenterFirstName": comment.first_name,
        "commenterLastName": comment.last_name,
        "dateUpdated": timestamp(comment.updated_at),
        "text": comment.text,
        "audio": _said(
            {
                "storageId": audio.storage_id,
                "storagePath": audio.storage_path,
                "extension": audio.extension,
                "durationInMilliseconds": audio.duration_ms,
                "textTranscription": audio.text,
                "status": audio.status,
                "errorMessage": audio.error,
            }
        )
        if audio
        else None,
    }
    return {
        "id": comment.id,
        "threadId": comment.thread_id,
        "commenterUid": comment.author_id,
        "recordingId": comment.recording_id,
        "recordingTitle": recording.title,
        "dateCreated": timestamp(comment.created_at),
        "timestampStartInMilliseconds": comment.start_ms,
        "timestampEndInMilliseconds": comment.end_ms,
        **_said(optional),
        "seenByUids": sorted(comment.seen),
        "unreadUids": sorted(comment.unread),
        "isPrivate": comment.private,
    }


def _said(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}
