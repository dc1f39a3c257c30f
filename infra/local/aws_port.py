"""Who may use the AWS port: whoever signs with this home's secret, and whoever holds a presigned URL of an object.

The engine behind it believes any signature and answers on many paths that are nobody's business (its reset switch,
the query protocol of every service). So each request is verified here before the engine sees any of it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote
from xml.sax.saxutils import escape

from infra.local import glue
from infra.local.aws import ACCOUNT, REGION
from infra.local.cross_site import CrossSiteRules, RequestRefused, sent_by_a_page
from infra.local.signatures import (
    UNSIGNED_PAYLOADS,
    HttpRequest,
    SignatureRefused,
    Verifier,
)

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

PRESIGNED_METHODS = frozenset({"GET", "HEAD", "PUT", "POST"})
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_BUFFERED_BYTES = 70 * 1024 * 1024
"""Of a request whose signature covers the body and does not say its hash. The largest of Lambda has 70 MB."""

_OBJECT_PATH = re.compile(r"/(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>.+)", re.DOTALL)
# How the engine tells services apart when it reads a request: presigned ones are always for S3, whatever a body says.
_ROUTED_TO_S3 = f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/00000000/{REGION}/s3/aws4_request".encode()

log = logging.getLogger("auricle.local.aws_port")


class ObjectPolicy(Protocol):
    """The part of the bucket's policy that denies by what an object is, such as by its tags."""

    def __call__(self, method: str, bucket: str, key: str, version: str | None) -> bool:
        """Whether a request with a presigned URL is denied. `version` is None for the newest."""


def deny_nothing(method: str, bucket: str, key: str, version: str | None) -> bool:  # noqa: ARG001 - the protocol's
    """The policy of a bucket that denies no object."""
    return False


@dataclass(frozen=True, slots=True)
class _Object:
    bucket: str
    key: str


