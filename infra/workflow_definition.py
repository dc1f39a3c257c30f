"""The workflow's definition: `infra/processing.asl.json` with what all its tasks have in common filled in.

The file says in which order states follow each other and what they pass on. What stands here, once for all tasks:

- a Task without `Retry` has the retries of its kind, function or job; `CrashRetries` says how often a function is
  called again whose process ended without a word, where that is not once;
- a Task that calls `${SomeFunction}` is given a minute more than that function (`auricle.processing.stages`);
- a state of `"Type": "Stage"` is the task of the stage it names, which reads the transcript: it notes in `stages` what
  became of it. After a required stage that failed comes Finish; after any other, what would have come anyway.

Plain JSON without aws_cdk, since tests and checks read it too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from auricle.processing.stages import BY_STAGE, FUNCTIONS, STAGES
from auricle.recordings.recording import Stage
from infra.bundling import ROOT

SOURCE = ROOT / "infra" / "processing.asl.json"

FUNCTION_MARGIN_S = 60
"""How much longer a task waits than its function may take."""

_TRANSIENT = {
    "ErrorEquals": [
        "TransientError",
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.ClientExecutionTimeoutException",
    ],
    "IntervalSeconds": 1,
    "BackoffRate": 2,
    "MaxAttempts": 6,
    "MaxDelaySeconds": 60,
    "JitterStrategy": "FULL",
}
# The account's bound on functions at once is reached, or Lambda has put an image away: neither is over in a minute.
_BUSY = {
    "ErrorEquals": [
        "Lambda.TooManyRequestsException",
        "Lambda.ResourceNotReadyException",
        "Lambda.ResourceConflictException",
    ],
    "IntervalSeconds": 10,
    "BackoffRate": 2,
    "MaxAttempts": 12,
    "MaxDelaySeconds": 300,
    "JitterStrategy": "FULL",
}
_CRASHED = {
    "ErrorEquals": ["States.Timeout", "Lambda.Unknown", "Sandbox.Timedout", "Runtime.ExitError"],
    "IntervalSeconds": 2,
    "BackoffRate": 2,
    "MaxAttempts": 1,
    "JitterStrategy": "FULL",
}
# An account may submit fifty jobs a second. What becomes of a submitted job is Batch's to repeat (job_retries.py).
_NOT_SUBMITTED = {
    "ErrorEquals": [
        "Batch.TooManyRequestsException",
        "Batch.BatchException",
        "Batch.AWSBatchException",
        "Batch.ServerException",
        "Batch.SdkClientException",
    ],
    "IntervalSeconds": 2,
    "BackoffRate": 2,
    "MaxAttempts": 12,
    "MaxDelaySeconds": 60,
    "JitterStrategy": "FULL",
}
_CAUSE = "$exists($states.errorOutput.Cause) ? $substring($states.errorOutput.Cause, 0, 2000) : ''"


def function_name(folder: str) -> str:
    """How the definition calls a function of `functions/`: PrepareFunction."""
    return f"{_camel(folder)}Function"


def job_name(stage: Stage) -> str:
    """How the definition calls a job's definition: TranscribeJob."""
    return f"{_camel(stage.value)}Job"


def definition(source: str | None = None) -> dict[str, Any]:
    """The whole definition, with the names of functions, jobs and stores still to be substituted."""
    loaded: dict[str, Any] = json.loads(SOURCE.read_text(encoding="utf-8") if source is None else source)
    _fill(loaded)
    return loaded


def definition_text() -> str:
    """`definition` as the template carries it."""
    return json.dumps(definition(), indent=1, ensure_ascii=False)


def _fill(machine: dict[str, Any]) -> None:
    for name, state in machine["States"].items():
        if state["Type"] == "Stage":
            machine["States"][name] = _filled_task(_stage_task(state))
        elif state["Type"] == "Task":
            machine["States"][name] = _filled_task(state)
        for inner in [*state.get("Branches", []), *([state["ItemProcessor"]] if "ItemProcessor" in state else [])]:
            _fill(inner)


def _filled_task(state: Mapping[str, Any]) -> dict[str, Any]:
    task = dict(state)
    crash_retries = task.pop("CrashRetries", 1)
    if "lambda:" in task["Resource"]:
        called = {function_name(folder): size for folder, size in FUNCTIONS.items()}
        (name,) = re.fullmatch(r"\$\{(\w+)\}", task["Arguments"]["FunctionName"]).groups()  # type: ignore[union-attr]
        task.setdefault("TimeoutSeconds", called[name].timeout_s + FUNCTION_MARGIN_S)
        task.setdefault("Retry", [_TRANSIENT, _BUSY, {**_CRASHED, "MaxAttempts": crash_retries}])
    else:
        task.setdefault("Retry", [_NOT_SUBMITTED])
    return task


def _stage_task(state: Mapping[str, Any]) -> dict[str, Any]:
    stage = Stage(state["Stage"])
    required = BY_STAGE[stage].required
    ended = {stage.value: "{'state': 'failed', 'error': $states.errorOutput.Error, 'cause': " + _CAUSE + "}"}
    if required:
        order = [definition.stage for definition in STAGES if definition.function]
        ended |= {later.value: "{'state': 'skipped'}" for later in order[order.index(stage) + 1 :]}
    return {
        "Type": "Task",
        **({"Comment": state["Comment"]} if "Comment" in state else {}),
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {
            "FunctionName": f"${{{function_name(stage.value)}}}",
            "Payload": {
                "org": "{% $org %}",
                "recording": "{% $recording %}",
                "run": "{% $run %}",
                "stages": "{% $stages %}",
            },
        },
        "Assign": {"stages": _with_stages({stage.value: "{'state': 'complete'}"})},
        "Output": {},
        "Catch": [
            {"ErrorEquals": ["SupersededRun"], "Next": "Superseded"},
            {
                "ErrorEquals": ["States.ALL"],
                "Assign": {"stages": _with_stages(ended)},
                "Output": {},
                "Next": "Finish" if required else state["Next"],
            },
        ],
        "Next": state["Next"],
    }


def _with_stages(ended: Mapping[str, str]) -> str:
    added = ", ".join(f"'{stage}': {result}" for stage, result in ended.items())
    return f"{{% $merge([$stages, {{{added}}}]) %}}"


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
