"""What all of the agent API shares: where its paths begin, who may use it, and its words for statuses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeVar

from fastapi import Query, Response, Security

from api.dependencies import RequestContext, page_size, path_id, request_context, tag_revision
from api.idempotency import Idempotent
from api.models import EndMoment, Moment, QueryInteger, ResponseModel
from auricle.errors import ContactNotFound, InvalidRequest
from auricle.recordings.recording import Status
from auricle.records import Record

PREFIX = "/api/v1/agent/founder"

Founder = Annotated[RequestContext, Security(request_context, scopes=["role:founder"])]
FounderOnce = Annotated[RequestContext, Security(Idempotent(), scopes=["role:founder"])]
"""Of a POST: `Idempotency-Key` is honoured."""
ContactId = Annotated[str, path_id(ContactNotFound, "contact")]
PerPage = Annotated[QueryInteger, page_size("per_page")]
DateFrom = Annotated[Moment | None, Query(description="Of that moment or later; a date means the beginning of it.")]
DateTo = Annotated[EndMoment | None, Query(description="Of that moment or earlier; a date means all of that day.")]
RecordingType = Literal["phone", "in_person", "video", "voice_memo"]
"""What kind of conversation a recording is."""
_Shown = TypeVar("_Shown", bound=ResponseModel)


def check_dates(date_from: datetime | None, date_to: datetime | None) -> None:
    """Raises InvalidRequest: there is nothing between the two."""
    if date_from and date_to and date_from > date_to:
        raise InvalidRequest("date_from must not be later than date_to", field="date_from")


def tagged(model: type[_Shown], record: Record, response: Response) -> _Shown:
    """The record as the model shows it, with its revision in the answer's `etag`."""
    tag_revision(response, record.revision)
    return model.model_validate(record)


class TranscriptionStatus(StrEnum):
    """How far the transcription is. `completed` and `failed` are final unless it is processed again."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class RecordingStatus(StrEnum):
    """How far the recording is as a whole. `completed` and `failed` are final unless it is processed again."""

    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


TRANSCRIPTION_STATUSES: Mapping[Status, TranscriptionStatus] = {
    Status.RECORDING: TranscriptionStatus.QUEUED,
    Status.UPLOADING: TranscriptionStatus.QUEUED,
    Status.UPLOADED: TranscriptionStatus.QUEUED,
    Status.TRANSCRIBING: TranscriptionStatus.PROCESSING,
    Status.AWAITING_REDACTION: TranscriptionStatus.COMPLETED,
    Status.REDACTING: TranscriptionStatus.COMPLETED,
    Status.COMPLETE: TranscriptionStatus.COMPLETED,
    Status.RAW_SPLIT: TranscriptionStatus.COMPLETED,
    Status.ERROR: TranscriptionStatus.FAILED,
    Status.UNRECOVERABLE_ERROR: TranscriptionStatus.FAILED,
}
STATUSES: Mapping[Status, RecordingStatus] = {
    **dict.fromkeys(TRANSCRIPTION_STATUSES, RecordingStatus.PROCESSING),
    Status.COMPLETE: RecordingStatus.COMPLETED,
    Status.RAW_SPLIT: RecordingStatus.COMPLETED,
    Status.ERROR: RecordingStatus.FAILED,
    Status.UNRECOVERABLE_ERROR: RecordingStatus.FAILED,
}
