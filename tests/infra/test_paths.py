"""The workflow run with stand-ins for its functions, by the engine's interpreter: where each trouble leads."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ministack.services import stepfunctions

from tests.infra.definition import TEXT

Answer = Callable[[Any], Any]
INPUT = {
    "org": "acme",
    "recording": "rec_1",
    "run": 3,
    "version": "v1",
    "compute": {"transcribe": "lambda", "diarize": "lambda"},
}
PLAN = {"windows": [{"index": 0}, {"index": 1}], "duration_s": 61.2, "channels": 1, "has_speech": True}
RUN = {"org": "acme", "recording": "rec_1", "run": 3}


class Trouble(Exception):
    """A stand-in's way to fail as a Lambda function or a Batch job does."""

    def __init__(self, error: str, cause: str | None = "{}") -> None:
        self.error, self.cause = error, cause


class Outcome:
    """What came of one run: its end, and what each function was called with."""

    def __init__(self, execution: Mapping[str, Any], calls: list[tuple[str, Any]]) -> None:
        self.status = execution["status"]
        self.error = execution.get("error")
        self.cause = execution.get("cause")
        self.output = json.loads(execution["output"] or "{}")
        self.calls = calls

    def called(self, name: str) -> list[Any]:
        return [payload for called, payload in self.calls if called == name]

    @property
    def stages(self) -> dict[str, Any]:
        """What Finish was told."""
        (event,) = self.called("FinishFunction")
        assert {key: event[key] for key in RUN} == RUN
        stages: dict[str, Any] = event["stages"]
        return stages


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Runs the workflow; each function answers a little, or as told."""

    def run(*, compute: Mapping[str, str] | None = None, **told: Answer) -> Outcome:
        answers: dict[str, Answer] = {"PrepareFunction": lambda _event: PLAN, **told}
        calls: list[tuple[str, Any]] = []

        def invoke(resource: str, arguments: Mapping[str, Any]) -> Any:
            name, event = _addressed(resource, arguments)
            calls.append((name, event))
            try:
                answer = answers.get(name, does_its_work)(event)
            except Trouble as trouble:
                raise stepfunctions._ExecutionError(trouble.error, trouble.cause) from None
            return {"StatusCode": 200, "Payload": answer}

        monkeypatch.setattr(stepfunctions, "_invoke_resource", invoke)
        monkeypatch.setattr(stepfunctions, "_scaled_sleep", lambda _seconds: None)
        monkeypatch.setattr(stepfunctions, "_emit_execution_status_event", lambda _execution: None)
        definition = re.sub(r"\$\{MaxWindowsAtOnce\}", "2", TEXT)
        definition = re.sub(r"\$\{(\w+)\}", r"\1", definition)
        monkeypatch.setitem(stepfunctions._state_machines, "machine", {"definition": definition, "name": "processing"})
        wanted = {**INPUT, "compute": {"transcribe": "lambda", "diarize": "lambda", **(compute or {})}}
        execution: dict[str, Any] = {
            "stateMachineArn": "machine",
            "name": "rec_1-abc-r3",
            "status": "RUNNING",
            "startDate": "2026-11-21T00:00:00Z",
            "input": json.dumps(wanted),
            "output": None,
            "events": [],
        }
        monkeypatch.setitem(stepfunctions._executions, "execution", execution)
        stepfunctions._run_execution("execution")
        return Outcome(execution, calls)

    return run


def _addressed(resource: str, arguments: Mapping[str, Any]) -> tuple[str, Any]:
    if "batch:" in resource:
        return arguments["JobDefinition"], arguments
    return arguments["FunctionName"], arguments["Payload"]


def does_its_work(_event: Any) -> Any:
    return {"done": True}


def fails(error: str, cause: str | None = "{}") -> Answer:
    def answer(_event: Any) -> Any:
        raise Trouble(error, cause)

    return answer


def fails_first(times: int, error: str) -> Answer:
    left = [times]

    def answer(_event: Any) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            raise Trouble(error)
        return {"done": True}

    return answer


def test_a_good_recording_passes_every_stage(run: Callable[..., Outcome]) -> None:
    outcome = run()
    assert outcome.status == "SUCCEEDED"
    assert outcome.stages == {
        stage: {"state": "complete"} for stage in ("prepare", "transcribe", "diarize", "assemble", "summarize")
    }
    assert outcome.called("PrepareFunction") == [INPUT]
    assert sorted(outcome.called("TranscribeFunction"), key=lambda event: event["window"]) == [
        {**RUN, "window": 0, "instead_of_gpu": False},
        {**RUN, "window": 1, "instead_of_gpu": False},
    ]
    assert outcome.called("DiarizeFunction") == [RUN]
    assert set(outcome.called("AssembleFunction")[0]["stages"]) == {"prepare", "transcribe", "diarize"}
    assert outcome.called("SummarizeFunction")[0]["stages"]["assemble"] == {"state": "complete"}


def test_silence_is_neither_transcribed_nor_diarized(run: Callable[..., Outcome]) -> None:
    outcome = run(PrepareFunction=lambda _event: {**PLAN, "windows": [], "has_speech": False})
    assert outcome.status == "SUCCEEDED"
    assert not outcome.called("TranscribeFunction")
    assert not outcome.called("DiarizeFunction")
    assert outcome.stages["transcribe"] == outcome.stages["diarize"] == {"state": "skipped"}
    assert outcome.stages["assemble"] == {"state": "complete"}


@pytest.mark.parametrize("error", ["UnsupportedAudio", "EmptyAudio", "DamagedAudio", "TooLong", "TooLarge"])
def test_bytes_that_are_no_recording_go_straight_to_finish(run: Callable[..., Outcome], error: str) -> None:
    outcome = run(PrepareFunction=fails(error, '{"errorMessage": "why"}'))
    assert outcome.status == "SUCCEEDED", "the recording's end is written: the run did its work"
    assert outcome.stages == {"prepare": {"state": "failed", "error": error, "cause": '{"errorMessage": "why"}'}}
    assert len(outcome.called("PrepareFunction")) == 1, "the same bytes are not tried again"
    assert {name for name, _ in outcome.calls} == {"PrepareFunction", "FinishFunction"}


@pytest.mark.parametrize(
    ("broken", "stage", "other"),
    [
        ("TranscribeFunction", "transcribe", "diarize"),
        ("DiarizeFunction", "diarize", "transcribe"),
    ],
)
def test_either_of_the_two_may_fail_without_losing_the_other(
    run: Callable[..., Outcome], broken: str, stage: str, other: str
) -> None:
    outcome = run(**{broken: fails("EngineFailed", "no model")})
    assert outcome.status == "SUCCEEDED"
    assert outcome.stages[stage] == {"state": "failed", "error": "EngineFailed", "cause": "no model"}
    assert outcome.stages[other] == {"state": "complete"}
    assert outcome.stages["assemble"] == {"state": "complete"}


def test_what_passes_is_tried_again_and_what_does_not_is_not(run: Callable[..., Outcome]) -> None:
    outcome = run(DiarizeFunction=fails_first(3, "TransientError"), AssembleFunction=fails("Conflict"))
    assert len(outcome.called("DiarizeFunction")) == 4
    assert outcome.stages["diarize"] == {"state": "complete"}
    assert len(outcome.called("AssembleFunction")) == 1


def test_tries_end(run: Callable[..., Outcome]) -> None:
    outcome = run(DiarizeFunction=fails("TransientError"), SummarizeFunction=fails("Sandbox.Timedout"))
    assert len(outcome.called("DiarizeFunction")) == 7
    assert outcome.stages["diarize"]["error"] == "TransientError"
    assert len(outcome.called("SummarizeFunction")) == 2


def test_without_a_transcript_there_is_no_summary(run: Callable[..., Outcome]) -> None:
    outcome = run(AssembleFunction=fails("EngineFailed"))
    assert outcome.stages["assemble"]["state"] == "failed"
    assert outcome.stages["summarize"] == {"state": "skipped"}
    assert not outcome.called("SummarizeFunction")


def test_a_failed_summary_leaves_the_transcript(run: Callable[..., Outcome]) -> None:
    outcome = run(SummarizeFunction=fails("EngineFailed"))
    assert outcome.status == "SUCCEEDED"
    assert outcome.stages["assemble"] == {"state": "complete"}
    assert outcome.stages["summarize"]["state"] == "failed"


@pytest.mark.parametrize(
    "stage",
    [
        "PrepareFunction",
        "TranscribeFunction",
        "DiarizeFunction",
        "AssembleFunction",
        "SummarizeFunction",
        "FinishFunction",
    ],
)
def test_a_superseded_run_ends_quietly_and_writes_nothing_more(run: Callable[..., Outcome], stage: str) -> None:
    outcome = run(**{stage: fails("SupersededRun")})
    assert outcome.status == "SUCCEEDED"
    assert len(outcome.called("FinishFunction")) == (stage == "FinishFunction")


def test_a_run_that_cannot_write_its_end_fails_so_that_the_sweep_hears_of_it(run: Callable[..., Outcome]) -> None:
    outcome = run(FinishFunction=fails("TransientError", "the table is gone"))
    assert (outcome.status, outcome.error, outcome.cause) == ("FAILED", "TransientError", "the table is gone")


def test_jobs_are_submitted_where_the_input_says_so(run: Callable[..., Outcome]) -> None:
    outcome = run(compute={"transcribe": "batch"})
    (job,) = outcome.called("TranscribeJob")
    assert job["JobQueue"] == "JobQueue"
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,128}", job["JobName"])
    assert job["ContainerOverrides"]["Command"] == ["python", "-m", "transcribe.job", "acme", "rec_1", "3"]
    assert {"Name": "AURICLE_BUCKET", "Value": "BucketName"} in job["ContainerOverrides"]["Environment"]
    assert not outcome.called("TranscribeFunction")
    assert outcome.called("DiarizeFunction") == [RUN]
    assert outcome.stages["transcribe"] == {"state": "complete"}


def test_a_job_that_fails_fails_its_stage(run: Callable[..., Outcome]) -> None:
    outcome = run(compute={"diarize": "batch"}, DiarizeJob=fails("States.TaskFailed", "Essential container exited"))
    assert outcome.stages["diarize"]["state"] == "failed"
    assert outcome.stages["transcribe"] == {"state": "complete"}


def described(status_reason: str, exit_code: int | None = None, attempts: int = 1) -> str:
    """A failed job as Step Functions puts it into Cause."""
    container = {"Command": ["python"], **({} if exit_code is None else {"ExitCode": exit_code})}
    return json.dumps(
        {
            "Attempts": [{"Container": container, "StatusReason": status_reason}] * attempts,
            "Container": container,
            "Status": "FAILED",
            "StatusReason": status_reason,
        }
    )


NO_MACHINE = [
    ("States.TaskFailed", described("Canceled by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT_…")),
    ("States.TaskFailed", described("NO_GPU: no machine could be had for 10 minutes.")),
    ("States.TaskFailed", described("Host EC2 (instance i-0abc) terminated.", attempts=10)),
    ("States.Timeout", None),
]


@pytest.mark.parametrize(("error", "cause"), NO_MACHINE)
def test_without_a_gpu_functions_transcribe_and_the_record_is_told(
    run: Callable[..., Outcome], error: str, cause: str | None
) -> None:
    outcome = run(compute={"transcribe": "batch"}, TranscribeJob=fails(error, cause))
    assert len(outcome.called("TranscribeJob")) == 1
    assert sorted(outcome.called("TranscribeFunction"), key=lambda event: event["window"]) == [
        {**RUN, "window": 0, "instead_of_gpu": True},
        {**RUN, "window": 1, "instead_of_gpu": True},
    ]
    assert outcome.stages["transcribe"] == {"state": "complete"}
    assert outcome.stages["diarize"] == {"state": "complete"}


@pytest.mark.parametrize(("error", "cause"), NO_MACHINE)
def test_without_a_machine_a_function_diarizes(run: Callable[..., Outcome], error: str, cause: str | None) -> None:
    outcome = run(compute={"diarize": "batch"}, DiarizeJob=fails(error, cause))
    assert outcome.called("DiarizeFunction") == [RUN]
    assert outcome.stages["diarize"] == {"state": "complete"}


@pytest.mark.parametrize(
    ("error", "cause", "known"),
    [
        (
            "States.TaskFailed",
            described("Essential container in task exited", 1),
            {"StatusReason": "Essential container in task exited", "ExitCode": 1, "Attempts": 1},
        ),
        (
            "States.TaskFailed",
            described("Essential container in task exited", 75, attempts=10),
            {"StatusReason": "Essential container in task exited", "ExitCode": 75, "Attempts": 10},
        ),
        (
            "States.TaskFailed",
            described("The operator said: NO_GPU, or Host EC2, or Canceled by JobStateTimeLimit action"),
            {"StatusReason": "The operator said: NO_GPU, or Host EC2, or Canceled by JobStateTimeLimit action"},
        ),
        ("States.TaskFailed", "no JSON", {}),
        ("States.TaskFailed", None, {}),
        ("Batch.ClientException", "JobQueue auricle-prod-speech is not in ENABLED state", {}),
    ],
)
@pytest.mark.parametrize("stage", ["transcribe", "diarize"])
def test_a_job_that_failed_by_itself_is_not_done_by_functions(
    run: Callable[..., Outcome], stage: str, error: str, cause: str | None, known: dict[str, Any]
) -> None:
    outcome = run(compute={stage: "batch"}, **{f"{stage.capitalize()}Job": fails(error, cause)})
    assert len(outcome.called(f"{stage.capitalize()}Job")) == 1
    assert not outcome.called(f"{stage.capitalize()}Function")
    found = outcome.stages[stage]
    assert (found["state"], found["error"]) == ("failed", error)
    assert known.items() <= json.loads(found["cause"]).items()


@pytest.mark.parametrize("error", ["Batch.TooManyRequestsException", "Batch.BatchException", "Batch.ServerException"])
def test_a_job_that_could_not_be_submitted_just_now_is_submitted_again(run: Callable[..., Outcome], error: str) -> None:
    outcome = run(compute={"transcribe": "batch"}, TranscribeJob=fails_first(11, error))
    assert len(outcome.called("TranscribeJob")) == 12
    assert outcome.stages["transcribe"] == {"state": "complete"}


def test_functions_that_take_a_jobs_place_may_fail_too(run: Callable[..., Outcome]) -> None:
    outcome = run(
        compute={"transcribe": "batch"},
        TranscribeJob=fails("States.Timeout", None),
        TranscribeFunction=fails("ModelUnavailable", '{"errorMessage": "why"}'),
    )
    assert outcome.stages["transcribe"] == {
        "state": "failed",
        "error": "ModelUnavailable",
        "cause": '{"errorMessage": "why"}',
    }


def test_what_travels_stays_small(run: Callable[..., Outcome]) -> None:
    """Six hundred windows are more than four hours have; the bound on an execution's data is 256 KiB."""
    many = {**PLAN, "windows": [{"index": index} for index in range(600)]}
    huge = json.dumps({"errorMessage": "x" * 100_000})
    outcome = run(
        PrepareFunction=lambda _event: many,
        DiarizeFunction=fails("EngineFailed", huge),
        SummarizeFunction=fails("EngineFailed", huge),
    )
    assert outcome.status == "SUCCEEDED"
    assert len(outcome.stages["diarize"]["cause"]) == 2000
    assert max(len(json.dumps(event)) for _, event in outcome.calls) < 16 * 1024
    assert len(json.dumps(many["windows"])) < 256 * 1024
