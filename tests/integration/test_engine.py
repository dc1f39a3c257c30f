"""What Auricle relies on in the local engine, tried on a small application."""

from __future__ import annotations

import base64
import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from infra.local.child import Child, launch, launched
from infra.local.failures import HomeInUse, PortTaken
from infra.local.home import CHECKOUT
from tests.integration.engine_probe import BUCKET

if TYPE_CHECKING:
    from collections.abc import Callable

    Eventually = Callable[..., Any]


def call(probe: Child, method: str, path: str, **request: Any) -> httpx.Response:
    with httpx.Client(base_url=probe.base_url, trust_env=False, timeout=40) as client:
        return client.request(method, path, **request)


def upload(probe: Child, content: str) -> str:
    """PUT a recording's source by presigned URL; returns its key."""
    key = f"orgs/acme/recordings/rec-{uuid4().hex}/source"
    url = probe.client("s3").generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": key})
    with httpx.Client(trust_env=False) as client:
        # Browsers' storage libraries send headers of another cloud along.
        client.put(url, content=content.encode(), headers={"x-ms-blob-type": "BlockBlob"}).raise_for_status()
    return key


def rows(probe: Child, kind: str) -> list[dict[str, Any]]:
    answer = probe.client("dynamodb").query(
        TableName=probe.outputs["TableName"],
        KeyConditionExpression="pk = :kind",
        ExpressionAttributeValues={":kind": {"S": kind}},
    )
    items: list[dict[str, Any]] = answer["Items"]
    return items


def describe(probe: Child, key: str, machine: str = "StateMachineArn") -> dict[str, Any]:
    """The execution that the upload of `key` started."""
    arn = probe.outputs[machine].replace(":stateMachine:", ":execution:") + ":" + key.split("/")[-2]
    states = probe.client("stepfunctions")
    try:
        found: dict[str, Any] = states.describe_execution(executionArn=arn)
    except states.exceptions.ExecutionDoesNotExist:
        return {"status": "NONE"}
    return found


# --- the public port ---------------------------------------------------------------------------------------


def test_a_request_reaches_the_handler_as_it_was_sent(probe: Child) -> None:
    answer = call(probe, "GET", "/a%20b/%C3%A9?x=1&x=2&y=%2F&z=", headers={"X-Own": "value"})
    event = answer.json()["event"]
    assert event["version"] == "2.0"
    assert event["rawPath"] == "/a b/é"
    assert event["rawQueryString"] == "x=1&x=2&y=%2F&z="
    assert event["headers"]["host"] == probe.base_url.removeprefix("http://")
    assert event["headers"]["x-own"] == "value"
    assert event["headers"]["x-forwarded-proto"] == "http"
    assert event["requestContext"]["http"]["method"] == "GET"
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_binary_bodies_pass_both_ways(probe: Child) -> None:
    content = bytes(range(256)) * 64
    answer = call(probe, "POST", "/reverse", content=content, headers={"content-type": "audio/flac"})
    assert answer.content == content[::-1]


def test_json_bodies_arrive_as_text(probe: Child) -> None:
    event = call(probe, "POST", "/echo", json={"name": "é"}).json()["event"]
    assert not event["isBase64Encoded"]
    assert json.loads(event["body"]) == {"name": "é"}


@pytest.mark.parametrize("size_bytes", [11_000_000, 5_000_000])
def test_what_aws_refuses_for_its_size_is_refused(probe: Child, size_bytes: int) -> None:
    answer = call(probe, "POST", "/reverse", content=bytes(size_bytes))
    assert (answer.status_code, answer.json()) == (413, {"message": "Request Entity Too Large"})


def test_four_megabytes_of_audio_still_pass(probe: Child) -> None:
    assert len(call(probe, "POST", "/reverse", content=bytes(4_400_000)).content) == 4_400_000


@pytest.mark.parametrize("path", ["/raise", "/large"])
def test_a_failing_handler_shows_nothing_of_itself(probe: Child, path: str) -> None:
    answer = call(probe, "GET", path)
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


