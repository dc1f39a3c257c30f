"""The debrief: questions a rep answers after a conversation, and the answers.

Questions are the tenant's. A recording keeps its answers with the questions as they stood when they were answered,
so that editing a question changes no answer given before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from auricle.errors import Conflict, InvalidRequest, PreconditionFailed, QuestionNotFound, TransientError
from auricle.record_sizes import bytes_as_json
from auricle.records import RecordKind

if TYPE_CHECKING:
    from auricle.ports import RecordingStore, RecordStore
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
_ATTEMPTS = 8


class ResponseType(StrEnum):
    """What kind of answer a question takes. The values are the core API's wire names."""

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
        InvalidRequest: it depends on a question there is not, or is too large.
    """
    present = all_questions(question.org, questions=questions)
    if len(present) >= MAX_QUESTIONS:
        raise Conflict(f"There are {MAX_QUESTIONS} debrief questions already. Delete one first.")
    _check_conditions(question, present)
    _check_room(question, present)
    questions.add(question)


def replace_question(
    org: str,
    question_id: str,
    said: DebriefQuestion,
    *,
    questions: RecordStore[DebriefQuestion],
    if_revision: int | None,
) -> DebriefQuestion:
    """The question as it is now said, in place of what it was.

    Raises:
        QuestionNotFound: there is none.
        InvalidRequest: it depends on a question there is not, or on itself, or is too large.
        Conflict: there is no room for one of its size.
        PreconditionFailed: it is not at `if_revision` (any more).
    """
    present = all_questions(org, questions=questions)
    _check_conditions(replace(said, id=question_id), present)
    _check_room(replace(said, id=question_id), present)
    for _ in range(_ATTEMPTS):
        before = questions.get(org, question_id)
        _check_revision(before, if_revision)
        after = replace(said, id=question_id, created_at=before.created_at)
        if questions.replace(after, expected=before):
            return replace(after, revision=before.revision + 1)
    raise TransientError("The question kept changing while it was being written. Try again.")


def remove_question(
    org: str, question_id: str, *, questions: RecordStore[DebriefQuestion], if_revision: int | None
) -> DebriefQuestion:
    """Removes it; recordings it was answered for keep it with its answer.

    Raises:
        QuestionNotFound: there is none.
        PreconditionFailed: it is not at `if_revision` (any more).
    """
    for _ in range(_ATTEMPTS):
        before = questions.get(org, question_id)
        _check_revision(before, if_revision)
        if questions.remove(before):
            return before
    raise TransientError("The question kept changing while it was being removed. Try again.")


def all_questions(org: str, *, questions: RecordStore[DebriefQuestion]) -> tuple[DebriefQuestion, ...]:
    """The tenant's questions, in the order they are asked."""
    found = questions.list(org, MAX_QUESTIONS).records
    return tuple(sorted(found, key=lambda question: (question.sort_value, question.id)))


def questions_for(recording: Recording, *, questions: RecordStore[DebriefQuestion]) -> tuple[DebriefQuestion, ...]:
    """What a rep may be asked about this conversation."""
    return tuple(
        question
        for question in all_questions(recording.org, questions=questions)
        if question.concerns(recording.conversation_type)
    )


def answer_debrief(
    org: str,
    recording_id: str,
    answers: Mapping[str, Answer],
    *,
    recordings: RecordingStore,
    questions: RecordStore[DebriefQuestion],
    now: datetime,
    if_revision: int | None = None,
) -> Recording:
    """The recording with these answers in place of those it had, and with the fields they set.

    Raises:
        InvalidRequest: naming the first answer that is missing, does not fit, or answers nothing that was asked.
        RecordingNotFound, PreconditionFailed, Conflict: as `change_recording` has it.
    """
    from auricle.recordings.changes import change_recording

    known = all_questions(org, questions=questions)

    def answered(before: Recording) -> Recording:
        asked = _asked(known, before.conversation_type, answers)
        kept = {question.id: _checked(question, answers[question.id]) for question in asked if question.id in answers}
        if (size := bytes_as_json(kept)) > MAX_ANSWERS_BYTES:
            raise InvalidRequest(
                f"responses have {size} bytes together, and {MAX_ANSWERS_BYTES} at most are kept", field="responses"
            )
        return replace(before, debrief=kept, debrief_asked=asked, **_fields_set(asked, kept))

    return change_recording(org, recording_id, answered, recordings=recordings, now=now, if_revision=if_revision)


def _asked(
    known: Sequence[DebriefQuestion], conversation_type: str | None, answers: Mapping[str, Answer]
) -> tuple[DebriefQuestion, ...]:
    """The questions these answers are answers to, those that had to be answered among them."""
    possible = [question for question in known if question.concerns(conversation_type)]
    asked = tuple(
        question
        for question in possible
        if question.asked_with(answers) and (question.id in answers or not question.only_if_flagged)
    )
    ids = {question.id for question in asked}
    for question_id in answers:
        if question_id not in ids:
            raise _wrong(question_id, "is not a question asked about this conversation")
    for question in asked:
        if question.required and question.id not in answers:
            raise _wrong(question.id, "is missing: the question must be answered")
    return asked


