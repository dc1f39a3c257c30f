"""In the OpenAPI document: comments on a recording, in threads, and who has read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from api.legacy.documents import RECORDING_ID, CamelShown, Documented, Refusal


class CommentAudioShown(CamelShown):
    """What the client keeps of a spoken comment."""

    storage_id: str
    storage_path: str = ""
    extension: str = ""
    duration_in_milliseconds: int = 0
    text_transcription: str = ""
    status: Literal["uploaded", "uploading", "failed"] = "uploaded"
    error_message: str = ""


class CommentShown(CamelShown):
    """One comment. Its thread has the id of the comment that began it; what it has none of is left out."""

    id: str
    thread_id: str
    commenter_uid: str
    commenter_first_name: str = Field("", description="As the directory had it when the comment was written.")
    commenter_last_name: str = ""
    recording_id: str
    recording_title: str | None
    date_created: str
    date_updated: str = Field("", description="When its author changed what it says.")
    timestamp_start_in_milliseconds: int
    timestamp_end_in_milliseconds: int
    text: str = ""
    audio: CommentAudioShown | None = None
    seen_by_uids: list[str]
    unread_uids: list[str]
    is_private: bool


class CommentAnswer(CamelShown):
    """The comment."""

    data: CommentShown


class CommentPage(CamelShown):
    """Some comments, oldest first. `cursor` leads to what follows, null at the end."""

    data: list[CommentShown]
    cursor: str | None
    page_size: int


_NOT_THERE = Refusal(404, "recording-not-found", "The recording is unknown, or in the trash.")
_NO_COMMENT = Refusal(404, "comment-not-found", "The comment is unknown, or private and not for the caller.")
_NOT_YOURS = Refusal(403, "forbidden", "Only the author may do this.")
_STALE = Refusal(412, "precondition-failed", "If-Match names another state than the present one.")
_COMMENT: dict[str, Any] = {
    "id": "comment_19d4f2a1b0c00aa11bb22cc33dd44e",
    "threadId": "comment_19d4f2a1b0c00aa11bb22cc33dd44e",
    "commenterUid": "user_1",
    "commenterFirstName": "Dana",
    "commenterLastName": "Okafor",
    "recordingId": RECORDING_ID,
    "recordingTitle": "Discovery call",
    "dateCreated": "2026-03-30T12:00:00.000Z",
    "timestampStartInMilliseconds": 12500,
    "timestampEndInMilliseconds": 15000,
    "text": "Listen to how she asks for the date here.",
    "seenByUids": [],
    "unreadUids": ["user_2"],
    "isPrivate": False,
}

OPERATIONS: Mapping[str, Documented] = {
    "write_comment": Documented(
        "Write a comment",
        "About a part of the recording, as text, audio or both. Without `selectedThreadId` it begins a thread. It is "
        "unread for every recipient but its author; teams mean their present members, 200 users altogether at most. "
        "A private comment exists for its author and its recipients alone, whoever administers or is mentioned; so do "
        "answers in its thread. It stands in nobody's counts but the unread ones of its recipients. An API key that "
        "was made for a user by somebody else, or with another key, reads none of that user's.",
        CommentAnswer,
        {"data": _COMMENT},
        status=201,
        refusals=(_NOT_THERE, Refusal(409, "conflict", "3,000 comments are unread on this recording already.")),
        request_example={
            "text": "Listen to how she asks for the date here.",
            "highlightRange": {"start": 12500, "end": 15000},
            "recipients": [{"type": "user", "key": "user_2"}],
            "isPrivate": False,
        },
    ),
    "list_comments": Documented(
        "List comments",
        "Oldest first, those that exist for the caller. `threadIds` are separated by commas, or given several times.",
        CommentPage,
        {"data": [_COMMENT], "cursor": None, "pageSize": 100},
        refusals=(_NOT_THERE,),
    ),
    "get_comment": Documented(
        "Get a comment",
        "One comment, with who has read it.",
        CommentAnswer,
        {"data": _COMMENT},
        refusals=(_NOT_THERE, _NO_COMMENT),
    ),
    "change_comment": Documented(
        "Change a comment",
        "Text, audio and recipients are its author's to change; new recipients find it unread. Everyone may mark it "
        "as read (`unreadUids.remove`) or unread (`unreadUids.add`) for themselves, its author for others too.",
        CommentAnswer,
        {"data": {**_COMMENT, "seenByUids": ["user_2"], "unreadUids": []}},
        refusals=(
            _NOT_THERE,
            _NO_COMMENT,
            _NOT_YOURS,
            Refusal(409, "conflict", "3,000 comments are unread on this recording already."),
        ),
        request_example={"unreadUids": {"remove": ["user_2"]}},
    ),
    "delete_comment": Documented(
        "Delete a comment",
        "What it was is answered, and kept nowhere; its thread goes on.",
        CommentAnswer,
        {"data": _COMMENT},
        refusals=(_NOT_THERE, _NO_COMMENT, _NOT_YOURS, _STALE),
    ),
}
