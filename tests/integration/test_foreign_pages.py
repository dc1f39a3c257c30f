"""No page of a foreign origin changes or reads anything on either port, whatever it sends; signed requests do.

Requests are sent as a browser sends them for a page: with the headers it sets itself and a page cannot forge.
"""

from __future__ import annotations

import base64
import io
import json
import socket
import zipfile
from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from infra.local.aws import Endpoint
from infra.local.child import Child
from tests.integration.engine_probe import BUCKET, ORIGIN, STACK

EVIL = "https://evil.example"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
CONTENT_TYPES = (
    None,
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json",
    "application/x-amz-json-1.0",
)
FORGED = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=000000000000%2F20261121%2Fus-east-1%2Fs3%2Faws4_request"
    "&X-Amz-Date=20261121T150000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=" + "0" * 64
)


def pages(own: str) -> dict[str, dict[str, str]]:
    """What browsers send for pages, by what the page does; `own` is the origin of the port itself."""
    rebound = f"rebound.example:{urlsplit(own).port}"
    return {
        "fetch": {"origin": EVIL, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"},
        "form": {"origin": EVIL, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
        "image": {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
        "link": {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
        "sandboxed frame": {"origin": "null", "sec-fetch-site": "cross-site"},
        "another port": {"origin": "http://127.0.0.1:3000", "sec-fetch-site": "same-site"},
        "image on another port": {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"},
        "older browser's fetch": {"origin": EVIL},
        "rebound name": {"host": rebound, "origin": f"http://{rebound}", "sec-fetch-site": "same-origin"},
        "rebound image": {"host": rebound, "sec-fetch-site": "same-origin"},
    }


def everything_in(probe: Child) -> dict[str, Any]:
    """What a page might want to change."""
    versions = probe.client("s3").list_object_versions(Bucket=BUCKET)
    return {
        "functions": {
            function["FunctionName"]: function["CodeSha256"]
            for function in probe.client("lambda").list_functions()["Functions"]
        },
        "stacks": {
            stack["StackName"]: stack["StackStatus"]
            for stack in probe.client("cloudformation").describe_stacks()["Stacks"]
        },
        "buckets": [bucket["Name"] for bucket in probe.client("s3").list_buckets()["Buckets"]],
        "objects": [(found["Key"], found["VersionId"]) for found in versions.get("Versions", [])],
        "tables": probe.client("dynamodb").list_tables()["TableNames"],
        "queues": probe.client("sqs").list_queues().get("QueueUrls", []),
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


def new_key() -> str:
    return f"orgs/acme/pages/{uuid4().hex}/source"


def url_of(probe: Child, operation: str, key: str, **parameters: Any) -> str:
    signed = {"Bucket": BUCKET, "Key": key, **parameters}
    url: str = probe.client("s3").generate_presigned_url(operation, Params=signed, ExpiresIn=300)
    return url


# --- what was found ------------------------------------------------------------------------------------------


def test_a_page_cannot_create_a_function(probe: Child, browser: httpx.Client) -> None:
    """A presigned URL's parameter let any request in, and the code it created ran."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("evil.py", "def handler(event, context): return 'ran'")
    wanted = {
        "FunctionName": "evil",
        "Runtime": "python3.13",
        "Handler": "evil.handler",
        "Role": "arn:aws:iam::000000000000:role/x",
        "Code": {"ZipFile": base64.b64encode(code.getvalue()).decode()},
    }
    answer = browser.post(
        f"{probe.endpoint_url}/2015-03-31/functions?X-Amz-Signature=x",
        content=json.dumps(wanted),
        headers={**pages(probe.endpoint_url)["fetch"], "content-type": "text/plain"},
    )
    assert answer.status_code == 400
    assert "evil" not in everything_in(probe)["functions"]


def test_an_image_cannot_delete_a_stack(probe: Child, browser: httpx.Client) -> None:
    """`<img src="http://127.0.0.1:8081/?Action=DeleteStack&StackName=…">`, as browsers old and new fetch it."""
    for headers in (pages(probe.endpoint_url)["image"], {}):
        answer = browser.get(
            f"{probe.endpoint_url}/", params={"Action": "DeleteStack", "StackName": STACK}, headers=headers
        )
        assert answer.status_code == 403
    assert everything_in(probe)["stacks"][STACK] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


# --- everything a page can send ------------------------------------------------------------------------------


def test_no_page_reaches_the_aws_port(probe: Child, browser: httpx.Client) -> None:
    before = everything_in(probe)
    key = before["objects"][0][0] if before["objects"] else "none"
    bodies = (b"", f"Action=DeleteStack&StackName={STACK}".encode(), b'{"TableName": "t"}')
    paths = (
        "/",
        f"/{BUCKET}",
        f"/{BUCKET}/{key}",
        "/2015-03-31/functions",
        f"/_aws/execute-api/{probe.outputs['ApiId']}/$default/x",
        "/_ministack/reset",
        "/_ministack/config",
        "/health",
    )
    queries = ("", f"Action=DeleteStack&StackName={STACK}", "X-Amz-Signature=x", FORGED, "AWSAccessKeyId=x&Signature=x")
    # Configured origins and older browsers' images say nothing that gives them away: a signature is missing.
    senders = [*pages(probe.endpoint_url).values(), {}, {"origin": ORIGIN, "sec-fetch-site": "cross-site"}]
    answered = set()
    for number, (method, path, query, _) in enumerate(product(METHODS, paths, queries, range(3))):
        sender = senders[number * 5 % len(senders)]
        content_type = CONTENT_TYPES[number % len(CONTENT_TYPES)]
        headers = {**sender, **({"content-type": content_type} if content_type else {})}
        if method == "OPTIONS":
            headers["access-control-request-method"] = ("PUT", "GET", "POST")[number % 3]
        body = b"" if method in {"GET", "HEAD", "OPTIONS"} else bodies[number % len(bodies)]
        answer = browser.request(method, f"{probe.endpoint_url}{path}?{query}", headers=headers, content=body)
        to_object = sender.get("origin") == ORIGIN and path == f"/{BUCKET}/{key}"
        if not to_object:
            assert not [name for name in answer.headers if name.startswith("access-control-")], (method, path, headers)
        if to_object and method == "OPTIONS" and headers["access-control-request-method"] != "POST":
            assert answer.status_code == 200
            continue
        assert answer.status_code in {400, 403}, (method, path, query, headers, answer.text)
        assert STACK not in answer.text
        answered.add((method, answer.status_code))
    assert {method for method, _status in answered} == set(METHODS)
    assert everything_in(probe) == before


def test_no_foreign_page_reaches_the_public_port(probe: Child, browser: httpx.Client) -> None:
    paths = ("/", "/v1/core/recordings", "/.well-known/jwks.json", "/?X-Amz-Signature=x", f"/{BUCKET}/key?{FORGED}")
    everything = product(METHODS, CONTENT_TYPES, pages(probe.base_url).items())
    for number, (method, content_type, (name, sender)) in enumerate(everything):
        path = paths[number % len(paths)]
        headers = {**sender, **({"content-type": content_type} if content_type else {})}
        if method == "OPTIONS":
            headers["access-control-request-method"] = "POST"
        answer = browser.request(method, probe.base_url + path, headers=headers)
        assert answer.status_code == 403, (method, path, name)
        assert not [header for header in answer.headers if header.startswith("access-control-")]
        assert method == "HEAD" or list(answer.json()) == ["message"]


def test_websockets_are_refused_on_both_ports(probe: Child) -> None:
    for url in (probe.base_url, probe.endpoint_url):
        address = urlsplit(url)
        with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as connection:
            connection.sendall(
                f"GET /_aws/execute-api/{probe.outputs['ApiId']}/$default HTTP/1.1\r\nHost: {address.netloc}\r\n"
                f"Connection: Upgrade\r\nUpgrade: websocket\r\nOrigin: {EVIL}\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
            )
            assert connection.recv(64).startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize("host", ["a:b:c", "[::1", "", "127.0.0.1:8080@evil.example", "evil.example"])
def test_a_malformed_host_is_refused_and_breaks_nothing(probe: Child, host: str) -> None:
    for url in (probe.base_url, probe.endpoint_url):
        address = urlsplit(url)
        with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as connection:
            connection.sendall(f"GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            status = int(connection.recv(64).split()[1])
        assert status in {400, 403}


# --- pages that may ------------------------------------------------------------------------------------------


def test_a_configured_page_uploads_and_downloads_by_presigned_url(probe: Child, browser: httpx.Client) -> None:
    key = new_key()
    page = {"origin": ORIGIN, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
    put = url_of(probe, "put_object", key, ContentType="audio/wav")
    preflight = browser.options(
        put,
        headers={
            **page,
            "access-control-request-method": "PUT",
            "access-control-request-headers": "content-type,x-ms-blob-type",
        },
    )
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert "content-type" in preflight.headers["access-control-allow-headers"]
    sent = browser.put(put, content=b"sound", headers={**page, "content-type": "audio/wav", "x-ms-blob-type": "x"})
    assert (sent.status_code, sent.headers["access-control-allow-origin"]) == (200, ORIGIN)
    assert sent.headers["access-control-expose-headers"] == "ETag"
    got = browser.get(url_of(probe, "get_object", key), headers={**page, "range": "bytes=0-2"})
    assert (got.status_code, got.content, got.headers["access-control-allow-origin"]) == (206, b"sou", ORIGIN)
    head = browser.head(url_of(probe, "head_object", key), headers=page)
    assert (head.status_code, head.headers["content-length"]) == (200, "5")


def test_a_configured_page_reads_why_its_url_was_refused(probe: Child, browser: httpx.Client) -> None:
    answer = browser.get(url_of(probe, "get_object", new_key()) + "0", headers={"origin": ORIGIN})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (403, ORIGIN)
    assert "<Code>SignatureDoesNotMatch</Code>" in answer.text


def test_whoever_holds_a_presigned_url_may_use_it_but_other_pages_read_nothing(
    probe: Child, browser: httpx.Client
) -> None:
    key = new_key()
    put = url_of(probe, "put_object", key)
    assert browser.put(put, content=b"sound", headers=pages(probe.endpoint_url)["fetch"]).status_code == 200
    for name in ("fetch", "image", "link", "image on another port"):
        answer = browser.get(url_of(probe, "get_object", key), headers=pages(probe.endpoint_url)[name])
        assert (answer.status_code, answer.content) == (200, b"sound")
        assert not [header for header in answer.headers if header.startswith("access-control-")]
        assert "Origin" in answer.headers["vary"]
    preflight = browser.options(put, headers={"origin": EVIL, "access-control-request-method": "PUT"})
    assert preflight.status_code == 403


def test_a_configured_page_calls_the_api(probe: Child, browser: httpx.Client) -> None:
    page = {"origin": ORIGIN, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    preflight = browser.options(f"{probe.base_url}/echo", headers={**page, **asked})
    assert preflight.is_success
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    answer = browser.post(f"{probe.base_url}/echo", json={}, headers=page)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, ORIGIN)


def test_the_api_s_own_pages_call_it(probe: Child, browser: httpx.Client) -> None:
    own = {"origin": probe.base_url, "sec-fetch-site": "same-origin"}
    assert browser.post(f"{probe.base_url}/echo", json={}, headers=own).status_code == 200
    assert browser.get(f"{probe.base_url}/docs", headers={"sec-fetch-site": "none"}).status_code == 200


# --- presigned URLs of this environment ----------------------------------------------------------------------


@pytest.fixture
def stored(probe: Child) -> str:
    """The key of an object that is there."""
    key = new_key()
    probe.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"sound")
    return key


def test_a_presigned_url_holds_for_what_was_signed_alone(probe: Child, browser: httpx.Client, stored: str) -> None:
    other = new_key()
    probe.client("s3").put_object(Bucket=BUCKET, Key=other, Body=b"another's")
    get, put = url_of(probe, "get_object", stored), url_of(probe, "put_object", stored)
    expired = probe.client("s3").generate_presigned_url(
        "get_object", Params={"Bucket": BUCKET, "Key": stored}, ExpiresIn=1
    )
    before = everything_in(probe)
    attempts = [
        ("GET", get.replace(stored, other), {}),
        ("GET", get.replace(f"/{BUCKET}/", "/cdk-hnb659fds-assets-000000000000-us-east-1/"), {}),
        ("GET", get.replace(f"{BUCKET}/{stored}", BUCKET), {}),
        ("PUT", get, {}),
        ("DELETE", get, {}),
        ("POST", put, {}),
        ("GET", get + "&versionId=null", {}),
        ("GET", get + "&tagging", {}),
        ("GET", get.replace("X-Amz-Expires=300", "X-Amz-Expires=604800"), {}),
        ("GET", get[:-1] + ("0" if get[-1] != "0" else "1"), {}),
        ("PUT", put, {"x-amz-copy-source": f"/{BUCKET}/{other}"}),
        ("PUT", put, {"x-amz-tagging": "lifetime=run"}),
        ("PUT", put, {"x-amz-acl": "public-read"}),
        ("PUT", put, {"x-amz-target": "DynamoDB_20120810.DeleteTable"}),
        ("PUT", put, {"authorization": "AWS4-HMAC-SHA256 Credential=000000000000/x/us-east-1/lambda/aws4_request"}),
        ("DELETE", url_of(probe, "delete_object", stored), {}),
        ("GET", probe.client("s3").generate_presigned_url("list_objects_v2", Params={"Bucket": BUCKET}), {}),
        ("POST", probe.client("lambda").generate_presigned_url("list_functions"), {}),
        ("GET", probe.client("sts").generate_presigned_url("get_caller_identity"), {}),
        ("GET", url_of_secret(probe, "local", stored), {}),
    ]
    for method, url, headers in attempts:
        answer = browser.request(method, url, headers=headers, content=b"changed" if method == "PUT" else b"")
        assert answer.status_code in {400, 403}, (method, url, headers, answer.text)
        assert b"sound" not in answer.content
    while browser.get(expired).status_code == 200:
        pass
    assert "Request has expired" in browser.get(expired).text
    assert everything_in(probe) == before


def url_of_secret(probe: Child, secret: str, key: str) -> str:
    client = Endpoint(probe.endpoint_url, secret).client("s3")
    url: str = client.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key})
    return url


def test_the_body_of_an_upload_is_no_command(probe: Child, browser: httpx.Client) -> None:
    """The engine takes `Action` from forms on any path: an upload URL would have been the key to every service."""
    key, form = new_key(), f"Action=DeleteStack&StackName={STACK}".encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert browser.put(url_of(probe, "put_object", key), content=form, headers=headers).status_code == 200
    assert probe.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read() == form
    assert STACK in everything_in(probe)["stacks"]


# --- signed requests -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("s3", "list_buckets", {}),
        ("dynamodb", "list_tables", {}),
        ("cloudformation", "describe_stacks", {}),
        ("lambda", "list_functions", {}),
        ("sqs", "list_queues", {}),
        ("stepfunctions", "list_state_machines", {}),
    ],
)
def test_only_this_home_s_secret_signs(probe: Child, service: str, operation: str, parameters: dict[str, Any]) -> None:
    getattr(probe.client(service), operation)(**parameters)
    for secret in ("local", probe.endpoint.secret_access_key[:-1]):
        with pytest.raises(ClientError) as caught:
            getattr(Endpoint(probe.endpoint_url, secret).client(service), operation)(**parameters)
        assert caught.value.response["Error"]["Code"] == "SignatureDoesNotMatch"
        assert "home's secret" in caught.value.response["Error"]["Message"]


def test_a_signed_body_cannot_be_replaced(probe: Child, browser: httpx.Client) -> None:
    credentials = Credentials("000000000000", probe.endpoint.secret_access_key)
    headers = {"x-amz-target": "DynamoDB_20120810.ListTables", "content-type": "application/x-amz-json-1.0"}
    url = f"{probe.endpoint_url}/"
    request = AWSRequest("POST", url, headers=headers, data=b"{}")
    SigV4Auth(credentials, "dynamodb", "us-east-1").add_auth(request)
    signed = dict(request.prepare().headers.items())
    assert browser.post(url, content=b"{}", headers=signed).status_code == 200
    assert browser.post(url, content=b"[]", headers=signed).status_code == 403
    # The same request, sent by a page.
    assert browser.post(url, content=b"{}", headers={**signed, "origin": ORIGIN}).status_code == 403

    key = new_key()
    url = f"{probe.endpoint_url}/{BUCKET}/{key}"
    upload = AWSRequest("PUT", url, data=b"sound")
    S3SigV4Auth(credentials, "s3", "us-east-1").add_auth(upload)
    signed = dict(upload.prepare().headers.items())
    answer = browser.put(url, content=b"SOUND", headers=signed)
    assert (answer.status_code, "XAmzContentSHA256Mismatch" in answer.text) == (400, True)
    assert key not in {name for name, _version in everything_in(probe)["objects"]}
    assert browser.put(url, content=b"sound", headers=signed).status_code == 200


def test_a_secret_is_made_once_for_a_home(probe: Child) -> None:
    kept = probe.home / "keys" / "aws-secret"
    assert kept.read_text() == probe.endpoint.secret_access_key
    assert len(kept.read_text()) == 40
    assert kept.stat().st_mode & 0o077 == 0
    assert probe.endpoint.secret_access_key not in repr(probe.endpoint)
