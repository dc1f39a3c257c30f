from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from auricle.processing.failures import failure, is_final, seen_result, stage_result
from auricle.recording import Failure, Run, Stage, StageResult, StageState


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
    assert seen_result(Stage.DIARIZE, caught, run) == noted
    unsaid = seen_result(Stage.TRANSCRIBE, caught, run).failure
    assert unsaid is not None
    assert unsaid.code == "transcribe-failed"
    assert seen_result(Stage.DIARIZE, {"state": "complete"}, run) == StageResult(StageState.COMPLETE), "it was retried"


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
