"""The public port: the stack's HTTP API at `http://127.0.0.1:PORT/…`, and the JWKS. Nothing else of the engine.

AWS puts a host name of its own in front of an HTTP API; the engine puts `/_aws/execute-api/<id>/` on the port
that also carries S3, DynamoDB and its own reset switch. Here the API has a port to itself and an address that
survives a redeployment, with API Gateway's own limits and answers.
"""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from infra.local import glue
from infra.local.cross_site import CrossSiteRules, RequestRefused
from infra.local.large_forms import PATH as UPLOAD_PATH
from infra.local.large_forms import LargeForm

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Scope = Mapping[str, Any]
    Receive = Callable[[], Awaitable[Mapping[str, Any]]]
    Send = Callable[[Mapping[str, Any]], Awaitable[None]]
    Answer = tuple[int, dict[str, Any], bytes]

# "Quotas for HTTP APIs": request line and header values 10,240 bytes together, payload 10 MB, integration timeout
# 30 s. "Lambda quotas": 6 MB of invocation payload each way: JSON, in which a body is a string, or base64.
MAX_HEAD_BYTES = 10_240
MAX_BODY_BYTES = 10 * 1024 * 1024
MAX_INVOCATION_BYTES = 6 * 1024 * 1024
INTEGRATION_TIMEOUT_S = 30.0

_TEXT_TYPES = frozenset({"application/json", "application/xml", "application/javascript"})
"""What API Gateway hands on as text, beside text of every kind."""

JWKS_PATH = "/.well-known/jwks.json"


def _message(status: int, text: str) -> Answer:
    return status, {"content-type": "application/json"}, json.dumps({"message": text}).encode()


HEAD_TOO_LARGE = _message(431, "Request Header Fields Too Large")
TOO_LARGE = _message(413, "Request Entity Too Large")
INTERNAL_ERROR = _message(500, "Internal Server Error")
TIMED_OUT = _message(503, "Service Unavailable")
STARTING = _message(503, "Auricle is starting: try again in a moment.")


class Front:
    """The ASGI application of the public port. `api_id` names the deployed HTTP API once there is one."""

    def __init__(self, jwks: bytes, rules: CrossSiteRules) -> None:
        self.api_id: str | None = None
        self._rules = rules
        self._jwks = jwks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        form = _form(scope)
        body = await _read_body(receive, form)
        try:
            self._rules.check(scope)
            status, headers, content = await self._answer(scope, body, form)
        except RequestRefused as refused:
            status, headers, content = _message(refused.status, refused.message)
        await _reply(send, status, headers, b"" if scope["method"] == "HEAD" else content)

    async def _answer(self, scope: Scope, body: bytes | None, form: LargeForm | None) -> Answer:
        if _head_bytes(scope) > MAX_HEAD_BYTES:
            return HEAD_TOO_LARGE
        if scope["path"] == JWKS_PATH:
            return 200, {"content-type": "application/json", "cache-control": "max-age=300"}, self._jwks
        if self.api_id is None:
            return (*STARTING[:1], {**STARTING[1], "retry-after": "1"}, STARTING[2])
        headers = _headers(scope)
        if body is None or not _fits_an_invocation(headers, body):
            left = form.without_file() if form is not None else None
            if left is None:
                return TOO_LARGE
            content_type, body = left
            headers |= {"content-type": content_type, "content-length": str(len(body))}
        query = scope["query_string"].decode("latin-1")
        call = asyncio.ensure_future(
            glue.call_http_api(
                self.api_id,
                raw_path=scope["raw_path"].decode("latin-1"),
                method=scope["method"],
                headers=headers,
                body=body,
                query=parse_qs(query, keep_blank_values=True),
                raw_query=query,
            )
        )
        done, _ = await asyncio.wait({call}, timeout=INTEGRATION_TIMEOUT_S)
        if not done:
            return TIMED_OUT
        status, answer_headers, content = call.result()
        if _is_engine_error(status, content) or not _fits_an_answer(answer_headers, content):
            return INTERNAL_ERROR
        # API Gateway's own CORS headers take the place of the function's; the engine adds them in another case.
        return status, {name.lower(): value for name, value in answer_headers.items()}, content