def test_what_a_function_writes_to_standard_output_is_log_and_not_its_result(probe: Child) -> None:
    answer = call(probe, "GET", "/loud")
    assert (answer.status_code, answer.json()["event"]["rawPath"]) == (200, "/loud")
    assert call(probe, "GET", "/after").json()["event"]["rawPath"] == "/after", "results stay with their requests"
    log = (probe.home / "logs" / "functions.log").read_text(encoding="utf-8")
    for code in ("418", "419", "420"):
        assert f'"statusCode": {code}' in log


def test_head_answers_without_a_body(probe: Child) -> None:
    answer = call(probe, "HEAD", "/anything")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("path", ["/_ministack/health", f"/{BUCKET}", "/_aws/execute-api/x/y"])
def test_nothing_else_of_the_engine_is_on_the_public_port(probe: Child, path: str) -> None:
    assert call(probe, "GET", path).json()["event"]["rawPath"] == path


def test_tokens_verify_against_the_served_keys(probe: Child) -> None:
    from joserfc import jwt
    from joserfc.jwk import KeySet

    from infra.local.keys import AUDIENCE, ISSUER

    served = call(probe, "GET", "/.well-known/jwks.json").json()
    assert "d" not in served["keys"][0]
    token = jwt.decode(
        probe.token(org="acme", user="ada", roles=["owner"], scopes=["a:read", "a:write"]),
        KeySet.import_key_set(served),
        algorithms=["RS256"],
    )
    assert token.claims["org"] == "acme"
    assert token.claims["sub"] == "ada"
    assert token.claims["scope"] == "a:read a:write"
    assert (token.claims["iss"], token.claims["aud"]) == (ISSUER, AUDIENCE)
    assert (probe.home / "keys" / "signing-key.pem").stat().st_mode & 0o077 == 0


# --- functions ---------------------------------------------------------------------------------------------


def test_functions_run_the_deployed_layer_and_see_nothing_of_the_checkout(probe: Child) -> None:
    seen = call(probe, "GET", "/").json()
    assert seen["marker"] == "deployed"
    own = {str(CHECKOUT), str(CHECKOUT / "functions"), str(CHECKOUT / "layers/auricle/python")}
    assert not own & set(seen["sys_path"])


def test_the_stack_is_told_the_address_it_is_served_at(probe: Child) -> None:
    function = probe.client("lambda").get_function_configuration(FunctionName=probe.outputs["ApiFunctionName"])
    assert function["Environment"]["Variables"]["URL"] == probe.base_url


# --- upload, workflow, events ------------------------------------------------------------------------------


def test_a_presigned_upload_runs_the_workflow(probe: Child, eventually: Eventually) -> None:
    key = upload(probe, "hello")
    eventually(lambda: describe(probe, key)["status"] == "SUCCEEDED")
    assert json.loads(describe(probe, key)["output"]) == {"length": 5}
    assert [row for row in rows(probe, "RESULT") if row["sk"]["S"] == key]


def test_errors_are_caught_by_the_name_of_their_class(probe: Child, eventually: Eventually) -> None:
    key = upload(probe, "raise")
    eventually(lambda: describe(probe, key)["status"] == "SUCCEEDED")
    assert json.loads(describe(probe, key)["output"]) == {"caught": "Unreadable"}


def test_an_execution_that_fails_announces_it(probe: Child, eventually: Eventually) -> None:
    key = upload(probe, "fail")
    eventually(lambda: describe(probe, key)["status"] == "FAILED")
    assert describe(probe, key)["error"] == "RuntimeError"
    name = key.split("/")[-2]

    def heard() -> bool:
        details = [json.loads(row["event"]["S"])["detail"] for row in rows(probe, "SWEPT")]
        return any(detail.get("name") == name and detail["status"] == "FAILED" for detail in details)

    eventually(heard)


