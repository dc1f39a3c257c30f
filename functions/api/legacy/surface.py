"""A surface: routes under one prefix that share an error shape. Every route says who may use it.

Routes take the request whole, on Starlette's routing beneath FastAPI. FastAPI's per-parameter machinery costs
2 ms of start-up for each route and 25 µs on each request, which is more than everything else a GET does here;
so what a route reads is declared to `Surface` instead, parsed by it, and documented from the same declaration.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

OPERATION = "auricle.operation"
from api.auth import Authenticator, Caller, authorization, challenge, demand
from api.legacy.faults import Fault, fault_of
from api.legacy.idempotency import canonical, given_key, once
from api.legacy.rate_limits import Allowances
from api.legacy.reading import Asked, NothingAsked, read_body, read_query
from api.request_ids import REQUEST_ID
from auricle.errors import Forbidden, NotFound, NotYours, PreconditionFailed, RecordingNotFound, Unauthenticated
from auricle.identifiers import is_id
from auricle.recordings.recording import Recording, RecordingDetail
from auricle.settings import Settings
from auricle.visible_stores import Stores, VisibleStores

if TYPE_CHECKING:
    from auricle.recordings.intake import Intake

_ENTITY_TAG = re.compile(r'"(0|[1-9][0-9]{0,8})"')


class Services(Stores, Protocol):
    """What the API's use cases need from outside: `auricle.bootstrap` wires it, on first use."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the application is put together from; each is made when first asked for."""

    settings: Callable[[], Settings]
    services: Callable[[], Services]
    """Of nobody in particular: what answers a request uses `Call.services`."""
    authenticator: Authenticator
    now: Callable[[], datetime]
    allowances: Allowances = field(default_factory=Allowances)


@dataclass(frozen=True, slots=True)
class Call:
    """One request by one caller."""

    request: Request
    caller: Caller
    parts: Parts
    services: VisibleStores
    """The stores, in which what the caller may not see does not exist."""

    @property
    def org(self) -> str:
        return self.caller.org

    def path_id(self, name: str, missing: type[NotFound], what: str) -> str:
        """The id in the path; one that could never be an id is unknown before the table is asked.

        Raises:
            NotFound: of the kind given, in the words of the stores, so that nothing tells the two apart.
        """
        text = str(self.request.path_params[name])
        if not is_id(text):
            raise missing(f"There is no {what} {text}.")
        return text

    def recording_id(self, name: str = "recording_id") -> str:
        """The recording's id in the path. Raises RecordingNotFound."""
        return self.path_id(name, RecordingNotFound, "recording")

    def recording(self, recording_id: str) -> Recording:
        """The recording, unless it is in the trash. Raises RecordingNotFound."""
        return self.services.recordings.get(self.org, recording_id)

    def detail(self, recording_id: str) -> RecordingDetail:
        """The recording with its run, unless it is in the trash. Raises RecordingNotFound."""
        return self.services.recordings.detail(self.org, recording_id)

    @property
    def intake(self) -> Intake:
        """What accepting uploads needs, with the recordings that the caller may see."""
        from auricle.recordings.intake import Intake

        services = self.services
        return Intake(services.recordings, services.objects, services.workflow, self.parts.settings().max_upload_bytes)

    @property
    def if_revision(self) -> int | None:
        """The revision that `If-Match` names; None where it names none, or any (`*`).

        Raises:
            PreconditionFailed: it is no tag of ours (a weak one is none), so nothing can match it; or several, of
                which a client that read one answer has only one.
        """
        given = self.request.headers.getlist("if-match")
        if not given or given == ["*"]:
            return None
        match = _ENTITY_TAG.fullmatch(given[0].strip()) if len(given) == 1 else None
        if match is None:
            raise PreconditionFailed("If-Match is not one ETag of this API. Send the `etag` of the answer you read.")
        return int(match[1])


_Asked = TypeVar("_Asked", bound=Asked)
_Plain = Callable[[Call], Awaitable[Response]]
_Reading = Callable[[Call, _Asked], Awaitable[Response]]
Renderer = Callable[[Fault, str, str], Response]
"""A fault, the request's path and the request id become the surface's own error answer."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path: what it reads, from where, and the scope it takes."""

    method: str
    path: str
    endpoint: Callable[..., Awaitable[Response]]
    reads: type[Asked]
    scope: str | None
    in_query: bool
    """Whether what it reads stands in the query string; else in the JSON body."""
    said: Callable[[Call], Awaitable[bytes]] | None = None
    """Of an endpoint that reads a form itself: what stands for what the form says, however it is written."""
    only_reads: bool = False
    """Of a POST that changes nothing: it is answered anew each time, whatever Idempotency-Key it has."""
    holds_secret: bool = False
    """Whether its answer is a credential."""
    holds_content: bool = False
    """Whether its answer shows what was found in the recording that the path names: consent is asked at each replay."""

    @property
    def name(self) -> str:
        return self.endpoint.__name__


