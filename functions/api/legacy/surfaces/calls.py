"""The calls API: telephone calls and the logs of their recordings. snake_case, seconds, one envelope for everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import AfterValidator, Field, StringConstraints

from api.legacy.answers import json_response
from api.legacy.faults import RETRY_SOON_S, Fault, FieldFault, Refused
from api.legacy.paging import Batch, Cursors, read_page
from api.legacy.reading import Asked, EndMoment, Id, Moment
from api.legacy.surface import Call, Surface, etag
from api.urls import HttpsUrl
from auricle.crm.calls import (
    CALLS,
    MAX_METADATA_KEYS,
    PHONE_PATTERN,
    CallFilter,
    Direction,
    RecordingLog,
    TelephoneCall,
    TranscriptionStatus,
    change_call,
    checked_metadata,
    find_call,
    no_such_call,
    register_call,
    save_log,
)
from auricle.errors import AuricleError, InvalidRequest, RecordingNotFound, TransientError
from auricle.identifiers import is_id
from auricle.recordings.recording import Status

if TYPE_CHECKING:
    from starlette.responses import Response

    from auricle.ports import Position, RecordStore

READ = "calls:read"
WRITE = "calls:write"

DOCUMENTED_STATUSES: Mapping[str, int] = {"invalid-request": 400}
"""Where the document gives an error another HTTP status than the rest of the API does."""
DOCUMENTED_MESSAGES: Mapping[str, str] = {"unauthenticated": "Invalid API token."}
"""Where it gives its words; what exactly is wrong with a credential stands in `www-authenticate`."""
NOT_PERSISTED = Fault(
    500,
    "not-persisted",
    "Could not persist recording log. Please retry.",
    headers={"retry-after": str(RETRY_SOON_S)},
)
MAX_DURATION_S = 7 * 24 * 3600
"""A week: no recording of one call is longer."""


def _error_response(fault: Fault, _path: str, _request_id: str) -> Response:
    """`{"status": "error", "message", "data": null}`, as documented."""
    message = " ".join(map(_about_field, fault.fields)) or DOCUMENTED_MESSAGES.get(fault.code, fault.detail)
    status = DOCUMENTED_STATUSES.get(fault.code, fault.status)
    return json_response({"status": "error", "message": message, "data": None}, status, headers=fault.headers)


def _about_field(fault: FieldFault) -> str:
    """`Field 'recording_url' must be a valid HTTPS URL.`"""
    said = fault.message.removeprefix(f"{fault.field} ").rstrip(".")
    if not fault.field:
        return f"The body {said}."
    return f"Field '{fault.field}'{':' if said[:1].isupper() else ''} {said}."


surface = Surface("calls", "/v1/calls", render=_error_response)

TRANSCRIPTION_STATUSES: Mapping[Status, TranscriptionStatus] = {
    **dict.fromkeys(Status, TranscriptionStatus.PENDING),
    Status.COMPLETE: TranscriptionStatus.COMPLETED,
    Status.RAW_SPLIT: TranscriptionStatus.COMPLETED,
    Status.ERROR: TranscriptionStatus.FAILED,
    Status.UNRECOVERABLE_ERROR: TranscriptionStatus.FAILED,
}
"""This surface's word for how far one of our own recordings is."""


Metadata = Annotated[dict[str, Any], Field(max_length=MAX_METADATA_KEYS), AfterValidator(checked_metadata)]
Phone = Annotated[str, StringConstraints(max_length=40, pattern=PHONE_PATTERN)]


class CallFacts(Asked):
    """What may be said of a call besides its direction."""

    from_number: Phone | None = None
    to_number: Phone | None = None
    agent_id: Id | None = None
    contact_id: Id | None = None
    campaign_id: Id | None = None
    started_at: Moment | None = None
    ended_at: Moment | None = None
    metadata: Metadata | None = None


class RegisterRequest(CallFacts):
    """`POST /v1/calls`. Without a `call_id` one is made."""

    call_id: Id | None = None
    direction: Literal["inbound", "outbound"]


class ChangeRequest(CallFacts):
    """`PATCH /v1/calls/{call_id}`. What is sent replaces, what is left out stays, null takes away."""

    direction: Literal["inbound", "outbound"] = Field(default_factory=cast(Any, lambda: None))
    """May be left out, and is never null: so its schema shows no default."""


