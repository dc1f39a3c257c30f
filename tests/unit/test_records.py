"""Records of the core API's kinds come back from the table as they were written, each field of them filled."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from auricle.adapters.dynamodb import documents
from auricle.recordings.comments import COMMENTS, Comment, CommentAudio
from auricle.recordings.debrief import (
    QUESTIONS,
    Condition,
    DateConfig,
    DebriefQuestion,
    ResponseType,
    SelectConfig,
    Target,
    TextConfig,
)
from auricle.recordings.media import IMAGES, MULTIMEDIA, ImageGroup, MultimediaEvent, RawImage
from auricle.recordings.mobile_events import MOBILE_EVENTS, MobileEvent
from auricle.recordings.views import ENGAGEMENTS, VIEWERS, Engagement, Viewer
from auricle.records import RecordKind
from tests.fakes.contract import NOW, a_recording

OF_A_RECORDING: dict[str, Any] = {"org": "acme", "id": "x_1", "recording_id": "rec_1", "created_at": NOW}
QUESTION: dict[str, Any] = {
    "org": "acme",
    "id": "question_1",
    "created_at": NOW,
    "updated_at": NOW,
    "prompt": "Why?",
    "response_type": ResponseType.SELECT,
    "sort_value": 2.5,
    "date": DateConfig(True, True, NOW, NOW),
    "text": TextConfig(True, True, 1, 2.5, "No"),
    "select": SelectConfig(("a", 1, 2.5), True, 1, 2),
    "prompt_details": "In their words",
    "include_if": (Condition("question_2", 3), Condition("question_3", "3")),
    "only_if_flagged": True,
    "sets_field": Target.NOTES,
    "hide_from_results": True,
    "conversation_type": "Phone",
}
RECORDS: list[tuple[RecordKind[Any], Any]] = [
    (
        COMMENTS,
        Comment(
            **OF_A_RECORDING,
            author_id="ann",
            thread_id="comment_1",
            start_ms=1,
            end_ms=2,
            updated_at=NOW,
            first_name="Ann",
            last_name="Lee",
            text="Größe 📞",
            audio=CommentAudio("s", "p", "m4a", 7, "um", "failed", "no"),
            recipients=("bob", "cid"),
            unread=frozenset({"bob", "cid"}),
            seen=frozenset({"dan"}),
            private=True,
            deleted_at=NOW,
        ),
    ),
    (VIEWERS, Viewer(**OF_A_RECORDING, views=2, viewed_ms=3, open_since=NOW, starred=True)),
    (
        ENGAGEMENTS,
        Engagement(**OF_A_RECORDING, updated_at=NOW, user_id="ann", duration_ms=5, client_platform="WEB"),
    ),
    (
        MOBILE_EVENTS,
        MobileEvent(
            **OF_A_RECORDING,
            user_id="ann",
            name="recorderStateChange",
            facts={"value": "start", "trigger": "unknown"},
            happened_at_ms=1,
            duration_ms=2,
            opportunity_ids=("opp_1",),
        ),
    ),
    (
        IMAGES,
        ImageGroup(
            **OF_A_RECORDING,
            raw_images=(RawImage("web", "https://a.test/1", "https://a.test/2"),),
            linked_image="https://a.test/3",
            captured_at_ms=4,
        ),
    ),
    (MULTIMEDIA, MultimediaEvent(**OF_A_RECORDING, mime_type="video/mp4", happened_at_ms=5)),
    (QUESTIONS, DebriefQuestion(**QUESTION)),
]


@pytest.mark.parametrize(("kind", "record"), RECORDS, ids=lambda one: one.name if isinstance(one, RecordKind) else "")
def test_a_record_comes_back_whole(kind: RecordKind[Any], record: Any) -> None:
    for field in fields(record):
        unsaid = field.name != "revision" and getattr(record, field.name) == field.default
        assert not unsaid, f"{field.name} is not filled"
    stored = documents.pack(record, without=frozenset({"revision"}))
    assert documents.unpack(kind.record, stored, revision=1) == record


def test_a_recordings_debrief_comes_back_whole() -> None:
    answers = {"question_1": ("a", 1, 2.5), "question_2": "3", "question_3": 3, "question_4": 2.5}
    recording = a_recording("acme", debrief=answers, debrief_asked=(DebriefQuestion(**QUESTION),))
    assert documents.unpack(type(recording), documents.pack(recording)) == recording


def test_what_a_recordings_detail_shows_lies_after_what_it_does_not() -> None:
    """A detail with children reads its partition from the first of theirs to the end."""
    shown = {IMAGES.name, MULTIMEDIA.name, MOBILE_EVENTS.name}
    assert max(COMMENTS.name, VIEWERS.name, ENGAGEMENTS.name) < min(shown)
