"""Consent to recordings: recorded, withdrawn, and who did so when."""

from __future__ import annotations

from fastapi import Response

from api.agent.consent.models import RecordConsentRequest, RecordingConsent
from api.agent.errors import NO_RECORDING
from api.agent.shared import PREFIX, Founder
from api.dependencies import IfMatch, RecordingId, tag_revision
from api.problems import errors
from api.routing import api_router
from auricle.recordings.consent import Consent

router = api_router(PREFIX, tags=["consent"])


@router.get("/recordings/{recording_id}/consent", responses=errors(NO_RECORDING), summary="Get a recording's consent")
async def get_recording_consent(recording_id: RecordingId, context: Founder, response: Response) -> RecordingConsent:
    """What holds now and what it rests on, and who recorded what when, beginning with what held at the upload. Also
    of a recording in the trash."""
    recording = context.stores.recordings.get(context.org, recording_id, with_trashed=True)
    tag_revision(response, recording.revision)
    return RecordingConsent.of(recording)


@router.put("/recordings/{recording_id}/consent", responses=errors(NO_RECORDING), summary="Record or withdraw consent")
async def record_recording_consent(
    recording_id: RecordingId, body: RecordConsentRequest, context: Founder, if_match: IfMatch, response: Response
) -> RecordingConsent:
    """A recording that was held is processed once all parties, or the one that must, have consented. Withdrawing
    consent stops processing at its next step and hides the content at once, on every API: URLs that were signed
    before do not work any more either. After the organization's grace period everything is erased; recording consent
    again before that brings it back. Neither a lock nor the trash is a hindrance."""
    from auricle.directory.organization_settings import settings_of
    from auricle.recordings.consent_changes import record_consent

    recording = record_consent(
        context.org,
        recording_id,
        Consent(body.consent_status),
        by=context.caller.user,
        note=body.note,
        intake=context.intake,
        all_recordings=context.stores.recordings_for_consent,
        grace=settings_of(context.org, records=context.stores, now=context.now).consent_grace,
        now=context.now,
        if_revision=if_match,
    )
    tag_revision(response, recording.revision)
    return RecordingConsent.of(recording)
