"""Signatures are those of botocore's own clients, and nothing of a signed request can be changed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config

from infra.local.aws import ACCOUNT, Endpoint
from infra.local.signatures import HttpRequest, SignatureRefused, Verifier

URL = "http://127.0.0.1:8081"
SECRET = "the-secret-of-this-home-000000000000000x"
KEY = "orgs/acme co/recordings/rec é+~(1)*'&=?#%2F/source"


class Sent(Exception):
    """Carries what a client was about to send."""

    def __init__(self, request: AWSPreparedRequest) -> None:
        self.request = request


def sent_by(service: str, call: Callable[[Any], Any], secret: str = SECRET) -> tuple[HttpRequest, bytes]:
    """The request a boto3 client makes of a call, as it goes over the wire, and its body."""
    return sent(Endpoint(URL, secret).client(service), call)


def sent(client: Any, call: Callable[[Any], Any]) -> tuple[HttpRequest, bytes]:
    def stop(request: AWSPreparedRequest, **_: Any) -> None:
        raise Sent(request)

    client.meta.events.register("before-send", stop)
    with pytest.raises(Sent) as caught:
        call(client)
    prepared = caught.value.request
    body: Any = prepared.body or b""
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    headers = {
        name.lower(): value if isinstance(value, str) else value.decode("latin-1")
        for name, value in prepared.headers.items()
    }
    return raw(prepared.method, prepared.url, {**headers, "host": "127.0.0.1:8081"}), body


def raw(method: str, url: str, headers: dict[str, str]) -> HttpRequest:
    parts = urlsplit(url)
    return HttpRequest(method, parts.path or "/", parts.query, tuple(headers.items()))


def verify(request: HttpRequest, body: bytes, **options: Any) -> None:
    verifier = Verifier(ACCOUNT, SECRET, **options)
    signature = verifier.read_header_signature(request)
    verifier.verify_header(request, signature, hashlib.sha256(body).hexdigest())
    if signature.payload is not None and not signature.payload.startswith(("UNSIGNED", "STREAMING")):
        assert signature.payload == hashlib.sha256(body).hexdigest()


def with_header(request: HttpRequest, name: str, value: str) -> HttpRequest:
    kept = tuple(pair for pair in request.headers if pair[0] != name)
    return replace(request, headers=(*kept, (name, value)))


CALLS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "json": ("dynamodb", lambda client: client.get_item(TableName="t", Key={"pk": {"S": "é"}})),
    "query": ("cloudformation", lambda client: client.delete_stack(StackName="a b")),
    "path with an ARN": (
        "lambda",
        lambda client: client.invoke(FunctionName=f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f", Payload=b"{}"),
    ),
    "query string": ("lambda", lambda client: client.list_functions(Marker="a+b c", MaxItems=3)),
    "object": ("s3", lambda client: client.put_object(Bucket="bucket", Key=KEY, Body=b"sound", Metadata={"a": "b  c"})),
    "sub-resource": ("s3", lambda client: client.list_object_versions(Bucket="bucket", Prefix=KEY)),
    "several objects": ("s3", lambda client: client.delete_objects(Bucket="b-1", Delete={"Objects": [{"Key": KEY}]})),
    "reading": ("s3", lambda client: client.get_object(Bucket="bucket", Key=KEY, Range="bytes=0-1")),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_a_client_signs_is_verified(name: str) -> None:
    verify(*sent_by(*CALLS[name]))


@pytest.mark.parametrize("name", CALLS)
def test_nothing_of_a_signed_request_can_be_changed(name: str) -> None:
    request, body = sent_by(*CALLS[name])
    date, authorization = request.header("x-amz-date") or "", request.header("authorization") or ""
    changed = [
        replace(request, method="DELETE" if request.method != "DELETE" else "PUT"),
        replace(request, raw_path=request.raw_path + "x"),
        replace(request, raw_query=request.raw_query + "&uploads="),
        with_header(request, "host", "127.0.0.1:8080"),
        with_header(request, "x-amz-tagging", "a=b"),
        with_header(request, "x-amz-date", date[:-2] + ("1Z" if date[-2] == "0" else "0Z")),
        with_header(request, "authorization", authorization.replace("us-east-1", "eu-west-1")),
        with_header(request, "authorization", authorization[:-1]),
        with_header(request, "authorization", "Bearer token"),
        replace(request, headers=tuple(pair for pair in request.headers if pair[0] != "authorization")),
        replace(request, headers=(*request.headers, ("authorization", authorization))),
    ]
    for attempt in changed:
        with pytest.raises(SignatureRefused):
            verify(attempt, body)
    if request.header("x-amz-content-sha256") is None:
        with pytest.raises(SignatureRefused):
            verify(request, body + b" ")


@pytest.mark.parametrize("name", CALLS)
def test_another_secret_or_key_is_refused(name: str) -> None:
    request, body = sent_by(*CALLS[name], secret="local")
    with pytest.raises(SignatureRefused, match="another secret"):
        verify(request, body)
    renamed = (request.header("authorization") or "").replace(ACCOUNT, "111111111111")
    with pytest.raises(SignatureRefused, match="no such access key"):
        verify(with_header(request, "authorization", renamed), body)


@pytest.mark.parametrize("seconds", [-901, 901])
def test_a_clock_may_be_a_quarter_of_an_hour_wrong_and_no_more(seconds: int) -> None:
    request, body = sent_by(*CALLS["json"])
    now_s = time.time()
    verify(request, body, now_s=lambda: now_s + seconds - seconds // 100)
    with pytest.raises(SignatureRefused, match="15 minutes"):
        verify(request, body, now_s=lambda: now_s + seconds + (2 if seconds > 0 else -2))


@pytest.mark.parametrize(
    "payload", ["UNSIGNED", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "", "A" * 64, "UNSIGNED-PAYLOAD "]
)
def test_a_body_that_is_signed_in_another_way_is_refused(payload: str) -> None:
    request, body = sent_by(*CALLS["object"])
    with pytest.raises(SignatureRefused):
        verify(with_header(request, "x-amz-content-sha256", payload), body)


def test_only_s3_takes_a_body_that_is_not_signed() -> None:
    client = boto3.client(
        "s3",
        endpoint_url=URL,
        region_name="us-east-1",
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key=SECRET,
        config=Config(signature_version="s3v4", s3={"payload_signing_enabled": False, "addressing_style": "path"}),
    )
    request, body = sent(client, lambda made: made.put_object(Bucket="bucket", Key="key", Body=b"sound"))
    assert request.header("x-amz-content-sha256") == "UNSIGNED-PAYLOAD"
    verify(request, body)
    elsewhere, body = sent_by(*CALLS["json"])
    with pytest.raises(SignatureRefused, match="must be the SHA-256"):
        verify(with_header(elsewhere, "x-amz-content-sha256", "UNSIGNED-PAYLOAD"), body)


# --- presigned URLs ------------------------------------------------------------------------------------------


def presigned(operation: str = "get_object", seconds: int = 60, secret: str = SECRET, **parameters: Any) -> str:
    client = Endpoint(URL, secret).client("s3")
    url: str = client.generate_presigned_url(
        operation, Params={"Bucket": "bucket", "Key": KEY, **parameters}, ExpiresIn=seconds
    )
    return url


def of_url(method: str, url: str, **headers: str) -> HttpRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return raw(method, url, {"host": "127.0.0.1:8081", **named})


def test_a_presigned_url_is_verified() -> None:
    verifier = Verifier(ACCOUNT, SECRET)
    verifier.verify_presigned(of_url("GET", presigned(VersionId="v1", ResponseContentDisposition='attachment; "é"')))
    verifier.verify_presigned(of_url("HEAD", presigned("head_object")))
    put = presigned("put_object", ContentType="audio/wav", ContentLength=5)
    verifier.verify_presigned(of_url("PUT", put, content_type="audio/wav", content_length="5", x_ms_blob_type="x"))


def test_a_client_may_write_the_same_url_in_another_way() -> None:
    """Some libraries take needless percent-encoding away; what is signed is what it means."""
    verifier = Verifier(ACCOUNT, SECRET)
    verifier.verify_presigned(of_url("GET", presigned().replace("%2A", "*").replace("%28", "(").replace("%29", ")")))


@pytest.mark.parametrize(
    ("method", "change"),
    [
        ("PUT", lambda url: url),
        ("HEAD", lambda url: url),
        ("GET", lambda url: url.replace("/source?", "/peaks.json?")),
        ("GET", lambda url: url.replace("/bucket/", "/other-bucket/")),
        ("GET", lambda url: url.replace("X-Amz-Expires=60", "X-Amz-Expires=600")),
        ("GET", lambda url: url + "&versionId=v2"),
        ("GET", lambda url: url + "&X-Amz-Expires=600"),
        ("GET", lambda url: url + "&acl"),
        ("GET", lambda url: url.replace("X-Amz-SignedHeaders=host&", "X-Amz-SignedHeaders=&")),
        ("GET", lambda url: url.replace("%2Fs3%2F", "%2Flambda%2F")),
        ("GET", lambda url: url.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")),
        ("GET", lambda url: url.split("X-Amz-Signature=")[0] + "X-Amz-Signature=x"),
        ("GET", lambda url: url.split("X-Amz-Signature=")[0] + "X-Amz-Signature="),
        ("GET", lambda url: url.split("?")[0] + "?X-Amz-Signature=x"),
        ("GET", lambda url: url + "&x=%FF"),
    ],
)
def test_nothing_of_a_presigned_url_can_be_changed(method: str, change: Callable[[str], str]) -> None:
    with pytest.raises(SignatureRefused):
        Verifier(ACCOUNT, SECRET).verify_presigned(of_url(method, change(presigned())))


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "text/html", "content_length": "5"},
        {"content_type": "audio/wav", "content_length": "6"},
        {"content_type": "audio/wav"},
        {"content_type": "audio/wav", "content_length": "5", "x_amz_copy_source": "/bucket/other"},
        {"content_type": "audio/wav", "content_length": "5", "x_amz_tagging": "a=b"},
        {"content_type": "audio/wav", "content_length": "5", "x_amz_target": "DynamoDB_20120810.DeleteTable"},
        {"content_type": "audio/wav", "content_length": "5", "authorization": "AWS4-HMAC-SHA256 Credential=x"},
    ],
)
def test_signed_headers_hold_and_none_of_aws_can_be_added(headers: dict[str, str]) -> None:
    put = presigned("put_object", ContentType="audio/wav", ContentLength=5)
    with pytest.raises(SignatureRefused):
        Verifier(ACCOUNT, SECRET).verify_presigned(of_url("PUT", put, **headers))


def test_a_presigned_url_ends() -> None:
    now_s, request = time.time(), of_url("GET", presigned(seconds=60))
    Verifier(ACCOUNT, SECRET, now_s=lambda: now_s + 58).verify_presigned(request)
    with pytest.raises(SignatureRefused, match="Request has expired"):
        Verifier(ACCOUNT, SECRET, now_s=lambda: now_s + 62).verify_presigned(request)
    with pytest.raises(SignatureRefused, match="not valid yet"):
        Verifier(ACCOUNT, SECRET, now_s=lambda: now_s - 16 * 60).verify_presigned(request)
    with pytest.raises(SignatureRefused, match="604800"):
        Verifier(ACCOUNT, SECRET).verify_presigned(of_url("GET", presigned(seconds=604_801)))


def test_another_secret_signs_no_url() -> None:
    with pytest.raises(SignatureRefused, match="another secret"):
        Verifier(ACCOUNT, SECRET).verify_presigned(of_url("GET", presigned(secret="local")))


def test_a_url_of_another_service_is_refused() -> None:
    client = Endpoint(URL, SECRET).client("sts")
    url = client.generate_presigned_url("get_caller_identity")
    with pytest.raises(SignatureRefused, match="Only URLs of S3"):
        Verifier(ACCOUNT, SECRET).verify_presigned(of_url("GET", url))


def test_a_url_of_the_older_signature_is_none() -> None:
    assert not of_url("GET", f"{URL}/bucket/key?AWSAccessKeyId={ACCOUNT}&Signature=x&Expires=99999999999").is_presigned