def _form(scope: Scope) -> LargeForm | None:
    """What reads along where a form with a file is uploaded."""
    if scope["method"] != "POST" or scope["path"] != UPLOAD_PATH:
        return None
    return LargeForm(dict(scope["headers"]).get(b"content-type", b"").decode("latin-1"))


async def _read_body(receive: Receive, form: LargeForm | None) -> bytes | None:
    """The request's body, or None when it is larger than API Gateway takes. `form` reads along.

    The rest of an oversized body is read and dropped: many clients report a broken connection instead of the
    answer when the server stops listening.
    """
    chunks: list[bytes] = []
    size_bytes = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(chunks) if size_bytes <= MAX_BODY_BYTES else None
        size_bytes += len(message.get("body", b""))
        if form is not None:
            form.feed(message.get("body", b""))
        if size_bytes <= MAX_BODY_BYTES:
            chunks.append(message.get("body", b""))
        else:
            chunks.clear()
        if not message.get("more_body", False):
            return b"".join(chunks) if size_bytes <= MAX_BODY_BYTES else None


def _headers(scope: Scope) -> dict[str, str]:
    """Lower-case names, repeated fields joined by commas, and the forwarding headers API Gateway adds."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        separator = "; " if name == "cookie" else ","
        headers[name] = f"{headers[name]}{separator}{value}" if name in headers else value
    client = (scope.get("client") or ("127.0.0.1",))[0]
    headers["x-forwarded-for"] = ", ".join(filter(None, [headers.get("x-forwarded-for"), client]))
    headers["x-forwarded-proto"] = scope["scheme"]
    headers["x-forwarded-port"] = str(scope["server"][1])
    return headers


def _fits_an_invocation(headers: Mapping[str, str], body: bytes) -> bool:
    around_body_bytes = 2048 + sum(len(name) + len(value) for name, value in headers.items())
    return around_body_bytes + _encoded_bytes(body, is_text=_is_text(headers)) <= MAX_INVOCATION_BYTES


def _fits_an_answer(headers: Mapping[str, Any], content: bytes) -> bool:
    around_body_bytes = 256 + sum(len(name) + len(str(value)) + 6 for name, value in headers.items())
    # The engine has decoded the body: what is no text, or compressed, can only have come in base64.
    lower = {name.lower(): str(value) for name, value in headers.items()}
    is_text = (_is_text(lower) or "json" in lower.get("content-type", "")) and "content-encoding" not in lower
    return around_body_bytes + _encoded_bytes(content, is_text=is_text) <= MAX_INVOCATION_BYTES


def _is_text(headers: Mapping[str, str]) -> bool:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type.startswith("text/") or media_type in _TEXT_TYPES


def _encoded_bytes(body: bytes, *, is_text: bool) -> int:
    """The body within the JSON of an invocation: as a string where it is text, else in base64."""
    if is_text:
        return len(json.dumps(body.decode("utf-8", "replace"), ensure_ascii=False).encode())
    return (len(body) + 2) // 3 * 4


def _head_bytes(scope: Scope) -> int:
    """Request line and header values, as API Gateway adds them up."""
    target = len(scope["raw_path"]) + len(scope["query_string"]) + len(scope["method"])
    return target + sum(len(value) for _, value in scope["headers"])


def _is_engine_error(status: int, content: bytes) -> bool:
    """Whether the handler raised: the engine shows its error, API Gateway never does."""
    return status == 502 and b'"errorType"' in content


async def _reply(send: Send, status: int, headers: Mapping[str, Any], content: bytes) -> None:
    lines = [
        (name.lower().encode("latin-1"), str(line).encode())
        for name, value in headers.items()
        for line in (value if isinstance(value, (list, tuple)) else [value])
        if name.lower() != "content-length"
    ]
    lines.append((b"content-length", str(len(content)).encode()))
    lines.append((b"apigw-requestid", base64.b64encode(glue.request_id())))
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": content})
