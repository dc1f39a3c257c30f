"""kill -9, a polite stop, a second start, a changed template: what the engine finds again."""

from __future__ import annotations

import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from infra.local.child import Child, launch
from infra.local.failures import DeploymentFailed, StateDamaged
from tests.integration.engine_probe import BUCKET, STACK, write_assembly
from tests.integration.test_engine import describe, rows, upload

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Eventually = Callable[..., Any]

# More than the interval of the checkpoint and what it may take on a busy machine.
AFTER_A_CHECKPOINT_S = 1.6


def announce(engine: Child, name: str) -> None:
    engine.client("dynamodb").put_item(
        TableName=engine.outputs["TableName"],
        Item={"pk": {"S": "ITEM"}, "sk": {"S": name}, "kind": {"S": "outbox"}},
    )


def two_free_ports() -> int:
    """The first of two neighbouring ports that nobody listens on: a restart is to find its address again."""
    for port in range(21_000, 31_000, 7):
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    pytest.fail("no two neighbouring ports are free")


def processes_of(home: Path) -> list[str]:
    listed = subprocess.run(["ps", "-axo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(home / "tmp") in line]


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_a_run_cut_off_goes_on_and_nothing_is_lost(
    how: str, tmp_path: Path, probe_assembly: Path, eventually: Eventually
) -> None:
    home, port = tmp_path / "home", two_free_ports()
    engine = launch(home, port, assembly=probe_assembly)
    try:
        finished = upload(engine, "hello")
        eventually(lambda: describe(engine, finished)["status"] == "SUCCEEDED")
        for number in range(30):
            announce(engine, f"before-{number}")
        eventually(lambda: len(rows(engine, "PUBLISHED")) == 30)
        cut_off = upload(engine, "slow 3")
        eventually(lambda: describe(engine, cut_off)["status"] == "RUNNING")
    finally:
        getattr(engine, how)()
    eventually(lambda: not processes_of(home), 3)

    engine = launch(home, port, assembly=probe_assembly)
    try:
        httpx.get(engine.base_url, trust_env=False, timeout=10).raise_for_status()
        assert engine.changed == ()
        assert len(rows(engine, "ITEM")) == 30
        assert describe(engine, finished)["status"] == "SUCCEEDED"
        body = engine.client("s3").get_object(Bucket=BUCKET, Key=finished)["Body"].read()
        assert body == b"hello"

        eventually(lambda: describe(engine, cut_off)["status"] == "SUCCEEDED", 20)
        finishes = {row["sk"]["S"]: row["finished"]["N"] for row in rows(engine, "RESULT")}
        assert finishes == {finished: "1", cut_off: "1"}

        # The stream goes on where it was: the engine alone would skip as many records as it ever read.
        announce(engine, "after")
        eventually(lambda: "after" in {row["sk"]["S"] for row in rows(engine, "PUBLISHED")})
    finally:
        engine.stop()


def test_events_not_yet_published_survive_a_kill(tmp_path: Path, probe_assembly: Path, eventually: Eventually) -> None:
    engine = launch(tmp_path / "home", assembly=probe_assembly)
    try:
        mappings = engine.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        engine.client("lambda").update_event_source_mapping(UUID=mappings[0]["UUID"], Enabled=False)
        time.sleep(AFTER_A_CHECKPOINT_S)  # functions' settings are no data: they are saved every second
        announce(engine, "waiting")
    finally:
        engine.kill()
    engine = launch(tmp_path / "home", assembly=probe_assembly)
    try:
        assert not rows(engine, "PUBLISHED")
        engine.client("lambda").update_event_source_mapping(UUID=mappings[0]["UUID"], Enabled=True)
        eventually(lambda: [row["sk"]["S"] for row in rows(engine, "PUBLISHED")] == ["waiting"])
    finally:
        engine.stop()


def test_what_was_answered_survives_a_kill_in_the_same_moment(tmp_path: Path, probe_assembly: Path) -> None:
    engine = launch(tmp_path / "home", assembly=probe_assembly)
    try:
        s3, table, name = engine.client("s3"), engine.client("dynamodb"), engine.outputs["TableName"]
        first = s3.put_object(Bucket=BUCKET, Key="kept", Body=b"first", Tagging="a=b")["VersionId"]
        second = s3.put_object(Bucket=BUCKET, Key="kept", Body=b"second")["VersionId"]
        s3.put_object(Bucket=BUCKET, Key="hidden", Body=b"hidden")
        s3.delete_object(Bucket=BUCKET, Key="hidden")
        gone = s3.put_object(Bucket=BUCKET, Key="gone", Body=b"gone")["VersionId"]
        s3.delete_object(Bucket=BUCKET, Key="gone", VersionId=gone)
        parts = s3.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"]
        tag = s3.upload_part(Bucket=BUCKET, Key="parts", UploadId=parts, PartNumber=1, Body=b"part")["ETag"]
        s3.complete_multipart_upload(
            Bucket=BUCKET, Key="parts", UploadId=parts, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]}
        )
        keys = {number: {"pk": {"S": "ROW"}, "sk": {"S": number}} for number in "1234"}
        for key in keys.values():
            table.put_item(TableName=name, Item={**key, "n": {"N": "1"}})
        table.update_item(
            TableName=name, Key=keys["2"], UpdateExpression="ADD n :one", ExpressionAttributeValues={":one": {"N": "1"}}
        )
        table.delete_item(TableName=name, Key=keys["3"])
        table.batch_write_item(RequestItems={name: [{"DeleteRequest": {"Key": keys["4"]}}]})
        written = [{"Put": {"TableName": name, "Item": {"pk": {"S": "BOTH"}, "sk": {"S": sort}}}} for sort in "ab"]
        table.transact_write_items(TransactItems=written)
    finally:
        engine.kill()
    engine = launch(tmp_path / "home", assembly=probe_assembly)
    try:
        s3 = engine.client("s3")
        assert s3.get_object(Bucket=BUCKET, Key="kept")["Body"].read() == b"second"
        assert s3.get_object(Bucket=BUCKET, Key="kept", VersionId=first)["Body"].read() == b"first"
        tags = s3.get_object_tagging(Bucket=BUCKET, Key="kept", VersionId=first)["TagSet"]
        assert tags == [{"Key": "a", "Value": "b"}]
        assert s3.get_object(Bucket=BUCKET, Key="parts")["Body"].read() == b"part"
        listed = s3.list_object_versions(Bucket=BUCKET)
        assert [one["Key"] for one in listed["DeleteMarkers"]] == ["hidden"]
        assert sorted((one["Key"], one["IsLatest"]) for one in listed["Versions"]) == [
            ("hidden", False),
            ("kept", False),
            ("kept", True),
            ("parts", True),
        ]
        assert [one["VersionId"] for one in listed["Versions"] if one["Key"] == "kept"] == [second, first]
        assert [(row["sk"]["S"], row["n"]["N"]) for row in rows(engine, "ROW")] == [("1", "1"), ("2", "2")]
        assert [row["sk"]["S"] for row in rows(engine, "BOTH")] == ["a", "b"]

        # Bytes that are not those that were uploaded are an error; nothing else is.
        file = next(path for path in (tmp_path / "home" / "objects").rglob("*") if _holds(path, b"second"))
        file.write_bytes(b"s3c0nd")
        with pytest.raises(s3.exceptions.ClientError, match="not those that were uploaded") as refused:
            s3.get_object(Bucket=BUCKET, Key="kept")
        assert refused.value.response["Error"]["Code"] == "ObjectDamaged"
        file.unlink()
        with pytest.raises(s3.exceptions.ClientError, match="ObjectDamaged"):
            s3.get_object(Bucket=BUCKET, Key="kept")
        assert s3.get_object(Bucket=BUCKET, Key="kept", VersionId=first)["Body"].read() == b"first"
        s3.delete_object(Bucket=BUCKET, Key="kept", VersionId=first)
        assert not any(_holds(path, b"first") for path in (tmp_path / "home" / "objects").rglob("*")), "erased is gone"
    finally:
        engine.stop()


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def test_damaged_state_is_not_served_and_not_overwritten(tmp_path: Path, probe_assembly: Path) -> None:
    home = tmp_path / "home"
    engine = launch(home, assembly=probe_assembly)
    announce(engine, "kept")
    engine.kill()
    journal = max((home / "state").glob("journal.*.log"))
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-20])
    before = {path.name: path.read_bytes() for path in (home / "state").rglob("*") if path.is_file()}
    with pytest.raises(StateDamaged, match=rf"{journal.name} is cut short or changed: its last \d+ acknowledged bytes"):
        launch(home, assembly=probe_assembly)
    assert {path.name: path.read_bytes() for path in (home / "state").rglob("*") if path.is_file()} == before

    journal.write_bytes(whole)
    tables = max((home / "state").glob("dynamodb.*.json"))
    tables.write_bytes(b"")
    for number, code in enumerate(sorted((home / "state" / "lambda-blobs").iterdir())):
        code.unlink() if number else code.write_bytes(code.read_bytes()[:-1])
    told: list[str] = []
    engine = launch(home, progress=told.append, assembly=probe_assembly)
    try:
        assert [line for line in told if f"{tables.name} is empty" in line], "it is made good, and said"
        assert [line for line in told if "a function's code, was missing or changed" in line]
        assert [row["sk"]["S"] for row in rows(engine, "ITEM")] == ["kept"]
        assert httpx.get(engine.base_url, trust_env=False, timeout=30).is_success, "functions run"
    finally:
        engine.stop()