class Surface:
    """Operations under one prefix, the role they all take, and how their errors look."""

    def __init__(self, name: str, prefix: str, *, render: Renderer, role: str | None = None) -> None:
        self.name = name
        self.prefix = prefix
        self.role = role
        self.render = render
        self.operations: list[Operation] = []

    def holds(self, path: str) -> bool:
        """Whether a path lies on this surface, known to it or not."""
        return path == self.prefix or path.startswith(f"{self.prefix}/")

    @overload
    def get(self, path: str, *, scope: str | None = None) -> Callable[[_Plain], _Plain]: ...
    @overload
    def get(
        self, path: str, *, scope: str | None = None, reads: type[_Asked]
    ) -> Callable[[_Reading[_Asked]], _Reading[_Asked]]: ...
    def get(self, path: str, *, scope: str | None = None, reads: type[Asked] = NothingAsked) -> Any:
        """Declares a GET; `reads` is the model of its query string."""
        return self._declared("GET", path, scope, reads, in_query=True)

    @overload
    def post(
        self,
        path: str,
        *,
        scope: str | None = None,
        said: Callable[[Call], Awaitable[bytes]] | None = None,
        only_reads: bool = False,
        holds_content: bool = False,
    ) -> Callable[[_Plain], _Plain]: ...
    @overload
    def post(
        self,
        path: str,
        *,
        scope: str | None = None,
        reads: type[_Asked],
        only_reads: bool = False,
        holds_secret: bool = False,
        holds_content: bool = False,
    ) -> Callable[[_Reading[_Asked]], _Reading[_Asked]]: ...
    def post(
        self,
        path: str,
        *,
        scope: str | None = None,
        reads: type[Asked] = NothingAsked,
        said: Callable[[Call], Awaitable[bytes]] | None = None,
        only_reads: bool = False,
        holds_secret: bool = False,
        holds_content: bool = False,
    ) -> Any:
        """Declares a POST; `reads` is the model of its JSON body. One that reads a form itself gives `said`."""
        return self._declared(
            "POST",
            path,
            scope,
            reads,
            in_query=False,
            said=said,
            only_reads=only_reads,
            holds_secret=holds_secret,
            holds_content=holds_content,
        )

    @overload
    def put(self, path: str, *, scope: str | None = None) -> Callable[[_Plain], _Plain]: ...
    @overload
    def put(
        self, path: str, *, scope: str | None = None, reads: type[_Asked]
    ) -> Callable[[_Reading[_Asked]], _Reading[_Asked]]: ...
    def put(self, path: str, *, scope: str | None = None, reads: type[Asked] = NothingAsked) -> Any:
        """Declares a PUT; `reads` is the model of its JSON body."""
        return self._declared("PUT", path, scope, reads, in_query=False)

    @overload
    def patch(self, path: str, *, scope: str | None = None) -> Callable[[_Plain], _Plain]: ...
    @overload
    def patch(
        self, path: str, *, scope: str | None = None, reads: type[_Asked]
    ) -> Callable[[_Reading[_Asked]], _Reading[_Asked]]: ...
    def patch(self, path: str, *, scope: str | None = None, reads: type[Asked] = NothingAsked) -> Any:
        """Declares a PATCH; `reads` is the model of its JSON body."""
        return self._declared("PATCH", path, scope, reads, in_query=False)

    @overload
    def delete(self, path: str, *, scope: str | None = None) -> Callable[[_Plain], _Plain]: ...
    @overload
    def delete(
        self, path: str, *, scope: str | None = None, reads: type[_Asked], in_query: bool
    ) -> Callable[[_Reading[_Asked]], _Reading[_Asked]]: ...
    def delete(
        self, path: str, *, scope: str | None = None, reads: type[Asked] = NothingAsked, in_query: bool = True
    ) -> Any:
        """Declares a DELETE; `reads` is the model of its query string, or of its JSON body."""
        return self._declared("DELETE", path, scope, reads, in_query=in_query)

    def routes(self, parts: Parts, operations: Iterable[Operation]) -> list[Route]:
        """Operations of this surface as routes, in the order given."""
        return [
            Route(operation.path, self._answering(operation, parts), methods=[operation.method])
            for operation in operations
        ]

    def _declared(
        self,
        method: str,
        path: str,
        scope: str | None,
        reads: type[Asked],
        *,
        in_query: bool,
        said: Callable[[Call], Awaitable[bytes]] | None = None,
        only_reads: bool = False,
        holds_secret: bool = False,
        holds_content: bool = False,
    ) -> Any:
        def declare(endpoint: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
            self.operations.append(
                Operation(
                    method,
                    self.prefix + path,
                    endpoint,
                    reads,
                    scope,
                    in_query,
                    said=said,
                    only_reads=only_reads,
                    holds_secret=holds_secret,
                    holds_content=holds_content,
                )
            )
            return endpoint

        return declare

    def _answering(self, operation: Operation, parts: Parts) -> Callable[[Request], Awaitable[Response]]:
        endpoint, reads, in_query = operation.endpoint, operation.reads, operation.in_query
        reads_nothing, is_post = reads is NothingAsked, operation.method == "POST"
        allowances = parts.allowances

        async def answer(request: Request) -> Response:
            request.scope[OPERATION] = operation.name
            try:
                caller = parts.authenticator.caller(authorization(request.scope["headers"]))
                demand(caller, scope=operation.scope, role=self.role)
                limit = parts.settings().requests_per_minute
                if limit:
                    allowances.spend(
                        caller, limit, rate_limit_store=lambda: parts.services().rate_limit_store, now=parts.now()
                    )
                call = Call(request, caller, parts, VisibleStores(parts.services, caller.viewer))
                if request.scope["query_string"] and (reads_nothing or not in_query):
                    read_query(request, NothingAsked)
                if is_post and (key := given_key(request)) is not None and not operation.only_reads:
                    return await _once(call, key, operation)
                if reads_nothing:
                    return await endpoint(call)
                return await endpoint(call, read_query(request, reads) if in_query else await read_body(request, reads))
            except Exception as error:  # noqa: BLE001  # the surface's own shape, whatever happened
                return self.refuse(error, request, operation)

        return answer

    def refuse(self, error: Exception, request: Request, operation: Operation) -> Response:
        """The error as this surface's answer, with the challenge RFC 6750 asks for."""
        fault = fault_of(error)
        if isinstance(error, Unauthenticated):
            presented = authorization(request.scope["headers"]) is not None
            fault = replace(fault, headers={"www-authenticate": challenge("invalid_token" if presented else None)})
        elif isinstance(error, Forbidden) and not isinstance(error, NotYours):
            lacking = challenge("insufficient_scope", operation.scope)
            code = "insufficient-scope" if operation.scope else fault.code
            fault = replace(fault, code=code, headers={"www-authenticate": lacking})
        elif fault.status >= 500:
            log_failure(error, operation.name, request.scope[REQUEST_ID])
        return self.render(fault, request.scope["path"], request.scope[REQUEST_ID])


async def _once(call: Call, key: str, operation: Operation) -> Response:
    """The operation's answer, once for all requests with this key."""
    request, endpoint = call.request, operation.endpoint
    kept = partial(once, holds_secret=operation.holds_secret, holds_content=operation.holds_content)
    if operation.said is not None:
        said = await operation.said(call)
        return await kept(call, key, said, lambda: endpoint(call))
    if operation.reads is NothingAsked:
        return await kept(call, key, b"", lambda: endpoint(call))
    asked = await read_body(request, operation.reads)
    said = canonical(await request.body())
    return await kept(call, key, said, lambda: endpoint(call, asked), named_recordings=asked.named_recordings())


def etag(revision: int) -> dict[str, str]:
    """The header by which a client says, in `If-Match`, which state it means to change."""
    return {"etag": f'"{revision}"'}


def log_failure(error: Exception, operation: str, request_id: str) -> None:
    """What our side needs to find the cause: the class and the place. The text may hold what nobody should read."""
    from auricle.adapters.logs import logger

    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
    cause = type(error.__cause__).__name__ if error.__cause__ else None
    logger().error(
        "request failed",
        extra={
            "operation": operation,
            "requestId": request_id,
            "error": type(error).__name__,
            "cause": cause,
            "where": where,
        },
    )
