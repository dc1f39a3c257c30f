"""Questions a rep answers after a conversation, and the answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag

from api.legacy.reading import Asked, Id, Line, Moment, Whole
from api.legacy.surface import Call, etag
from api.legacy.surfaces.core.mobile_events import EpochMs
from api.legacy.surfaces.core.wire import ADMIN, READ, WRITE, enveloped, surface, timestamp
from auricle.errors import InvalidRequest, QuestionNotFound
from auricle.recordings.debrief import MAX_ANSWER_CHARACTERS, MAX_QUESTIONS, QUESTIONS, DebriefQuestion

if TYPE_CHECKING:
    from starlette.responses import Response

    from auricle.recordings.recording import Recording

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")]
MAX_NUMBER = 10**15
Selects = Annotated[int, Field(ge=0, le=200), Whole]
Epoch = Annotated[EpochMs, Whole]
Size = Annotated[float, Field(ge=-MAX_NUMBER, le=MAX_NUMBER, allow_inf_nan=False)]
Number = Annotated[int, Field(ge=-MAX_NUMBER, le=MAX_NUMBER)] | Size
Choice = Annotated[str, StringConstraints(max_length=1000)] | Number
Answer = Annotated[str, StringConstraints(max_length=MAX_ANSWER_CHARACTERS)] | Number


class DateResponse(Asked):
    """A day, or a moment. Bounds are moments in ISO 8601, or milliseconds since 1970."""

    include_time: bool = Field(alias="includeTime")
    required: bool
    earliest: Moment | Epoch | None = Field(None, alias="earliestAllowableDate")
    latest: Moment | Epoch | None = Field(None, alias="latestAllowableDate")


class TextResponse(Asked):
    """Text, whose length is bounded; or a number, which is."""

    as_number: bool = Field(alias="interpretAsNumber")
    required: bool
    min_size: Size | None = Field(None, alias="minSize")
    max_size: Size | None = Field(None, alias="maxSize")
    message: Line | None = Field(None, alias="validationErrorMessage")


class SelectResponse(Asked):
    """One option or several."""

    options: Annotated[list[Choice], Field(min_length=1, max_length=200)]
    dropdown: bool = False
    min_selects: Selects | None = Field(None, alias="minSelects")
    max_selects: Selects | None = Field(None, alias="maxSelects")


class IncludeIf(Asked):
    """Asked where that question was answered so."""

    question_id: Id = Field(alias="questionId")
    value: Choice


def _config_kind(given: Any) -> str:
    """Which of the three a configuration means to be: each has a field that only it has."""
    fields = given if isinstance(given, Mapping) else ()
    if "options" in fields:
        return "select"
    return "date" if "includeTime" in fields else "text"


class QuestionRequest(Asked):
    """`POST /debrief-questions`, `PUT /debrief-questions/{id}`: the question whole."""

    prompt: Text
    response_type: Literal["DATE_RESPONSE", "FREE_TEXT_RESPONSE", "SELECT_RESPONSE"] = Field(alias="responseType")
    config: Annotated[
        Annotated[DateResponse, Tag("date")]
        | Annotated[TextResponse, Tag("text")]
        | Annotated[SelectResponse, Tag("select")],
        Discriminator(_config_kind),
    ] = Field(alias="responseConfig")
    sort_value: Size = Field(alias="sortValue")
    prompt_details: Text | None = Field(None, alias="promptDetails")
    include_if: Annotated[tuple[IncludeIf, ...], Field(max_length=20)] = Field((), alias="includeIf")
    only_if_flagged: bool = Field(False, alias="onlyIncludeIfFlagged")
    sets_field: Literal["title", "notes", "result"] | None = Field(None, alias="setResponseToField")
    hide_from_results: bool = Field(False, alias="hideFromResults")
    conversation_type: Line | None = Field(None, alias="conversationType")


class QuestionsRequest(Asked):
    """`GET /debrief-questions`."""

    conversation_type: Line | None = Field(None, alias="conversationType")


class DebriefRequest(Asked):
    """`PUT /recordings/{id}/debrief`: all answers, by question id. Those not given are taken back."""

    responses: Annotated[
        dict[
            Annotated[str, StringConstraints(max_length=64)],
            Answer | Annotated[tuple[Choice, ...], Field(max_length=200)],
        ],
        Field(max_length=MAX_QUESTIONS),
    ]


@surface.get("/debrief-questions", scope=READ, reads=QuestionsRequest)
async def list_debrief_questions(call: Call, asked: QuestionsRequest) -> Response:
    from auricle.recordings.debrief import all_questions

    # All there can be fit one page, so there is never a next one.
    found = [
        question
        for question in all_questions(call.org, questions=call.services.records(QUESTIONS))
        if asked.conversation_type is None or question.concerns(asked.conversation_type)
    ]
    return enveloped([_managed(question) for question in found], cursor=None)


@surface.post("/debrief-questions", scope=ADMIN, reads=QuestionRequest)
async def add_debrief_question(call: Call, asked: QuestionRequest) -> Response:
    from auricle.identifiers import new_id
    from auricle.recordings.debrief import add_question

    question = _question(call, asked, new_id("question", call.parts.now()))
    add_question(question, questions=call.services.records(QUESTIONS))
    place = f"{surface.prefix}/debrief-questions/{question.id}"
    return enveloped(_managed(question), 201, headers={**etag(question.revision), "location": place})


@surface.get("/debrief-questions/{question_id}", scope=READ)
async def get_debrief_question(call: Call) -> Response:
    question = call.services.records(QUESTIONS).get(call.org, _question_id(call))
    return enveloped(_managed(question), headers=etag(question.revision))


@surface.put("/debrief-questions/{question_id}", scope=ADMIN, reads=QuestionRequest)
async def replace_debrief_question(call: Call, asked: QuestionRequest) -> Response:
    from auricle.recordings.debrief import replace_question

    question_id = _question_id(call)
    question = replace_question(
        call.org,
        question_id,
        _question(call, asked, question_id),
        questions=call.services.records(QUESTIONS),
        if_revision=call.if_revision,
    )
    return enveloped(_managed(question), headers=etag(question.revision))


@surface.delete("/debrief-questions/{question_id}", scope=ADMIN)
async def remove_debrief_question(call: Call) -> Response:
    from auricle.recordings.debrief import remove_question

    question = remove_question(
        call.org, _question_id(call), questions=call.services.records(QUESTIONS), if_revision=call.if_revision
    )
    return enveloped(_managed(question))


@surface.get("/recordings/{recording_id}/debrief", scope=READ)
async def get_debrief(call: Call) -> Response:
    recording = call.recording(call.recording_id())
    return _answer(call, recording)


@surface.put("/recordings/{recording_id}/debrief", scope=WRITE, reads=DebriefRequest)
async def answer_debrief(call: Call, asked: DebriefRequest) -> Response:
    from auricle.recordings.debrief_answers import answer_debrief as answer

    recording = answer(
        call.org,
        call.recording_id(),
        asked.responses,
        recordings=call.services.recordings,
        questions=call.services.records(QUESTIONS),
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    return _answer(call, recording)


def debrief_questions_shown(recording: Recording) -> list[dict[str, Any]] | None:
    """The questions of the recording's debrief, as they stood when it was answered; None where it was not."""
    return [_shown(question) for question in recording.debrief_asked] or None