class AwsPort:
    """The ASGI application of the AWS port, in front of the engine's own.

    `changed` is told before and after every request that may change something.
    """

    def __init__(
        self,
        application: Any,
        *,
        verifier: Verifier,
        rules: CrossSiteRules,
        changed: Callable[[], None],
        denied: ObjectPolicy = deny_nothing,
    ) -> None:
        self._application = application
        self._verifier = verifier
        self._rules = rules
        self._changed = changed
        self._denied = denied

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        found = _object_of(scope)
        body = _Body(receive)
        send = _WithCors(send, scope, found)
        try:
            self._rules.check_address(scope)
            request = _request(scope)
            if scope["method"] == "OPTIONS":
                await self._preflight(scope, found, send)
            elif request.is_presigned:
                await self._presigned(scope, request, found, body, send)
            else:
                await self._signed(scope, request, body, send)
        except RequestRefused as refused:
            await _refuse(scope, body, send, SignatureRefused("AccessDenied", refused.message, refused.status))
        except SignatureRefused as refused:
            log.info("%s %s refused: %s", scope["method"], refused.status, refused.code)
            await _refuse(scope, body, send, refused)

    async def _preflight(self, scope: Scope, found: _Object | None, send: Send) -> None:
        """Answer from the bucket's CORS configuration, as S3 does; nothing else here is for pages."""
        if found is None:
            raise SignatureRefused("AccessDenied", "Pages may ask for objects of a bucket alone.")
        status, headers, body = glue.bucket_preflight(found.bucket, found.key, dict(_text_headers(scope)))
        lines = [(name.lower().encode("latin-1"), str(value).encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": body})

    async def _presigned(
        self, scope: Scope, request: HttpRequest, found: _Object | None, receive: Receive, send: Send
    ) -> None:
        if found is None or scope["method"] not in PRESIGNED_METHODS:
            raise SignatureRefused("AccessDenied", "Presigned URLs read and write objects, and nothing else.")
        self._verifier.verify_presigned(request)
        version = dict(request.query()).get("versionId")
        if self._denied(scope["method"], found.bucket, found.key, version):
            raise SignatureRefused("AccessDenied", "Access Denied")
        headers = [*scope["headers"], (b"authorization", _ROUTED_TO_S3)]
        await self._forward({**scope, "headers": headers}, receive, send)

    async def _signed(self, scope: Scope, request: HttpRequest, receive: Receive, send: Send) -> None:
        if sent_by_a_page(scope):
            raise SignatureRefused("AccessDenied", "Pages may use presigned URLs, and nothing else.")
        signature = self._verifier.read_header_signature(request)
        if signature.payload is None:
            body = await _read_whole(receive)
            self._verifier.verify_header(request, signature, hashlib.sha256(body).hexdigest())
            await self._forward(scope, _Replayed(body, receive), send)
            return
        self._verifier.verify_header(request, signature)
        if signature.payload in UNSIGNED_PAYLOADS:
            await self._forward(scope, receive, send)
            return
        hashed = _Hashed(receive, signature.payload)
        await self._forward(scope, hashed, send)
        if hashed.differs:
            raise SignatureRefused(
                "XAmzContentSHA256Mismatch", "The body is not the one x-amz-content-sha256 was made of.", 400
            )

    async def _forward(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in READING_METHODS:
            await self._application(scope, receive, send)
            return
        self._changed()
        await self._application(scope, receive, send)
        self._changed()


class _Body:
    """`receive` of a request that knows whether its body has been read to the end."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.ended = False

    async def __call__(self) -> Mapping[str, Any]:
        message = await self._receive()
        self.ended = message["type"] != "http.request" or not message.get("more_body", False)
        return message


class _Replayed:
    """`receive` of a request whose body has been read."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Mapping[str, Any]:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class _Hashed:
    """`receive` of a request that says what its body hashes to. One that differs never ends for the engine: it is told
    that the client went away, and drops what it has."""

    def __init__(self, receive: Receive, sha256: str) -> None:
        self._receive = receive
        self._expected = sha256
        self._digest = hashlib.sha256()
        self.differs = False

    async def __call__(self) -> Mapping[str, Any]:
        message = await self._receive()
        if message["type"] == "http.request":
            self._digest.update(message.get("body", b""))
            if not message.get("more_body", False) and self._digest.hexdigest() != self._expected:
                self.differs = True
                return {"type": "http.disconnect"}
        return message


class _WithCors:
    """`send` that replaces the engine's CORS headers, which let every page read, by what the bucket's rules say."""

    def __init__(self, send: Send, scope: Scope, found: _Object | None) -> None:
        self._send = send
        self._scope = scope
        self._found = found

    async def __call__(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start" and self._scope["method"] != "OPTIONS":
            kept = [line for line in message.get("headers", ()) if not line[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": [*kept, *self._allowed()]}
        await self._send(message)

    def _allowed(self) -> list[tuple[bytes, bytes]]:
        if self._found is None:
            return []
        headers = glue.bucket_cors_headers(self._found.bucket, self._scope["method"], dict(_text_headers(self._scope)))
        headers.setdefault("Vary", "Origin")  # what a cache keeps of a request without a page is not for pages
        return [(name.lower().encode("latin-1"), str(value).encode("latin-1")) for name, value in headers.items()]


def _object_of(scope: Scope) -> _Object | None:
    """The object a path names, as the engine reads it."""
    found = _OBJECT_PATH.fullmatch(unquote(scope["raw_path"].decode("latin-1")))
    return _Object(found["bucket"], found["key"]) if found else None


def _request(scope: Scope) -> HttpRequest:
    return HttpRequest(
        method=scope["method"],
        raw_path=scope["raw_path"].decode("ascii"),
        raw_query=scope["query_string"].decode("ascii"),
        headers=tuple(_text_headers(scope)),
    )


def _text_headers(scope: Scope) -> Iterable[tuple[str, str]]:
    return ((name.decode("latin-1").lower(), value.decode("latin-1").strip()) for name, value in scope["headers"])


async def _read_whole(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    size_bytes = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise SignatureRefused("IncompleteBody", "The body ended too early.", 400)
        chunk = message.get("body", b"")
        size_bytes += len(chunk)
        if size_bytes > MAX_BUFFERED_BYTES:
            raise SignatureRefused("RequestEntityTooLarge", f"A body has {MAX_BUFFERED_BYTES} bytes at most.", 413)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


async def _refuse(scope: Scope, body: _Body, send: Send, refused: SignatureRefused) -> None:
    headers = dict(_text_headers(scope))
    if "expect" not in headers:
        # Read and dropped: many clients report a broken connection instead of the answer when nobody listens.
        while not body.ended:
            await body()
    content_type, content = _error_body(headers, refused)
    lines = [
        (b"content-type", content_type),
        (b"content-length", str(len(content)).encode()),
        (b"x-amzn-errortype", refused.code.encode()),
    ]
    await send({"type": "http.response.start", "status": refused.status, "headers": lines})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})


def _error_body(headers: Mapping[str, str], refused: SignatureRefused) -> tuple[bytes, bytes]:
    """The error in the shape that clients of the service read: JSON, the query protocol's XML, or S3's."""
    error = f"<Error><Code>{escape(refused.code)}</Code><Message>{escape(refused.message)}</Message></Error>"
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        error = f"<ErrorResponse>{error}</ErrorResponse>"
    elif "authorization" in headers and "/s3/" not in headers["authorization"]:
        return b"application/json", json.dumps({"__type": refused.code, "message": refused.message}).encode()
    return b"application/xml", f'<?xml version="1.0" encoding="UTF-8"?>\n{error}'.encode()
