"""Questions a rep answers after a conversation, and the answers."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from api.core.debrief import models
from api.core.errors import LOCKED, NO_RECORDING
from api.core.shared import PREFIX, Admin, AdminOnce, Reader, Writer
from api.dependencies import IfMatch, RecordingId, RequestContext, path_id, tag_revision
from api.models import Line
from api.problems import PossibleError, errors
from api.routing import SparseRoute, api_router
from auricle.errors import QuestionNotFound
from auricle.recordings.debrief import QUESTIONS, DebriefQuestion
from auricle.recordings.recording import Recording

router = api_router(PREFIX, SparseRoute, tags=["debrief"])

QuestionId = Annotated[str, path_id(QuestionNotFound, "debrief question")]

NO_QUESTION = PossibleError(404, "question-not-found", "There is no such question.")
NO_ROOM = PossibleError(409, "conflict", "There are 200 questions already, or 128 KiB of them.")


@router.get("/debrief-questions", summary="List debrief questions")
async def list_debrief_questions(
    context: Reader,
    conversation_type: Annotated[
        Line | None, Query(alias="conversationType", description="Those asked of conversations of this type.")
    ] = None,
) -> models.DebriefQuestionList:
    """In the order they are asked. All there can be fit one page, so there is never a next one."""
    from auricle.recordings.debrief import all_questions

    found = all_questions(context.org, questions=context.stores.records(QUESTIONS))
    wanted = [one for one in found if conversation_type is None or one.concerns(conversation_type)]
    return models.DebriefQuestionList(data=[models.DebriefQuestionFields.of(one) for one in wanted], cursor=None)


@router.post("/debrief-questions", status_code=201, responses=errors(NO_ROOM), summary="Add a debrief question")
async def add_debrief_question(
    body: models.DebriefQuestionRequest, context: AdminOnce, response: Response
) -> models.DebriefQuestionResponse:
    """`responseConfig` is that of the `responseType`: a date's bounds, a text's or a number's size, or options.
    `includeIf` names other questions and the answers that bring this one up. A question has 16 KiB at most."""
    from auricle.identifiers import new_id
    from auricle.recordings.debrief import add_question

    question = body.question(context.org, new_id("question", context.now), context.now)
    add_question(question, questions=context.stores.records(QUESTIONS))
    response.headers["location"] = f"{PREFIX}/debrief-questions/{question.id}"
    return _tagged(question, response)


@router.get("/debrief-questions/{question_id}", responses=errors(NO_QUESTION), summary="Get a debrief question")
async def get_debrief_question(
    question_id: QuestionId, context: Reader, response: Response
) -> models.DebriefQuestionResponse:
    """A debrief question of the organization, by id."""
    return _tagged(context.stores.records(QUESTIONS).get(context.org, question_id), response)


@router.put(
    "/debrief-questions/{question_id}", responses=errors(NO_QUESTION, NO_ROOM), summary="Replace a debrief question"
)
async def replace_debrief_question(
    question_id: QuestionId, body: models.DebriefQuestionRequest, context: Admin, if_match: IfMatch, response: Response
) -> models.DebriefQuestionResponse:
    """The question whole. Debriefs answered before keep it as it was."""
    from auricle.recordings.debrief import replace_question

    question, questions = body.question(context.org, question_id, context.now), context.stores.records(QUESTIONS)
    replaced = replace_question(context.org, question_id, question, questions=questions, if_revision=if_match)
    return _tagged(replaced, response)


@router.delete("/debrief-questions/{question_id}", responses=errors(NO_QUESTION), summary="Remove a debrief question")
async def remove_debrief_question(
    question_id: QuestionId, context: Admin, if_match: IfMatch
) -> models.DebriefQuestionResponse:
    """Answers with the question as it was. Debriefs answered before keep it."""
    from auricle.recordings.debrief import remove_question

    questions = context.stores.records(QUESTIONS)
    removed = remove_question(context.org, question_id, questions=questions, if_revision=if_match)
    return models.DebriefQuestionResponse.of(removed)


@router.get("/recordings/{recording_id}/debrief", responses=errors(NO_RECORDING), summary="Get a recording's debrief")
async def get_debrief(recording_id: RecordingId, context: Reader, response: Response) -> models.DebriefResponse:
    """Answers and questions. Its ETag is the recording's."""
    return _debrief(context.recording(recording_id), context, response)


@router.put(
    "/recordings/{recording_id}/debrief", responses=errors(NO_RECORDING, LOCKED), summary="Answer a recording's debrief"
)
async def answer_debrief(
    recording_id: RecordingId, body: models.AnswerDebriefRequest, context: Writer, if_match: IfMatch, response: Response
) -> models.DebriefResponse:
    """All answers at once, by question id: text, a number, or a list of them where several options may be chosen. Each
    must fit its question, and required ones must be there. An answer to a question with `setResponseToField` sets that
    field of the recording."""
    from auricle.recordings.debrief_answers import answer_debrief as answer

    recording = answer(
        context.org,
        recording_id,
        body.answers(),
        recordings=context.stores.recordings,
        questions=context.stores.records(QUESTIONS),
        now=context.now,
        if_revision=if_match,
    )
    return _debrief(recording, context, response)


def _tagged(question: DebriefQuestion, response: Response) -> models.DebriefQuestionResponse:
    tag_revision(response, question.revision)
    return models.DebriefQuestionResponse.of(question)


def _debrief(recording: Recording, context: RequestContext, response: Response) -> models.DebriefResponse:
    from auricle.recordings.debrief import questions_of

    tag_revision(response, recording.revision)
    return models.DebriefResponse.of(recording, questions_of(recording, questions=context.stores.records(QUESTIONS)))
