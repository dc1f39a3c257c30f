"""The debrief: questions a rep answers after a conversation, and the answers.

Questions are the tenant's. A recording keeps its answers with the questions as they stood when they were answered,
so that editing a question changes no answer given before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from auricle.errors import Conflict, InvalidRequest, QuestionNotFound
from auricle.record_sizes import bytes_as_json
from auricle.records import RecordKind, change_record, check_revision, until_written

if TYPE_CHECKING:
    from auricle.ports import RecordStore
    from auricle.recordings.recording import Recording

Plain = str | int | float
Answer = Plain | tuple[Plain, ...]
"""One answer; several of a question that takes several."""

MAX_QUESTIONS = 200
"""Of a tenant: all of them are read for each debrief, and those asked are kept with the recording."""
MAX_QUESTION_BYTES = 16 * 1024
MAX_ALL_QUESTIONS_BYTES = 128 * 1024
"""Of a tenant's questions together, as JSON: they are answered whole, and those asked are kept with the recording."""
MAX_ANSWER_CHARACTERS = 10_000
MAX_ANSWERS_BYTES = 64 * 1024
"""Of one recording's answers together, as JSON: its record has 400 KB at most, questions and notes included."""


class ResponseType(StrEnum):
    """What kind of answer a question takes."""

    # The values are the core API's wire names.
    DATE = "DATE_RESPONSE"
    FREE_TEXT = "FREE_TEXT_RESPONSE"
    SELECT = "SELECT_RESPONSE"


class Target(StrEnum):
    """A field of the recording that an answer sets."""

    TITLE = "title"
    NOTES = "notes"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class DateConfig:
    """A day or a moment, within bounds, both inclusive."""

    include_time: bool = False
    required: bool = False
    earliest: datetime | None = None
    latest: datetime | None = None


@dataclass(frozen=True, slots=True)
class TextConfig:
    """Text of so many characters, or a number within those bounds."""

    as_number: bool = False
    required: bool = False
    min_size: float | None = None
    max_size: float | None = None
    message: str | None = None
    """What to say where the answer does not fit; None says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class SelectConfig:
    """Some of the options: so many at least and at most."""

    options: tuple[Plain, ...] = ()
    dropdown: bool = False
    min_selects: int | None = None
    max_selects: int | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds where that question was answered so."""

    question_id: str
    value: Plain


@dataclass(frozen=True, slots=True)
class DebriefQuestion:
    """One question. It has the configuration of its response type, and none of the others."""

    org: str
    id: str
    created_at: datetime
    updated_at: datetime
    prompt: str
    response_type: ResponseType
    sort_value: float
    revision: int = 1
    date: DateConfig | None = None
    text: TextConfig | None = None
    select: SelectConfig | None = None
    prompt_details: str | None = None
    include_if: tuple[Condition, ...] = ()
    """Asked where one of these holds; none means always."""
    only_if_flagged: bool = False
    """Asked only where the app brings it up: nobody has to answer it."""
    sets_field: Target | None = None
    hide_from_results: bool = False
    conversation_type: str | None = None
    """Asked of conversations of this type alone; None means of all."""

    @property
    def required(self) -> bool:
        """Whether a debrief without an answer to it is refused."""
        if self.only_if_flagged:
            return False
        if self.select is not None:
            return bool(self.select.min_selects)
        return (self.date is not None and self.date.required) or (self.text is not None and self.text.required)

    def asked_with(self, answers: Mapping[str, Answer]) -> bool:
        """Whether it is asked of who answered the others so."""
        return not self.include_if or any(_answered_so(answers, condition) for condition in self.include_if)

    def concerns(self, conversation_type: str | None) -> bool:
        """Whether it is asked of conversations of that type."""
        return self.conversation_type in (None, conversation_type)


QUESTIONS = RecordKind("debrief-question", DebriefQuestion, QuestionNotFound)


def add_question(question: DebriefQuestion, *, questions: RecordStore[DebriefQuestion]) -> None:
    """Adds it to the tenant's.

    Raises:
        Conflict: there are as many as there may be, or there is no room for one of its size.
        InvalidRequest: nothing could fit its configuration, it depends on a question there is not, or is too large.
    """
    _check_config(question)
    present = all_questions(question.org, questions=questions)
    if len(present) >= MAX_QUESTIONS:
        raise Conflict(f"There are {MAX_QUESTIONS} debrief questions already. Delete one first.")
    _check_conditions(question, present)
    _check_room(question, present)
    questions.add(question)