def test_a_changed_function_is_updated_and_the_data_stays(tmp_path: Path, probe_assembly: Path) -> None:
    home = tmp_path / "home"
    engine = launch(home, assembly=probe_assembly)
    try:
        announce(engine, uuid4().hex)
    finally:
        engine.stop()
    code = "def lambda_handler(event, context):\n    return {'statusCode': 200, 'body': 'the new code'}\n"
    engine = launch(home, assembly=write_assembly(tmp_path / "changed", api_code=code))
    try:
        assert engine.changed == (STACK,)
        assert httpx.get(engine.base_url, trust_env=False, timeout=10).text == "the new code"
        assert len(rows(engine, "ITEM")) == 1
    finally:
        engine.stop()


def test_another_port_is_another_address_for_the_functions(tmp_path: Path, probe_assembly: Path) -> None:
    addresses = []
    for _ in range(2):
        engine = launch(tmp_path / "home", assembly=probe_assembly)
        try:
            function = engine.client("lambda").get_function_configuration(
                FunctionName=engine.outputs["ApiFunctionName"]
            )
            addresses.append((function["Environment"]["Variables"]["URL"], engine.base_url))
        finally:
            engine.stop()
    assert all(told == served for told, served in addresses)
    assert addresses[0] != addresses[1]


def test_a_template_that_cannot_be_deployed_says_which_resource(tmp_path: Path) -> None:
    broken = {"Unknown": {"Type": "AWS::No::Such", "Properties": {}}}
    with pytest.raises(DeploymentFailed, match="AWS::No::Such"):
        launch(tmp_path / "home", assembly=write_assembly(tmp_path / "assembly", broken))
    engine = launch(tmp_path / "home", assembly=write_assembly(tmp_path / "good"))
    engine.stop()
    assert engine.changed == (STACK,)
