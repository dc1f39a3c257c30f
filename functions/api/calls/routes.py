"""Telephone calls, and the logs of their recordings."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import Body, Query, Response, Security

from api.calls import models
from api.calls.app import PREFIX
from api.dependencies import Cursor, IfMatch, Page, RequestContext, page_size, path_id, request_context, tag_revision
from api.idempotency import Idempotent
from api.models import EndMoment, Id, Moment, QueryInteger
from api.paging import Cursors, read_page
from api.problems import RETRY_SOON_S, HttpProblem, PossibleError, Problem, errors
from api.routing import api_router
from auricle.crm import calls
from auricle.crm.calls import CALLS, CallDirection, CallFilter
from auricle.errors import AuricleError, CallNotFound, InvalidRequest, RecordingNotFound, TransientError

router = api_router(PREFIX, tags=["calls"])

Reader = Annotated[RequestContext, Security(request_context, scopes=["calls:read"])]
Writer = Annotated[RequestContext, Security(request_context, scopes=["calls:write"])]
WriterOnce = Annotated[RequestContext, Security(Idempotent(), scopes=["calls:write"])]
LogWriterOnce = Annotated[
    RequestContext, Security(Idempotent(names_recordings=("recording_id",)), scopes=["calls:write"])
]
PageSize = Annotated[QueryInteger, page_size("page_size")]
CallId = Annotated[str, path_id(CallNotFound, "call", message=calls.NO_SUCH_CALL)]
LogRecordingId = Annotated[str, path_id(RecordingNotFound, "recording", message=calls.NO_SUCH_LOG)]

NO_CALL = PossibleError(404, "call-not-found", "Call not found: call_1j2kd9.")
ID_TAKEN = PossibleError(409, "conflict", "There is a call call_1j2kd9 already.")
NO_LOG = PossibleError(404, "recording-not-found", "Recording log not found: rec_8sj29a.")
_RETRY_SOON = {"retry-after": str(RETRY_SOON_S)}
NOT_PERSISTED = Problem(500, "not-persisted", "Could not persist recording log. Please retry.", headers=_RETRY_SOON)


@router.post("", status_code=201, responses=errors(ID_TAKEN), summary="Register a call")
async def register_telephone_call(
    body: models.RegisterCallRequest, context: WriterOnce, response: Response
) -> models.CallResponse:
    """A call that has been, or is under way. Its recordings are logged with it. The `call_id` cannot be `docs`, under
    which this API has its documentation. Telephony can register calls by an event on the bus as well: source
    `telephony`, detail type `call.completed`, and as its detail these fields with `org`, `call_id` and `direction` at
    least. However often it is sent, it stays one call; an event that comes late only adds what was not known."""
    call = calls.register_call(
        context.org,
        body.call_id,
        body.model_dump(exclude_unset=True, exclude={"call_id"}),
        calls=context.stores.records(CALLS),
        contacts=context.stores.contacts,
        now=context.now,
    )
    response.headers["location"] = f"{PREFIX}/{call.id}"
    return _call_response("Call registered successfully.", call, response)


@router.get("", summary="List calls")
async def list_telephone_calls(
    context: Reader,
    direction: Annotated[CallDirection | None, Query(description="Who called whom.")] = None,
    agent_id: Annotated[Id | None, Query(description="Of this agent.")] = None,
    campaign_id: Annotated[Id | None, Query(description="Of this campaign.")] = None,
    contact_id: Annotated[Id | None, Query(description="With this contact.")] = None,
    recording_id: Annotated[Id | None, Query(description="With a log of this recording.")] = None,
    date_from: Annotated[Moment | None, Query(description="Begun then or later.")] = None,
    date_to: Annotated[EndMoment | None, Query(description="Begun by then; a date means all of that day.")] = None,
    page: Page = None,
    page_size: PageSize = 50,
    cursor: Cursor = None,
) -> models.CallsResponse:
    """Newest first. Dates bound when a call began or, where nobody said, when it was registered. Go on with `next` as
    `cursor`; `page` counts through the first 10,000. Calls are the tenant's; ids of recordings that are hidden from
    the caller are left out."""
    if date_from and date_to and date_from > date_to:
        raise InvalidRequest("must not be later than date_to", field="date_from")
    wanted = CallFilter(
        direction=direction,
        agent_id=agent_id,
        campaign_id=campaign_id,
        contact_id=contact_id,
        recording_id=recording_id,
        created_from=date_from,
        created_to=date_to,
    )
    cursors = Cursors(context.settings, org=context.org, route=PREFIX, filters=repr(wanted))
    read = partial(calls.list_calls, context.org, wanted, stores=context.stores)
    found, position = read_page(read, cursors, page=page, page_size=page_size, cursor=cursor)
    return models.CallsResponse(
        status="success",
        message="Calls retrieved successfully.",
        data=models.CallPage(
            calls=[models.TelephoneCall.of(call) for call in calls.as_seen(context.org, found, stores=context.stores)],
            page=None if cursor else page or 1,
            page_size=page_size,
            next=cursors.seal(position),
        ),
    )


@router.get("/{call_id}", responses=errors(NO_CALL), summary="Get a call")
async def get_telephone_call(call_id: CallId, context: Reader, response: Response) -> models.CallResponse:
    """One call, with the ids of its recordings; without those that are hidden from the caller."""
    call = calls.visible_call(context.org, call_id, stores=context.stores)
    return _call_response("Call retrieved successfully.", call, response)


@router.patch("/{call_id}", responses=errors(NO_CALL), summary="Change a call")
async def change_telephone_call(
    call_id: CallId,
    body: Annotated[models.ChangeCallRequest, Body(default_factory=models.ChangeCallRequest)],
    context: Writer,
    if_match: IfMatch,
    response: Response,
) -> models.CallResponse:
    """What is sent replaces, what is left out stays, and null takes away."""
    changed = calls.change_call(
        context.org,
        call_id,
        body.model_dump(exclude_unset=True),
        calls=context.stores.records(CALLS),
        contacts=context.stores.contacts,
        now=context.now,
        if_revision=if_match,
    )
    (call,) = calls.as_seen(context.org, [changed], stores=context.stores)
    return _call_response("Call updated successfully.", call, response)


@router.post(
    "/{call_id}/recording-log",
    responses=errors(
        NO_CALL,
        PossibleError(409, "conflict", "The call has as many recording logs as it may, or the recording was removed."),
        PossibleError(500, "not-persisted", NOT_PERSISTED.detail),
    ),
    summary="Set a call's recording log",
)
async def save_recording_log(
    call_id: CallId, body: models.RecordingLogRequest, context: LogWriterOnce, if_match: IfMatch, response: Response
) -> models.RecordingLogResponse:
    """Attaches the log of one recording to the call, or updates it: by call and recording there is one. What an update
    leaves out stays as it was, and null takes it away. A recording of Auricle's own that the caller may open is linked
    to the call. `If-Match` takes the call's `etag`."""
    stores = context.stores
    facts = body.model_dump(exclude_unset=True, exclude={"recording_id", "duration_seconds"})
    try:
        call, log = calls.save_log(
            context.org,
            call_id,
            body.recording_id,
            facts | {"duration_s": body.duration_seconds},
            calls=stores.records(CALLS),
            recordings=stores.recordings,
            now=context.now,
            sees_all=stores.viewer.sees_all,
            if_revision=if_match,
        )
        (log,) = calls.with_transcription_statuses(context.org, [log], recordings=stores.recordings)
    except TransientError as error:
        raise HttpProblem(NOT_PERSISTED) from error
    except AuricleError:
        raise
    except Exception as error:
        raise HttpProblem(NOT_PERSISTED) from error
    response.headers["location"] = f"{PREFIX}/{call_id}/recording-log/{log.recording_id}"
    return _log_response("Call recording log saved successfully.", call, log, response)