def _answer(call: Call, recording: Recording) -> Response:
    from auricle.recordings.debrief import questions_for

    # Until it is answered a debrief shows what would be asked now.
    asked = recording.debrief_asked or questions_for(recording, questions=call.services.records(QUESTIONS))
    return enveloped(
        {
            "recordingId": recording.id,
            "debriefResponses": recording.debrief,
            "debriefQuestions": [_shown(question) for question in asked],
        },
        headers=etag(recording.revision),
    )


def _question_id(call: Call) -> str:
    return call.path_id("question_id", QuestionNotFound, "debrief question")


def _question(call: Call, asked: QuestionRequest, question_id: str) -> DebriefQuestion:
    from auricle.recordings.debrief import Condition, ResponseType, Target

    now = call.parts.now()
    return DebriefQuestion(
        org=call.org,
        id=question_id,
        created_at=now,
        updated_at=now,
        prompt=asked.prompt,
        response_type=ResponseType(asked.response_type),
        sort_value=asked.sort_value,
        prompt_details=asked.prompt_details,
        include_if=tuple(Condition(one.question_id, one.value) for one in asked.include_if),
        only_if_flagged=asked.only_if_flagged,
        sets_field=Target(asked.sets_field) if asked.sets_field else None,
        hide_from_results=asked.hide_from_results,
        conversation_type=asked.conversation_type,
        **_config(asked),
    )


