"""AWS's services answering inside this process, without a socket: the adapters run whole, up to botocore's transport.

The table and the bucket are the local engine's own (ministack), called as functions; the workflow is a dozen lines
here. Their answers are as short as AWS's may be: a page holds fewer items than were asked for, a batch leaves some of
its keys undone, a listing ends after a few keys.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.httpsession import URLLib3Session

ENDPOINT = "http://127.0.0.1:9"
"""Nothing listens there: a request that were sent after all would fail."""
REGION = "us-east-1"
ACCOUNT = "000000000000"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:speech"

_Answer = tuple[int, Mapping[str, str], bytes]


@dataclass(slots=True)
class Request:
    """One request as a service gets it."""

    service: str
    operation: str
    """Of services that name it in a header; of the bucket, the HTTP method."""
    content: dict[str, Any]
    """Of services that speak JSON."""
    query: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class AwsInProcess:
    """`requests` is what was asked so far, in order."""

    page_items: int = 3
    """What a query or a listing of the bucket answers at most, whatever was asked for."""
    batch_items: int = 15
    """What is done of a batch; the rest is left to another try, as by a table that is busy."""
    requests: list[Request] = field(default_factory=list)
    failing: Callable[[Request], Exception | None] = lambda _request: None
    """An error that the caller gets in place of the answer, although the request was carried out."""
    executions: dict[str, dict[str, Any]] = field(default_factory=dict)
    _lock: Any = field(default_factory=threading.RLock)

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """The contents of the requests for an operation, in order."""
        return [one.content for one in self.requests if one.operation == operation]

    def send(self, _session: Any, request: AWSPreparedRequest) -> AWSResponse:
        """In the place of `URLLib3Session.send`."""
        url = urlsplit(request.url)
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        body = _bytes(request.body)
        target = headers.get("x-amz-target", "")
        if target:
            service, _, operation = target.partition(".")
            asked = Request(service.partition("_")[0], operation, json.loads(body))
        else:
            asked = Request("S3", str(request.method), {}, parse_qs(url.query, keep_blank_values=True))
        with self._lock:
            self.requests.append(asked)
            if asked.service == "DynamoDB":
                status, answered, content = self._table(asked, headers)
            elif asked.service == "AWSStepFunctions":
                status, answered, content = self._workflow(asked)
            else:
                status, answered, content = self._bucket(asked, url.path, headers, body)
        error = self.failing(asked)
        if error is not None:
            raise error
        return AWSResponse(request.url, status, HTTPHeaders.from_dict({**answered}), _Raw(content))

    def _table(self, asked: Request, headers: dict[str, str]) -> _Answer:
        from ministack.services import dynamodb

        content: dict[str, Any] = dict(asked.content)
        left: dict[str, Any] = {}
        if asked.operation == "Query":
            content["Limit"] = min(self.page_items, content.get("Limit", self.page_items))
        if asked.operation in {"BatchGetItem", "BatchWriteItem"}:
            content["RequestItems"], left = self._in_part(asked)
        call = dynamodb.handle_request("POST", "/", headers, json.dumps(content).encode(), {})
        status, answered, body = _finished(call)
        if left and status == 200:
            name = "UnprocessedKeys" if asked.operation == "BatchGetItem" else "UnprocessedItems"
            body = json.dumps({**json.loads(body), name: left}).encode()
            answered = {key: value for key, value in answered.items() if key.lower() != "x-amz-crc32"}
        return status, answered, body

    def _in_part(self, asked: Request) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a batch does of its items, and what it leaves to another try."""
        now: dict[str, Any] = {}
        later: dict[str, Any] = {}
        for table, wanted in asked.content["RequestItems"].items():
            if asked.operation == "BatchGetItem":
                now[table] = {**wanted, "Keys": wanted["Keys"][: self.batch_items]}
                if rest := wanted["Keys"][self.batch_items :]:
                    later[table] = {**wanted, "Keys": rest}
            else:
                now[table] = wanted[: self.batch_items]
                if rest := wanted[self.batch_items :]:
                    later[table] = rest
        return now, later

    def _bucket(self, asked: Request, path: str, headers: dict[str, str], body: bytes) -> _Answer:
        from ministack.services import s3

        query = dict(asked.query)
        if asked.operation == "GET" and ("list-type" in query or "versions" in query):
            query["max-keys"] = [str(self.page_items)]
        return _finished(s3.handle_request(asked.operation, unquote(path), headers, body, query))

    def _workflow(self, asked: Request) -> _Answer:
        content = asked.content
        if asked.operation == "StartExecution":
            arn = f"{content['stateMachineArn'].replace(':stateMachine:', ':execution:')}:{content['name']}"
            if arn in self.executions:
                return _refused("ExecutionAlreadyExists")
            self.executions[arn] = {"executionArn": arn, "status": "RUNNING", "startDate": 1, **content}
            return _json({"executionArn": arn, "startDate": 1})
        known = self.executions.get(content["executionArn"])
        return _json(known) if known else _refused("ExecutionDoesNotExist")


