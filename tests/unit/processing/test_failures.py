from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from auricle.errors import EngineFailed, TransientError
from auricle.processing.failures import failure, failure_of, is_final, result_with_own_failure, stage_result
from auricle.recordings.recording import Failure, Run, Stage, StageResult, StageState


def _cause(message: str, error_type: str) -> str:
    return json.dumps({"errorMessage": message, "errorType": error_type, "stackTrace": ["x" * 50]})


def test_our_own_message_reaches_the_user() -> None:
    failed = failure(Stage.PREPARE, "UnsupportedAudio", _cause("This looks like a PDF.", "UnsupportedAudio"))
    assert (failed.code, failed.message) == ("unsupported-audio", "This looks like a PDF.")
    assert is_final(failed)


def test_a_cause_that_was_cut_off_still_gives_its_message() -> None:
    cut = _cause('A "quoted" message.', "DamagedAudio")[:60]
    assert failure(Stage.PREPARE, "DamagedAudio", cut).message == 'A "quoted" message.'


@pytest.mark.parametrize("error", ["MemoryError", "States.TaskFailed", "Runtime.ExitError", ""])
def test_the_text_of_anything_else_stays_inside(error: str) -> None:
    failed = failure(Stage.TRANSCRIBE, error, _cause("secret words of the caller", error))
    assert "secret" not in failed.message
    assert "Transcription" in failed.message
    assert not error or error.rpartition(".")[2] not in failed.message, "a class is for the log"
    assert not is_final(failed)


@pytest.mark.parametrize("error", ["Runtime.ExitError", "Lambda.Unknown"])
def test_a_process_that_was_killed_probably_needed_more_memory(error: str) -> None:
    failed = failure(
        Stage.PREPARE, error, _cause("RequestId: 1 Error: Runtime exited with error: signal: killed", error)
    )
    assert (failed.code, is_final(failed)) == ("prepare-failed", False)
    assert failed.message == (
        "Reading the audio stopped unexpectedly, most likely because it needed more memory than it has. "
        "Ask for processing again to retry; what succeeded is kept."
    )


def test_a_timeout_says_so() -> None:
    assert failure(Stage.DIARIZE, "States.Timeout", "").code == "timed-out"
    assert failure(Stage.DIARIZE, "Sandbox.Timedout", "").code == "timed-out"


def test_a_stage_nothing_is_known_of_has_not_started() -> None:
    assert stage_result(Stage.SUMMARIZE, None).state is StageState.NOT_STARTED
    assert stage_result(Stage.SUMMARIZE, {"state": "skipped"}).state is StageState.SKIPPED
    assert stage_result(Stage.SUMMARIZE, {"state": "failed", "error": "ValueError"}).failure is not None


def test_a_stage_knows_better_than_the_workflow_why_it_failed() -> None:
    """Of a Batch job the workflow sees no more than that it failed."""
    caught = {"state": "failed", "error": "States.TaskFailed", "cause": "{}"}
    noted = StageResult(StageState.FAILED, Failure(Stage.DIARIZE, "model-unavailable", "The weights are not there."))
    run = Run(1, "v1", datetime(2026, 3, 30, tzinfo=UTC), stages={Stage.DIARIZE: noted})
    assert result_with_own_failure(Stage.DIARIZE, caught, run) == noted
    unsaid = result_with_own_failure(Stage.TRANSCRIBE, caught, run).failure
    assert unsaid is not None
    assert unsaid.code == "transcribe-failed"
    assert result_with_own_failure(Stage.DIARIZE, {"state": "complete"}, run) == StageResult(StageState.COMPLETE), (
        "it was retried"
    )


@pytest.mark.parametrize(
    ("job", "code", "said"),
    [
        ({"ExitCode": 75, "Attempts": 10}, "transcribe-failed", "was tried 10 times and something it needs did not"),
        ({"ExitCode": 137, "Attempts": 1}, "out-of-memory", "needed more memory"),
        ({"ExitCode": 137, "Reason": "OutOfMemoryError: Container killed due to memory usage"}, "out-of-memory", ""),
        ({"StatusReason": "Job attempt duration exceeded timeout", "ExitCode": 137}, "timed-out", "took too long"),
        ({"StatusReason": "Host EC2 (instance i-0) terminated.", "Attempts": 10}, "transcribe-failed", "lost its mach"),
        ({"StatusReason": "Task failed to start", "Attempts": 10}, "transcribe-failed", "could not be started 10"),
        ({"StatusReason": "secret words", "ExitCode": 1}, "transcribe-failed", "Transcription failed."),
        ({}, "transcribe-failed", "Transcription failed."),
    ],
)
def test_of_a_job_without_words_its_exit_tells(job: dict[str, object], code: str, said: str) -> None:
    failed = failure(Stage.TRANSCRIBE, "States.TaskFailed", json.dumps(job))
    assert failed.code == code
    assert said in failed.message
    assert "secret" not in failed.message
    assert not is_final(failed)


@pytest.mark.parametrize("error", ["TransientError", "auricle.errors.TransientError", "KeyError", "ClientError"])
def test_what_only_operators_should_read_reaches_no_owner(error: str) -> None:
    """Also not of our own transient errors: their messages name tables and buckets."""
    failed = failure(Stage.SUMMARIZE, error, _cause("table auricle-prod did not answer", error))
    assert failed == Failure(
        Stage.SUMMARIZE,
        "summarize-failed",
        "Picking highlights failed. Ask for processing again to retry; what succeeded is kept.",
    )


