"""The debrief on the core API: questions, the answers that fit them, and what answering sets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from api.core.debrief import models as documented
from auricle.recordings.recording import Result
from tests.contract.conftest import NOW, Archive
from tests.contract.core_recordings import refused, send, shown
from tests.contract.core_reference import conforms_as_field
from tests.contract.gateway import Answer, Gateway
from tests.fakes import Fakes

QUESTIONS = "/v1/core/debrief-questions"
DEBRIEF = "/v1/core/recordings/rec_1/debrief"
TEXT: dict[str, Any] = {
    "prompt": "What did they say?",
    "responseType": "FREE_TEXT_RESPONSE",
    "responseConfig": {"interpretAsNumber": False, "required": False},
    "sortValue": 2,
}
SELECT: dict[str, Any] = {
    "prompt": "How did it end?",
    "responseType": "SELECT_RESPONSE",
    "responseConfig": {"options": ["closed", "not closed", 3], "minSelects": 1, "maxSelects": 2},
    "sortValue": 1,
}
DATE: dict[str, Any] = {
    "prompt": "When shall we call?",
    "responseType": "DATE_RESPONSE",
    "responseConfig": {
        "includeTime": False,
        "required": False,
        "earliestAllowableDate": "2026-03-01T00:00:00Z",
        "latestAllowableDate": 1777593600000,
    },
    "sortValue": 3,
}


class Reps:
    """What reps and those who write questions do."""

    def __init__(self, api: Gateway) -> None:
        self.api = api

    def asks(self, question: Any = None, **change: Any) -> str:
        """Adds a question; its id."""
        answer = self.api.post(QUESTIONS, {**(question or TEXT), **change})
        added: str = shown(documented.DebriefQuestionResponse, answer, 201)["data"]["id"]
        return added

    def text(self, **config: Any) -> str:
        return self.asks(responseConfig={**TEXT["responseConfig"], **config})

    def tries(self, responses: Any, **headers: str) -> Answer:
        return send(self.api, "PUT", DEBRIEF, {"responses": responses}, headers=headers)

    def answers(self, responses: Any) -> Any:
        return shown(documented.DebriefResponse, self.tries(responses))["data"]

    def kept(self, question_id: str, answer: Any) -> Any:
        """What is kept of that answer."""
        return self.answers({question_id: answer})["debriefResponses"][question_id]

    def refuses(self, question_id: str, answer: Any) -> str:
        """Why that answer does not fit."""
        found = refused(self.tries({question_id: answer}), 422, "invalid-request", f"responses.{question_id}")
        error: str = found["error"]
        return error.removeprefix(f"responses.{question_id} ")


@pytest.fixture
def reps(api: Gateway, archive: Archive) -> Reps:
    archive.complete(conversation_type="Door to door")
    return Reps(api)


# --- questions ----------------------------------------------------------------------------------------------


def test_a_question_shows_all_that_was_said_of_it(reps: Reps) -> None:
    first = reps.asks(SELECT)
    said = {
        **DATE,
        "promptDetails": "Business days",
        "includeIf": [{"questionId": first, "value": "not closed"}],
        "onlyIncludeIfFlagged": True,
        "setResponseToField": "notes",
        "hideFromResults": True,
        "conversationType": "Door to door",
    }
    answer = reps.api.post(QUESTIONS, said)
    question = shown(documented.DebriefQuestionResponse, answer, 201)["data"]
    assert question == {
        **said,
        "id": question["id"],
        "responseConfig": {
            "includeTime": False,
            "required": False,
            "earliestAllowableDate": "2026-03-01T00:00:00.000Z",
            "latestAllowableDate": "2026-05-01T00:00:00.000Z",
        },
        "createdAt": "2026-03-30T12:00:00.123Z",
        "updatedAt": "2026-03-30T12:00:00.123Z",
    }
    place = f"{QUESTIONS}/{question['id']}"
    assert (answer.headers["location"], answer.headers["etag"]) == (place, '"1"')
    assert shown(documented.DebriefQuestionResponse, reps.api.get(place))["data"] == question


def test_a_question_of_which_no_more_is_said_is_asked_always_and_shown_in_results(reps: Reps) -> None:
    question = shown(documented.DebriefQuestionResponse, reps.api.post(QUESTIONS, TEXT), 201)["data"]
    assert question == {
        "id": question["id"],
        "prompt": "What did they say?",
        "responseType": "FREE_TEXT_RESPONSE",
        "responseConfig": {"interpretAsNumber": False, "required": False},
        "sortValue": 2,
        "includeIf": [],
        "onlyIncludeIfFlagged": False,
        "hideFromResults": False,
        "conversationType": None,
        "createdAt": "2026-03-30T12:00:00.123Z",
        "updatedAt": "2026-03-30T12:00:00.123Z",
    }


def test_whole_numbers_may_be_written_with_a_fraction_of_nothing(reps: Reps) -> None:
    body = b'{"prompt": "How many?", "responseType": "SELECT_RESPONSE", "sortValue": 1.0, '
    body += b'"responseConfig": {"options": [1.0, 2.5], "minSelects": 1.0, "maxSelects": 2.0}}'
    config = reps.api.post(QUESTIONS, body).json["data"]["responseConfig"]
    assert config == {"options": [1, 2.5], "dropdown": False, "minSelects": 1, "maxSelects": 2}
    body = b'{"prompt": "When?", "responseType": "DATE_RESPONSE", "sortValue": 1, '
    body += b'"responseConfig": {"includeTime": false, "required": false, "latestAllowableDate": 1777593600000.0}}'
    config = reps.api.post(QUESTIONS, body).json["data"]["responseConfig"]
    assert config["latestAllowableDate"] == "2026-05-01T00:00:00.000Z"


def test_questions_are_listed_in_the_order_they_are_asked(reps: Reps) -> None:
    late, early = reps.asks(DATE), reps.asks(SELECT)
    other = reps.asks(TEXT, conversationType="Phone")
    page = shown(documented.DebriefQuestionList, reps.api.get(QUESTIONS))
    assert [one["id"] for one in page["data"]] == [early, other, late]
    page = shown(documented.DebriefQuestionList, reps.api.get(QUESTIONS, conversationType="Door to door"))
    assert [one["id"] for one in page["data"]] == [early, late]


def test_a_question_is_replaced_whole_and_removed(reps: Reps) -> None:
    question = reps.asks(TEXT, promptDetails="In their words")
    place = f"{QUESTIONS}/{question}"
    reps.api.now = NOW + timedelta(minutes=1)
    answer = send(reps.api, "PUT", place, SELECT, headers={"if-match": '"1"'})
    replaced = shown(documented.DebriefQuestionResponse, answer)["data"]
    assert answer.headers["etag"] == '"2"'
    assert "promptDetails" not in replaced
    assert (replaced["prompt"], replaced["createdAt"][14:16], replaced["updatedAt"][14:16]) == (
        SELECT["prompt"],
        "00",
        "01",
    )
    for method, body in (("PUT", TEXT), ("DELETE", None)):
        refused(send(reps.api, method, place, body, headers={"if-match": '"1"'}), 412, "precondition-failed")
    assert shown(documented.DebriefQuestionResponse, send(reps.api, "DELETE", place))["data"] == replaced
    for method, body in (("GET", None), ("PUT", TEXT), ("DELETE", None)):
        found = refused(send(reps.api, method, place, body), 404, "question-not-found")
        assert found["error"] == f"There is no debrief question {question}."


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"prompt": ""}, "prompt"),
        ({"responseType": "VIDEO"}, "responseType"),
        ({"responseType": "DATE_RESPONSE"}, "responseConfig"),
        ({"responseConfig": {"required": True}}, "responseConfig.text.interpretAsNumber"),
        ({"responseConfig": {"includeTime": True}}, "responseConfig.date.required"),
        ({"responseConfig": {"options": []}}, "responseConfig.select.options"),
        ({"responseConfig": 7}, "responseConfig.text"),
        (
            {"responseConfig": {"includeTime": True, "required": True, "earliestAllowableDate": "soon"}},
            "responseConfig.date.earliestAllowableDate",
        ),
        ({"sortValue": "first"}, "sortValue"),
        ({"includeIf": [{"questionId": "question_none", "value": "x"}]}, "includeIf.0.questionId"),
        ({"includeIf": [{"questionId": "a b", "value": "x"}]}, "includeIf.0.questionId"),
        ({"setResponseToField": "locked"}, "setResponseToField"),
        ({"onlyIncludeIfFlagged": "no"}, "onlyIncludeIfFlagged"),
        ({"conversationType": "a\nb"}, "conversationType"),
        ({"id": "question_1"}, "id"),
    ],
    ids=str,
)
def test_every_wrong_field_of_a_question_is_named(reps: Reps, change: Any, wrong: str) -> None:
    found = reps.api.post(QUESTIONS, {**TEXT, **change})
    assert found.status == 422, found.body
    assert wrong in {".".join(issue["path"]) for issue in found.json["issues"]}
    assert b"function" not in found.body, "how it is checked is nobody's business"
    assert reps.api.get(QUESTIONS).json["data"] == []


@pytest.mark.parametrize(
    ("question", "config", "wrong"),
    [
        (DATE, {"earliestAllowableDate": "2026-06-01"}, "earliestAllowableDate"),
        (TEXT, {"minSize": 5, "maxSize": 4}, "minSize"),
        (SELECT, {"minSelects": 3}, "minSelects"),
        (SELECT, {"options": ["a", "a"]}, "options"),
    ],
    ids=["dates", "sizes", "selects", "options"],
)
def test_a_configuration_that_nothing_could_fit_is_refused(reps: Reps, question: Any, config: Any, wrong: str) -> None:
    body = {**question, "responseConfig": {**question["responseConfig"], **config}}
    refused(reps.api.post(QUESTIONS, body), 422, "invalid-request", f"responseConfig.{wrong}")


def test_a_question_does_not_depend_on_itself(reps: Reps) -> None:
    question = reps.asks()
    body = {**TEXT, "includeIf": [{"questionId": question, "value": "x"}]}
    refused(send(reps.api, "PUT", f"{QUESTIONS}/{question}", body), 422, "invalid-request", "includeIf.0.questionId")


def test_there_are_so_many_questions(reps: Reps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auricle.recordings.debrief.MAX_QUESTIONS", 1)
    reps.asks()
    refused(reps.api.post(QUESTIONS, TEXT), 409, "conflict")


# --- answers ------------------------------------------------------------------------------------------------


def test_a_debrief_shows_what_would_be_asked_then_what_was(reps: Reps) -> None:
    ended, said = reps.asks(SELECT), reps.asks(TEXT)
    reps.asks(TEXT, conversationType="Phone")
    before = shown(documented.DebriefResponse, reps.api.get(DEBRIEF))["data"]
    assert (before["recordingId"], before["debriefResponses"]) == ("rec_1", {})
    assert [question["id"] for question in before["debriefQuestions"]] == [ended, said]
    responses = {ended: ["closed", 3], said: "We'll see"}
    after = reps.answers(responses)
    assert (after["debriefResponses"], after["debriefQuestions"]) == (responses, before["debriefQuestions"])
    send(reps.api, "PUT", f"{QUESTIONS}/{said}", {**TEXT, "prompt": "Another one"})
    send(reps.api, "DELETE", f"{QUESTIONS}/{ended}")
    assert shown(documented.DebriefResponse, reps.api.get(DEBRIEF))["data"] == after
    found = reps.api.get("/v1/core/recordings/rec_1").json["data"]
    assert found["debriefResponses"] == responses
    assert found["debriefQuestions"] == after["debriefQuestions"]


def test_a_recording_shows_its_debrief_as_the_reference_has_it(reps: Reps) -> None:
    ended = reps.asks(SELECT, setResponseToField="result")
    when = reps.asks(DATE, promptDetails="x", includeIf=[{"questionId": ended, "value": 3}])
    size = reps.text(interpretAsNumber=True, minSize=1, maxSize=2.5, validationErrorMessage="No")
    reps.answers({ended: ["closed"], size: 2})
    reps.asks(TEXT, onlyIncludeIfFlagged=True)
    found = reps.api.get("/v1/core/recordings/rec_1").json["data"]
    assert [question["id"] for question in found["debriefQuestions"]] == [ended, size]
    conforms_as_field(found["debriefQuestions"], "debriefQuestions")
    conforms_as_field(found["debriefResponses"], "debriefResponses")
    conforms_as_field([reps.api.get(f"{QUESTIONS}/{when}").json["data"]], "debriefQuestions")


def test_answers_take_the_place_of_those_before(reps: Reps) -> None:
    one, other = reps.text(), reps.text()
    reps.answers({one: "a", other: "b"})
    assert reps.answers({other: "c"})["debriefResponses"] == {other: "c"}
    assert reps.answers({})["debriefResponses"] == {}


def test_what_is_required_must_be_answered(reps: Reps) -> None:
    ended = reps.asks(SELECT)
    assert refused(reps.tries({}), 422, "invalid-request", f"responses.{ended}")["error"].endswith("must be answered")
    said = reps.text(required=True)
    refused(reps.tries({ended: "closed"}), 422, "invalid-request", f"responses.{said}")
    when = reps.asks(DATE, responseConfig={"includeTime": False, "required": True})
    refused(reps.tries({ended: "closed", said: "x"}), 422, "invalid-request", f"responses.{when}")
    refused(reps.tries({ended: "closed", said: " ", when: "2026-03-30"}), 422, "invalid-request", f"responses.{said}")
    reps.answers({ended: "closed", said: "x", when: "2026-03-30"})


def test_what_was_not_asked_cannot_be_answered(reps: Reps) -> None:
    elsewhere = reps.asks(TEXT, conversationType="Phone")
    for question in (elsewhere, "question_none"):
        assert reps.refuses(question, "x") == "is not a question asked about this conversation"


def test_a_question_is_asked_where_another_was_answered_so(reps: Reps) -> None:
    ended = reps.asks(SELECT)
    conditions = [{"questionId": ended, "value": "not closed"}, {"questionId": ended, "value": 3}]
    why = reps.asks(TEXT, includeIf=conditions, responseConfig={"interpretAsNumber": False, "required": True})
    reps.answers({ended: "closed"})
    refused(reps.tries({ended: "closed", why: "x"}), 422, "invalid-request", f"responses.{why}")
    for answer in ("not closed", ["closed", 3]):
        refused(reps.tries({ended: answer}), 422, "invalid-request", f"responses.{why}")
        shown_of = reps.answers({ended: answer, why: "x"})["debriefQuestions"]
        assert [question["id"] for question in shown_of] == [ended, why]


def test_what_only_the_app_brings_up_nobody_has_to_answer(reps: Reps) -> None:
    flagged = reps.asks(TEXT, onlyIncludeIfFlagged=True, responseConfig={"interpretAsNumber": False, "required": True})
    assert reps.answers({})["debriefResponses"] == {}
    assert reps.kept(flagged, "x") == "x"


def test_dates_lie_within_their_bounds(reps: Reps) -> None:
    day = reps.asks(DATE)
    assert reps.kept(day, "2026-03-01") == "2026-03-01"
    assert reps.kept(day, "2026-04-30T23:30:00-00:30") == "2026-05-01"
    assert reps.kept(day, 1774872000000) == "2026-03-30"
    assert reps.refuses(day, "2026-02-28") == "must not be before 2026-03-01"
    assert reps.refuses(day, "2026-05-02") == "must not be after 2026-05-01"
    for answer in ("tomorrow", "", ["2026-03-30"], 1e15):
        assert reps.refuses(day, answer).startswith("must")
    moment = reps.asks(DATE, responseConfig={"includeTime": True, "required": False})
    assert reps.kept(moment, "2026-03-30T14:00:00+02:00") == "2026-03-30T12:00:00Z"


def test_texts_and_numbers_lie_within_their_sizes(reps: Reps) -> None:
    text = reps.text(minSize=2, maxSize=3)
    assert reps.kept(text, "äöü") == "äöü"
    assert reps.refuses(text, "a") == "must be 2 characters at least"
    assert reps.refuses(text, "abcd") == "must be 3 characters at most"
    assert reps.refuses(text, 7) == "must be text of 10000 characters at most"
    number = reps.text(interpretAsNumber=True, minSize=0.5, maxSize=10)
    assert (reps.kept(number, 7), reps.kept(number, "2.5"), reps.kept(number, 0.5)) == (7, 2.5, 0.5)
    assert reps.refuses(number, 0) == "must be 0.5 at least"
    assert reps.refuses(number, "10.1") == "must be 10 at most"
    for answer in ("many", "nan", "inf", [1]):
        assert reps.refuses(number, answer) == "must be a number"
    worded = reps.text(interpretAsNumber=True, validationErrorMessage="Count the windows")
    assert reps.refuses(worded, "many") == "does not fit: Count the windows"


def test_selections_are_of_the_options(reps: Reps) -> None:
    ended = reps.asks(SELECT)
    assert (reps.kept(ended, 3), reps.kept(ended, ["closed", 3])) == (3, ["closed", 3])
    assert reps.refuses(ended, "3") == "must be among the question's options"
    assert reps.refuses(ended, ["closed", "won"]) == "must be among the question's options"
    assert reps.refuses(ended, ["closed", "closed"]) == "must not name an option twice"
    assert reps.refuses(ended, []) == "must name 1 options at least"
    assert reps.refuses(ended, ["closed", "not closed", 3]) == "must name 2 options at most"


def test_an_answer_sets_its_field_of_the_recording(reps: Reps, services: Fakes) -> None:
    ended = reps.asks(SELECT, setResponseToField="result")
    title = reps.asks(TEXT, setResponseToField="title")
    notes = reps.asks(DATE, setResponseToField="notes")
    reps.answers({ended: "not closed", title: "  Roof\nand gutters ", notes: "2026-03-30"})
    recording = services.recordings.get("acme", "rec_1")
    assert (recording.result, recording.title, recording.notes) == (Result.NOT_CLOSED, "Roof and gutters", "2026-03-30")
    assert reps.refuses(ended, 3).startswith("sets the recording's result")
    reps.answers({ended: "closed"})
    recording = services.recordings.get("acme", "rec_1")
    assert (recording.result, recording.title) == (Result.CLOSED, "Roof and gutters")


def test_a_stale_recording_is_not_answered_for(reps: Reps) -> None:
    said = reps.text()
    etag = reps.api.get(DEBRIEF).headers["etag"]
    first = reps.tries({said: "a"}, **{"if-match": etag})
    assert first.status == 200
    refused(reps.tries({said: "b"}, **{"if-match": etag}), 412, "precondition-failed")
    assert reps.tries({said: "b"}, **{"if-match": first.headers["etag"]}).status == 200


def test_a_locked_recording_is_not_answered_for(reps: Reps, archive: Archive, services: Fakes) -> None:
    said = reps.text()
    archive.put("rec_2", locked=True)
    answer = send(reps.api, "PUT", DEBRIEF.replace("rec_1", "rec_2"), {"responses": {said: "x"}})
    refused(answer, 409, "conflict")
    assert services.recordings.get("acme", "rec_2").debrief == {}


@pytest.mark.parametrize(
    "body",
    [{}, {"responses": None}, {"responses": []}, {"responses": {"a b": "x"}}, {"responses": {"q": {}}}, {"x": 1}],
    ids=str,
)
def test_what_is_no_debrief_is_refused(reps: Reps, body: Any) -> None:
    answer = send(reps.api, "PUT", DEBRIEF, body)
    assert (answer.status, answer.json["code"]) == (422, "invalid-request")
    assert answer.json["issues"][0]["path"][0] in {"responses", "x"}


def test_unknown_binned_and_foreign_ids_look_the_same(reps: Reps, archive: Archive) -> None:
    question = reps.asks()
    archive.put("rec_2", deleted_at=NOW)
    archive.put("rec_3", org="globex")
    for recording_id in ("rec_none", "rec_2", "rec_3"):
        for method, body in (("GET", None), ("PUT", {"responses": {}})):
            answer = send(reps.api, method, DEBRIEF.replace("rec_1", recording_id), body)
            assert refused(answer, 404, "recording-not-found")["error"] == f"There is no recording {recording_id}."
    stranger = reps.api.identity.token(org="globex")
    for method, body in (("GET", None), ("PUT", TEXT), ("DELETE", None)):
        for question_id in (question, "a%20b"):
            answer = send(reps.api, method, f"{QUESTIONS}/{question_id}", body, token=stranger)
            refused(answer, 404, "question-not-found")
    assert reps.api.get(QUESTIONS, token=stranger).json["data"] == []
    theirs = send(reps.api, "PUT", DEBRIEF.replace("rec_1", "rec_3"), {"responses": {question: "x"}}, token=stranger)
    refused(theirs, 422, "invalid-request", f"responses.{question}")


def test_writing_questions_and_answers_take_their_scopes(reps: Reps) -> None:
    place = f"{QUESTIONS}/{reps.asks()}"
    for scope, requests in (
        (
            "recordings:read recordings:write",
            (("POST", QUESTIONS, TEXT), ("PUT", place, TEXT), ("DELETE", place, None)),
        ),
        ("recordings:read", (("PUT", DEBRIEF, {"responses": {}}),)),
        ("recordings:write org:admin", (("GET", QUESTIONS, None), ("GET", place, None), ("GET", DEBRIEF, None))),
    ):
        token = reps.api.identity.token(scope=scope)
        for method, path, body in requests:
            refused(send(reps.api, method, path, body, token=token), 403, "insufficient-scope")
