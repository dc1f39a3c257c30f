"""Consent to recordings: recorded, withdrawn, and who did so when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import StringConstraints

from api.legacy.answers import json_response
from api.legacy.reading import Asked
from api.legacy.surface import Call, etag
from api.legacy.surfaces.agent.wire import STATUSES, surface
from auricle.recordings.consent import Consent, content_may_be_shown

if TYPE_CHECKING:
    from starlette.responses import Response

    from auricle.recordings.recording import Recording


class ConsentRequest(Asked):
    """`PUT /recordings/{id}/consent`."""

    consent_status: Literal["all_consented", "one_party", "pending", "withdrawn"]
    note: Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")] | (
        None
    ) = None


@surface.get("/recordings/{recording_id}/consent")
async def get_recording_consent(call: Call) -> Response:
    recording = call.services.recordings.get(call.org, call.recording_id(), with_trashed=True)
    return json_response(_consent(recording), headers=etag(recording.revision))


@surface.put("/recordings/{recording_id}/consent", reads=ConsentRequest)
async def record_recording_consent(call: Call, asked: ConsentRequest) -> Response:
    from auricle.directory.organization_settings import settings_of
    from auricle.recordings.consent_changes import record_consent

    services, now = call.services, call.parts.now()
    recording = record_consent(
        call.org,
        call.recording_id(),
        Consent(asked.consent_status),
        by=call.caller.user,
        note=asked.note,
        intake=call.intake,
        all_recordings=services.recordings_for_consent,
        grace=settings_of(call.org, records=services, now=now).consent_grace,
        now=now,
        if_revision=call.if_revision,
    )
    return json_response(_consent(recording), headers=etag(recording.revision))


def _consent(recording: Recording) -> dict[str, Any]:
    from auricle.recordings.consent_changes import consent_history

    basis, withdrawal = recording.consent_basis, recording.withdrawal
    return {
        "id": recording.id,
        "consent_status": recording.consent.value,
        "basis": {"kind": basis.kind, "legal_basis": basis.legal_basis, "since": basis.at} if basis else None,
        "customer_consents": recording.parties.customer,
        "rep_consents": recording.parties.rep,
        "content_shown": content_may_be_shown(recording),
        "withdrawn_at": withdrawal.at if withdrawal else None,
        "erase_at": withdrawal.erase_at if withdrawal else None,
        "withdrawn_with": withdrawal.with_recording if withdrawal else None,
        "status": STATUSES[recording.status],
        "history": [
            {
                "consent_status": change.consent.value,
                "recorded_at": change.at,
                "recorded_by": change.by or None,
                "note": change.note,
            }
            for change in consent_history(recording)
        ],
        "updated_at": recording.updated_at,
    }
