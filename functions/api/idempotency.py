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
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

import orjson
from fastapi import Depends, Header, Request, Response

from api.dependencies import RequestContext, request_context
from api.forms import is_form, read_form
from api.problems import FieldProblem, HttpProblem, Problem
from auricle.errors import NotYours, TransientError
from auricle.identifiers import is_id
from auricle.recordings.consent import content_may_be_shown

HEADER = "idempotency-key"
REPLAYED = "idempotency-replayed"
WAIT_S = 3.0
"""How long a request waits for an earlier one with its key that is still being answered."""
POLL_S = 0.1
MAX_KEPT_BYTES = 300_000
"""An item of the table has 400 KB. The answer to a larger one is made anew; none that changes anything is so large."""
_SOUND = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("content-type", "etag", "location")
_CLAIM = "auricle.idempotency_claim"
"""Where the claim lies in the ASGI scope, until the answer is kept."""
_RECORDING_PARAMETERS = frozenset({"recording_id", "audio_file_id"})
"""What paths call a recording's id."""


class Replayed(Exception):
    """The request has been answered before: this was the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__("answered before")
        self.response = response


@dataclass(frozen=True, slots=True)
class _Claim:
    """That one request answers for all that have its key."""

    context: RequestContext
    name: str
    owner: str
    named_recordings: Sequence[str]


class Idempotent:
    """The context of a POST, which honours `Idempotency-Key`: in `Security`, in place of `request_context`.

    `is_credential` says that the answer is one, `shows_content` that it shows what was found in the recording that the
    path names. `names_recordings` are fields of the body that hold ids: those that are recordings the caller may see
    are kept with the answer, which is given again while they are there for the caller. `only_reads` says that the POST
    changes nothing: it is answered anew each time.
    """

    def __init__(
        self,
        *,
        is_credential: bool = False,
        shows_content: bool = False,
        names_recordings: Sequence[str] = (),
        only_reads: bool = False,
    ) -> None:
        self._only_reads = only_reads
        self._is_credential = is_credential
        self._shows_content = shows_content
        self._names_recordings = names_recordings

    async def __call__(
        self,
        request: Request,
        context: Annotated[RequestContext, Depends(request_context)],
        _idempotency_key: Annotated[
            str | None,
            Header(
                alias="Idempotency-Key",
                description="Chosen by the client, for one request and its repetitions: they get one answer.",
                json_schema_extra={"pattern": "^[!-~]{1,255}$", "maxLength": 255},
            ),
        ] = None,
    ) -> RequestContext:
        """The context of the request that is to be answered.

        Raises:
            Replayed: it has been answered.
            HttpProblem: 422 where the key is none, or an earlier request with it said something else, 409 while that is
                still being answered, or where the answer may not be shown any more for want of consent.
            NotYours: the answer is a credential, made for one that may do more than this one.
            RecordingNotFound: what was answered is about a recording that is not there for the caller (any more).
        """
        key = _given_key(request)
        if key is not None and not self._only_reads:
            await self._claim(request, context, key)
        return context

    async def _claim(self, request: Request, context: RequestContext, key: str) -> None:
        path = request.scope["path"]
        name = hashlib.sha256(orjson.dumps([context.caller.principal, path, key])).hexdigest()[:40]
        fingerprint = await _fingerprint(request)
        answers, owner = context.stores.answers, secrets.token_hex(8)
        for _ in range(round(WAIT_S / POLL_S)):
            found = answers.claim(context.org, name, owner, fingerprint, now=context.now)
            if found is None:
                claim = _Claim(context, name, owner, await self._recordings_named(request))
                request.scope[_CLAIM] = claim
                return
            if found.fingerprint != fingerprint:
                raise HttpProblem(
                    Problem(
                        422,
                        "idempotency-key-reused",
                        "This Idempotency-Key was sent with another request. Make a new key for every new request.",
                        fields=(FieldProblem("Idempotency-Key", "was sent with another request"),),
                    )
                )
            if found.content is not None:
                raise Replayed(self._given_again(request, context, name, found.content))
            await asyncio.sleep(POLL_S)
        raise HttpProblem(
            Problem(
                409,
                "idempotency-in-progress",
                "An earlier request with this Idempotency-Key is still being answered. Try again in a moment.",
                headers={"retry-after": "1"},
            )
        )

    async def _recordings_named(self, request: Request) -> Sequence[str]:
        """Ids that the body holds, whatever they are of."""
        if not self._names_recordings:
            return ()
        body = await request.json()
        named = [body.get(name) for name in self._names_recordings] if isinstance(body, dict) else []
        ids = [each for value in named for each in (value if isinstance(value, list) else [value])]
        return [each for each in ids if isinstance(each, str) and is_id(each)]

    def _given_again(self, request: Request, context: RequestContext, name: str, content: bytes) -> Response:
        response, allowed, seen = _opened(_sealing_key(context), name, content)
        if self._is_credential and not allowed <= _allowed(context):
            raise NotYours("The answer kept under this Idempotency-Key was given to a credential that could do more.")
        for recording_id in seen:
            context.recording(recording_id)
        _check_recordings(request, context, shows_content=self._shows_content)
        return response


def keep(request: Request, response: Response) -> None:
    """Keeps the answer to a request with a key. Only what had an effect is kept: else the key is free again."""
    claim: _Claim | None = request.scope.pop(_CLAIM, None)
    if claim is None:
        return
    context, answers = claim.context, claim.context.stores.answers
    has_effect = response.status_code < 300 or "location" in response.headers
    with suppress(TransientError):  # it is done: whoever asked must hear so, and not try again
        content = _sealed(claim, response) if has_effect else b""
        if content and len(content) <= MAX_KEPT_BYTES:
            answers.keep(context.org, claim.name, claim.owner, content, now=context.now)
        else:
            answers.release(context.org, claim.name, claim.owner)


def release(request: Request) -> None:
    """Frees the key of a request that failed."""
    claim: _Claim | None = request.scope.pop(_CLAIM, None)
    if claim is not None:
        with suppress(TransientError):  # then the claim runs out by itself
            claim.context.stores.answers.release(claim.context.org, claim.name, claim.owner)


def _given_key(request: Request) -> str | None:
    """The request's key; None where it has none.

    Raises:
        HttpProblem: 422 for one that is empty, too long, or not visible ASCII.
    """
    key = request.headers.get(HEADER)
    if key is not None and _SOUND.fullmatch(key) is None:
        message = "must have 1 to 255 visible ASCII characters"
        raise HttpProblem(
            Problem(
                422,
                "invalid-request",
                f"Idempotency-Key {message}.",
                fields=(FieldProblem("Idempotency-Key", message),),
            )
        )
    return key


async def _fingerprint(request: Request) -> str:
    """What stands for what the request says, however it is written."""
    if is_form(request):
        parts: list[list[str | int | None]] = []
        for part, value in (await read_form(request)).multi_items():
            if isinstance(value, str):
                parts.append([part, value])
            else:
                parts.append([part, value.filename, value.size, hashlib.sha256(await value.read()).hexdigest()])
                await value.seek(0)
        content = orjson.dumps(sorted(parts, key=repr))
    else:
        content = orjson.dumps(await request.json(), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(content).hexdigest()


def _sealing_key(context: RequestContext) -> bytes:
    settings = context.settings
    return hmac.digest((settings.cursor_key or f"unsecret {settings.table}").encode(), b"kept answers", "sha256")


def _allowed(context: RequestContext) -> frozenset[str]:
    """What the caller may do: scopes and roles."""
    caller = context.caller
    return frozenset({*(f"scope {scope}" for scope in caller.scopes), *(f"role {role}" for role in caller.roles)})


def _seen(claim: _Claim) -> Sequence[str]:
    """Those of the ids named that are recordings the caller may see."""
    context = claim.context
    return list(context.stores.recordings.find(context.org, claim.named_recordings)) if claim.named_recordings else ()


def _check_recordings(request: Request, context: RequestContext, *, shows_content: bool) -> None:
    """What the path names must be there for the caller, and what was found in it may be shown, if the answer does so.

    Raises:
        RecordingNotFound: it is not there.
        HttpProblem: 409 where consent to it was withdrawn after it was answered.
    """
    for parameter in _RECORDING_PARAMETERS & request.path_params.keys():
        recording = context.recording(request.path_params[parameter])
        if shows_content and not content_may_be_shown(recording):
            raise HttpProblem(
                Problem(
                    409,
                    "idempotency-answer-lost",
                    "This request has been answered; without consent to the recording the answer is not given again.",
                )
            )


def _sealed(claim: _Claim, response: Response) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    kept = {header: response.headers[header] for header in _KEPT_HEADERS if header in response.headers}
    head = orjson.dumps([response.status_code, kept, sorted(_allowed(claim.context)), _seen(claim)])
    nonce = secrets.token_bytes(12)
    sealed = AESGCM(_sealing_key(claim.context)).encrypt(
        nonce, head + b"\n" + bytes(response.body), claim.name.encode()
    )
    return nonce + sealed


def _opened(key: bytes, name: str, content: bytes) -> tuple[Response, frozenset[str], Sequence[str]]:
    """The answer, what the credential could do that it was first given to, and the recordings it saw."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        opened = AESGCM(key).decrypt(content[:12], content[12:], name.encode())
    except InvalidTag:  # the secret was changed since: that it was done is still known, what it said is not
        raise HttpProblem(
            Problem(409, "idempotency-answer-lost", "This request has been answered; the answer is not kept any more.")
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