def _config(asked: QuestionRequest) -> dict[str, Any]:
    """The configuration under the name of its response type. Raises InvalidRequest where it is another type's."""
    from auricle.recordings.debrief import DateConfig, SelectConfig, TextConfig

    config = asked.config
    if isinstance(config, DateResponse) and asked.response_type == "DATE_RESPONSE":
        earliest, latest = _bound(config.earliest), _bound(config.latest)
        _in_order(earliest, latest, "earliestAllowableDate", "latestAllowableDate")
        return {"date": DateConfig(config.include_time, config.required, earliest, latest)}
    if isinstance(config, TextResponse) and asked.response_type == "FREE_TEXT_RESPONSE":
        _in_order(config.min_size, config.max_size, "minSize", "maxSize")
        return {"text": TextConfig(config.as_number, config.required, config.min_size, config.max_size, config.message)}
    if isinstance(config, SelectResponse) and asked.response_type == "SELECT_RESPONSE":
        _in_order(config.min_selects, config.max_selects, "minSelects", "maxSelects")
        if len(set(config.options)) != len(config.options):
            raise InvalidRequest("responseConfig.options has the same option twice", field="responseConfig.options")
        return {"select": SelectConfig(tuple(config.options), config.dropdown, config.min_selects, config.max_selects)}
    raise InvalidRequest(f"responseConfig is not one of a {asked.response_type}", field="responseConfig")


def _bound(given: datetime | int | None) -> datetime | None:
    return datetime.fromtimestamp(given / 1000, UTC) if isinstance(given, int) else given


def _in_order(least: Any, most: Any, least_field: str, most_field: str) -> None:
    if least is not None and most is not None and least > most:
        field = f"responseConfig.{least_field}"
        raise InvalidRequest(f"{field} must not be more than {most_field}", field=field)


def _managed(question: DebriefQuestion) -> dict[str, Any]:
    """The question as those who write questions see it."""
    return {
        **_shown(question),
        "conversationType": question.conversation_type,
        "createdAt": timestamp(question.created_at),
        "updatedAt": timestamp(question.updated_at),
    }


def _shown(question: DebriefQuestion) -> dict[str, Any]:
    """The question as its recording shows it; what it has none of is left out, as documented."""
    optional = {
        "promptDetails": question.prompt_details,
        "setResponseToField": question.sets_field.value if question.sets_field else None,
    }
    return {
        "id": question.id,
        "prompt": question.prompt,
        "responseType": question.response_type.value,
        "responseConfig": _config_shown(question),
        "sortValue": _plain(question.sort_value),
        **_said(optional),
        "includeIf": [{"questionId": one.question_id, "value": one.value} for one in question.include_if],
        "onlyIncludeIfFlagged": question.only_if_flagged,
        "hideFromResults": question.hide_from_results,
    }


def _config_shown(question: DebriefQuestion) -> dict[str, Any]:
    date, text, select = question.date, question.text, question.select
    if date is not None:
        bounds = {
            "earliestAllowableDate": timestamp(date.earliest),
            "latestAllowableDate": timestamp(date.latest),
        }
        return {"includeTime": date.include_time, "required": date.required, **_said(bounds)}
    if text is not None:
        sizes = {
            "minSize": _plain(text.min_size),
            "maxSize": _plain(text.max_size),
            "validationErrorMessage": text.message,
        }
        return {"interpretAsNumber": text.as_number, "required": text.required, **_said(sizes)}
    if select is None:
        raise AssertionError(f"{question.id} has no configuration")
    selects = {"minSelects": select.min_selects, "maxSelects": select.max_selects}
    return {"options": select.options, "dropdown": select.dropdown, **_said(selects)}


def _plain(number: float | None) -> int | float | None:
    """A whole number without a fraction of nothing."""
    return int(number) if number is not None and number == int(number) else number


def _said(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}