@router.get("/{call_id}/recording-log", responses=errors(NO_CALL), summary="List a call's recording logs")
async def list_recording_logs(call_id: CallId, context: Reader, response: Response) -> models.RecordingLogsResponse:
    """All of them, in the order they were first saved, but for those of recordings that are hidden from the caller.
    The `etag` is the call's."""
    call = calls.visible_call(context.org, call_id, stores=context.stores)
    logs = calls.with_transcription_statuses(context.org, call.logs, recordings=context.stores.recordings)
    tag_revision(response, call.revision)
    return models.RecordingLogsResponse(
        status="success",
        message="Call recording logs retrieved successfully.",
        data=models.RecordingLogs(recording_logs=[models.CallRecordingLog.of(call, log) for log in logs]),
    )


@router.get("/{call_id}/recording-log/{recording_id}", responses=errors(NO_CALL, NO_LOG), summary="Get a recording log")
async def get_recording_log(
    call_id: CallId, recording_id: LogRecordingId, context: Reader, response: Response
) -> models.RecordingLogResponse:
    """The log of one recording of the call. The `etag` is the call's."""
    call, log = calls.visible_log(context.org, call_id, recording_id, stores=context.stores)
    (log,) = calls.with_transcription_statuses(context.org, [log], recordings=context.stores.recordings)
    return _log_response("Call recording log retrieved successfully.", call, log, response)


def _call_response(message: str, call: calls.TelephoneCall, response: Response) -> models.CallResponse:
    tag_revision(response, call.revision)
    return models.CallResponse(status="success", message=message, data=models.TelephoneCall.of(call))


def _log_response(
    message: str, call: calls.TelephoneCall, log: calls.RecordingLog, response: Response
) -> models.RecordingLogResponse:
    tag_revision(response, call.revision)
    return models.RecordingLogResponse(status="success", message=message, data=models.CallRecordingLog.of(call, log))
