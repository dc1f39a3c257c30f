"""What of a request reaches the engine, with an application in its place that notes what it gets."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

import pytest

from infra.local import aws_port, glue
from infra.local.aws import ACCOUNT, Endpoint
from infra.local.aws_port import AwsPort
from infra.local.cross_site import CrossSiteRules
from infra.local.signatures import Verifier

ENDPOINT = Endpoint("http://127.0.0.1:8081", "the-secret-of-this-home-000000000000000x")
KEY = "orgs/acme/recordings/rec_1/source"


class Engine:
    """Reads a request's body as the engine does, and answers as it does: every page may read."""

    def __init__(self) -> None:
        self.got: list[tuple[Any, bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.got.append((scope, body))
        headers = [(b"Access-Control-Allow-Origin", b"*"), (b"etag", b"x")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"sound"})


class Asked:
    """A bucket policy that notes what it is asked, and denies one version."""

    def __init__(self) -> None:
        self.of: list[tuple[str, str, str, str | None]] = []

    def __call__(self, method: str, bucket: str, key: str, version: str | None) -> bool:
        self.of.append((method, bucket, key, version))
        return version == "withdrawn"


@pytest.fixture(autouse=True)
def no_cors_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glue, "bucket_cors_headers", lambda *_: {})


def answered(
    port: AwsPort, method: str, url: str, *chunks: bytes, headers: dict[str, str] | None = None
) -> tuple[int, dict[bytes, bytes], bytes]:
    parts = urlsplit(url)
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks[:-1]]
    messages.append({"type": "http.request", "body": chunks[-1] if chunks else b"", "more_body": False})
    sent: list[Any] = []

    async def receive() -> Any:
        assert messages, "the port waits for a message that never comes"
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    named = {"host": parts.netloc, **(headers or {})}
    scope = {
        "type": "http",
        "method": method,
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }
    asyncio.run(port(scope, receive, send))
    assert not messages, "the body was left unread"
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(message["body"] for message in sent[1:])


def port_of(engine: Engine, **options: Any) -> AwsPort:
    verifier = Verifier(ACCOUNT, ENDPOINT.secret_access_key)
    return AwsPort(engine, verifier=verifier, rules=CrossSiteRules(8081), changed=lambda: None, **options)


def presigned(operation: str = "get_object", **parameters: str) -> str:
    url: str = ENDPOINT.client("s3").generate_presigned_url(
        operation, Params={"Bucket": "recordings", "Key": KEY, **parameters}
    )
    return url


def test_the_bucket_s_policy_is_asked_of_every_presigned_request() -> None:
    engine, policy = Engine(), Asked()
    port = port_of(engine, denied=policy)
    assert answered(port, "GET", presigned())[0] == 200
    assert answered(port, "PUT", presigned("put_object"), b"sound")[0] == 200
    assert answered(port, "GET", presigned(VersionId="v1"))[0] == 200
    status, _headers, body = answered(port, "GET", presigned(VersionId="withdrawn"))
    assert (status, b"<Code>AccessDenied</Code>" in body) == (403, True)
    assert policy.of == [
        ("GET", "recordings", KEY, None),
        ("PUT", "recordings", KEY, None),
        ("GET", "recordings", KEY, "v1"),
        ("GET", "recordings", KEY, "withdrawn"),
    ]
    assert len(engine.got) == 3


def test_the_policy_is_not_asked_of_what_is_not_signed() -> None:
    policy = Asked()
    assert answered(port_of(Engine(), denied=policy), "GET", presigned() + "0")[0] == 403
    assert policy.of == []


def test_a_presigned_request_goes_to_s3_whatever_its_body_says() -> None:
    engine = Engine()
    form = {"content-type": "application/x-www-form-urlencoded"}
    answered(port_of(engine), "PUT", presigned("put_object"), b"Action=", b"DeleteStack", headers=form)
    ((scope, body),) = engine.got
    assert body == b"Action=DeleteStack"
    (authorization,) = (value for name, value in scope["headers"] if name == b"authorization")
    assert b"/s3/aws4_request" in authorization


def test_the_engine_s_answer_loses_its_cors_headers() -> None:
    _status, headers, _body = answered(port_of(Engine()), "GET", presigned())
    assert headers == {b"etag": b"x", b"vary": b"Origin"}


@pytest.mark.parametrize("chunks", [(b"sound",), (b"so", b"und"), (b"sound", b"")])
def test_a_refused_request_is_read_to_its_end_and_answered(chunks: tuple[bytes, ...]) -> None:
    engine = Engine()
    for url in (f"{ENDPOINT.url}/recordings/{KEY}", presigned("put_object") + "0", f"{ENDPOINT.url}/"):
        assert answered(port_of(engine), "PUT", url, *chunks)[0] == 403
    assert engine.got == []


def test_a_body_is_verified_after_it_was_read_and_before_it_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest("POST", f"{ENDPOINT.url}/", headers={"x-amz-target": "T.X"}, data=b"{}")
    SigV4Auth(Credentials(ACCOUNT, ENDPOINT.secret_access_key), "dynamodb", "us-east-1").add_auth(request)
    signed = dict(request.headers.items())
    engine = Engine()
    assert answered(port_of(engine), "POST", f"{ENDPOINT.url}/", b"{", b"}", headers=signed)[0] == 200
    assert engine.got[0][1] == b"{}"
    assert answered(port_of(engine), "POST", f"{ENDPOINT.url}/", b"[", b"]", headers=signed)[0] == 403
    monkeypatch.setattr(aws_port, "MAX_BUFFERED_BYTES", 1)
    assert answered(port_of(engine), "POST", f"{ENDPOINT.url}/", b"{", b"}", b"", headers=signed)[0] == 413
    assert len(engine.got) == 1
