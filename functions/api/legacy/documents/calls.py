"""The calls API in the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.legacy.documents import CONTACT_ID, Documented, Refusal, Shown, SurfaceDocument


class CallsError(Shown):
    """The calls API's error."""

    status: Literal["error"]
    message: str
    data: None


class CallRecordingLog(Shown):
    """What is known of one recording of a call."""

    call_id: str
    recording_id: str
    recording_url: str
    duration_seconds: int
    transcription_id: str | None
    transcription_status: Literal["pending", "completed", "failed"] | None = Field(
        description="As it was sent; where it was not, of a recording of Auricle's own, how far that is now."
    )
    started_at: datetime | None
    ended_at: datetime | None
    metadata: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime


class TelephoneCall(Shown):
    """A telephone call."""

    call_id: str
    direction: Literal["inbound", "outbound"]
    from_number: str | None
    to_number: str | None
    agent_id: str | None
    contact_id: str | None
    campaign_id: str | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_seconds: int | None = Field(description="From `started_at` to `ended_at`; null until both are known.")
    metadata: dict[str, Any] | None
    recording_ids: list[str] = Field(description="Recordings that have a log.")
    linked_recording_ids: list[str] = Field(description="Those of them that are Auricle's own.")
    created_at: datetime = Field(description="When it was registered.")
    updated_at: datetime


class RecordingLogs(Shown):
    """The logs of one call, in the order they were first saved."""

    recording_logs: list[CallRecordingLog]


class Calls(Shown):
    """Some calls, newest first. `next` is the cursor of what follows, null at the end."""

    calls: list[TelephoneCall]
    page: int | None = Field(description="The page asked for; null where a cursor was.")
    page_size: int
    next: str | None


class Success(Shown):
    """The envelope of every answer."""

    status: Literal["success"]
    message: str


class CallAnswer(Success):
    """One call."""

    data: TelephoneCall


class CallsAnswer(Success):
    """A page of calls."""

    data: Calls


class RecordingLogAnswer(Success):
    """One recording log."""

    data: CallRecordingLog


class RecordingLogsAnswer(Success):
    """The recording logs of one call."""

    data: RecordingLogs


_LOG_REQUEST: dict[str, Any] = {
    "recording_id": "rec_8sj29a",
    "recording_url": "https://cdn.example-ai.com/recordings/call_1j2kd9_rec_8sj29a.mp3",
    "duration_seconds": 642,
    "transcription_id": "tr_92kd82",
    "transcription_status": "completed",
    "started_at": "2026-03-15T13:40:29Z",
    "ended_at": "2026-03-15T13:51:11Z",
    "metadata": {"direction": "outbound", "agent_id": "usr_82hd92", "labels": ["vip", "renewal"]},
}
_WRITTEN = {"created_at": "2026-03-15T14:22:11Z", "updated_at": "2026-03-15T14:22:11Z"}
_LOG = {"call_id": "call_1j2kd9", **_LOG_REQUEST, **_WRITTEN}
_CALL_REQUEST: dict[str, Any] = {
    "direction": "outbound",
    "from_number": "+1 555 0100",
    "to_number": "+1 555 0199",
    "agent_id": "usr_82hd92",
    "contact_id": CONTACT_ID,
    "campaign_id": "camp_xyz",
    "started_at": "2026-03-15T13:40:20Z",
    "ended_at": "2026-03-15T13:51:15Z",
    "metadata": {"queue": "renewals"},
}
_CALL = {
    "call_id": "call_1j2kd9",
    **_CALL_REQUEST,
    "duration_seconds": 655,
    "recording_ids": ["rec_8sj29a"],
    "linked_recording_ids": [],
    **_WRITTEN,
}
_NOT_THERE = Refusal(404, "call-not-found", "Call not found: call_1j2kd9.")


def _success(message: str, data: Any) -> dict[str, Any]:
    return {"status": "success", "message": message, "data": data}


DOCUMENT = SurfaceDocument(
    description="Telephone calls and the logs of their recordings. snake_case, seconds, one envelope.",
    error=CallsError,
    operations={
        "register_telephone_call": Documented(
            "Register a call",
            "A call that has been, or is under way. Its recordings are logged with it. Telephony can register calls "
            "by an event on the bus as well: source `telephony`, detail type `call.completed`, and as its detail these "
            "fields with `org`, `call_id` and `direction` at least. Told again, a call stays one; what comes late only "
            "adds what was not known.",
            CallAnswer,
            _success("Call registered successfully.", {**_CALL, "recording_ids": []}),
            status=201,
            request_example=_CALL_REQUEST,
            refusals=(Refusal(409, "conflict", "There is a call call_1j2kd9 already."),),
        ),
        "list_telephone_calls": Documented(
            "List calls",
            "Newest first. Dates bound when a call began or, where nobody said, when it was registered. Go on with "
            "`next` as `cursor`; `page` counts through the first 10,000. Calls are the tenant's; ids of recordings "
            "that are hidden from the caller are left out.",
            CallsAnswer,
            _success("Calls retrieved successfully.", {"calls": [_CALL], "page": 1, "page_size": 50, "next": None}),
        ),
        "get_telephone_call": Documented(
            "Get a call",
            "One call, with the ids of its recordings; without those that are hidden from the caller.",
            CallAnswer,
            _success("Call retrieved successfully.", _CALL),
            refusals=(_NOT_THERE,),
        ),
        "change_telephone_call": Documented(
            "Change a call",
            "What is sent replaces, what is left out stays, and null takes away.",
            CallAnswer,
            _success("Call updated successfully.", _CALL),
            request_example={"ended_at": "2026-03-15T13:51:15Z", "campaign_id": None},
            refusals=(_NOT_THERE,),
        ),
        "save_recording_log": Documented(
            "Set a call's recording log",
            "Attaches the log of one recording to the call, or updates it: by call and recording there is one. What "
            "an update leaves out stays as it was, and null takes it away. A recording of Auricle's own that the "
            "caller may open is linked to the call. `If-Match` takes the call's `etag`.",
            RecordingLogAnswer,
            _success("Call recording log saved successfully.", _LOG),
            request_example=_LOG_REQUEST,
            refusals=(
                Refusal(400, "invalid-request", "Field 'recording_url' must be a valid HTTPS URL."),
                _NOT_THERE,
                Refusal(
                    409, "conflict", "The call has as many recording logs as it may, or the recording was removed."
                ),
                Refusal(412, "precondition-failed", "If-Match names a state that is no longer the present one."),
                Refusal(500, "not-persisted", "Could not persist recording log. Please retry."),
            ),
        ),
        "list_recording_logs": Documented(
            "List a call's recording logs",
            "All of them, in the order they were first saved, but for those of recordings that are hidden from the "
            "caller. The `etag` is the call's.",
            RecordingLogsAnswer,
            _success("Call recording logs retrieved successfully.", {"recording_logs": [_LOG]}),
            refusals=(_NOT_THERE,),
        ),
        "get_recording_log": Documented(
            "Get a recording log",
            "The log of one recording of the call.",
            RecordingLogAnswer,
            _success("Call recording log retrieved successfully.", _LOG),
            refusals=(_NOT_THERE, Refusal(404, "recording-not-found", "Recording log not found: rec_8sj29a.")),
        ),
    },
)
