"""Every private name of the embedded engine that Auricle touches, and what it does with them.

The engine (ministack, pinned exactly) differs from AWS in a few places that matter here. Each is mended below,
by the smallest hook that does it; CONTRACT lists the names, and tests/integration/test_engine_contract.py fails
loudly when one of them moves.
"""

from __future__ import annotations

import contextvars
import inspect
import json
import logging
import os
import queue
import re
import sys
import threading
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from infra.local.aws import ACCOUNT, REGION
from infra.local.home import CHECKOUT
from infra.local.memory import EXIT_ABOVE_MEMORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PINNED_VERSION = "1.5.33"


@dataclass(frozen=True)
class PrivateName:
    """A name inside the engine, and the parameters Auricle relies on (None: not a function)."""

    module: str
    name: str
    parameters: tuple[str, ...] | None

    def resolve(self) -> Any:
        """The object itself. Raises AttributeError or ModuleNotFoundError when it moved."""
        found: Any = import_module(self.module)
        for part in self.name.split("."):
            found = getattr(found, part)
        return found

    def owner(self) -> Any:
        """The module or class it stands in."""
        found: Any = import_module(self.module)
        for part in self.name.split(".")[:-1]:
            found = getattr(found, part)
        return found

    def replace(self, replacement: Any) -> None:
        """Put something else into its place; who looks it up by name gets that."""
        setattr(self.owner(), self.name.split(".")[-1], replacement)

    def present_parameters(self) -> tuple[str, ...] | None:
        """The parameters it has in the installed engine."""
        found = self.resolve()
        return tuple(inspect.signature(found).parameters) if callable(found) else None


