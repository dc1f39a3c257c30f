"""What the agent API reads and answers of what recordings are linked to."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from api.examples import RECORDING_ID, example, parsed
from api.models import Id, RequestModel, ResponseModel, ShownMoment
from auricle.recordings.recording import MAX_CONTACTS

ContactIds = Annotated[list[Id], Field(max_length=MAX_CONTACTS)]

_TO_LINK = parsed('{"contact_ids": ["contact_uuid_1", "contact_uuid_2"], "deal_id": "deal_uuid"}')


class LinkRequest(RequestModel):
    """What to link a recording to: contacts, a deal, or both."""

    model_config = ConfigDict(json_schema_extra=example(_TO_LINK))

    contact_ids: ContactIds = Field([], description="Contacts to add to those it is linked to already.")
    deal_id: Id | None = Field(None, description="The deal to link it to, by its id in the CRM, known here or not.")


class UnlinkRequest(RequestModel):
    """What to take off a recording: contacts, the deal, or both."""

    model_config = ConfigDict(json_schema_extra=example('{"contact_ids": ["contact_uuid_2"], "deal_id": "deal_uuid"}'))

    contact_ids: ContactIds = Field([], description="Contacts to take off.")
    deal_id: Id | None = Field(None, description="The deal to take off; another than the recording's changes nothing.")


class RecordingLinks(ResponseModel):
    """What a recording is linked to."""

    model_config = ConfigDict(
        json_schema_extra=example({**_TO_LINK, "id": RECORDING_ID, "updated_at": "2026-03-30T12:00:00Z"})
    )

    id: str = Field(description="The recording's id.")
    contact_ids: list[str] = Field(description="Contacts on whose timelines it is.")
    deal_id: str | None = Field(description="The deal it concerns.")
    updated_at: ShownMoment = Field(description="When the recording was last changed, by anybody or by processing.")
