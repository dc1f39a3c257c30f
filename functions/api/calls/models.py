"""What the calls API reads and answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from api.examples import example, parsed
from api.models import (
    ByValue,
    Id,
    Moment,
    RequestModel,
    ResponseModel,
    ShownMoment,
    WholeNumber,
    left_out,
    same_fields,
)
from api.urls import HttpsUrl
from auricle.crm import calls
from auricle.crm.calls import CallDirection, LogTranscriptionStatus

MAX_DURATION_S = 7 * 24 * 3600
"""A week: no recording of one call is longer."""

Metadata = Annotated[dict[str, Any], Field(max_length=calls.MAX_METADATA_KEYS), AfterValidator(calls.checked_metadata)]
Phone = Annotated[str, StringConstraints(max_length=40, pattern=calls.PHONE_PATTERN)]

_OF_METADATA = (
    f"Whatever the client likes to keep: {calls.MAX_METADATA_KEYS} keys in all, {calls.MAX_METADATA_DEPTH} levels "
    f"deep, {calls.MAX_METADATA_BYTES} bytes as JSON."
)
_LOG_REQUEST = parsed("""
  {"recording_id": "rec_8sj29a", "recording_url": "https://cdn.example-ai.com/recordings/call_1j2kd9_rec_8sj29a.mp3",
   "duration_seconds": 642, "transcription_id": "tr_92kd82", "transcription_status": "completed",
   "started_at": "2026-03-15T13:40:29Z", "ended_at": "2026-03-15T13:51:11Z",
   "metadata": {"direction": "outbound", "agent_id": "usr_82hd92", "labels": ["vip", "renewal"]}}
""")
_CALL_REQUEST = parsed("""
  {"direction": "outbound", "from_number": "+1 555 0100", "to_number": "+1 555 0199", "agent_id": "usr_82hd92",
   "contact_id": "contact_19d4f2a1b0512345678901234abcdef", "campaign_id": "camp_xyz",
   "started_at": "2026-03-15T13:40:20Z", "ended_at": "2026-03-15T13:51:15Z", "metadata": {"queue": "renewals"}}
""")
_LOG = _LOG_REQUEST | parsed("""
  {"call_id": "call_1j2kd9", "created_at": "2026-03-15T14:22:11Z", "updated_at": "2026-03-15T14:22:11Z"}
""")
_CALL = _CALL_REQUEST | parsed("""
  {"call_id": "call_1j2kd9", "duration_seconds": 655, "recording_ids": ["rec_8sj29a"], "linked_recording_ids": [],
   "created_at": "2026-03-15T14:22:11Z", "updated_at": "2026-03-15T14:22:11Z"}
