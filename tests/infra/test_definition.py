"""The workflow's definition, beyond what the local engine checks: it accepts invalid ones."""

from __future__ import annotations

import re
from typing import Any

import jsonata  # type: ignore[import-untyped]  # it ships no types
import pytest

from auricle import errors
from infra.workflow_definition import SOURCE, definition
from tests.infra.assemblies import Assembly
from tests.infra.definition import DEFINITION, TEXT, State, expressions, machines, states

STATES = list(states())
TASKS = [state for state in STATES if state.kind == "Task"]

# What AWS itself calls errors: Step Functions, its Lambda and Batch integrations, and the Lambda service.
AWS_ERRORS = {
    "States.ALL",
    "States.Timeout",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Lambda.ResourceNotReadyException",
    "Lambda.ResourceConflictException",
    "Batch.AWSBatchException",
    "Batch.BatchException",
    "Batch.TooManyRequestsException",
    "Batch.ServerException",
    "Batch.SdkClientException",
    "Sandbox.Timedout",
    "Runtime.ExitError",
}
OUR_ERRORS = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.AuricleError)
}
JSON_PATH_FIELDS = {"InputPath", "OutputPath", "Parameters", "ResultPath", "ResultSelector", "ItemsPath", "Variable"}
# Functions of JSONata 2.0.6 and of Step Functions that the definition uses; anything else with a $ is a variable.
FUNCTIONS = {"exists", "substring", "string", "merge", "match", "count", "parse", "type"}
RESERVED = {"states"}


def named(state: State) -> str:
    return state.name


def test_the_walk_sees_the_whole_workflow() -> None:
    assert {"Prepare", "Transcribe window", "Diarize as a job", "Superseded"} <= {state.name for state in STATES}
    assert len(TASKS) == 8


def test_names_are_unique_and_short_enough() -> None:
    names = [state.name for state in STATES]
    assert len(names) == len(set(names)), "Step Functions wants names unique over all depths"
    assert all(0 < len(name) <= 80 for name in names)
    assert len(TEXT.encode()) < 1024 * 1024


@pytest.mark.parametrize("state", STATES, ids=named)
def test_every_way_out_exists(state: State) -> None:
    missing = [target for target in state.nexts() if target not in state.machine["States"]]
    assert not missing
    ends = state.fields.get("End") is True or state.kind in {"Succeed", "Fail"}
    assert ends != bool(state.fields.get("Next") or state.kind == "Choice")


def test_every_state_is_reached() -> None:
    for machine in machines():
        inside = {state.name: state for state in STATES if state.machine is machine}
        reached, waiting = set[str](), [machine["StartAt"]]
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += inside[name].nexts()
        assert reached == set(inside)


def test_every_choice_has_a_default() -> None:
    assert all("Default" in state.fields for state in STATES if state.kind == "Choice")


@pytest.mark.parametrize("task", TASKS, ids=named)
def test_every_task_is_bounded_in_time(task: State) -> None:
    assert isinstance(task.fields["TimeoutSeconds"], int)
    assert task.fields["TimeoutSeconds"] < DEFINITION["TimeoutSeconds"]


@pytest.mark.parametrize("task", TASKS, ids=named)
def test_every_task_is_retried_with_jitter_for_named_errors_only(task: State) -> None:
    retried: list[str] = []
    for rule in task.fields["Retry"]:
        assert rule["JitterStrategy"] == "FULL"
        assert rule["BackoffRate"] > 1
        assert 1 <= rule["MaxAttempts"] <= 12
        assert rule["IntervalSeconds"] >= 1
        retried += rule["ErrorEquals"]
    assert "States.ALL" not in retried, "what cannot succeed must not be tried again"
    assert len(retried) == len(set(retried)), "only the first rule that matches counts"
    expected = "Batch.AWSBatchException" if "batch:" in task.fields["Resource"] else "TransientError"
    assert expected in retried


