"""Idempotency-Key: a POST that is sent again has its effect once, and gets the same answer again, byte for byte.

What is kept is sealed: an answer may hold a presigned URL or a new API key, and neither may be read from the table.
Only answers that succeeded are kept, and refusals that made something all the same (they say where, by `location`).
A request that was refused otherwise changed nothing, so it is simply tried again.

An answer belongs to whom it was given: the subject of an issuer, or one API key. Before it is given again, scopes and
roles are checked as for a first request, and that the recording it is about is still there for who asks. One that
holds a credential is given again only to who may still do all that the first request's credential could. One that
shows what was found in a recording is not given again where consent does not allow to show it.

Source: The Idempotency-Key HTTP Header Field, draft-ietf-httpapi-idempotency-key-header-07.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import orjson
from starlette.responses import Response

from api.legacy.faults import Fault, FieldFault, Refused
from auricle.errors import NotYours, TransientError
from auricle.recordings.consent import content_may_be_shown

if TYPE_CHECKING:
    from starlette.requests import Request

    from api.legacy.surface import Call

HEADER = "idempotency-key"
REPLAYED = "idempotency-replayed"
WAIT_S = 3.0
"""How long a request waits for an earlier one with its key that is still being answered."""
POLL_S = 0.1
MAX_KEPT_BYTES = 300_000
"""An item of the table has 400 KB. The answer to a larger one is made anew; none that changes anything is so large."""
_SOUND = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("content-type", "etag", "location")
_RECORDING_PARAMETERS = frozenset({"recording_id", "audio_file_id"})
"""What paths call a recording's id."""


