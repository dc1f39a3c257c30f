"""What the core API reads and answers of comments."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from api.core.shared import Timestamp
from api.examples import example, parsed
from api.models import CamelRequestModel, CamelResponseModel, Id, left_out, same_fields, without_none
from auricle.recordings import comments as domain
from auricle.recordings.recording import Recording

MAX_POSITION_MS = 7 * 86_400_000

Words = Annotated[
    str, StringConstraints(min_length=1, max_length=10_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")
]
"""Text of several lines."""
Label = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]
Extension = Annotated[str, StringConstraints(max_length=11, pattern=r"^\.?[A-Za-z0-9]{1,10}$")]
PositionMs = Annotated[float, Field(ge=0, le=MAX_POSITION_MS, allow_inf_nan=False)]
AudioStatus = Literal["uploaded", "uploading", "failed"]

_AUDIO_STATUS = "How far the client is with its upload; `uploaded` and `failed` are final."
_TEXT = "Listen to how she asks for the date here."
_COMMENT = parsed("""{
  "id": "comment_19d4f2a1b0c00aa11bb22cc33dd44e", "threadId": "comment_19d4f2a1b0c00aa11bb22cc33dd44e",
  "commenterUid": "user_1", "commenterFirstName": "Dana", "commenterLastName": "Okafor",
  "recordingId": "rec_19d4f2a1b00c0ffee12345678901234", "recordingTitle": "Discovery call",
  "dateCreated": "2026-03-30T12:00:00.000Z", "timestampStartInMilliseconds": 12500, "timestampEndInMilliseconds": 15000,
  "text": "Listen to how she asks for the date here.", "seenByUids": [], "unreadUids": ["user_2"], "isPrivate": false
}""")


class CommentAudioRequest(CamelRequestModel):
    """What the client keeps of a spoken comment; its bytes are the client's to store."""

    storage_id: Label = Field(description="The client's id of the audio.")
    storage_path: Label | None = Field(None, description="Where the client keeps it.")
    extension: Extension | None = Field(None, description="The ending of its file name, like `m4a`.")
    duration_in_milliseconds: PositionMs | None = Field(None, description="How long it is; a week at most.")
    text_transcription: Words | None = Field(None, description="What is said in it.")
    status: AudioStatus | None = Field(None, description=_AUDIO_STATUS)
    error_message: Label | None = Field(None, description="Why the client could not upload it.")

    def as_domain(self) -> domain.CommentAudio:
        return domain.CommentAudio(
            storage_id=self.storage_id,
            storage_path=self.storage_path,
            extension=self.extension,
            duration_ms=None if self.duration_in_milliseconds is None else round(self.duration_in_milliseconds),
            text=self.text_transcription,
            status=self.status,
            error=self.error_message,
        )


class HighlightRange(CamelRequestModel):
    """The part of the recording a comment is about, in milliseconds from its beginning."""

    start: PositionMs = Field(description="Where it begins; fractions are rounded.")
    end: PositionMs = Field(description="Where it ends, not before its beginning; fractions are rounded.")


class TeamMember(CamelRequestModel):
    """A member of a team, as clients send them along. Who belongs to a team is what the directory says."""

    type: Literal["user"] = Field(description="Always a user.")
    key: Id = Field(description="The user's id.")
    first_name: Label | None = Field(None, description="Not read.")
    last_name: Label | None = Field(None, description="Not read.")
    email: Label | None = Field(None, description="Not read.")
    reps: list[None] = Field([], max_length=0, description="Always empty: a user has no members.")


class CommentRecipient(CamelRequestModel):
    """Whom a comment is for: a user, or a team, which means its members as the directory has them now."""

    type: Literal["user", "team"] = Field(description="What `key` is the id of.")
    key: Id = Field(description="The id of the user or the team.")
    first_name: Label | None = Field(None, description="Not read.")
    last_name: Label | None = Field(None, description="Not read.")
    email: Label | None = Field(None, description="Not read.")
    reps: list[TeamMember] = Field([], max_length=500, description="The team's members; not read.")


Recipients = Annotated[list[CommentRecipient], Field(max_length=100)]


class WriteCommentRequest(CamelRequestModel):
    """A comment in text, audio, or both."""

    model_config = ConfigDict(
        json_schema_extra=example("""{
          "text": "Listen to how she asks for the date here.", "highlightRange": {"start": 12500, "end": 15000},
          "recipients": [{"type": "user", "key": "user_2"}], "isPrivate": false
        }""")
    )

    text: Words | None = Field(None, description="What it says; may be left out where there is audio.")
    audio: CommentAudioRequest | None = Field(None, description="The audio of a spoken comment.")
    highlight_range: HighlightRange = Field(description="The part of the recording it is about.")
    selected_thread_id: Id | None = Field(None, description="The `threadId` it answers in; left out, it begins one.")
    recipients: Recipients = Field(description="Whom it is for; 200 users altogether at most.")
    is_private: bool = Field(False, description="Whether it exists for its author and its recipients alone.")


