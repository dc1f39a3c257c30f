"""What the agent API reads and answers of what recordings are linked to."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.examples import CREATED_AT, RECORDING_ID
from api.models import Id, RequestModel, ResponseModel, ShownMoment
from auricle.recordings.recording import MAX_CONTACTS, Recording

ContactIds = Annotated[list[Id], Field(max_length=MAX_CONTACTS)]

_LINKS: dict[str, Any] = {
    "id": RECORDING_ID,
    "contact_ids": ["contact_uuid_1", "contact_uuid_2"],
    "deal_id": "deal_uuid",
    "updated_at": CREATED_AT,
}


class LinkRequest(RequestModel):
    """What to link a recording to: contacts, a deal, or both."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"contact_ids": ["contact_uuid_1", "contact_uuid_2"], "deal_id": "deal_uuid"}],
        },
    )

    contact_ids: ContactIds = Field([], description="Contacts to add to those it is linked to already.")
    deal_id: Id | None = Field(None, description="The deal to link it to, by its id in the CRM, known here or not.")


class UnlinkRequest(RequestModel):
    """What to take off a recording: contacts, the deal, or both."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"contact_ids": ["contact_uuid_2"], "deal_id": "deal_uuid"}]}
    )

    contact_ids: ContactIds = Field([], description="Contacts to take off.")
    deal_id: Id | None = Field(None, description="The deal to take off; another than the recording's changes nothing.")


class RecordingLinks(ResponseModel):
    """What a recording is linked to."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LINKS]})

    id: str = Field(description="The recording's id.")
    contact_ids: list[str] = Field(description="Contacts on whose timelines it is.")
    deal_id: str | None = Field(description="The deal it concerns.")
    updated_at: ShownMoment = Field(description="When the recording was last changed, by anybody or by processing.")

    @classmethod
    def of(cls, recording: Recording) -> RecordingLinks:
        return cls(
            id=recording.id,
            contact_ids=list(recording.contact_ids),
            deal_id=recording.deal_id,
            updated_at=recording.updated_at,
        )
