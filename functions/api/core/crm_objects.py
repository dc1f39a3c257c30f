"""Records of the CRM that the request making a recording names by the CRM's own ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints

from api.models import CamelRequestModel

if TYPE_CHECKING:
    from api.dependencies import RequestContext
    from auricle.recordings.recording import Recording

CrmObjectType = Literal["Opportunity", "Account", "Contact", "Lead", "Engagement", "Event", "ServiceAppointment"]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class CrmObjectRequest(CamelRequestModel):
    """A record of the CRM."""

    object_type: CrmObjectType = Field(description="What it is; `Event` and `ServiceAppointment` are engagements.")
    object_id: ExternalId = Field(description="The CRM's id of it.")


CrmObjects = Annotated[
    list[CrmObjectRequest],
    Field(max_length=20, description="The records of the CRM that the recording concerns; it is linked to the first."),
]

_DATA_TYPES = {
    "Opportunity": "OPPORTUNITY",
    "Account": "ACCOUNT",
    "Contact": "CONTACT",
    "Lead": "LEAD",
    "Engagement": "ENGAGEMENT",
    "Event": "ENGAGEMENT",
    "ServiceAppointment": "ENGAGEMENT",
}
"""What links call the CRM's object types."""


def link_to_first(
    context: RequestContext, objects: Sequence[CrmObjectRequest], connection_id: str | None
) -> Callable[[Recording], Recording]:
    """What links a recording that is not stored yet to the first of the objects."""

    def link(recording: Recording) -> Recording:
        from auricle.crm.crm_link import linked_by_external_id
        from auricle.recordings.recording import CrmLink

        first, stores = objects[0], context.stores
        named = CrmLink(
            _DATA_TYPES[first.object_type],
            external_id=first.object_id,
            connection_id=connection_id,
            trigger="AUDIO_UPLOAD_DEEPLINK",
        )
        return linked_by_external_id(recording, named, records=stores, contacts=stores.contacts, now=context.now)

    return link if objects else lambda recording: recording