@contextmanager
def aws_in_process() -> Iterator[tuple[AwsInProcess, str]]:
    """The services, and the name of a new table and a new bucket, which every client of this process now reaches."""
    from auricle.adapters import aws
    from auricle.adapters.dynamodb.items import Item

    services, name = AwsInProcess(), f"state-{uuid4().hex[:12]}"
    with pytest.MonkeyPatch.context() as patched:
        for variable in [known for known in os.environ if known.startswith("AWS_")]:
            patched.delenv(variable)
        for variable, value in {
            "AWS_ENDPOINT_URL": ENDPOINT,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
        }.items():
            patched.setenv(variable, value)
        patched.setattr(URLLib3Session, "send", lambda session, request: services.send(session, request))
        aws.session.cache_clear()
        for model in _models(Item):  # connections of another table, or of another address
            if "_connection" in vars(model):
                patched.delattr(model, "_connection")
        patched.setattr(Item, "_connection", None, raising=False)
        patched.setattr(Item.Meta, "table_name", name)
        _make_table(name)
        _make_bucket(name)
        services.requests.clear()
        try:
            yield services, name
        finally:
            aws.session.cache_clear()


def _models(model: type[Any]) -> Iterator[type[Any]]:
    for below in model.__subclasses__():
        yield below
        yield from _models(below)


def _make_table(name: str) -> None:
    """As `infra/constructs` describe it: two keys, and two indexes."""
    from auricle.adapters.dynamodb.items import Item

    text = {"AttributeType": "S"}
    Item.connection().client._make_api_call(
        "CreateTable",
        {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": _keys("pk", "sk"),
            "AttributeDefinitions": [
                {"AttributeName": attribute, **text}
                for attribute in ("pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk")
            ],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "gsi1",
                    "KeySchema": _keys("gsi1pk", "gsi1sk"),
                    "Projection": {"ProjectionType": "ALL"},
                },
                {
                    "IndexName": "gsi2",
                    "KeySchema": _keys("gsi2pk", "gsi2sk"),
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["kind"]},
                },
            ],
        },
    )


def _keys(hash_key: str, range_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": hash_key, "KeyType": "HASH"},
        {"AttributeName": range_key, "KeyType": "RANGE"},
    ]


def _make_bucket(name: str) -> None:
    from auricle.adapters import aws

    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def _finished(call: Coroutine[Any, Any, Any]) -> _Answer:
    """What it returns; it waits for nothing, so it needs no event loop."""
    try:
        call.send(None)
    except StopIteration as done:
        status, headers, body = done.value
        return status, headers, _bytes(body)
    raise AssertionError("The engine waits for something: it cannot be called as a function.")


def _json(content: Mapping[str, Any], status: int = 200) -> _Answer:
    return status, {"content-type": "application/x-amz-json-1.0"}, json.dumps(content).encode()


def _refused(code: str) -> _Answer:
    return _json({"__type": code, "message": code}, 400)


def _bytes(content: Any) -> bytes:
    if content is None:
        return b""
    if isinstance(content, str):
        return content.encode()
    if isinstance(content, (bytes, bytearray)):
        return bytes(content)
    read: bytes = content.read()
    return read


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()


class _Raw(BytesIO):
    """What urllib3 gives botocore to read from."""

    def stream(self, amt: int = 1 << 16, decode_content: bool | None = None) -> Iterator[bytes]:
        while chunk := self.read(amt):
            yield chunk
