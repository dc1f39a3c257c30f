"""Debrief questions: how much room a tenant's have."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from auricle.errors import Conflict, InvalidRequest
from auricle.record_sizes import bytes_as_json
from auricle.recordings.debrief import (
    QUESTIONS,
    DateConfig,
    DebriefQuestion,
    ResponseType,
    SelectConfig,
    TextConfig,
    add_question,
    replace_question,
)
from tests.fakes import Fakes

NOW = datetime(2026, 3, 30, 12, 0, tzinfo=UTC)
BARE = DebriefQuestion("acme", "question_1", NOW, NOW, "When?", ResponseType.DATE, 1.0)


def of_size(size_bytes: int, number: int) -> DebriefQuestion:
    """A question that has so many bytes as JSON."""
    empty = replace(BARE, id=f"question_{number}", prompt="", date=DateConfig())
    return replace(empty, prompt="a" * (size_bytes - bytes_as_json(empty)))


def test_a_question_has_16_kib_at_most() -> None:
    questions = Fakes().records(QUESTIONS)
    with pytest.raises(InvalidRequest) as refused:
        add_question(of_size(16_385, 0), questions=questions)
    assert refused.value.field == "prompt"
    add_question(of_size(16_384, 0), questions=questions)


def test_a_tenants_questions_have_128_kib_together_at_most() -> None:
    questions = Fakes().records(QUESTIONS)
    for number in range(7):
        add_question(of_size(16_384, number), questions=questions)
    add_question(of_size(8_192, 7), questions=questions)
    with pytest.raises(Conflict, match="would have 131073 bytes"):
        add_question(of_size(8_193, 8), questions=questions)
    add_question(of_size(8_192, 8), questions=questions)
    assert len(questions.list("acme", 20).records) == 9


@pytest.mark.parametrize(
    ("question", "required"),
    [
        (BARE, False),
        (replace(BARE, date=DateConfig()), False),
        (replace(BARE, date=DateConfig(required=True)), True),
        (replace(BARE, text=TextConfig()), False),
        (replace(BARE, text=TextConfig(required=True)), True),
        (replace(BARE, text=TextConfig(required=True), only_if_flagged=True), False),
        (replace(BARE, select=SelectConfig(("a",))), False),
        (replace(BARE, select=SelectConfig(("a",), min_selects=0)), False),
        (replace(BARE, select=SelectConfig(("a",), min_selects=1)), True),
    ],
)
def test_a_question_must_be_answered_where_it_says_so(question: DebriefQuestion, required: bool) -> None:
    assert question.required is required


@pytest.mark.parametrize(
    ("question", "wrong"),
    [
        (BARE, ""),
        (replace(BARE, text=TextConfig()), ""),
        (replace(BARE, date=DateConfig(earliest=NOW, latest=NOW - timedelta(seconds=1))), ".earliestAllowableDate"),
        (replace(BARE, response_type=ResponseType.FREE_TEXT, text=TextConfig(min_size=2, max_size=1)), ".minSize"),
        (replace(BARE, response_type=ResponseType.SELECT, select=SelectConfig(("a",), False, 2, 1)), ".minSelects"),
        (replace(BARE, response_type=ResponseType.SELECT, select=SelectConfig(("a", "a"))), ".options"),
    ],
)
def test_a_configuration_is_its_types_and_something_fits_it(question: DebriefQuestion, wrong: str) -> None:
    questions = Fakes().records(QUESTIONS)
    with pytest.raises(InvalidRequest) as refused:
        add_question(question, questions=questions)
    assert refused.value.field == f"responseConfig{wrong}"
    sound = replace(BARE, date=DateConfig(earliest=NOW, latest=NOW))
    add_question(sound, questions=questions)
    with pytest.raises(InvalidRequest):
        replace_question("acme", sound.id, question, questions=questions, if_revision=None)
    assert questions.get("acme", sound.id) == sound