APP = PrivateName("ministack.app", "app", ("scope", "receive", "send"))
SAVED_SERVICES = PrivateName("ministack.app", "_build_persistence_save_dict", ())
STATE_FORMAT = PrivateName("ministack.core.persistence", "_state_format_version", ("service",))
STATE_ENCODER = PrivateName("ministack.core.persistence", "_json_default", ("obj",))
REQUEST_SCOPE = PrivateName("ministack.core.responses", "request_scope", ("account_id", "region"))
CALL_API = PrivateName(
    "ministack.services.apigateway",
    "handle_execute",
    ("api_id", "stage", "path", "method", "headers", "body", "query_params", "raw_query_string"),
)
DECODE_PATH = PrivateName("ministack.services.apigateway", "decode_http_api_path", ("raw_path",))
INVOKE_WARM = PrivateName("ministack.services.lambda_svc", "_execute_function_warm", ("func", "event", "request_id"))
DRAIN_LOG = PrivateName(
    "ministack.core.lambda_runtime",
    "Worker._drain_stderr_bounded",
    ("self", "first_line_wait", "idle_confirm", "hard_cap"),
)
WORKER_SCRIPT = PrivateName("ministack.core.lambda_runtime", "_detect_runtime_binary", ("runtime",))
STOP_WORKERS = PrivateName("ministack.core.lambda_runtime", "reset", ())
EVENT_SOURCES = PrivateName("ministack.services.lambda_svc", "_esms", None)
STREAM_POSITIONS = PrivateName("ministack.services.lambda_svc", "_dynamodb_stream_positions", None)
STREAM_RECORDS = PrivateName("ministack.services.dynamodb", "_stream_records", None)
STREAM_TRIMMED = PrivateName("ministack.services.dynamodb", "_stream_trimmed", None)
STREAM_SEQUENCE = PrivateName("ministack.services.dynamodb", "_stream_seq_counter", None)
SCOPED_STORE = PrivateName("ministack.core.responses", "AccountRegionScopedDict", ())
FUNCTIONS = PrivateName("ministack.services.lambda_svc", "_functions", None)
SERVICE_INTEGRATIONS = PrivateName("ministack.services.stepfunctions", "_SERVICE_DISPATCH", None)
TASK_ERROR = PrivateName("ministack.services.stepfunctions", "_ExecutionError", ("error", "cause"))
EXECUTIONS = PrivateName("ministack.services.stepfunctions", "_executions", None)
RUN_EXECUTION = PrivateName("ministack.services.stepfunctions", "_run_execution", ("exec_arn",))
ADD_EVENT = PrivateName("ministack.services.stepfunctions", "_add_event", ("execution", "event_type", "details"))
FAIL_EXECUTION = PrivateName("ministack.services.stepfunctions", "_fail_execution", ("execution", "error", "cause"))
START_EXECUTION = PrivateName("ministack.services.stepfunctions", "_start_execution", ("data",))
STOP_EXECUTION = PrivateName("ministack.services.stepfunctions", "_stop_execution", ("data",))
LOAD_ALL_STATE = PrivateName("ministack.app", "_load_persisted_state", ())
STATE_MODULES = PrivateName("ministack.app", "_state_map", None)
SERVICE_MODULE = PrivateName("ministack.app", "_get_module", ("name",))
STATE_DECODER = PrivateName("ministack.core.persistence", "_json_object_hook", ("obj",))
CURRENT_ACCOUNT = PrivateName("ministack.core.responses", "get_account_id", ())
CURRENT_REGION = PrivateName("ministack.core.responses", "get_region", ())
TABLES = PrivateName("ministack.services.dynamodb", "_tables", None)
TABLES_STATE = PrivateName("ministack.services.dynamodb", "get_state", ())
TABLE_INDEX_MEMBERS = PrivateName("ministack.services.dynamodb", "_INDEX_MEMBERS", None)
SET_ITEM = PrivateName("ministack.services.dynamodb", "_set_item", ("table", "pk_val", "sk_val", "item"))
REMOVE_ITEM = PrivateName("ministack.services.dynamodb", "_remove_item", ("table", "pk_val", "sk_val"))
EMIT_STREAM_RECORD = PrivateName(
    "ministack.services.dynamodb",
    "_emit_stream_event",
    ("table_name", "event_name", "old_item", "new_item", "replicate"),
)
PUT_ITEM = PrivateName("ministack.services.dynamodb", "_put_item", ("data",))
UPDATE_ITEM = PrivateName("ministack.services.dynamodb", "_update_item", ("data",))
DELETE_ITEM = PrivateName("ministack.services.dynamodb", "_delete_item", ("data",))
WRITE_BATCH = PrivateName("ministack.services.dynamodb", "_batch_write_item", ("data",))
WRITE_TRANSACTION = PrivateName("ministack.services.dynamodb", "_transact_write_items", ("data",))
EXECUTE_STATEMENT = PrivateName("ministack.services.dynamodb", "_execute_statement", ("data",))
EXECUTE_BATCH = PrivateName("ministack.services.dynamodb", "_batch_execute_statement", ("data",))
EXECUTE_TRANSACTION = PrivateName("ministack.services.dynamodb", "_execute_transaction", ("data",))
BUCKETS = PrivateName("ministack.services.s3", "_buckets", None)
OBJECT_VERSIONS = PrivateName("ministack.services.s3", "_object_versions", None)
OBJECT_TAGS = PrivateName("ministack.services.s3", "_object_tags", None)
OBJECT_ACL = PrivateName("ministack.services.s3", "_object_acl", None)
OBJECT_ANNOTATIONS = PrivateName("ministack.services.s3", "_object_annotations", None)
DESCRIBE_OBJECT = PrivateName("ministack.services.s3", "_object_meta_from_record", ("obj",))
DESCRIBE_HISTORY = PrivateName("ministack.services.s3", "_key_history_meta", ("bucket_name", "key"))
KEEP_OBJECT = PrivateName("ministack.services.s3", "_persist_object", ("bucket", "key", "obj"))
KEEP_DELETE_MARKER = PrivateName("ministack.services.s3", "_persist_delete_marker", ("bucket_name", "key", "marker"))
KEEP_DISPLACED_VERSION = PrivateName(
    "ministack.services.s3", "_persist_displaced_version", ("bucket_name", "key", "prior_obj", "versioning")
)
FORGET_VERSION = PrivateName("ministack.services.s3", "_delete_version_file", ("bucket_name", "key", "version_id"))
FORGET_OBJECT = PrivateName("ministack.services.s3", "_delete_persisted_object", ("bucket_name", "key"))
FORGET_BUCKET = PrivateName("ministack.services.s3", "_delete_persisted_bucket", ("name",))
READ_OBJECT = PrivateName("ministack.services.s3", "_read_body", ("bucket_name", "key", "obj"))
READ_VERSION = PrivateName("ministack.services.s3", "_version_body", ("bucket", "bucket_name", "key", "v"))
DELETE_OBJECT_VERSION = PrivateName(
    "ministack.services.s3", "_delete_object_version", ("bucket", "bucket_name", "key", "version_id")
)
S3_REQUEST = PrivateName(
    "ministack.services.s3",
    "handle_request",
    (
        "method",
        "path",
        "headers",
        "body",
        "query_params",
        "signed_path",
        "enforce_bucket_region",
        "internal",
        "access_point_region",
        "access_point",
    ),
)
S3_ERROR = PrivateName("ministack.services.s3", "_error", ("code", "message", "status", "resource", "extra", "headers"))