def test_the_table_stream_brings_what_its_filter_lets_pass(probe: Child, eventually: Eventually) -> None:
    names = {kind: uuid4().hex for kind in ("other", "outbox")}
    for kind, name in names.items():
        probe.client("dynamodb").put_item(
            TableName=probe.outputs["TableName"],
            Item={"pk": {"S": "ITEM"}, "sk": {"S": name}, "kind": {"S": kind}},
        )
    eventually(lambda: names["outbox"] in {row["sk"]["S"] for row in rows(probe, "PUBLISHED")})
    assert names["other"] not in {row["sk"]["S"] for row in rows(probe, "PUBLISHED")}


def test_a_start_sweeps(probe: Child, eventually: Eventually) -> None:
    def swept() -> bool:
        return any("Engine Started" in row["event"]["S"] for row in rows(probe, "SWEPT"))

    eventually(swept)


# --- Batch -------------------------------------------------------------------------------------------------


def run_job(probe: Child, eventually: Eventually, command: list[str], seconds: int = 60) -> dict[str, Any]:
    arn = probe.client("stepfunctions").start_execution(
        stateMachineArn=probe.outputs["JobMachineArn"],
        input=json.dumps({"command": command, "seconds": seconds}),
    )["executionArn"]

    def ended() -> Any:
        found = probe.client("stepfunctions").describe_execution(executionArn=arn)
        return found if found["status"] != "RUNNING" else None

    found: dict[str, Any] = eventually(ended, 30)
    return found


JOB = ["python", "-m", "tests.integration.engine_probe.job"]


def test_a_batch_job_runs_as_a_process(probe: Child, eventually: Eventually) -> None:
    ended = run_job(probe, eventually, [*JOB, "exit", "0"])
    assert ended["status"] == "SUCCEEDED", ended
    job = json.loads(ended["output"])
    assert job["Status"] == "SUCCEEDED"
    assert job["Container"]["ExitCode"] == 0
    assert (probe.home / "logs" / job["Container"]["LogStreamName"]).exists()
    assert job["JobId"] in {row["sk"]["S"] for row in rows(probe, "JOB")}


@pytest.mark.parametrize(
    ("command", "seconds", "reason"),
    [
        ([*JOB, "exit", "3"], 60, "Essential container in task exited"),
        ([*JOB, "sleep", "30"], 1, "Job attempt duration exceeded timeout"),
        (["rm", "-r", "somewhere"], 60, "has the form: python -m MODULE"),
    ],
)
def test_a_batch_job_fails_as_batch_says_it(
    probe: Child, eventually: Eventually, command: list[str], seconds: int, reason: str
) -> None:
    ended = run_job(probe, eventually, command, seconds)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    job = json.loads(ended["cause"])
    assert job["Status"] == "FAILED"
    assert reason in job["StatusReason"]


# --- one engine, one home, two ports -----------------------------------------------------------------------


def test_a_home_has_one_engine(probe: Child, probe_assembly: Path) -> None:
    with pytest.raises(HomeInUse, match=str(probe.process.pid)):
        launch(probe.home, assembly=probe_assembly)


def test_two_homes_are_two_environments(probe: Child, tmp_path: Path, probe_assembly: Path) -> None:
    with launched(tmp_path / "home", assembly=probe_assembly) as other:
        key = upload(other, "hello")
        listed = [
            {entry["Key"] for entry in engine.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])}
            for engine in (probe, other)
        ]
    assert key not in listed[0]
    assert key in listed[1]


def test_a_taken_port_is_named(tmp_path: Path, probe_assembly: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(PortTaken, match=f"Port {port} "):
            launch(tmp_path / "home", port, assembly=probe_assembly)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux's list of sockets")
def test_the_ports_are_on_loopback_only(probe: Child) -> None:
    for url in (probe.base_url, probe.endpoint_url):
        port = int(url.rsplit(":", 1)[1])
        listening = base64.b16encode(socket.inet_aton("127.0.0.1")[::-1]).decode() + f":{port:04X}"
        sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        addresses = {fields[1] for fields in sockets if fields[1].endswith(f":{port:04X}") and fields[3] == "0A"}
        assert addresses == {listening}
