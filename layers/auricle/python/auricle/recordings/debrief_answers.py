"""Answers to a recording's debrief: checked against the questions that were asked, and kept with the recording."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from auricle.errors import InvalidRequest
from auricle.record_sizes import bytes_as_json
from auricle.recordings.changes import change_recording
from auricle.recordings.debrief import (
    MAX_ANSWER_CHARACTERS,
    MAX_ANSWERS_BYTES,
    Answer,
    DateConfig,
    DebriefQuestion,
    SelectConfig,
    Target,
    TextConfig,
    all_questions,
)
from auricle.recordings.recording import Recording, Result

if TYPE_CHECKING:
    from auricle.ports import RecordingStore, RecordStore


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


def _wrong(question_id: str, what: str) -> InvalidRequest:
    return InvalidRequest(f"responses.{question_id} {what}", field=f"responses.{question_id}")