def _checked(question: DebriefQuestion, answer: Answer) -> Answer:
    """The answer as it is kept. Raises InvalidRequest."""
    if question.date is not None:
        return _checked_date(question.id, question.date, answer)
    if question.text is not None:
        try:
            return _checked_text(question.id, question.text, answer)
        except InvalidRequest:
            if question.text.message is None:
                raise
            raise _wrong(question.id, f"does not fit: {question.text.message}") from None
    return _checked_selection(question.id, question.select or SelectConfig(), answer)


def _checked_date(question_id: str, config: DateConfig, answer: Answer) -> Answer:
    moment = moment_of(answer)
    if moment is None:
        raise _wrong(question_id, "must be a date in ISO 8601, or milliseconds since 1970")
    if config.earliest is not None and moment < config.earliest:
        raise _wrong(question_id, f"must not be before {_day(config.earliest, config)}")
    if config.latest is not None and moment > config.latest:
        raise _wrong(question_id, f"must not be after {_day(config.latest, config)}")
    return _day(moment, config)


def _checked_text(question_id: str, config: TextConfig, answer: Answer) -> Answer:
    if config.as_number:
        number = _number(answer)
        if number is None:
            raise _wrong(question_id, "must be a number")
        size, unit = float(number), ""
        kept: Answer = number
    else:
        if not isinstance(answer, str) or len(answer) > MAX_ANSWER_CHARACTERS:
            raise _wrong(question_id, f"must be text of {MAX_ANSWER_CHARACTERS} characters at most")
        if config.required and not answer.strip():
            raise _wrong(question_id, "must not be empty")
        size, unit, kept = float(len(answer)), " characters", answer
    if config.min_size is not None and size < config.min_size:
        raise _wrong(question_id, f"must be {config.min_size:g}{unit} at least")
    if config.max_size is not None and size > config.max_size:
        raise _wrong(question_id, f"must be {config.max_size:g}{unit} at most")
    return kept


def _checked_selection(question_id: str, config: SelectConfig, answer: Answer) -> Answer:
    chosen = answer if isinstance(answer, tuple) else (answer,)
    if any(one not in config.options for one in chosen):
        raise _wrong(question_id, "must be among the question's options")
    if len(set(chosen)) != len(chosen):
        raise _wrong(question_id, "must not name an option twice")
    if len(chosen) < (config.min_selects or 0):
        raise _wrong(question_id, f"must name {config.min_selects} options at least")
    if config.max_selects is not None and len(chosen) > config.max_selects:
        raise _wrong(question_id, f"must name {config.max_selects} options at most")
    return answer


def moment_of(answer: Any) -> datetime | None:
    """An ISO 8601 date or moment, or milliseconds since 1970, as a moment; None of anything else."""
    try:
        if isinstance(answer, str):
            moment = datetime.fromisoformat(answer)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return datetime.fromtimestamp(answer / 1000, UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def _fields_set(asked: Sequence[DebriefQuestion], answers: Mapping[str, Answer]) -> dict[str, Any]:
    """Fields of the recording by their names, as the answers have them."""
    from auricle.recordings.recording import Result

    fields: dict[str, Any] = {}
    for question in asked:
        answer = answers.get(question.id)
        if question.sets_field is None or answer is None:
            continue
        said = ", ".join(map(str, answer)) if isinstance(answer, tuple) else str(answer)
        if question.sets_field is Target.RESULT:
            if said not in set(Result):
                raise _wrong(
                    question.id, "sets the recording's result, so it must be closed, not closed or in progress"
                )
            fields["result"] = Result(said)
        elif question.sets_field is Target.TITLE:
            fields["title"] = " ".join(said.split())[:255] or None
        else:
            fields["notes"] = said or None
    return fields


def _answered_so(answers: Mapping[str, Answer], condition: Condition) -> bool:
    answer = answers.get(condition.question_id)
    return condition.value in answer if isinstance(answer, tuple) else answer == condition.value


def _number(answer: Answer) -> int | float | None:
    if isinstance(answer, str):
        try:
            answer = float(answer)
        except ValueError:
            return None
    if isinstance(answer, tuple) or not math.isfinite(answer):
        return None
    return answer


def _day(moment: datetime, config: DateConfig) -> str:
    return moment.isoformat().replace("+00:00", "Z") if config.include_time else moment.date().isoformat()


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


def _check_revision(before: DebriefQuestion, if_revision: int | None) -> None:
    if if_revision is not None and before.revision != if_revision:
        raise PreconditionFailed("The question was changed meanwhile. Read it again, then send the change anew.")


def _wrong(question_id: str, what: str) -> InvalidRequest:
    return InvalidRequest(f"responses.{question_id} {what}", field=f"responses.{question_id}")