def given_key(request: Request) -> str | None:
    """The request's key; None where it has none.

    Raises:
        Refused: 422 for one that is empty, too long, or not visible ASCII.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if _SOUND.fullmatch(key) is None:
        message = "must have 1 to 255 visible ASCII characters"
        raise Refused(
            Fault(
                422, "invalid-request", f"Idempotency-Key {message}.", fields=(FieldFault("Idempotency-Key", message),)
            )
        )
    return key


async def once(
    call: Call,
    key: str,
    said: bytes,
    make: Callable[[], Awaitable[Response]],
    *,
    holds_secret: bool = False,
    holds_content: bool = False,
    named_recordings: Sequence[str] = (),
) -> Response:
    """The answer that `make` gives, or gave to an earlier request of this caller with this key.

    `said` stands for what the request said: two that say the same are the same request. `holds_secret` says that the
    answer is a credential, `holds_content` that it shows what was found in the recording that the path names.
    `named_recordings` are ids of the body: those that are recordings the caller may see are kept with the answer, which
    is given again while they are there for the caller.

    Raises:
        Refused: 422 where an earlier request with the key said something else, 409 while it is still being answered, or
            where the answer may not be shown any more for want of consent.
        NotYours: the answer is a credential, made for one that may do more than this one.
        RecordingNotFound: what was answered is about a recording that is not there for the caller (any more).
    """
    path = call.request.scope["path"]
    name = hashlib.sha256(orjson.dumps([call.caller.principal, path, key])).hexdigest()[:40]
    fingerprint = hashlib.sha256(said).hexdigest()
    answers, owner = call.services.answers, secrets.token_hex(8)
    for _ in range(round(WAIT_S / POLL_S)):
        found = answers.claim(call.org, name, owner, fingerprint, now=call.parts.now())
        if found is None:
            break
        if found.fingerprint != fingerprint:
            raise Refused(
                Fault(
                    422,
                    "idempotency-key-reused",
                    "This Idempotency-Key was sent with another request. Make a new key for every new request.",
                    fields=(FieldFault("Idempotency-Key", "was sent with another request"),),
                )
            )
        if found.content is not None:
            response, allowed, seen = _opened(_sealing_key(call), name, found.content)
            if holds_secret and not allowed <= _allowed(call):
                raise NotYours(
                    "The answer kept under this Idempotency-Key was given to a credential that could do more."
                )
            for recording_id in seen:
                call.recording(recording_id)
            _check_recordings(call, holds_content=holds_content)
            return response
        await asyncio.sleep(POLL_S)
    else:
        raise Refused(
            Fault(
                409,
                "idempotency-in-progress",
                "An earlier request with this Idempotency-Key is still being answered. Try again in a moment.",
                headers={"retry-after": "1"},
            )
        )
    try:
        response = await make()
    except BaseException:
        with suppress(TransientError):  # then the claim runs out by itself
            answers.release(call.org, name, owner)
        raise
    has_effect = response.status_code < 300 or "location" in response.headers
    with suppress(TransientError):  # it is done: whoever asked must hear so, and not try again
        content = _sealed(call, name, response, _seen(call, named_recordings)) if has_effect else b""
        if content and len(content) <= MAX_KEPT_BYTES:
            answers.keep(call.org, name, owner, content, now=call.parts.now())
        else:
            answers.release(call.org, name, owner)
    return response


def canonical(body: bytes) -> bytes:
    """What a JSON body says, however it is written."""
    return orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS) if body.strip() else b""


def _sealing_key(call: Call) -> bytes:
    settings = call.parts.settings()
    return hmac.digest((settings.cursor_key or f"unsecret {settings.table}").encode(), b"kept answers", "sha256")


def _allowed(call: Call) -> frozenset[str]:
    """What the caller may do: scopes and roles."""
    caller = call.caller
    return frozenset({*(f"scope {scope}" for scope in caller.scopes), *(f"role {role}" for role in caller.roles)})


def _seen(call: Call, recording_ids: Sequence[str]) -> Sequence[str]:
    """Those of the ids that are recordings the caller may see."""
    found = call.services.recordings.find(call.org, recording_ids) if recording_ids else {}
    return list(found)


def _check_recordings(call: Call, *, holds_content: bool) -> None:
    """What the path names must be there for the caller, and what was found in it may be shown, if the answer does so.

    Raises:
        RecordingNotFound: it is not there.
        Refused: 409 where consent to it was withdrawn after it was answered.
    """
    for parameter in _RECORDING_PARAMETERS & call.request.path_params.keys():
        recording = call.recording(call.recording_id(parameter))
        if holds_content and not content_may_be_shown(recording):
            raise Refused(
                Fault(
                    409,
                    "idempotency-answer-lost",
                    "This request has been answered; without consent to the recording the answer is not given again.",
                )
            )


def _sealed(call: Call, name: str, response: Response, seen: Sequence[str]) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    kept = {header: response.headers[header] for header in _KEPT_HEADERS if header in response.headers}
    head = orjson.dumps([response.status_code, kept, sorted(_allowed(call)), seen])
    nonce = secrets.token_bytes(12)
    sealed = AESGCM(_sealing_key(call)).encrypt(nonce, head + b"\n" + bytes(response.body), name.encode())
    return nonce + sealed


def _opened(key: bytes, name: str, content: bytes) -> tuple[Response, frozenset[str], Sequence[str]]:
    """The answer, what the credential could do that it was first given to, and the recordings it saw."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        opened = AESGCM(key).decrypt(content[:12], content[12:], name.encode())
    except InvalidTag:  # the secret was changed since: that it was done is still known, what it said is not
        raise Refused(
            Fault(409, "idempotency-answer-lost", "This request has been answered; the answer is not kept any more.")
        ) from None
    head, _, body = opened.partition(b"\n")
    status, kept, allowed, *seen = orjson.loads(head)  # an answer that an earlier version kept names none seen
    response = Response(None, status)
    response.body = body
    response.raw_headers = [
        (b"content-length", str(len(body)).encode()),
        (REPLAYED.encode(), b"true"),
        *((header.encode(), value.encode("latin-1")) for header, value in kept.items()),
    ]
    if status == 204:
        response.raw_headers = response.raw_headers[1:]
    return response, frozenset(allowed), seen[0] if seen else ()