class RecordingLogRequest(Asked):
    """`POST /v1/calls/{call_id}/recording-log`. On an update what is left out stays, and null takes away."""

    recording_id: Id
    recording_url: HttpsUrl
    duration_seconds: int = Field(ge=0, le=MAX_DURATION_S)
    transcription_id: Id | None = None
    transcription_status: Literal["pending", "completed", "failed"] | None = None
    started_at: Moment | None = None
    ended_at: Moment | None = None
    metadata: Metadata | None = None

    def named_recordings(self) -> Sequence[str]:
        return (self.recording_id,)


class CallListRequest(Asked):
    """`GET /v1/calls`. Dates bound when a call began or, where nobody said, when it was registered."""

    direction: Literal["inbound", "outbound"] | None = None
    agent_id: Id | None = None
    campaign_id: Id | None = None
    contact_id: Id | None = None
    recording_id: Id | None = None
    date_from: Moment | None = None
    date_to: EndMoment | None = None
    page: int | None = Field(None, ge=1)
    page_size: int = Field(50, ge=1, le=100)
    cursor: Annotated[str, StringConstraints(max_length=2048)] | None = None


@surface.post("", scope=WRITE, reads=RegisterRequest)
async def register_telephone_call(call: Call, asked: RegisterRequest) -> Response:
    registered = register_call(
        call.org,
        asked.call_id,
        _facts(asked, {"call_id"}),
        calls=_calls(call),
        contacts=call.services.contacts,
        now=call.parts.now(),
    )
    location = f"{surface.prefix}/{registered.id}"
    return _enveloped("Call registered successfully.", _call(registered), 201, {"location": location}, registered)


@surface.get("", scope=READ, reads=CallListRequest)
async def list_telephone_calls(call: Call, asked: CallListRequest) -> Response:
    if asked.date_from and asked.date_to and asked.date_from > asked.date_to:
        raise InvalidRequest("must not be later than date_to", field="date_from")
    wanted = CallFilter(
        direction=Direction(asked.direction) if asked.direction else None,
        agent_id=asked.agent_id,
        campaign_id=asked.campaign_id,
        contact_id=asked.contact_id,
        recording_id=asked.recording_id,
    )
    filters = repr((wanted, asked.date_from, asked.date_to))
    cursors = Cursors(call.parts.settings(), org=call.org, route=surface.prefix, filters=filters)

    asked_of = () if asked.recording_id is None else (asked.recording_id,)
    hidden = call.services.hidden(call.org, asked_of)

    def admits(found: TelephoneCall) -> bool:
        return wanted.admits(found.without_logs_of(hidden) if hidden else found)

    def read(count: int, position: Position | None) -> Batch[TelephoneCall]:
        page = _calls(call).list(
            call.org,
            count,
            position,
            wanted=None if wanted == CallFilter() else admits,
            created_from=asked.date_from,
            created_to=asked.date_to,
        )
        return page.records, page.next_position

    found, position = read_page(read, cursors, page=asked.page, page_size=asked.page_size, cursor=asked.cursor)
    return _enveloped(
        "Calls retrieved successfully.",
        {
            "calls": [_call(each) for each in _seen(call, found)],
            "page": None if asked.cursor else asked.page or 1,
            "page_size": asked.page_size,
            "next": cursors.seal(position),
        },
    )


@surface.get("/{call_id}", scope=READ)
async def get_telephone_call(call: Call) -> Response:
    (found,) = _seen(call, [_found(call)])
    return _enveloped("Call retrieved successfully.", _call(found), state=found)


