"""What routes depend on: the context of a request by a caller who may make it, and parameters that many routes take.

    @router.get("/{audio_file_id}")
    async def get_audio_file(audio_file_id: AudioFileId, context: Reader) -> AudioFileDetail: ...

with `Reader = Annotated[RequestContext, Security(request_context, scopes=["audio:read"])]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from fastapi import Depends, Header, Path, Query, Request, Response
from fastapi.security import HTTPBearer, SecurityScopes
from pydantic import AfterValidator

from api.auth import Authenticator, Caller, demand
from api.models import QueryInteger
from api.problems import REQUIRED_SCOPE
from api.rate_limits import RateLimiter
from api.requests import JsonRequest, caller_of, check_query
from auricle.errors import NotFound, PreconditionFailed, RecordingNotFound
from auricle.identifiers import is_id
from auricle.recordings.recording import Recording, RecordingDetail
from auricle.settings import Settings
from auricle.visible_stores import Stores, VisibleStores

if TYPE_CHECKING:
    from auricle.recordings.intake import Intake

MAX_PAGE_SIZE = 100
ROLE = "role:"
"""Before the name of a role among the scopes that a route takes."""
_ENTITY_TAG = re.compile(r'"(0|[1-9][0-9]{0,8})"')


class Services(Stores, Protocol):
    """What the API's use cases need from outside: `auricle.bootstrap` wires it, on first use."""


@dataclass(frozen=True, slots=True)
class AppDependencies:
    """What the application is put together from; each is made when first asked for."""

    settings: Callable[[], Settings]
    services: Callable[[], Services]
    """Of nobody in particular: what answers a request uses `RequestContext.stores`."""
    authenticator: Authenticator
    now: Callable[[], datetime]
    rate_limiter: RateLimiter = field(default_factory=RateLimiter)


@dataclass(frozen=True, slots=True)
class RequestContext:
    """One request by one caller, who may make it."""

    caller: Caller
    stores: VisibleStores
    """The stores, in which what the caller may not see does not exist."""
    app: AppDependencies

    @property
    def org(self) -> str:
        """The tenant of the credential."""
        return self.caller.org

    @property
    def settings(self) -> Settings:
        return self.app.settings()

    @property
    def now(self) -> datetime:
        return self.app.now()

    def recording(self, recording_id: str) -> Recording:
        """The recording, unless it is in the trash. Raises RecordingNotFound."""
        return self.stores.recordings.get(self.org, recording_id)

    def detail(self, recording_id: str) -> RecordingDetail:
        """The recording with its run, unless it is in the trash. Raises RecordingNotFound."""
        return self.stores.recordings.detail(self.org, recording_id)

    @property
    def intake(self) -> Intake:
        """What accepting uploads needs, with the recordings that the caller may see."""
        from auricle.recordings.intake import Intake

        stores = self.stores
        return Intake(stores.recordings, stores.objects, stores.workflow, self.settings.max_upload_bytes)


class _Bearer(HTTPBearer):
    """The security scheme, and what it gives: the context of a request whose credential holds and allows it.

    The credential may also stand in one of the headers `api.documentation` adds. To FastAPI they are one scheme, since
    each dependency of its own would cost every request 20 µs.
    """

    async def __call__(self, request: Request, needed: SecurityScopes) -> RequestContext:  # type: ignore[override]
        """Checks everything before the endpoint runs: the credential, the scopes and roles that the route takes, the
        rate limit, and that the query string and the body can be read.

        Raises:
            Unauthenticated, Forbidden, TooManyRequests: as their names say.
            HttpProblem: the query string or the body cannot be read.
        """
        app: AppDependencies = request.app.state.dependencies
        caller = caller_of(request)
        for name in needed.scopes:
            if name.startswith(ROLE):
                demand(caller, scope=None, role=name.removeprefix(ROLE))
            else:
                request.scope[REQUIRED_SCOPE] = name
                demand(caller, scope=name, role=None)
        limit = app.settings().requests_per_minute
        if limit:
            app.rate_limiter.spend(
                caller, limit, rate_limit_store=lambda: app.services().rate_limit_store, now=app.now()
            )
        check_query(request)
        if isinstance(request, JsonRequest) and request.problem is not None:
            raise request.problem
        return RequestContext(caller, VisibleStores(app.services, caller.viewer), app)


request_context = _Bearer(scheme_name="bearer", bearerFormat="JWT", description="A JWT, or an API key.")
"""Routes name it in `Security` with the scopes they take; a role is a scope that begins with `role:`."""


# --- parameters ---------------------------------------------------------------------------------------------


def path_id(missing: type[NotFound], what: str, *, message: str = "There is no {what} {id}.") -> Any:
    """Of a path parameter that is an id: `CallId = Annotated[str, path_id(CallNotFound, "call")]`. One that could never
    be an id is unknown before the table is asked, in the words of the stores, so that nothing tells the two apart."""

    def check(text: str) -> str:
        if not is_id(text):
            raise missing(message.format(what=what, id=text))
        return text

    schema = {"maxLength": 64, "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]*$"}
    parameter = Path(description=f"The id of the {what}.", json_schema_extra=schema)
    parameter.metadata.append(AfterValidator(check))
    return parameter


RecordingId = Annotated[str, path_id(RecordingNotFound, "recording")]
"""The recording's id in the path."""

_IF_MATCH = {"pattern": '^(\\*|"(0|[1-9][0-9]{0,8})")$', "maxLength": 11}


async def _if_match(
    request: Request,
    _if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            description="The `etag` of the state that is to be changed: it is changed as it is, or not at all.",
            json_schema_extra=_IF_MATCH,
        ),
    ] = None,
) -> int | None:
    """The revision that `If-Match` names; None where it names none, or any (`*`).

    Raises:
        PreconditionFailed: it is no tag of ours (a weak one is none), so nothing can match it; or several, of which a
            client that read one answer has only one.
    """
    given = request.headers.getlist("if-match")
    if not given or given == ["*"]:
        return None
    match = _ENTITY_TAG.fullmatch(given[0].strip()) if len(given) == 1 else None
    if match is None:
        raise PreconditionFailed("If-Match is not one ETag of this API. Send the `etag` of the answer you read.")
    return int(match[1])


IfMatch = Annotated[int | None, Depends(_if_match)]
"""The revision that a change is made to, or None for whichever is the present one."""

Page = Annotated[
    QueryInteger | None, Query(ge=1, description="The number of the page, from 1; within the first 10,000 results.")
]
Cursor = Annotated[
    str | None, Query(max_length=2048, description="Where to go on: `next` of the page before, filters unchanged.")
]


def page_size(name: str, maximum: int = MAX_PAGE_SIZE) -> Any:
    """Of the parameter of that name: how many a page has, as `Annotated[QueryInteger, page_size("pageSize")]`."""
    return Query(alias=name, ge=1, le=maximum, description="How many a page has at most.")


def tag_revision(response: Response, revision: int) -> None:
    """The header by which a client says, in `If-Match`, which state it means to change."""
    response.headers["etag"] = f'"{revision}"'