@pytest.mark.parametrize(
    ("error", "failed"),
    [
        (ValueError("secret words"), Failure(Stage.DIARIZE, "diarize-failed", "Telling the speakers apart failed. ")),
        (EngineFailed("whisper is out of memory"), Failure(Stage.DIARIZE, "engine-failed", "whisper is out of memory")),
        (EngineFailed(""), Failure(Stage.DIARIZE, "engine-failed", "A speech engine could not do its work; the ")),
        (TransientError("table auricle-prod"), Failure(Stage.DIARIZE, "diarize-failed", "Telling the speakers apart ")),
        (MemoryError("secret"), Failure(Stage.DIARIZE, "out-of-memory", "Telling the speakers apart needed more ")),
    ],
)
def test_an_error_that_a_stage_still_has_is_told_as_a_caught_one(error: Exception, failed: Failure) -> None:
    told = failure_of(Stage.DIARIZE, error)
    assert (told.stage, told.code) == (failed.stage, failed.code)
    assert told.message.startswith(failed.message)
    assert "secret" not in told.message
    assert "auricle-prod" not in told.message


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        (Stage.PREPARE, "Reading the audio"),
        (Stage.TRANSCRIBE, "Transcription"),
        (Stage.DIARIZE, "Telling the speakers apart"),
        (Stage.ASSEMBLE, "Putting the transcript together"),
        (Stage.REDACT, "Redaction"),
        (Stage.SUMMARIZE, "Picking highlights"),
    ],
)
def test_every_stage_has_a_name_for_people(stage: Stage, words: str) -> None:
    hint = "Ask for processing again to retry; what succeeded is kept."
    assert failure(stage, "", "") == Failure(stage, f"{stage.value}-failed", f"{words} failed. {hint}")
    too_long = f"{words} took too long and was stopped. {hint}"
    assert failure(stage, "States.Timeout", "") == Failure(stage, "timed-out", too_long)
    memory = f"{words} needed more memory than it has. {hint}"
    assert failure(stage, "OutOfMemory", "") == Failure(stage, "out-of-memory", memory)


@pytest.mark.parametrize(
    ("job", "message"),
    [
        ({"ExitCode": 75, "Attempts": 2}, "was tried 2 times and something it needs did not answer"),
        ({"ExitCode": 75, "Attempts": 1}, "was tried and something it needs did not answer"),
        ({"ExitCode": 75, "Attempts": "10"}, "was tried and something it needs did not answer"),
        ({"ExitCode": 75}, "was tried and something it needs did not answer"),
        ({"ExitCode": 75, "StatusReason": "Host EC2"}, "was tried and something it needs did not answer"),
        ({"StatusReason": "Host EC2 (instance i-0) terminated."}, "lost its machine"),
        ({"StatusReason": "Task failed to start", "Attempts": 3}, "could not be started 3 times"),
        ({"ExitCode": 1, "Reason": "No OutOfMemory"}, "failed"),
        ({"Reason": "OutOfMemoryError: killed"}, "needed more memory than it has"),
        ({"StatusReason": "No job attempt duration exceeded"}, "failed"),
    ],
)
def test_a_job_s_end_is_said_in_these_words(job: dict[str, object], message: str) -> None:
    told = failure(Stage.TRANSCRIBE, "States.TaskFailed", json.dumps(job)).message
    assert told == f"Transcription {message}. Ask for processing again to retry; what succeeded is kept."


@pytest.mark.parametrize("cause", ["", "no JSON", "[1]", "null", '"text"'])
def test_a_cause_that_says_nothing_leaves_the_class_to_speak(cause: str) -> None:
    assert failure(Stage.PREPARE, "EmptyAudio", cause) == Failure(
        Stage.PREPARE, "empty-audio", "Nothing was uploaded, or the file holds no audio at all."
    )
    assert failure(Stage.PREPARE, "TaskFailed", cause).code == "prepare-failed"


@pytest.mark.parametrize("cause", ['{"errorMessage": "cut off in the mid', '{"errorMessage": ', '{"errorMessage"'])
def test_a_message_that_was_itself_cut_off_is_not_shown(cause: str) -> None:
    assert failure(Stage.PREPARE, "DamagedAudio", cause).message == (
        "A known format that cannot be decoded: cut off in transfer, or broken."
    )


@pytest.mark.parametrize(
    ("code", "final"),
    [
        ("unusable-recording", True),
        ("empty-audio", True),
        ("unsupported-audio", True),
        ("damaged-audio", True),
        ("too-long", True),
        ("too-large", True),
        ("engine-failed", False),
        ("consent-required", False),
        ("timed-out", False),
        ("upload-missing", False),
    ],
)
def test_only_what_the_bytes_are_to_blame_for_is_final(code: str, final: bool) -> None:
    assert is_final(Failure(Stage.PREPARE, code, "…")) is final


def test_a_failure_that_the_stage_did_not_note_is_the_workflow_s() -> None:
    caught = {"state": "failed", "error": "States.Timeout", "cause": ""}
    run = Run(1, "v1", datetime(2026, 3, 30, tzinfo=UTC), stages={Stage.DIARIZE: StageResult(StageState.FAILED)})
    for known in (run, None):
        told = result_with_own_failure(Stage.DIARIZE, caught, known)
        assert (told.state, told.failure and told.failure.code) == (StageState.FAILED, "timed-out")


def test_a_state_that_is_not_said_is_complete() -> None:
    assert stage_result(Stage.PREPARE, {"windows": 3}) == StageResult(StageState.COMPLETE)
    assert stage_result(Stage.PREPARE, {"state": "failed"}).failure == failure(Stage.PREPARE, "", "")