@pytest.mark.parametrize("task", [task for task in TASKS if "lambda:" in task.fields["Resource"]], ids=named)
def test_a_function_that_cannot_be_called_yet_is_waited_for(task: State) -> None:
    """An import of thousands meets the account's bound on functions at once, and Lambda puts images away that nobody
    has called for weeks: neither is over within a minute, and neither is the recording's fault."""
    busy = {"Lambda.TooManyRequestsException", "Lambda.ResourceNotReadyException", "Lambda.ResourceConflictException"}
    (rule,) = (rule for rule in task.fields["Retry"] if busy & set(rule["ErrorEquals"]))
    assert set(rule["ErrorEquals"]) == busy
    waits = [
        min(rule["IntervalSeconds"] * rule["BackoffRate"] ** attempt, rule["MaxDelaySeconds"])
        for attempt in range(rule["MaxAttempts"])
    ]
    assert 30 * 60 <= sum(waits) <= 60 * 60, "with full jitter half of it, on average"


@pytest.mark.parametrize("name", ["Transcribe as a job", "Diarize as a job"])
def test_a_busy_batch_is_waited_for(name: str) -> None:
    """An account may submit fifty jobs a second. That answer had three names over the years."""
    (task,) = (task for task in TASKS if task.name == name)
    (rule,) = task.fields["Retry"]
    busy = {"Batch.TooManyRequestsException", "Batch.BatchException", "Batch.AWSBatchException"}
    assert busy < set(rule["ErrorEquals"])
    waits = [min(2 * 2**attempt, rule["MaxDelaySeconds"]) for attempt in range(rule["MaxAttempts"])]
    assert sum(waits) > 5 * 60
    assert "Batch.ClientException" not in rule["ErrorEquals"], "a queue that is not there does not come"


@pytest.mark.parametrize("task", TASKS, ids=named)
def test_every_task_is_caught_and_a_superseded_run_apart(task: State) -> None:
    # A task of a Map is caught by the Map: there the stage ends, not one window.
    catching = task.fields.get("Catch") or (task.around and task.around.kind == "Map" and task.around.fields["Catch"])
    assert catching
    assert [rule["ErrorEquals"] for rule in catching] == [["SupersededRun"], ["States.ALL"]]


def test_whatever_is_caught_ends_in_a_state_that_tells_it() -> None:
    """From each Catch the way leads to Finish, which writes it down, or to an end that says what it is."""
    top = {state.name: state for state in STATES if state.machine is DEFINITION}
    told = {"Finish", "Finished", "Superseded", "Not finished"}
    for state in top.values():
        for rule in state.fields.get("Catch", []):
            reached, waiting = set[str](), [rule["Next"]]
            while waiting:
                name = waiting.pop()
                if name not in reached:
                    reached.add(name)
                    waiting += [] if name in told else top[name].nexts()
            assert reached & told, state.name
    fail = [state for state in STATES if state.kind == "Fail"]
    assert [state.name for state in fail] == ["Not finished"]


@pytest.mark.parametrize("state", STATES, ids=named)
def test_error_names_exist(state: State) -> None:
    rules = [*state.fields.get("Retry", []), *state.fields.get("Catch", [])]
    for name in {name for rule in rules for name in rule["ErrorEquals"]}:
        assert name in AWS_ERRORS or name in OUR_ERRORS, name
        if name in OUR_ERRORS:
            # Step Functions compares names: it does not know that a subclass is one too.
            assert not OUR_ERRORS[name].__subclasses__(), f"{name} has subclasses that would not match"
    for rule in rules:
        assert "States.ALL" not in rule["ErrorEquals"] or (
            rule["ErrorEquals"] == ["States.ALL"] and rule is rules[-1]
        ), "Step Functions wants States.ALL alone and last"


def test_expressions_compile() -> None:
    found = list(expressions())
    assert len(found) > 50
    for expression in found:
        jsonata.Jsonata.jsonata(re.sub(r"\$\{\w+\}", "1", expression))


def test_nothing_of_json_path_is_left() -> None:
    def keys(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value) | {key for each in value.values() for key in keys(each)}
        return {key for each in value for key in keys(each)} if isinstance(value, list) else set()

    used = keys(DEFINITION)
    assert not used & JSON_PATH_FIELDS
    assert not [key for key in used if key.endswith(".$")]
    assert '"$.' not in TEXT


