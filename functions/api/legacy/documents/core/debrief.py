"""In the OpenAPI document: questions a rep answers after a conversation, and the answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from api.legacy.documents import RECORDING_ID, CamelShown, Documented, Refusal


class DateResponseShown(CamelShown):
    """A day, or with `includeTime` a moment."""

    include_time: bool
    required: bool
    earliest_allowable_date: str = ""
    latest_allowable_date: str = ""


class TextResponseShown(CamelShown):
    """Text, whose length is bounded; or a number, which is."""

    interpret_as_number: bool
    required: bool
    min_size: int | float = 0
    max_size: int | float = 0
    validation_error_message: str = ""


class SelectResponseShown(CamelShown):
    """One option or several; `minSelects` of 1 or more makes an answer required."""

    options: list[str | int | float]
    dropdown: bool
    min_selects: int = 0
    max_selects: int = 0


class IncludeIfShown(CamelShown):
    """Holds where that question was answered so."""

    question_id: str
    value: str | int | float


class DebriefQuestionShown(CamelShown):
    """One question, as recordings show it. What it has none of is left out."""

    id: str
    prompt: str
    response_type: Literal["DATE_RESPONSE", "FREE_TEXT_RESPONSE", "SELECT_RESPONSE"]
    response_config: DateResponseShown | TextResponseShown | SelectResponseShown
    sort_value: int | float
    prompt_details: str = ""
    include_if: list[IncludeIfShown] = Field(description="Asked where one of these holds; none means always.")
    only_include_if_flagged: bool = Field(description="Asked where the app brings it up: never required.")
    set_response_to_field: Literal["title", "notes", "result"] = Field(
        "title", description="The recording's field that an answer sets."
    )
    hide_from_results: bool


class ManagedQuestion(DebriefQuestionShown):
    """One question, as those who write questions see it."""

    conversation_type: str | None = Field(description="Asked of conversations of this type; null means of all.")
    created_at: str
    updated_at: str


class QuestionAnswer(CamelShown):
    """The question."""

    data: ManagedQuestion


class QuestionList(CamelShown):
    """All questions, in the order they are asked: 200 at most, so there is never a next page."""

    data: list[ManagedQuestion]
    cursor: None


class DebriefShown(CamelShown):
    """The answers by question id, and the questions as they stood then; unanswered, those that would be asked now."""

    recording_id: str
    debrief_responses: dict[str, str | int | float | list[str | int | float]]
    debrief_questions: list[DebriefQuestionShown]


class DebriefAnswer(CamelShown):
    """The debrief."""

    data: DebriefShown


_NOT_THERE = Refusal(404, "recording-not-found", "The recording is unknown, or in the trash.")
_NO_QUESTION = Refusal(404, "question-not-found", "There is no such question.")
_NO_ROOM = Refusal(409, "conflict", "There are 200 questions already, or 128 KiB of them.")
_STALE = Refusal(412, "precondition-failed", "If-Match names another state than the present one.")
_ID = "question_19d4f2a1b0c00aa11bb22cc33dd4"
_SHOWN: dict[str, Any] = {
    "id": _ID,
    "prompt": "How did it end?",
    "responseType": "SELECT_RESPONSE",
    "responseConfig": {"options": ["closed", "not closed", "in progress"], "dropdown": True, "minSelects": 1},
    "sortValue": 1,
    "includeIf": [],
    "onlyIncludeIfFlagged": False,
    "setResponseToField": "result",
    "hideFromResults": False,
}
_QUESTION: dict[str, Any] = {
    **_SHOWN,
    "conversationType": None,
    "createdAt": "2026-03-30T12:00:00.000Z",
    "updatedAt": "2026-03-30T12:00:00.000Z",
}
_ASKED = {name: _SHOWN[name] for name in _SHOWN if name != "id"}
_DEBRIEF: dict[str, Any] = {
    "data": {"recordingId": RECORDING_ID, "debriefResponses": {_ID: "closed"}, "debriefQuestions": [_SHOWN]}
}

OPERATIONS: Mapping[str, Documented] = {
    "list_debrief_questions": Documented(
        "List debrief questions",
        "In the order they are asked; with `conversationType`, those asked of such conversations.",
        QuestionList,
        {"data": [_QUESTION], "cursor": None},
    ),
    "add_debrief_question": Documented(
        "Add a debrief question",
        "`responseConfig` is that of the `responseType`: a date's bounds, a text's or a number's size, or options. "
        "`includeIf` names other questions and the answers that bring this one up. A question has 16 KiB at most.",
        QuestionAnswer,
        {"data": _QUESTION},
        status=201,
        refusals=(_NO_ROOM,),
        request_example=_ASKED,
    ),
    "get_debrief_question": Documented(
        "Get a debrief question", "One question.", QuestionAnswer, {"data": _QUESTION}, refusals=(_NO_QUESTION,)
    ),
    "replace_debrief_question": Documented(
        "Replace a debrief question",
        "The question whole. Debriefs answered before keep it as it was.",
        QuestionAnswer,
        {"data": _QUESTION},
        refusals=(_NO_QUESTION, _NO_ROOM),
        request_example=_ASKED,
    ),
    "remove_debrief_question": Documented(
        "Remove a debrief question",
        "What it was is answered. Debriefs answered before keep it.",
        QuestionAnswer,
        {"data": _QUESTION},
        refusals=(_NO_QUESTION, _STALE),
    ),
    "get_debrief": Documented(
        "Get a recording's debrief",
        "Answers and questions. Its ETag is the recording's.",
        DebriefAnswer,
        _DEBRIEF,
        refusals=(_NOT_THERE,),
    ),
    "answer_debrief": Documented(
        "Answer a recording's debrief",
        "All answers at once, by question id: text, a number, or a list of them where several options may be chosen. "
        "Each must fit its question, and required ones must be there. An answer to a question with "
        "`setResponseToField` sets that field of the recording.",
        DebriefAnswer,
        _DEBRIEF,
        refusals=(_NOT_THERE, Refusal(409, "conflict", "The recording is locked.")),
        request_example={"responses": {_ID: "closed"}},
    ),
}
