"""What a request says, read strictly: its JSON body and its query string.

FastAPI reads a body before it solves dependencies. So the credential is proven before that, and what is wrong with
either is kept until `dependencies.request_context` raises it. Source: FastAPI's documentation, "Custom Request and
APIRoute class".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.datastructures import Headers

from api.auth import Authenticator, Caller, authorization
from api.json_bodies import InvalidValues, NotJson, parse_json
from api.problems import FieldProblem, HttpProblem, Problem, invalid_request
from auricle.errors import InvalidRequest

MAX_BODY_BYTES = 1024 * 1024
_MAX_QUERY_PARAMETERS = 100
CALLER = "auricle.caller"
"""Where the caller lies in the ASGI scope."""


class JsonRequest(Request):
    """A request whose JSON is parsed by `json_bodies`; no body at all is an empty object.

    `problem` is why the body cannot be read; FastAPI is then given none. What can be read is JSON, whatever its type
    is called: FastAPI, which knows fewer names of it, does not see the type any more.
    """

    problem: Exception | None = None
    _parsed: Any = None

    async def body(self) -> bytes:
        """The body, or nothing where `json` cannot read it."""
        if not hasattr(self, "_read"):
            self._read = True
            try:
                caller_of(self)
                self._parsed = self._parse(await super().body())
                self._headers = Headers(raw=[each for each in self.headers.raw if each[0] != b"content-type"])
            except Exception as problem:  # noqa: BLE001  # FastAPI would answer that the body cannot be parsed
                self.problem = problem
        return b"" if self.problem else await super().body() or b"{}"

    async def json(self) -> Any:
        await self.body()
        return self._parsed

    def _parse(self, content: bytes) -> Any:
        if len(content) > MAX_BODY_BYTES:
            raise HttpProblem(Problem(413, "body-too-large", f"The body may have {MAX_BODY_BYTES} bytes at most."))
        if content and not _is_json(self.headers.get("content-type")):
            raise HttpProblem(
                Problem(415, "unsupported-media-type", "Send the body as JSON, with Content-Type: application/json.")
            )
        try:
            return parse_json(content or b"{}", was_decoded=_was_decoded(self))
        except NotJson as error:
            raise HttpProblem(Problem(400, "not-json", f"The body is not JSON in UTF-8: {error}.")) from None
        except InvalidValues as error:
            raise invalid_request(error.problems) from None


def caller_of(request: Request) -> Caller:
    """Whose request it is, proven once. Raises Unauthenticated, TransientError."""
    if CALLER not in request.scope:
        if isinstance(request, JsonRequest) and request.problem is not None:
            raise request.problem
        authenticator: Authenticator = request.app.state.dependencies.authenticator
        request.scope[CALLER] = authenticator.caller(authorization(request.scope["headers"]))
    caller: Caller = request.scope[CALLER]
    return caller


def _is_json(content_type: str | None) -> bool:
    media_type = (content_type or "application/json").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _was_decoded(request: Request) -> bool:
    """Whether API Gateway handed the body on as text, having decoded it."""
    event = request.scope.get("aws.event")
    return event is not None and not event.get("isBase64Encoded", False)


def check_query(request: Request) -> None:
    """The query string has only parameters of the route, each once unless it is a list.

    Raises:
        InvalidRequest, HttpProblem: 422, naming every parameter that is given twice, or else every one that is unknown.
    """
    text = request.scope["query_string"]
    if not text:
        return
    try:
        pairs = parse_qsl(
            text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_QUERY_PARAMETERS
        )
    except ValueError:
        raise InvalidRequest("The query string is not valid: percent-encode it as UTF-8.") from None
    known: Mapping[str, bool] = request.scope["route"].query_parameters
    times = Counter(name for name, _ in pairs)
    twice = [name for name in sorted(times) if times[name] > 1 and not known.get(name, False)]
    if twice:
        raise invalid_request(FieldProblem(name, "is given more than once") for name in twice)
    unknown = [name for name in times if name not in known]
    if unknown:
        raise invalid_request(FieldProblem(name, "is not known here") for name in unknown)