def test_every_variable_is_assigned_somewhere() -> None:
    assigned = {
        name
        for state in STATES
        for rule in [state.fields, *state.fields.get("Catch", [])]
        for name in rule.get("Assign", {})
    }
    for expression in expressions():
        used = set(re.findall(r"\$([A-Za-z_]\w*)", expression))
        assert used <= assigned | FUNCTIONS | RESERVED, expression


def test_a_branch_assigns_no_variable() -> None:
    """Variables of a branch end with it, and one with an outer name is refused: branches answer by their output."""
    for state in STATES:
        if state.around is not None:
            assert all("Assign" not in rule for rule in [state.fields, *state.fields.get("Catch", [])]), state.name


def test_causes_are_bounded_and_may_be_absent() -> None:
    """A Lambda's cause carries its whole traceback; 256 KiB is all an execution's data may be."""
    found = [expression for expression in expressions() if "errorOutput.Cause" in expression]
    causes = [cause for cause in found if "$parse" not in cause]
    of_jobs = set(found) - set(causes)
    assert len(causes) >= 6
    bounded = re.compile(
        r"\$exists\(\$states\.errorOutput\.Cause\) \? \$substring\(\$states\.errorOutput\.Cause, 0, 2000\) : ''"
    )
    for cause in causes:
        assert "errorOutput.Cause" not in bounded.sub("", cause)
    (of_job,) = of_jobs
    assert of_job.startswith("$states.errorOutput.Error = 'States.TaskFailed' and "), "only a job's cause is JSON"
    assert set(re.findall(r"'(\w+)': ", of_job)) == {"StatusReason", "ExitCode", "Reason", "Attempts"}


def test_nothing_that_functions_answer_travels_on() -> None:
    """Ids and small results: of all answers only Prepare's windows and whether there is speech are kept."""
    kept = [expression for expression in expressions() if "$states.result" in expression]
    assert sorted(kept) == ["$states.result.Payload.has_speech", "[$states.result.Payload.windows]"]
    for task in TASKS:
        assert "$states.result" not in str(task.fields.get("Output", "missing"))
        assert "Output" in task.fields


def test_job_commands_name_jobs_that_exist() -> None:
    from infra.bundling import FUNCTIONS

    commands = [
        task.fields["Arguments"]["ContainerOverrides"]["Command"]
        for task in TASKS
        if "batch:" in task.fields["Resource"]
    ]
    assert [command[2] for command in commands] == ["transcribe.job", "diarize.job"]
    for command in commands:
        assert command[:2] == ["python", "-m"]
        assert command[3:] == ["{% $org %}", "{% $recording %}", "{% $string($run) %}"]
        assert (FUNCTIONS / command[2].replace(".", "/")).with_suffix(".py").is_file()


def test_every_placeholder_is_filled_and_every_filling_used(assembly: Assembly) -> None:
    machine = assembly.only("AWS::StepFunctions::StateMachine")
    assert set(machine["DefinitionSubstitutions"]) == set(re.findall(r"\$\{(\w+)\}", TEXT))
    assert machine["DefinitionString"] == TEXT


def test_a_function_ends_before_its_task_gives_up_on_it(prod: Assembly) -> None:
    """Otherwise the workflow goes on, or tries again, while the first attempt still works."""
    functions = prod.functions()
    for task in TASKS:
        if "lambda:" in task.fields["Resource"]:
            name = re.fullmatch(r"\$\{(\w+)Function\}", task.fields["Arguments"]["FunctionName"])
            assert name
            assert functions[name[1].lower()]["Timeout"] < task.fields["TimeoutSeconds"]


def test_the_longest_way_fits_the_workflows_bound(prod: Assembly) -> None:
    bounds = {task.name: task.fields["TimeoutSeconds"] for task in TASKS}
    longest = bounds["Prepare"] + max(bounds["Transcribe as a job"], bounds["Diarize as a job"])
    longest += bounds["Assemble"] + bounds["Summarize"] + bounds["Finish"]
    assert longest < DEFINITION["TimeoutSeconds"]
    jobs = prod.resources("AWS::Batch::JobDefinition")
    assert {job["Properties"]["Timeout"]["AttemptDurationSeconds"] for job in jobs.values()} == {4 * 3600}
    for name in ("Transcribe as a job", "Diarize as a job"):
        assert bounds[name] == 12 * 3600, "a whole attempt, and time to wait behind an import, but never a day"
    # What functions still do then: all windows of the longest recording, and a diarization.
    windows = 2 * 4 * 3600 / 30 / 10
    assert longest + windows * 60 + bounds["Diarize"] < DEFINITION["TimeoutSeconds"]


