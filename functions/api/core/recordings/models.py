"""What the core API reads and answers of one recording; `recording` has the recording itself."""

from __future__ import annotations

from base64 import b64decode
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from api.core.recordings.recording import (
    EXAMPLE,
    WHOLE_EXAMPLE,
    ConversationQuality,
    CoreRecording,
    Outcome,
    OutcomeLabel,
    RecordError,
    SparseCoreRecording,
)
from api.examples import example
from api.models import CamelRequestModel, CamelResponseModel, Line, Moment, WholeNumber, without_none
from auricle.recordings.chunks import MAX_CHUNKS
from auricle.recordings.edits import Edit
from auricle.recordings.recording import Result

MAX_SIGNATURE_BYTES = 256 * 1024
Flag = Literal["true", "false"]
TextBlock = Annotated[str, StringConstraints(max_length=20_000)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
Trigger = Literal["button-press", "deeplink", "modern-deeplink", "mobile-sdk"]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


def _signature(value: str) -> str:
    try:
        content = b64decode(value, validate=True)
    except ValueError:
        raise ValueError("must be base64") from None
    if not 0 < len(content) <= MAX_SIGNATURE_BYTES:
        raise ValueError(f"must have 1 to {MAX_SIGNATURE_BYTES} bytes")
    return value


Signature = Annotated[str, StringConstraints(min_length=4, max_length=350_000), AfterValidator(_signature)]
ChunkNumber = Annotated[str, StringConstraints(max_length=4, pattern=r"^[0-9]+$")]
ChunkNumbers = Annotated[list[ChunkNumber], Field(max_length=MAX_CHUNKS)]
ChunkCount = Annotated[WholeNumber, Field(ge=1, le=MAX_CHUNKS)]
NamedStatus = Literal[
    "RECORDING",
    "UPLOADING",
    "UPLOADED",
    "TRANSCRIBING",
    "AWAITING_REDACTION",
    "REDACTING",
    "COMPLETE",
    "SECONDARY_TRANSCRIPTION_COMPLETE",
    "ERROR",
    "UNRECOVERABLE_ERROR",
    "REMOVED",
    "RAW_SPLIT",
]

CHANGE_EXAMPLE: dict[str, Any] = {"title": "Renewal with Jane Smith", "result": "closed"}

_CLEARABLE = {
    "title": "title",
    "notes": "notes",
    "conversation_type": "conversation_type",
    "outcome_label": "outcome_label",
    "conversation_quality_tag": "conversation_quality",
}


"""Fields that null clears, and what the domain calls them."""
_SETTABLE = {
    "is_private": "private",
    "discoverable": "discoverable",
    "lock": "locked",
    "do_not_delete": "do_not_delete",
    "advanced_bookmarks_checked": "advanced_bookmarks_checked",
    "date_created": "created_at",
}


"""Fields that null leaves as they are."""


class RecordingChanges(CamelRequestModel):
    """What clients may change of a recording."""

    title: Line | None = Field(None, description="What people call it.")
    notes: TextBlock | None = Field(None, description="What its owner notes.")
    conversation_type: Line | None = Field(None, description="The kind of conversation, in the organization's words.")
    result: Outcome | None = Field(None, description="What came of the conversation.")
    outcome_label: OutcomeLabel | None = Field(None, description="Deprecated in favour of `result`.")
    conversation_quality_tag: ConversationQuality | None = Field(None, description="Whether it is a full conversation.")
    is_private: bool | None = Field(None, description="Seen by owner and administrators alone. Null changes nothing.")
    discoverable: bool | None = Field(
        None, description="Where false, not listed or found by others. Null changes nothing."
    )
    lock: bool | None = Field(None, description="Whether nothing but the lock can be changed. Null changes nothing.")
    do_not_delete: bool | None = Field(None, description="Whether it is protected from deletion. Null changes nothing.")
    advanced_bookmarks_checked: bool | None = Field(None, description="Kept, and not read. Null changes nothing.")
    date_created: Moment | None = Field(None, description="From 1990 to a day from now. Null changes nothing.")
    transcription_status: NamedStatus | None = Field(None, description="`UPLOADING` ends it; no other may be sent.")
    number_of_expected_chunks: ChunkCount | None = Field(None, description="How many chunks there are to be.")
    expected_chunks_outstanding: ChunkNumbers | None = Field(None, description="Chunks still to come: expected too.")
    terminated_ungraciously: bool | None = Field(None, description="Whether the app ended while it was recording.")
    record_errors: list[RecordError] | None = Field(None, max_length=10, description="What went wrong on the phone.")
    latitude: Latitude | None = Field(None, description="Where it was recorded, in degrees.")
    longitude: Longitude | None = Field(None, description="Where it was recorded, in degrees.")
    customer_consent_attested: bool | None = Field(
        None,
        description="Whether the customer agrees to being recorded. Consent counts as withdrawn where either refuses.",
    )
    rep_consent_attested: bool | None = Field(None, description="Whether the representative agrees to it.")
    consent_signature_base64: Signature | None = Field(
        None, alias="consentSignatureBase64", description="The customer's signature; at most 256 KiB, in Base64."
    )

    def edit(self) -> Edit:
        """What is changed of the recording's fields."""
        fields = {name: getattr(self, field) for field, name in _CLEARABLE.items() if field in self.model_fields_set}
        if "result" in self.model_fields_set:
            fields["result"] = Result(self.result) if self.result else None
        fields |= without_none({name: getattr(self, field) for field, name in _SETTABLE.items()})
        capture = without_none(
            {
                "terminated_ungracefully": self.terminated_ungraciously,
                "record_errors": None if self.record_errors is None else tuple(self.record_errors),
                "latitude": self.latitude,
                "longitude": self.longitude,
            }
        )
        return Edit(fields, capture)

    def signature(self) -> bytes | None:
        return b64decode(self.consent_signature_base64) if self.consent_signature_base64 else None


class ChangeRecordingRequest(RecordingChanges):
    """What to change. What is not sent stays; null clears what can be empty."""

    model_config = ConfigDict(json_schema_extra=example({**CHANGE_EXAMPLE, "lock": False}))


class RecordingResponse(CamelResponseModel):
    """One recording. It is its own page."""

    model_config = ConfigDict(
        json_schema_extra=example({"data": WHOLE_EXAMPLE, "cursor": None, "pageSize": 1, "limit": 1})
    )

    data: CoreRecording = Field(description="The recording.")
    cursor: None = Field(description="Always null.")
    page_size: int = Field(description="Always 1.")
    limit: int = Field(description="Always 1.")


class ChangedRecordingResponse(CamelResponseModel):
    """The recording as it stands now."""

    model_config = ConfigDict(json_schema_extra=example({"data": EXAMPLE}))

    data: SparseCoreRecording = Field(description="The recording.")
