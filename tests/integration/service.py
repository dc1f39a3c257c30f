"""The deployed application as its clients and its operators meet it: the public API, the bucket, the bus, the runs."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

from infra.cli.credentials import EVERY_SCOPE
from infra.local.child import Child

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

SCOPES = EVERY_SCOPE
AUDIO_FILES = "/api/v1/audio-files"
FOUNDER = "/api/v1/agent/founder"
ENDED = {"completed", "failed"}
# Generous: other workers share the machine, and a test that waits for long fails anyway.
WITHIN_S = 120.0


@dataclass(frozen=True)
class Upload:
    """A recording that waits for its bytes."""

    id: str
    url: str


@dataclass(frozen=True)
class Service:
    """One engine's application as one tenant sees it, with an operator's view beside it."""

    engine: Child
    org: str
    http: httpx.Client = field(repr=False)

    @classmethod
    def at(cls, engine: Child, org: str) -> Service:
        token = engine.token(org=org, roles=["founder"], scopes=SCOPES)
        headers = {"authorization": f"Bearer {token}"}
        return cls(engine, org, httpx.Client(base_url=engine.base_url, headers=headers, timeout=60, trust_env=False))

    # --- the API ------------------------------------------------------------------------------------------

    def get(self, path: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.http.get(path).raise_for_status().json()
        return answer

    def request_upload(self, name: str = "call.flac", **asked: Any) -> Upload:
        answer = self.http.post(f"{AUDIO_FILES}/upload-url", json={"fileName": name, **asked})
        upload = answer.raise_for_status().json()
        return Upload(upload["audioFileId"], upload["uploadUrl"])

    def upload(self, content: bytes, name: str = "call.flac", **asked: Any) -> str:
        """Presign and PUT; the recording's id."""
        upload = self.request_upload(name, **asked)
        put(upload.url, content)
        return upload.id

    def contact(self) -> str:
        answer = self.http.post(f"{FOUNDER}/contacts", json={"name": "Jane Smith"})
        return str(answer.raise_for_status().json()["id"])

    def detail(self, recording: str) -> dict[str, Any]:
        return self.get(f"{AUDIO_FILES}/{recording}")

    def status(self, recording: str) -> dict[str, Any]:
        return self.get(f"{AUDIO_FILES}/{recording}/processing-status")

    def transcript(self, recording: str) -> dict[str, Any]:
        return self.get(f"{AUDIO_FILES}/{recording}/transcript")

    def process(self, recording: str, **asked: Any) -> httpx.Response:
        return self.http.post(f"{AUDIO_FILES}/{recording}/process", json=asked)

    def until(self, recording: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first processing status that holds."""
        found: dict[str, Any] = wait(lambda: self.status(recording), holds)
        return found

    def ended(self, recording: str, run: int = 1) -> dict[str, Any]:
        """The processing status when the run is over, and so is its execution."""
        status = self.until(recording, lambda now: now["status"] in ENDED and now["run"] >= run)
        wait(lambda: self.executions(recording), lambda all_: "RUNNING" not in all_.values())
        return status

    # --- behind it ----------------------------------------------------------------------------------------

    def executions(self, recording: str) -> dict[str, str]:
        """Executions of the recording: name and status."""
        pages = self.engine.client("stepfunctions").get_paginator("list_executions")
        found = pages.paginate(stateMachineArn=self.engine.outputs["StateMachineArn"])
        return {
            execution["name"]: execution["status"]
            for page in found
            for execution in page["executions"]
            if execution["name"].startswith(recording)
        }

    def keys(self, recording: str) -> list[str]:
        """What lies in the bucket, relative to the recording's prefix."""
        prefix = f"orgs/{self.org}/recordings/{recording}/"
        found = self.engine.client("s3").list_objects_v2(Bucket=self.engine.outputs["BucketName"], Prefix=prefix)
        return [one["Key"].removeprefix(prefix) for one in found.get("Contents", ())]

    def versions(self, recording: str) -> list[str]:
        """Every version of everything, delete markers included."""
        prefix = f"orgs/{self.org}/recordings/{recording}/"
        found = self.engine.client("s3").list_object_versions(Bucket=self.engine.outputs["BucketName"], Prefix=prefix)
        return [
            one["Key"].removeprefix(prefix) for kind in ("Versions", "DeleteMarkers") for one in found.get(kind, ())
        ]

    def items(self, recording: str) -> dict[str, dict[str, Any]]:
        """The recording's partition of the table by sort key, as DynamoDB gives it."""
        found = self.engine.client("dynamodb").query(
            TableName=self.engine.outputs["TableName"],
            KeyConditionExpression="pk = :key",
            ExpressionAttributeValues={":key": {"S": f"ORG#{self.org}#REC#{recording}"}},
            ConsistentRead=True,
        )
        return {item["sk"]["S"]: item for item in found["Items"]}

    def state(self, recording: str) -> str:
        """The recording's own word for where it stands."""
        return str(self.items(recording)["STATE"]["status"]["S"])

    def invoke(self, function: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """Call a function by the name of its output (`Sweep`, `StartProcessing`) and wait for its answer."""
        name = self.engine.outputs[f"{function}FunctionName"]
        answer = self.engine.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
        said: dict[str, Any] = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, said
        return said

    def uploaded_event(self, recording: str) -> dict[str, Any]:
        """What EventBridge tells of the recording's source."""
        bucket, key = self.engine.outputs["BucketName"], f"orgs/{self.org}/recordings/{recording}/source"
        return {
            "version": "0",
            "id": str(uuid4()),
            "source": "aws.s3",
            "detail-type": "Object Created",
            "detail": {"version": "0", "bucket": {"name": bucket}, "object": {"key": key}},
        }

    def sweep(self) -> dict[str, Any]:
        """The sweep, as if everything had been waiting for long enough."""
        return self.invoke("Sweep", {"untouched_minutes": 0})

    @contextmanager
    def reconfigured(self, function: str, **variables: str) -> Iterator[None]:
        """The function with other environment variables; its next call runs in a new process with them."""
        before = self._configuration(function)["Environment"]["Variables"]
        self._configure(function, Environment={"Variables": {**before, **variables}})
        try:
            yield
        finally:
            self._configure(function, Environment={"Variables": before})

    @contextmanager
    def with_memory(self, function: str, memory_mb: int) -> Iterator[None]:
        """The function with so much memory; its next call runs in a new process."""
        before = self._configuration(function)["MemorySize"]
        self._configure(function, MemorySize=memory_mb)
        try:
            yield
        finally:
            self._configure(function, MemorySize=before)

    def _configuration(self, function: str) -> dict[str, Any]:
        name = self.engine.outputs[f"{function}FunctionName"]
        found: dict[str, Any] = self.engine.client("lambda").get_function_configuration(FunctionName=name)
        return found

    def _configure(self, function: str, **changed: Any) -> None:
        name = self.engine.outputs[f"{function}FunctionName"]
        self.engine.client("lambda").update_function_configuration(FunctionName=name, **changed)
        wait(lambda: self._configuration(function), lambda now: now["LastUpdateStatus"] == "Successful")


class Listener:
    """A queue behind a rule on the bus: everything Auricle tells the rest of the company."""

    def __init__(self, engine: Child) -> None:
        self._queues = engine.client("sqs")
        name = f"listener-{uuid4().hex[:8]}"
        self._queue = self._queues.create_queue(QueueName=name)["QueueUrl"]
        arn = self._queues.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        bus = engine.outputs["BusName"]
        events = engine.client("events")
        events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps({"source": ["auricle"]}))
        target = {"Id": "queue", "Arn": arn["Attributes"]["QueueArn"]}
        events.put_targets(Rule=name, EventBusName=bus, Targets=[target])
        self._heard: list[dict[str, Any]] = []

    def of(self, recording: str) -> list[dict[str, Any]]:
        """Events about the recording so far, in the order they were heard."""
        while True:
            got = self._queues.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", [])
            for message in got:
                self._heard.append(json.loads(message["Body"]))
                self._queues.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
            if not got:
                return [event for event in self._heard if event["detail"]["recordingId"] == recording]

    def types(self, recording: str) -> list[str]:
        """What happened, without `recording.`"""
        return [event["detail-type"].removeprefix("recording.") for event in self.of(recording)]

    def until(self, recording: str, happened: str) -> None:
        """Waits until it has been told that this happened to the recording."""
        wait(lambda: happened in self.types(recording))


def put(url: str, content: bytes, **headers: str) -> None:
    """An upload as a browser's storage library sends it, with a header of another cloud."""
    sent = {"x-ms-blob-type": "BlockBlob", **headers}
    httpx.put(url, content=content, headers=sent, timeout=60, trust_env=False).raise_for_status()


def wait(read: Callable[[], Any], holds: Callable[[Any], Any] = bool, within_s: float = WITHIN_S) -> Any:
    """The first answer that holds. Fails when there is none in time."""
    deadline_s = time.monotonic() + within_s
    while not holds(answer := read()):
        assert time.monotonic() < deadline_s, f"nothing within {within_s:g} s; the last answer was {answer}"
        time.sleep(0.1)
    return answer


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """The answers of calls made at the same time."""
    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result() for future in [threads.submit(call) for call in calls]]