def replace_question(
    org: str,
    question_id: str,
    new: DebriefQuestion,
    *,
    questions: RecordStore[DebriefQuestion],
    if_revision: int | None,
) -> DebriefQuestion:
    """The question as it is now new, in place of what it was.

    Raises:
        QuestionNotFound: there is none.
        InvalidRequest: nothing could fit its configuration, it depends on a question there is not, or on itself, or is
            too large.
        Conflict: there is no room for one of its size.
        PreconditionFailed: it is not at `if_revision` (any more).
    """
    _check_config(new)
    present = all_questions(org, questions=questions)
    _check_conditions(replace(new, id=question_id), present)
    _check_room(replace(new, id=question_id), present)
    return change_record(
        "question",
        lambda: questions.get(org, question_id),
        lambda after, before: questions.replace(after, expected=before),
        lambda before: replace(new, id=question_id, created_at=before.created_at),
        if_revision=if_revision,
    )


def remove_question(
    org: str, question_id: str, *, questions: RecordStore[DebriefQuestion], if_revision: int | None
) -> DebriefQuestion:
    """Removes it; recordings it was answered for keep it with its answer.

    Raises:
        QuestionNotFound: there is none.
        PreconditionFailed: it is not at `if_revision` (any more).
    """

    def attempt() -> DebriefQuestion | None:
        found = questions.get(org, question_id)
        check_revision(
            found.revision,
            if_revision,
            "The question was changed meanwhile. Read it again, then send the change anew.",
        )
        return found if questions.remove(found) else None

    return until_written(attempt, "The question kept changing while it was being removed. Try again.")


def all_questions(org: str, *, questions: RecordStore[DebriefQuestion]) -> tuple[DebriefQuestion, ...]:
    """The tenant's questions, in the order they are asked."""
    found = questions.list(org, MAX_QUESTIONS).records
    return tuple(sorted(found, key=lambda question: (question.sort_value, question.id)))


def questions_of(recording: Recording, *, questions: RecordStore[DebriefQuestion]) -> tuple[DebriefQuestion, ...]:
    """The questions of its debrief as they stood when it was answered; until then, what would be asked now."""
    return recording.debrief_asked or tuple(
        question
        for question in all_questions(recording.org, questions=questions)
        if question.concerns(recording.conversation_type)
    )


def _answered_so(answers: Mapping[str, Answer], condition: Condition) -> bool:
    answer = answers.get(condition.question_id)
    return condition.value in answer if isinstance(answer, tuple) else answer == condition.value


def _check_config(question: DebriefQuestion) -> None:
    """It has the configuration of its response type, which some answer fits."""
    date, text, select = question.date, question.text, question.select
    configs = {ResponseType.DATE: date, ResponseType.FREE_TEXT: text, ResponseType.SELECT: select}
    if configs[question.response_type] is None:
        kind = question.response_type.value
        raise InvalidRequest(f"responseConfig is not one of a {kind}", field="responseConfig")
    if date is not None:
        _check_order(date.earliest, date.latest, "earliestAllowableDate", "latestAllowableDate")
    if text is not None:
        _check_order(text.min_size, text.max_size, "minSize", "maxSize")
    if select is not None:
        _check_order(select.min_selects, select.max_selects, "minSelects", "maxSelects")
        if len(set(select.options)) != len(select.options):
            raise InvalidRequest("responseConfig.options has the same option twice", field="responseConfig.options")


def _check_order(least: Any, most: Any, least_field: str, most_field: str) -> None:
    if least is not None and most is not None and least > most:
        field = f"responseConfig.{least_field}"
        raise InvalidRequest(f"{field} must not be more than {most_field}", field=field)


def _check_conditions(question: DebriefQuestion, present: Sequence[DebriefQuestion]) -> None:
    ids = {other.id for other in present} - {question.id}
    for number, condition in enumerate(question.include_if):
        if condition.question_id not in ids:
            raise InvalidRequest(
                f"includeIf.{number}.questionId is no other question of yours", field=f"includeIf.{number}.questionId"
            )


def _check_room(question: DebriefQuestion, present: Sequence[DebriefQuestion]) -> None:
    parts: Mapping[str, Any] = {
        "prompt": question.prompt,
        "promptDetails": question.prompt_details,
        "responseConfig": question.select or question.text or question.date,
        "includeIf": question.include_if,
    }
    size = bytes_as_json(question)
    if size > MAX_QUESTION_BYTES:
        largest = max(parts, key=lambda name: bytes_as_json(parts[name]))
        raise InvalidRequest(
            f"{largest} is too large: the question has {size} bytes, and {MAX_QUESTION_BYTES} are the most",
            field=largest,
        )
    together = size + sum(bytes_as_json(other) for other in present if other.id != question.id)
    if together > MAX_ALL_QUESTIONS_BYTES:
        raise Conflict(
            f"With this one the debrief questions would have {together} bytes, and {MAX_ALL_QUESTIONS_BYTES} at most "
            "are kept. Shorten or delete others first."
        )