class UnreadChange(CamelRequestModel):
    """For whom a comment becomes unread, and for whom read. One user cannot stand in both."""

    add: list[Id] = Field(default=[], max_length=100, description="Ids of users for whom it becomes unread.")
    remove: list[Id] = Field(default=[], max_length=100, description="Ids of users who have read it.")


class ChangeCommentRequest(CamelRequestModel):
    """What to change of a comment. What is left out, or null, stays as it is."""

    model_config = ConfigDict(json_schema_extra=example({"unreadUids": {"remove": ["user_2"]}}))

    text: Words | None = Field(None, description="What it says now.")
    audio: CommentAudioRequest | None = Field(None, description="The audio of a spoken comment.")
    recipients: Recipients | None = Field(None, description="Whom it is for now; 200 users altogether at most.")
    unread_uids: UnreadChange = Field(default_factory=UnreadChange, description="For whom it is unread or read now.")


class CommentAudio(CamelResponseModel):
    """What the client keeps of a spoken comment. What was not sent is left out."""

    storage_id: str = Field(description="The client's id of the audio.")
    storage_path: str = left_out(description="Where the client keeps it.")
    extension: str = left_out(description="The ending of its file name.")
    duration_in_milliseconds: int = left_out(description="How long it is.")
    text_transcription: str = left_out(description="What is said in it.")
    status: AudioStatus = left_out(description=_AUDIO_STATUS)
    error_message: str = left_out(description="Why the client could not upload it.")

    @classmethod
    def of(cls, audio: domain.CommentAudio) -> CommentAudio:
        renamed = {
            "duration_in_milliseconds": audio.duration_ms,
            "text_transcription": audio.text,
            "error_message": audio.error,
        }
        return cls(**without_none(same_fields(cls, audio) | renamed))


class Comment(CamelResponseModel):
    """One comment. What it has none of is left out."""

    id: str = Field(description="The id of the comment.")
    thread_id: str = Field(description="The id of its thread, which is that of the comment that began it.")
    commenter_uid: str = Field(description="The id of the user who wrote it.")
    commenter_first_name: str = left_out(description="As the directory had it when the comment was written.")
    commenter_last_name: str = left_out(description="As the directory had it when the comment was written.")
    recording_id: str = Field(description="The id of the recording it is on.")
    recording_title: str | None = Field(description="The recording's title; null where it has none.")
    date_created: Timestamp = Field(description="When it was written.")
    date_updated: Timestamp = left_out(description="When its author changed what it says.")
    timestamp_start_in_milliseconds: int = Field(description="Where the part begins that it is about.")
    timestamp_end_in_milliseconds: int = Field(description="Where the part ends that it is about.")
    text: str = left_out(description="What it says.")
    audio: CommentAudio = left_out(description="The audio of a spoken comment.")
    seen_by_uids: list[str] = Field(description="Ids of the users who have read it.")
    unread_uids: list[str] = Field(description="Ids of the users who have not read it yet.")
    is_private: bool = Field(description="Whether it exists for its author and its recipients alone.")

    @classmethod
    def of(cls, comment: domain.Comment, recording: Recording) -> Comment:
        optional = {
            **same_fields(cls, comment),
            "commenter_first_name": comment.first_name,
            "commenter_last_name": comment.last_name,
            "date_updated": comment.updated_at,
            "audio": CommentAudio.of(comment.audio) if comment.audio else None,
        }
        return cls(
            commenter_uid=comment.author_id,
            recording_title=recording.title,
            date_created=comment.created_at,
            timestamp_start_in_milliseconds=comment.start_ms,
            timestamp_end_in_milliseconds=comment.end_ms,
            seen_by_uids=sorted(comment.seen),
            unread_uids=sorted(comment.unread),
            is_private=comment.private,
            **without_none(optional),
        )


class CommentResponse(CamelResponseModel):
    """The comment."""

    model_config = ConfigDict(json_schema_extra=example({"data": _COMMENT}))

    data: Comment = Field(description="The comment.")


class CommentPage(CamelResponseModel):
    """Some comments, oldest first."""

    model_config = ConfigDict(json_schema_extra=example({"data": [_COMMENT], "cursor": None, "pageSize": 100}))

    data: list[Comment] = Field(description="The comments of this page.")
    cursor: str | None = Field(description="Leads to what follows; null at the end.")
    page_size: int = Field(description="How many a page has at most.")
