"""What the API reads and answers of debriefs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Discriminator, Field, StringConstraints, Tag

from api.core.recordings.parts import RecordingQuestion, question_fields
from api.core.shared import EpochMilliseconds, Timestamp
from api.examples import CORE_CREATED_AT, RECORDING_ID, example, parsed
from api.models import ByValue, CamelRequestModel, CamelResponseModel, Id, Line, Moment, WholeNumber
from auricle.recordings import debrief as domain
from auricle.recordings.debrief import MAX_ANSWER_CHARACTERS, MAX_QUESTIONS, DebriefQuestion, ResponseType, Target
from auricle.recordings.recording import Recording

MAX_NUMBER = 10**15

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")]
Selects = Annotated[WholeNumber, Field(ge=0, le=200)]
Size = Annotated[float, Field(ge=-MAX_NUMBER, le=MAX_NUMBER, allow_inf_nan=False)]
Number = Annotated[int, Field(ge=-MAX_NUMBER, le=MAX_NUMBER)] | Size
Choice = Annotated[str, StringConstraints(max_length=1000)] | Number
DateBound = Moment | EpochMilliseconds
QuestionKey = Annotated[str, StringConstraints(max_length=64)]
TextAnswer = Annotated[str, StringConstraints(max_length=MAX_ANSWER_CHARACTERS)]
SentAnswer = TextAnswer | Number | Annotated[list[Choice], Field(max_length=200)]
ShownAnswer = str | int | float | list[str | int | float]

_BOUND = ": a moment in ISO 8601, or milliseconds since 1970. Null bounds nothing."

_QUESTION_ID = "question_19d4f2a1b0c00aa11bb22cc33dd4"
_NEW_QUESTION = parsed("""{
  "prompt": "How did it end?", "responseType": "SELECT_RESPONSE",
  "responseConfig": {"options": ["closed", "not closed", "in progress"], "dropdown": true, "minSelects": 1},
  "sortValue": 1, "includeIf": [], "onlyIncludeIfFlagged": false, "setResponseToField": "result",
  "hideFromResults": false
}""")


class DateConfigRequest(CamelRequestModel):
    """The answer is a day, or with `includeTime` a moment, within bounds that are both inclusive."""

    include_time: bool = Field(description="Whether it is a moment of a day.")
    required: bool = Field(description="Whether a debrief without an answer is refused.")
    earliest_allowable_date: DateBound | None = Field(None, description=f"The earliest it may be{_BOUND}")
    latest_allowable_date: DateBound | None = Field(None, description=f"The latest it may be{_BOUND}")


class TextConfigRequest(CamelRequestModel):
    """The answer is text, whose length is bounded; or a number, which is."""

    interpret_as_number: bool = Field(description="Whether it is a number.")
    required: bool = Field(description="Whether a debrief without an answer is refused.")
    min_size: Size | None = Field(None, description="The fewest characters, or the least number.")
    max_size: Size | None = Field(None, description="The most characters, or the greatest number.")
    validation_error_message: Line | None = Field(None, description="Said of what does not fit; null says why.")


class SelectConfigRequest(CamelRequestModel):
    """The answer is one of the options, or several."""

    options: list[Choice] = Field(min_length=1, max_length=200, description="What can be chosen, each once.")
    dropdown: bool = Field(False, description="Whether the app shows them as a dropdown.")
    min_selects: Selects | None = Field(None, description="The fewest that are chosen; 1 or more requires an answer.")
    max_selects: Selects | None = Field(None, description="The most that are chosen.")


class ConditionRequest(CamelRequestModel):
    """Holds where that question was answered so."""

    question_id: Id = Field(description="The id of another question.")
    value: Choice = Field(description="Its answer, or one of several.")


def _config_kind(given: Any) -> str:
    """Which of the three a configuration means to be: each has a field that only it has."""
    fields = given if isinstance(given, Mapping) else ()
    if "options" in fields:
        return "select"
    return "date" if "includeTime" in fields else "text"


class DebriefQuestionRequest(CamelRequestModel):
    """A question, whole."""

    model_config = ConfigDict(json_schema_extra=example(_NEW_QUESTION))

    prompt: Text = Field(description="The question.")
    response_type: Annotated[ResponseType, ByValue] = Field(description="What kind of answer it takes.")
    response_config: Annotated[
        Annotated[DateConfigRequest, Tag("date")]
        | Annotated[TextConfigRequest, Tag("text")]
        | Annotated[SelectConfigRequest, Tag("select")],
        Discriminator(_config_kind),
    ] = Field(description="What answers fit: the configuration of its `responseType`.")
    sort_value: Size = Field(description="Where it stands among the others: the lowest is asked first.")
    prompt_details: Text | None = Field(None, description="What is shown beneath the question.")
    include_if: list[ConditionRequest] = Field(
        [], max_length=20, description="It is asked where one of these holds; none means always."
    )
    only_include_if_flagged: bool = Field(False, description="Whether only the app brings it up: then never required.")
    set_response_to_field: Annotated[Target, ByValue] | None = Field(None, description="The recording's field it sets.")
    hide_from_results: bool = Field(False, description="Whether the app leaves it out where it shows answers.")
    conversation_type: Line | None = Field(None, description="Asked of conversations of this type; null means of all.")

    def question(self, org: str, question_id: str, now: datetime) -> DebriefQuestion:
        """It as a question of that id."""
        return DebriefQuestion(
            org=org,
            id=question_id,
            created_at=now,
            updated_at=now,
            prompt=self.prompt,
            response_type=self.response_type,
            sort_value=self.sort_value,
            prompt_details=self.prompt_details,
            include_if=tuple(domain.Condition(one.question_id, one.value) for one in self.include_if),
            only_if_flagged=self.only_include_if_flagged,
            sets_field=self.set_response_to_field,
            hide_from_results=self.hide_from_results,
            conversation_type=self.conversation_type,
            **_config(self.response_config),
        )


def _config(sent: DateConfigRequest | TextConfigRequest | SelectConfigRequest) -> dict[str, Any]:
    """The configuration under the name that a question has for it."""
    if isinstance(sent, DateConfigRequest):
        earliest, latest = _moment(sent.earliest_allowable_date), _moment(sent.latest_allowable_date)
        return {"date": domain.DateConfig(sent.include_time, sent.required, earliest, latest)}
    if isinstance(sent, TextConfigRequest):
        bounds = sent.min_size, sent.max_size
        return {
            "text": domain.TextConfig(sent.interpret_as_number, sent.required, *bounds, sent.validation_error_message)
        }
    return {"select": domain.SelectConfig(tuple(sent.options), sent.dropdown, sent.min_selects, sent.max_selects)}


def _moment(sent: datetime | int | None) -> datetime | None:
    return datetime.fromtimestamp(sent / 1000, UTC) if isinstance(sent, int) else sent


class AnswerDebriefRequest(CamelRequestModel):
    """All answers of a debrief. Those that are left out are taken back."""

    model_config = ConfigDict(json_schema_extra=example({"responses": {_QUESTION_ID: "closed"}}))

    responses: dict[QuestionKey, SentAnswer] = Field(
        max_length=MAX_QUESTIONS,
        description="The answers by question id: text, a number, or a list where several may be chosen.",
    )

    def answers(self) -> Mapping[str, domain.Answer]:
        """The answers as the domain has them."""
        return {
            question_id: tuple(answer) if isinstance(answer, list) else answer
            for question_id, answer in self.responses.items()
        }


class DebriefQuestionFields(RecordingQuestion):
    """One question, as those who write questions see it."""

    conversation_type: str | None = Field(description="It is asked of conversations of this type; null means of all.")
    created_at: Timestamp = Field(description="When it was added.")
    updated_at: Timestamp = Field(description="When it was last replaced.")

    @classmethod
    def of(cls, question: DebriefQuestion) -> DebriefQuestionFields:
        return cls(
            **question_fields(question),
            conversation_type=question.conversation_type,
            created_at=question.created_at,
            updated_at=question.updated_at,
        )


_RECORDING_QUESTION: dict[str, Any] = {"id": _QUESTION_ID, **_NEW_QUESTION}
_NOTED = {"conversationType": None, "createdAt": CORE_CREATED_AT, "updatedAt": CORE_CREATED_AT}
_QUESTION: dict[str, Any] = {**_RECORDING_QUESTION, **_NOTED}


class DebriefQuestionResponse(CamelResponseModel):
    """The question."""

    model_config = ConfigDict(json_schema_extra=example({"data": _QUESTION}))

    data: DebriefQuestionFields = Field(description="The question.")

    @classmethod
    def of(cls, question: DebriefQuestion) -> DebriefQuestionResponse:
        return cls(data=DebriefQuestionFields.of(question))


class DebriefQuestionList(CamelResponseModel):
    """All questions, in the order they are asked: 200 at most, so there is never a next page."""

    model_config = ConfigDict(json_schema_extra=example({"data": [_QUESTION], "cursor": None}))

    data: list[DebriefQuestionFields] = Field(description="The questions.")
    cursor: None = Field(description="Always null.")


class DebriefFields(CamelResponseModel):
    """The answers by question id, and the questions as they stood then; unanswered, those that would be asked now."""

    recording_id: str = Field(description="The id of the recording.")
    debrief_responses: dict[str, ShownAnswer] = Field(description="Answers by question id; empty until it is answered.")
    debrief_questions: list[RecordingQuestion] = Field(description="As answered; until then, those to be asked now.")


class DebriefResponse(CamelResponseModel):
    """The debrief of a recording."""

    model_config = ConfigDict(
        json_schema_extra=example(
            {
                "data": {
                    "recordingId": RECORDING_ID,
                    "debriefResponses": {_QUESTION_ID: "closed"},
                    "debriefQuestions": [_RECORDING_QUESTION],
                }
            }
        )
    )

    data: DebriefFields = Field(description="The answers and the questions.")

    @classmethod
    def of(cls, recording: Recording, questions: tuple[DebriefQuestion, ...]) -> DebriefResponse:
        shown = [RecordingQuestion.of(question) for question in questions]
        fields = {"recording_id": recording.id, "debrief_responses": recording.debrief, "debrief_questions": shown}
        return cls(data=DebriefFields.model_validate(fields))