@surface.patch("/{call_id}", scope=WRITE, reads=ChangeRequest)
async def change_telephone_call(call: Call, asked: ChangeRequest) -> Response:
    changed = change_call(
        call.org,
        _call_id(call),
        _facts(asked),
        calls=_calls(call),
        contacts=call.services.contacts,
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    (shown,) = _seen(call, [changed])
    return _enveloped("Call updated successfully.", _call(shown), state=changed)


@surface.post("/{call_id}/recording-log", scope=WRITE, reads=RecordingLogRequest)
async def save_recording_log(call: Call, asked: RecordingLogRequest) -> Response:
    facts = _facts(asked, {"recording_id", "duration_seconds"}) | {"duration_s": asked.duration_seconds}
    call_id, if_revision = _call_id(call), call.if_revision
    try:
        changed, log = save_log(
            call.org,
            call_id,
            asked.recording_id,
            facts,
            calls=_calls(call),
            recordings=call.services.recordings,
            now=call.parts.now(),
            sees_all=call.services.viewer.sees_all,
            if_revision=if_revision,
        )
        shown = _log(call, changed, log)
    except TransientError as error:
        raise Refused(NOT_PERSISTED) from error
    except AuricleError:
        raise
    except Exception as error:
        raise Refused(NOT_PERSISTED) from error
    location = f"{surface.prefix}/{call_id}/recording-log/{log.recording_id}"
    return _enveloped("Call recording log saved successfully.", shown, 200, {"location": location}, changed)


@surface.get("/{call_id}/recording-log", scope=READ)
async def list_recording_logs(call: Call) -> Response:
    (found,) = _seen(call, [_found(call)])
    logs = {"recording_logs": [_log(call, found, log) for log in found.logs]}
    return _enveloped("Call recording logs retrieved successfully.", logs, state=found)


@surface.get("/{call_id}/recording-log/{recording_id}", scope=READ)
async def get_recording_log(call: Call) -> Response:
    (found,) = _seen(call, [_found(call)], listed=False)
    recording_id = call.request.path_params["recording_id"]
    log = found.log(recording_id)
    if log is None:
        raise RecordingNotFound(f"Recording log not found: {recording_id}.")
    return _enveloped("Call recording log retrieved successfully.", _log(call, found, log), state=found)


def _enveloped(
    message: str,
    data: Any,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    state: TelephoneCall | None = None,
) -> Response:
    tags = etag(state.revision) if state else {}
    return json_response(
        {"status": "success", "message": message, "data": data}, status, headers={**(headers or {}), **tags}
    )


def _calls(call: Call) -> RecordStore[TelephoneCall]:
    return call.services.records(CALLS)


def _call_id(call: Call) -> str:
    """The call's id in the path; what could never be one is unknown in the same words. Raises CallNotFound."""
    text = str(call.request.path_params["call_id"])
    if not is_id(text):
        raise no_such_call(text)
    return text


def _found(call: Call) -> TelephoneCall:
    return find_call(call.org, _call_id(call), calls=_calls(call))


def _seen(call: Call, calls: Sequence[TelephoneCall], *, listed: bool = True) -> Sequence[TelephoneCall]:
    """The calls without the logs of recordings that are hidden from the caller.

    Whoever names a recording (not `listed`) is shown its log where they may open it.
    """
    linked = [recording_id for each in calls for recording_id in each.linked_recording_ids]
    hidden = call.services.hidden(call.org, linked, listed=listed)
    return [each.without_logs_of(hidden) for each in calls] if hidden else calls


def _facts(asked: Asked, besides: frozenset[str] | set[str] = frozenset()) -> dict[str, Any]:
    """What was sent, by the domain's names."""
    facts = {name: getattr(asked, name) for name in asked.model_fields_set - besides}
    for name, vocabulary in (("direction", Direction), ("transcription_status", TranscriptionStatus)):
        if facts.get(name) is not None:
            facts[name] = vocabulary(facts[name])
    return facts


def _call(call: TelephoneCall) -> dict[str, Any]:
    return {
        "call_id": call.id,
        "direction": call.direction,
        "from_number": call.from_number,
        "to_number": call.to_number,
        "agent_id": call.agent_id,
        "contact_id": call.contact_id,
        "campaign_id": call.campaign_id,
        "started_at": call.started_at,
        "ended_at": call.ended_at,
        "duration_seconds": call.duration_s,
        "metadata": call.metadata,
        "recording_ids": [log.recording_id for log in call.logs],
        "linked_recording_ids": call.linked_recording_ids,
        "created_at": call.registered_at,
        "updated_at": call.updated_at,
    }


def _log(call: Call, of_call: TelephoneCall, log: RecordingLog) -> dict[str, Any]:
    return {
        "call_id": of_call.id,
        "recording_id": log.recording_id,
        "recording_url": log.recording_url,
        "duration_seconds": log.duration_s,
        "transcription_id": log.transcription_id,
        "transcription_status": log.transcription_status or _transcription_status(call, log),
        "started_at": log.started_at,
        "ended_at": log.ended_at,
        "metadata": log.metadata,
        "created_at": log.created_at,
        "updated_at": log.updated_at,
    }


def _transcription_status(call: Call, log: RecordingLog) -> TranscriptionStatus | None:
    """Of a recording of our own, where nobody said it: how far it is now."""
    if not log.linked:
        return None
    try:
        return TRANSCRIPTION_STATUSES[call.recording(log.recording_id).status]
    except RecordingNotFound:
        return None