""")


# --- requests -----------------------------------------------------------------------------------------------


class CallFacts(RequestModel):
    """What may be said of a call besides its direction."""

    from_number: Phone | None = Field(None, description="The number that called.")
    to_number: Phone | None = Field(None, description="The number that was called.")
    agent_id: Id | None = Field(None, description="Who of the organization spoke, by the client's own id.")
    contact_id: Id | None = Field(None, description="The contact that the call was with.")
    campaign_id: Id | None = Field(None, description="The campaign it belongs to, by the client's own id.")
    started_at: Moment | None = Field(None, description="When it began.")
    ended_at: Moment | None = Field(None, description="When it ended; not before `started_at`.")
    metadata: Metadata | None = Field(None, description=_OF_METADATA)


class RegisterCallRequest(CallFacts):
    """A call that has been, or is under way."""

    model_config = ConfigDict(json_schema_extra=example(_CALL_REQUEST))

    call_id: Id | None = Field(None, description="Its id, not `docs`; one is made where it is left out.")
    direction: Annotated[CallDirection, ByValue] = Field(description="Who called whom.")


class ChangeCallRequest(CallFacts):
    """What is sent replaces, what is left out stays, and null takes away."""

    model_config = ConfigDict(json_schema_extra=example('{"ended_at": "2026-03-15T13:51:15Z", "campaign_id": null}'))

    direction: Annotated[CallDirection, ByValue] = left_out(description="Who called whom.")


class RecordingLogRequest(RequestModel):
    """The log of one recording. On an update what is left out stays, and null takes away."""

    model_config = ConfigDict(json_schema_extra=example(_LOG_REQUEST))

    recording_id: Id = Field(description="The recording: one of Auricle's own, or one that lies elsewhere.")
    recording_url: HttpsUrl = Field(description="Where it can be played. It is kept and shown, and never fetched.")
    duration_seconds: WholeNumber = Field(ge=0, le=MAX_DURATION_S, description="Its length; a week at most.")
    transcription_id: Id | None = Field(None, description="Its transcription, by the client's own id.")
    transcription_status: Annotated[LogTranscriptionStatus, ByValue] | None = Field(
        None, description="How far its transcription is."
    )
    started_at: Moment | None = Field(None, description="When the recording began.")
    ended_at: Moment | None = Field(None, description="When the recording ended; not before `started_at`.")
    metadata: Metadata | None = Field(None, description=_OF_METADATA)


# --- responses ----------------------------------------------------------------------------------------------


class CallRecordingLog(ResponseModel):
    """What is known of one recording of a call."""

    call_id: str = Field(description="The call it is of.")
    recording_id: str = Field(description="The recording.")
    recording_url: str = Field(description="Where it can be played.")
    duration_seconds: int = Field(description="Its length.")
    transcription_id: str | None = Field(description="Its transcription, by the client's own id.")
    transcription_status: LogTranscriptionStatus | None = Field(
        description="As it was sent; where it was not, of a recording of Auricle's own, how far that is now."
    )
    started_at: ShownMoment | None = Field(description="When the recording began.")
    ended_at: ShownMoment | None = Field(description="When the recording ended.")
    metadata: Mapping[str, Any] | None = Field(description="As it was sent.")
    created_at: ShownMoment = Field(description="When the log was first saved.")
    updated_at: ShownMoment = Field(description="When it was last saved.")

    @classmethod
    def of(cls, call: calls.TelephoneCall, log: calls.RecordingLog) -> CallRecordingLog:
        return cls(call_id=call.id, duration_seconds=log.duration_s, **same_fields(cls, log))


class TelephoneCall(ResponseModel):
    """A telephone call."""

    call_id: str = Field(description="Its id.")
    direction: CallDirection = Field(description="Who called whom.")
    from_number: str | None = Field(description="The number that called.")
    to_number: str | None = Field(description="The number that was called.")
    agent_id: str | None = Field(description="Who of the organization spoke, by the client's own id.")
    contact_id: str | None = Field(description="The contact that the call was with.")
    campaign_id: str | None = Field(description="The campaign it belongs to, by the client's own id.")
    started_at: ShownMoment | None = Field(description="When it began.")
    ended_at: ShownMoment | None = Field(description="When it ended.")
    duration_seconds: int | None = Field(description="From `started_at` to `ended_at`; null until both are known.")
    metadata: Mapping[str, Any] | None = Field(description="As it was sent.")
    recording_ids: list[str] = Field(description="Recordings that have a log.")
    linked_recording_ids: list[str] = Field(description="Those of them that are Auricle's own.")
    created_at: ShownMoment = Field(description="When it was registered.")
    updated_at: ShownMoment = Field(description="When it or one of its logs was last changed.")

    @classmethod
    def of(cls, call: calls.TelephoneCall) -> TelephoneCall:
        return cls(
            call_id=call.id,
            direction=call.direction,
            duration_seconds=call.duration_s,
            recording_ids=[log.recording_id for log in call.logs],
            linked_recording_ids=list(call.linked_recording_ids),
            created_at=call.registered_at,
            updated_at=call.updated_at,
            **same_fields(CallFacts, call),
        )


class RecordingLogs(ResponseModel):
    """The logs of one call."""

    recording_logs: list[CallRecordingLog] = Field(description=f"In order of first saving; {calls.MAX_LOGS} at most.")


class CallPage(ResponseModel):
    """Some calls, newest first."""

    calls: list[TelephoneCall] = Field(description="The calls of this page.")
    page: int | None = Field(description="The page asked for; null where a cursor was.")
    page_size: int = Field(description="How many a page has at most.")
    next: str | None = Field(description="The cursor of what follows; null at the end.")


class _Success(ResponseModel):
    """The envelope of every answer."""

    status: Literal["success"] = Field(description="That it is no error.")
    message: str = Field(description="What was done, in a sentence.")


def _answer(message: str, data: dict[str, Any]) -> JsonDict:
    return example({"status": "success", "message": message, "data": data})


class CallResponse(_Success):
    """One call."""

    model_config = ConfigDict(json_schema_extra=_answer("Call retrieved successfully.", _CALL))

    data: TelephoneCall = Field(description="The call.")


class CallsResponse(_Success):
    """A page of calls."""

    model_config = ConfigDict(
        json_schema_extra=_answer(
            "Calls retrieved successfully.", {"calls": [_CALL], "page": 1, "page_size": 50, "next": None}
        )
    )

    data: CallPage = Field(description="The page.")


class RecordingLogResponse(_Success):
    """One recording log."""

    model_config = ConfigDict(json_schema_extra=_answer("Call recording log saved successfully.", _LOG))

    data: CallRecordingLog = Field(description="The log.")


class RecordingLogsResponse(_Success):
    """The recording logs of one call."""

    model_config = ConfigDict(
        json_schema_extra=_answer("Call recording logs retrieved successfully.", {"recording_logs": [_LOG]})
    )

    data: RecordingLogs = Field(description="The logs.")