BUCKET_PREFLIGHT = PrivateName("ministack.services.s3", "cors_preflight", ("bucket_name", "key", "headers"))
BUCKET_CORS = PrivateName("ministack.services.s3", "cors_response_headers", ("bucket_name", "method", "headers"))
BUCKET_POLICIES = PrivateName("ministack.services.s3", "_bucket_policies", None)
EVALUATE_POLICY = PrivateName(
    "ministack.core.iam_evaluator",
    "evaluate_resource_policy",
    ("doc", "ctx", "service", "named_only", "direct_only"),
)
POLICY_CONTEXT = PrivateName(
    "ministack.core.iam_evaluator",
    "EvalContext",
    (
        "principal_arn",
        "principal_type",
        "principal_account",
        "action",
        "resource_arn",
        "region",
        "source_ip",
        "secure_transport",
        "request_tags",
        "tag_keys",
        "service_context",
        "principal_keys",
    ),
)
S3_CONDITIONS = PrivateName(
    "ministack.core.iam_actions", "s3_service_context", ("iam_action", "query_params", "path", "headers")
)

CONTRACT = tuple(value for value in list(globals().values()) if isinstance(value, PrivateName))


def request_id() -> bytes:
    """Eleven random bytes: what API Gateway's request ids are made of."""
    return os.urandom(11)


# --- the HTTP API ------------------------------------------------------------------------------------------


async def call_http_api(
    api_id: str,
    *,
    raw_path: str,
    method: str,
    headers: Mapping[str, str],
    body: bytes,
    query: Mapping[str, list[str]],
    raw_query: str,
) -> tuple[int, dict[str, Any], bytes]:
    """One request to the `$default` stage, past the engine's own routing by host and path."""
    path = DECODE_PATH.resolve()(raw_path)
    answer: tuple[int, dict[str, Any], bytes] = await CALL_API.resolve()(
        api_id, "$default", path, method, dict(headers), body, dict(query), raw_query_string=raw_query
    )
    return answer


# --- the bucket --------------------------------------------------------------------------------------------


def bucket_preflight(bucket: str, key: str, headers: Mapping[str, str]) -> tuple[int, dict[str, Any], bytes]:
    """What S3 answers a browser's preflight request, by the bucket's own CORS rules."""
    with REQUEST_SCOPE.resolve()(ACCOUNT, REGION):
        answer: tuple[int, dict[str, Any], bytes] = BUCKET_PREFLIGHT.resolve()(bucket, key, dict(headers))
    return answer


