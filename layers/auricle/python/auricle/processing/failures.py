"""Turns the error that a state of the workflow caught into a failure that the recording's owner understands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from auricle import errors
from auricle.processing.stages import BY_STAGE
from auricle.recordings.failure_texts import RETRY_HINT
from auricle.recordings.recording import Failure, Run, Stage, StageResult, StageState

TRY_AGAIN_EXIT_CODE = 75
"""EX_TEMPFAIL of sysexits.h: what a job ends with when another attempt may succeed. Its retry strategy
(infra/job_retries.py) starts one."""
_OUT_OF_MEMORY_EXIT_CODE = 137
"""Of a container that the kernel killed (128 + SIGKILL)."""
_OUT_OF_MEMORY = frozenset({"OutOfMemory", "MemoryError"})
_KILLED = frozenset({"ExitError", "Unknown"})
"""How Step Functions names the end of a function's process (`Runtime.ExitError`, `Lambda.Unknown`). It does not say
why; Lambda's own timeouts have a name of their own."""


def stage_result(stage: Stage, caught: Mapping[str, Any] | None) -> StageResult:
    """The result of a stage from what the workflow passes on: `{"state", "error", "cause"}`, or nothing."""
    if not caught:
        return StageResult()
    state = StageState(str(caught.get("state", StageState.COMPLETE.value)))
    if state is not StageState.FAILED:
        return StageResult(state)
    return StageResult(state, failure(stage, str(caught.get("error", "")), str(caught.get("cause", ""))))


def result_with_own_failure(stage: Stage, caught: Mapping[str, Any] | None, run: Run | None) -> StageResult:
    """`stage_result`, with the failure that the stage itself recorded in the run, where it did.

    Of a job the workflow learns the exit code alone.
    """
    caught_result = stage_result(stage, caught)
    recorded = run.stage(stage) if run else StageResult()
    return recorded if caught_result.state is StageState.FAILED and recorded.failure else caught_result


def failure(stage: Stage, error: str, cause: str) -> Failure:
    """A failure from the caught error's class name and its cause (Lambda's JSON, perhaps cut off).

    Messages of our own errors are meant for users and pass. Of anything else they learn the stage alone: its text
    may hold what nobody should read in an API, and its class is for the log.
    """
    name = error.rpartition(".")[2]
    error_class = _ERRORS.get(name)
    if error_class and not issubclass(error_class, errors.TransientError):
        return Failure(stage, error_class.code, _message(cause) or (error_class.__doc__ or name).splitlines()[0])
    if name == "TaskFailed":
        return _failed_job(stage, cause)
    if name in {"Timeout", "Timedout"}:
        return _timed_out(stage)
    if name in _OUT_OF_MEMORY:
        return _out_of_memory(stage)
    if name in _KILLED:
        reason = "stopped unexpectedly, most likely because it needed more memory than it has"
        return Failure(stage, f"{stage.value}-failed", f"{BY_STAGE[stage].activity} {reason}. {RETRY_HINT}")
    return Failure(stage, f"{stage.value}-failed", f"{BY_STAGE[stage].activity} failed. {RETRY_HINT}")


def _failed_job(stage: Stage, cause: str) -> Failure:
    """A failure from what Batch says of a job that left no message of its own."""
    job = _description(cause)
    attempts = job.get("Attempts")
    times = f" {attempts} times" if isinstance(attempts, int) and attempts > 1 else ""
    status_reason, exit_code = str(job.get("StatusReason", "")), job.get("ExitCode")
    if status_reason.startswith("Job attempt duration exceeded"):
        return _timed_out(stage)
    if exit_code == _OUT_OF_MEMORY_EXIT_CODE or str(job.get("Reason", "")).startswith("OutOfMemory"):
        return _out_of_memory(stage)
    if exit_code == TRY_AGAIN_EXIT_CODE:
        reason = f"was tried{times} and something it needs did not answer"
    elif status_reason.startswith("Host EC2"):
        reason = f"lost its machine{times}"
    elif status_reason.startswith("Task failed to start"):
        reason = f"could not be started{times}"
    else:
        reason = "failed"
    return Failure(stage, f"{stage.value}-failed", f"{BY_STAGE[stage].activity} {reason}. {RETRY_HINT}")


def _out_of_memory(stage: Stage) -> Failure:
    return Failure(stage, "out-of-memory", f"{BY_STAGE[stage].activity} needed more memory than it has. {RETRY_HINT}")


def _timed_out(stage: Stage) -> Failure:
    return Failure(stage, "timed-out", f"{BY_STAGE[stage].activity} took too long and was stopped. {RETRY_HINT}")


def _description(cause: str) -> Mapping[str, Any]:
    try:
        parsed = json.loads(cause)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def failure_of(stage: Stage, error: Exception) -> Failure:
    """A failure from the error itself, where the stage still has it."""
    message = error.message if isinstance(error, errors.AuricleError) else ""
    return failure(stage, type(error).__name__, json.dumps({"errorMessage": message}))


def is_final(failed: Failure) -> bool:
    """Whether processing the same bytes again cannot help."""
    return failed.code in _FINAL_CODES


def _message(cause: str) -> str | None:
    try:
        parsed = json.loads(cause)
    except ValueError:
        return _cut_message(cause)
    message = parsed.get("errorMessage") if isinstance(parsed, dict) else None
    return str(message) if message else None


def _cut_message(cause: str) -> str | None:
    """The message of a cause that was cut off before its closing brace: it stands at the front."""
    marker = '"errorMessage"'
    if marker not in cause:
        return None
    rest = cause.partition(marker)[2].lstrip(" :")
    try:
        message, _ = json.JSONDecoder().raw_decode(rest)
    except ValueError:
        return None
    return str(message)


def _subclasses(root: type[errors.AuricleError]) -> Iterator[type[errors.AuricleError]]:
    yield root
    for child in root.__subclasses__():
        yield from _subclasses(child)


_ERRORS = {error.__name__: error for error in _subclasses(errors.AuricleError)}
_FINAL_CODES = frozenset(error.code for error in _subclasses(errors.UnusableRecording))