@pytest.mark.parametrize("name", ["Transcribe as a job", "Diarize as a job"])
def test_where_no_machine_is_to_be_had_functions_take_the_jobs_place(name: str) -> None:
    states_ = {state.name: state for state in STATES}
    task = states_[name]
    choice = states_[task.fields["Catch"][-1]["Next"]]
    assert choice.kind == "Choice"
    (rule,) = choice.fields["Choices"]
    taking_over = states_[rule["Next"]]
    assert taking_over.name == {"Transcribe as a job": "Transcribe in windows", "Diarize as a job": "Diarize"}[name]
    failing = states_[choice.fields["Default"]]
    assert failing.fields["Output"]["state"] == "failed"


def test_a_window_fits_a_function_on_the_model_that_takes_a_gpus_place(prod: Assembly) -> None:
    """faster-whisper publishes 124 s for 13 minutes on 8 threads of a Xeon Gold 6226R (small, int8, beam 5): 1.3 thread
    seconds per second of sound. Lambda has a vCPU per 1769 MB, taken here to be three times as slow as that thread."""
    from auricle.speech.windows import MAX_WINDOW_S

    function = prod.functions()["transcribe"]
    assert function["Environment"]["Variables"]["AURICLE_WHISPER_MODEL"] == "small"
    seconds = MAX_WINDOW_S * (124 * 8 / (13 * 60)) * 3 / (function["MemorySize"] / 1769)
    loading_s = 30
    assert seconds + loading_s < function["Timeout"] / 5
    assert function["MemorySize"] >= 2048, "small takes a gigabyte"


# --- what infra/workflow_definition.py fills in ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "crash_retries"),
    [
        ("Prepare", 1),
        ("Transcribe window", 1),
        ("Diarize", 1),
        ("Assemble", 1),
        ("Summarize", 1),
        ("Finish", 2),
    ],
)
def test_every_function_is_retried_alike(name: str, crash_retries: int) -> None:
    (task,) = (task for task in TASKS if task.name == name)
    rules = [(rule["ErrorEquals"][0], rule["IntervalSeconds"], rule["MaxAttempts"]) for rule in task.fields["Retry"]]
    assert rules == [
        ("TransientError", 1, 6),
        ("Lambda.TooManyRequestsException", 10, 12),
        ("States.Timeout", 2, crash_retries),
    ]
    assert [rule.get("MaxDelaySeconds") for rule in task.fields["Retry"]] == [60, 300, None]


def test_tasks_wait_a_minute_longer_than_their_functions_may_take() -> None:
    assert {task.name: task.fields["TimeoutSeconds"] for task in TASKS} == {
        "Prepare": 960,
        "Transcribe window": 960,
        "Transcribe as a job": 43200,
        "Diarize": 960,
        "Diarize as a job": 43200,
        "Assemble": 360,
        "Summarize": 360,
        "Finish": 360,
    }


def test_the_file_itself_repeats_no_retries() -> None:
    assert '"Retry"' not in SOURCE.read_text(encoding="utf-8")


def test_only_a_required_stage_that_failed_ends_the_run_early() -> None:
    source = """{"States": {
        "A": {"Type": "Stage", "Stage": "assemble", "Next": "S"},
        "S": {"Type": "Stage", "Stage": "summarize", "Next": "After"}}}"""
    filled = definition(source)["States"]
    assert [filled[name]["Next"] for name in ("A", "S")] == ["S", "After"]
    assert [filled[name]["Catch"][-1]["Next"] for name in ("A", "S")] == ["Finish", "After"]
    assert "'summarize': {'state': 'skipped'}" in filled["A"]["Catch"][-1]["Assign"]["stages"]
    assert "skipped" not in filled["S"]["Catch"][-1]["Assign"]["stages"]
