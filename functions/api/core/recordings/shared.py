"""What the routes of recordings share: how they change one, and how they show it and whom it concerns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastapi import Query, Response

from api.core.errors import NO_RECORDING
from api.core.recordings.models import ChangedRecordingResponse, RecordingChanges
from api.core.recordings.parts import CrmCustomer
from api.core.recordings.recording import SparseCoreRecording
from api.dependencies import RequestContext, tag_revision
from api.problems import PossibleError, errors
from auricle.recordings.recording import Recording, RecordingDetail

if TYPE_CHECKING:
    from auricle.recordings.updates import AttestedConsent

NOT_YOURS = PossibleError(403, "forbidden", "`isPrivate` and `discoverable` are the owner's and administrators'.")
CHANGE_ERRORS = errors(
    NOT_YOURS,
    NO_RECORDING,
    PossibleError(409, "conflict", "The recording is locked, or takes no chunks (any more)."),
    PossibleError(409, "illegal-transition", "The status is not a client's to set."),
)


def shows(flag: str, what: str) -> Any:
    """Of a parameter that asks for a part of a recording."""
    return Query(alias=flag, description=f"Show {what}.")


def sparse(context: RequestContext, detail: RecordingDetail) -> SparseCoreRecording:
    """The recording as the caller sees it, without what nothing has set."""
    return SparseCoreRecording.of(context.stores.as_seen(detail, context.caller.reader))


def as_it_stands(context: RequestContext, recording_id: str, response: Response) -> ChangedRecordingResponse:
    """The recording after a change."""
    detail = context.stores.recordings.detail(context.org, recording_id, with_trashed=True)
    tag_revision(response, detail.recording.revision)
    return ChangedRecordingResponse(data=sparse(context, detail))


def change(
    recording_id: str, body: RecordingChanges, context: RequestContext, if_match: int | None, response: Response
) -> ChangedRecordingResponse:
    """Makes the changes, all of them or none, and shows the recording as it then stands."""
    from auricle.recordings.updates import Update, update_recording

    update_recording(
        context.org,
        recording_id,
        Update(
            body.edit(),
            status=body.transcription_status,
            chunk_count=body.number_of_expected_chunks,
            chunks_to_come=[int(number) for number in body.expected_chunks_outstanding or ()],
            consent=_attested_consent(body, context),
            consent_signature=body.signature(),
        ),
        viewer=context.stores.viewer,
        intake=context.intake,
        all_recordings=context.stores.recordings_for_consent,
        now=context.now,
        if_revision=if_match,
    )
    return as_it_stands(context, recording_id, response)


def _attested_consent(body: RecordingChanges, context: RequestContext) -> AttestedConsent | None:
    if body.customer_consent_attested is None and body.rep_consent_attested is None:
        return None
    from auricle.directory.organization_settings import settings_of
    from auricle.recordings.consent import Parties
    from auricle.recordings.updates import AttestedConsent

    settings = settings_of(context.org, records=context.stores, now=context.now)
    parties = Parties(customer=body.customer_consent_attested, rep=body.rep_consent_attested)
    return AttestedConsent(parties, by=context.caller.user, grace=settings.consent_grace)


def customers_of(recordings: Sequence[Recording], context: RequestContext) -> list[CrmCustomer | None]:
    """Whom each of the recordings concerns."""
    from auricle.crm.crm_link import customers_of as find

    found = find(context.org, recordings, records=context.stores, contacts=context.stores.contacts)
    return [CrmCustomer.of(customer) if customer else None for customer in found]
