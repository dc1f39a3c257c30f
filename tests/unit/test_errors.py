"""The codes of errors and the HTTP statuses they have: clients branch on both, so they are written here by hand."""

from __future__ import annotations

import pytest

from api import problems
from auricle import errors

CODES = {
    "AuricleError": ("internal-error", 500),
    "UnusableRecording": ("unusable-recording", 422),
    "EmptyAudio": ("empty-audio", 422),
    "UnsupportedAudio": ("unsupported-audio", 422),
    "DamagedAudio": ("damaged-audio", 422),
    "TooLong": ("too-long", 422),
    "TooLarge": ("too-large", 422),
    "InvalidRequest": ("invalid-request", 422),
    "RecordTooLarge": ("record-too-large", 422),
    "Unauthenticated": ("unauthenticated", 401),
    "Forbidden": ("forbidden", 403),
    "NotYours": ("forbidden", 403),
    "NotFound": ("not-found", 404),
    "RecordingNotFound": ("recording-not-found", 404),
    "ContactNotFound": ("contact-not-found", 404),
    "DealNotFound": ("deal-not-found", 404),
    "InteractionNotFound": ("interaction-not-found", 404),
    "CallNotFound": ("call-not-found", 404),
    "UserNotFound": ("user-not-found", 404),
    "TeamNotFound": ("team-not-found", 404),
    "ConnectionNotFound": ("connection-not-found", 404),
    "TokenNotFound": ("token-not-found", 404),
    "CommentNotFound": ("comment-not-found", 404),
    "EventNotFound": ("event-not-found", 404),
    "QuestionNotFound": ("question-not-found", 404),
    "PreconditionFailed": ("precondition-failed", 412),
    "TooManyRequests": ("too-many-requests", 429),
    "ConsentRequired": ("consent-required", 409),
    "Conflict": ("conflict", 409),
    "NotReady": ("not-ready", 409),
    "IllegalTransition": ("illegal-transition", 409),
    "SupersededRun": ("superseded-run", 500),
    "TransientError": ("transient", 503),
    "UnknownVersion": ("internal-error", 500),
    "EngineFailed": ("engine-failed", 500),
    "ModelUnavailable": ("model-unavailable", 500),
    "WeightsChanged": ("weights-changed", 500),
    "GpuUnavailable": ("gpu-unavailable", 500),
}
CLASSES = {
    name: found
    for name, found in vars(errors).items()
    if isinstance(found, type) and issubclass(found, errors.AuricleError)
}


def test_every_error_is_listed_here() -> None:
    assert CLASSES.keys() == CODES.keys()


@pytest.mark.parametrize("name", CODES)
def test_an_error_has_its_code_and_status(name: str) -> None:
    code, status = CODES[name]
    error = CLASSES[name]("What was wrong.")
    assert (error.code, error.message, str(error)) == (code, "What was wrong.", "What was wrong.")
    assert str(CLASSES[name](message="What was wrong.")) == "What was wrong."
    fault = problems.problem_of(error)
    assert fault.status == status
    assert (fault.code, fault.detail) == (
        (code, "What was wrong.")
        if status != 500
        else ("internal-error", "Something went wrong on our side. Tell us the request id if it stays.")
    )
    assert fault.fields == ()


def test_an_error_that_is_none_of_ours_shows_nothing() -> None:
    for error in (ValueError("42"), KeyError("42"), TimeoutError("42")):
        assert (problems.problem_of(error).status, "42" in problems.problem_of(error).detail) == (500, False)


def test_a_wrong_field_is_named() -> None:
    for error in (errors.InvalidRequest("must be 1", field="page"), errors.RecordTooLarge("must be 1", field="page")):
        (named,) = problems.problem_of(error).fields
        assert (named.field, named.message) == ("page", "must be 1")


def test_what_passes_by_itself_says_when_to_try_again() -> None:
    assert problems.problem_of(errors.TransientError("x")).headers == {"retry-after": "5"}
    assert problems.problem_of(errors.TooManyRequests("x")).headers == {"retry-after": "1"}
    assert problems.problem_of(errors.TooManyRequests("x", retry_after_s=17)).headers == {"retry-after": "17"}
    assert problems.problem_of(errors.Conflict("x")).headers == {}


def test_of_many_wrong_fields_twenty_are_named() -> None:
    wrong = [problems.FieldProblem(f"f{number}", "must be text") for number in range(21)]
    assert problems.first_problems(wrong[:20]) == tuple(wrong[:20])
    named = problems.first_problems(wrong)
    assert (len(named), named[:19]) == (20, tuple(wrong[:19]))
    assert (named[19].field, named[19].message) == ("f19", "must be text; further fields are wrong, too")


def test_a_long_name_of_a_field_is_shortened() -> None:
    assert problems.shortened("x" * 200) == "x" * 200
    assert problems.shortened("x" * 201) == "x" * 199 + "\N{HORIZONTAL ELLIPSIS}"
    (named,) = problems.first_problems([problems.FieldProblem("x" * 201, "must be text")])
    assert len(named.field) == 200