def bucket_cors_headers(bucket: str, method: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """The CORS headers S3 adds to its answer, by the bucket's own rules; none for origins they do not name."""
    with REQUEST_SCOPE.resolve()(ACCOUNT, REGION):
        found: dict[str, Any] = BUCKET_CORS.resolve()(bucket, method, dict(headers))
    return found


def bucket_policy(bucket: str) -> str | None:
    """The bucket's policy as JSON, where it has one."""
    with REQUEST_SCOPE.resolve()(ACCOUNT, REGION):
        found: str | None = BUCKET_POLICIES.resolve().get(bucket)
    return found


def policy_denies(policy: Mapping[str, Any], action: str, bucket: str, key: str, version: str | None) -> bool:
    """Whether the policy denies that action on that version of the object (None: the newest) to this account."""
    with REQUEST_SCOPE.resolve()(ACCOUNT, REGION):
        query = {"versionId": [version]} if version else {}
        conditions = S3_CONDITIONS.resolve()(action, query, f"/{bucket}/{key}", {})
        context = POLICY_CONTEXT.resolve()(
            principal_arn=f"arn:aws:iam::{ACCOUNT}:root",
            principal_type="Root",
            principal_account=ACCOUNT,
            action=action,
            resource_arn=f"arn:aws:s3:::{bucket}/{key}",
            region=REGION,
            service_context={name.lower(): value for name, value in conditions.items()},
        )
        decision: str = EVALUATE_POLICY.resolve()(policy, context).decision
    return decision == "Deny"


# --- Lambda ------------------------------------------------------------------------------------------------

# Put before the engine's own worker script. Warm workers are long-lived processes: one in the middle of a
# transcription would outlive an engine that was killed, and write into the next one. A poll of the parent is
# the portable way to notice (PR_SET_PDEATHSIG follows the spawning thread, and the engine's threads are short).
EXIT_WITH_PARENT = """
def _exit_with_parent():
    import os, threading, time
    parent = os.getppid()
    def watch():
        while os.getppid() == parent:
            time.sleep(0.25)
        os._exit(1)
    threading.Thread(target=watch, daemon=True, name="exit-with-parent").start()
_exit_with_parent()
"""

# An editable install puts the checkout on sys.path: a file missing from a deployed asset would be found there,
# and only be missed on AWS. Third-party packages still come from the environment, as from Lambda's own layers.
FORGET_CHECKOUT = f"""
def _forget_checkout():
    import os, sys
    checkout = {str(CHECKOUT)!r}
    roots = {{os.path.join(checkout, part) for part in ("", "functions", "layers/auricle/python")}}
    roots |= {{root.rstrip("/") for root in roots}}
    sys.path[:] = [path for path in sys.path if path not in roots]
_forget_checkout()
"""

# A worker answers on file descriptor 1, so a line of JSON that a library, or a process it starts, writes there would be
# taken for the function's result. Answers get a descriptor of their own, that nobody inherits; 1 is the log's.
ANSWER_APART = """
def _answer_apart():
    import os, sys
    answers = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(answers, "w", encoding="utf-8")
_answer_apart()
"""

_EXCEPTION_LINE = re.compile(r"^(?:[A-Za-z_]\w*\.)*([A-Za-z_]\w*)(?::|$)")


def error_class(traceback_text: str) -> str | None:
    """The class of the exception a traceback ends with, without its module: what Lambda calls errorType.

    The message may have many lines, so the last line is no guide: the class stands on the first unindented
    line after the last frame.
    """
    found = None
    after_frame = False
    for line in traceback_text.splitlines():
        if line.startswith("  File "):
            after_frame = True
        elif after_frame and not line.startswith(" "):
            if match := _EXCEPTION_LINE.match(line):
                found = match[1]
            after_frame = False
    return found


# What the engine says of a worker that died: while it worked, as it started, and as it was about to work.
_DIED = ("Worker process died", "Worker process exited immediately", "[Errno 32] Broken pipe")


def _named_error(answer: dict[str, Any]) -> dict[str, Any]:
    """Give a failed invocation the error name AWS gives it; the engine has names of its own."""
    body = answer.get("body")
    if not answer.get("error") or not isinstance(body, dict):
        return answer
    if str(body.get("errorMessage")).startswith(_DIED):
        body.update(errorType="Runtime.ExitError", errorMessage="Error: Runtime exited with error: signal: killed")
    elif body.get("errorType") == "Runtime.HandlerError":
        body["errorType"] = error_class(answer.get("log") or "") or "Runtime.HandlerError"
    return answer


def _mend_lambda(note_activity: Callable[[], None], before_invocation: Callable[[], None]) -> None:
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    invoke = INVOKE_WARM.resolve()
    function_log = logging.getLogger("auricle.local.functions")

    def invoke_and_name_error(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        note_activity()
        before_invocation()
        answer = _named_error(invoke(func, event, request_id))
        note_activity()
        name = (func.get("config") or func).get("FunctionName", "?")
        for line in (answer.get("log") or "").splitlines():
            function_log.info("%s %s", name, line)
        return answer

    setattr(lambda_svc, INVOKE_WARM.name, invoke_and_name_error)

    # The engine waits 50 ms for the log of a function that wrote none, and every silent call pays it.
    lambda_runtime.Worker._drain_stderr_bounded.__defaults__ = (0.001, 0.001, 0.25)  # noqa: SLF001

    choose = WORKER_SCRIPT.resolve()

    def choose_and_prepare(runtime: str) -> tuple[str, str]:
        binary, script = choose(runtime)
        if binary == sys.executable:
            script = EXIT_WITH_PARENT + EXIT_ABOVE_MEMORY + FORGET_CHECKOUT + ANSWER_APART + script
        return binary, script

    setattr(lambda_runtime, WORKER_SCRIPT.name, choose_and_prepare)


def stop_workers() -> None:
    """End every function's process."""
    STOP_WORKERS.resolve()()


def function_environments() -> dict[str, dict[str, str]]:
    """The environment variables of every deployed function, by its handler's package (`transcribe`, …)."""
    found: dict[str, dict[str, str]] = {}
    for record in list(FUNCTIONS.resolve()._data.values()):  # noqa: SLF001 - no account is in scope here
        config = record.get("config", {})
        package = str(config.get("Handler", "")).split(".")[0].split("/")[0]
        found[package] = dict(config.get("Environment", {}).get("Variables", {}))
    return found


# --- Step Functions ----------------------------------------------------------------------------------------

CUT_OFF = "States.ServiceRestart"
MAX_REDRIVES = 25
"""Of one execution. Kills that have nothing to do with it also count, and there may be many of those."""
REDRIVES_AT_ONCE = 4


def register_batch(submit_and_wait: Callable[[Mapping[str, Any]], dict[str, Any]]) -> None:
    """Answer `arn:aws:states:::batch:submitJob.sync`, which the engine does not know.

    `submit_and_wait` takes the state's arguments and returns what DescribeJobs would; it raises JobFailed.
    """

    def submit(_resource: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return submit_and_wait(arguments)
        except JobFailed as failure:
            raise TASK_ERROR.resolve()("States.TaskFailed", json.dumps(failure.job)) from failure

    SERVICE_INTEGRATIONS.resolve()["arn:aws:states:::batch:submitJob"] = submit


class JobFailed(Exception):
    """A Batch job ended badly; `job` is its description, as Step Functions puts it into Cause."""

    def __init__(self, job: Mapping[str, Any]) -> None:
        super().__init__(str(job.get("StatusReason", "the job failed")))
        self.job = dict(job)


def _all_executions() -> Iterator[tuple[str, dict[str, Any]]]:
    for (_account, _region, arn), execution in list(EXECUTIONS.resolve()._data.items()):  # noqa: SLF001
        yield arn, execution


def executions_in_progress() -> bool:
    """Whether any workflow execution is running."""
    return any(execution.get("status") == "RUNNING" for _arn, execution in _all_executions())


def redrive_cut_off_executions() -> tuple[list[str], list[str]]:
    """Start the executions again that a stop or a kill cut off; returns (to be started again, given up).

    The engine brings them back as FAILED. AWS never loses a running execution, so here each goes on under its
    own ARN, as RedriveExecution would have it, but from its first state: every stage may run twice. They are started
    oldest first and a few at a time: all at once would slow each other down until the next kill cuts them all off.
    One that was cut off MAX_REDRIVES times (it may be what kills the engine) is failed for good.
    """
    waiting: queue.SimpleQueue[tuple[str, dict[str, Any], int]] = queue.SimpleQueue()
    again: list[str] = []
    given_up: list[str] = []
    with REQUEST_SCOPE.resolve()(ACCOUNT, REGION):
        cut_off = [
            (arn, execution)
            for arn, execution in _all_executions()
            if execution.get("status") == "FAILED" and execution.get("error") == CUT_OFF
        ]
        for arn, execution in sorted(cut_off, key=lambda found: str(found[1].get("startDate"))):
            redrives = sum(event["type"] == "ExecutionRedriven" for event in execution["events"])
            if redrives >= MAX_REDRIVES:
                cause = f"The engine stopped {redrives + 1} times while this execution ran."
                FAIL_EXECUTION.resolve()(execution, "States.Runtime", cause)
                given_up.append(arn)
                continue
            # Running from now on, though it may wait for its turn: the sweep fails recordings whose run has ended.
            execution.update(status="RUNNING", stopDate=None, output=None, error=None, cause=None)
            waiting.put((arn, execution, redrives + 1))
            again.append(arn)
        for number in range(min(REDRIVES_AT_ONCE, len(again))):
            scope = contextvars.copy_context()
            threading.Thread(target=scope.run, args=(_redrive, waiting), name=f"redrive-{number}", daemon=True).start()
    return again, given_up


def _redrive(waiting: queue.SimpleQueue[tuple[str, dict[str, Any], int]]) -> None:
    """Run executions to their end, one after the other, until none waits."""
    while True:
        try:
            arn, execution, count = waiting.get_nowait()
        except queue.Empty:
            return
        if execution["status"] != "RUNNING":
            continue  # it was stopped while it waited
        details = {"executionRedrivenEventDetails": {"redriveCount": count}}
        ADD_EVENT.resolve()(execution, "ExecutionRedriven", details)
        RUN_EXECUTION.resolve()(arn)


# --- saved state -------------------------------------------------------------------------------------------

# Kept in functions.log and of no use to a later start, but growing with every invocation.
LOGS_AND_METRICS = frozenset({"cloudwatch", "cloudwatch_logs"})
FULL_HISTORIES = 50
MACHINE_STORES = ("state_machines", "tags", "activities", "state_machine_versions", "state_machine_aliases")


def saved_services() -> dict[str, Callable[[], Mapping[str, Any] | None]]:
    """A function for each service in use that copies its state."""
    return {**SAVED_SERVICES.resolve()()}


def state_machines() -> Mapping[str, Any]:
    """What Step Functions keeps beside executions."""
    module = EXECUTIONS.owner()
    return {name: getattr(module, f"_{name}") for name in MACHINE_STORES}


def forget_old_histories() -> None:
    """Keep every execution's result, but the events between first and last of the newest ones only.

    AWS drops histories after 90 days; here each would be copied at every save.
    """
    ended = [execution for _arn, execution in _all_executions() if execution.get("stopDate")]
    ended.sort(key=lambda execution: str(execution["stopDate"]))
    for execution in ended[:-FULL_HISTORIES]:
        if len(execution["events"]) > 2:
            execution["events"] = [execution["events"][0], execution["events"][-1]]


def encode_state(service: str, state: Mapping[str, Any]) -> bytes:
    """One service's state in the format the engine reads back at start."""
    if service == "cloudwatch_logs":
        for group in state["log_groups"]._data.values():  # noqa: SLF001
            group["streams"] = {}
    elif service == "cloudwatch":
        state = {**state, "metrics": {}}
    wrapped = {"__ministack_format__": STATE_FORMAT.resolve()(service), "payload": state}
    return json.dumps(wrapped, default=STATE_ENCODER.resolve()).encode()


def decode_state(service: str, content: bytes) -> Any:
    """What `encode_state` wrote. Raises LaterState, and ValueError where it is no such thing."""
    found = json.loads(content, object_hook=STATE_DECODER.resolve())
    known = STATE_FORMAT.resolve()(service)
    if found["__ministack_format__"] > known:
        raise LaterState(f"{service} has format {found['__ministack_format__']}; this engine reads {known}")
    return found["payload"]


class LaterState(Exception):
    """A service's state was written by a later version of the engine."""


def load_into_service(service: str, state: Any) -> None:
    """Give a service the state it had."""
    module = STATE_MODULES.resolve().get(service)
    if module is not None:
        SERVICE_MODULE.resolve()(module).load_persisted_state(state)


def install(
    note_activity: Callable[[], None],
    submit_and_wait: Callable[[Mapping[str, Any]], dict[str, Any]],
    before_invocation: Callable[[], None],
) -> Any:
    """Import the engine, mend it, and return its ASGI application. The environment must be set by now."""
    application = APP.resolve()
    _mend_lambda(note_activity, before_invocation)
    register_batch(submit_and_wait)
    return application
