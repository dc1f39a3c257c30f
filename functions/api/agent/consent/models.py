"""What the agent API reads and answers of consent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from api.agent.shared import STATUSES, RecordingStatus
from api.examples import example
from api.models import RequestModel, ResponseModel, ShownMoment
from auricle.recordings.consent import BasisKind, Consent, content_may_be_shown
from auricle.recordings.recording import Recording

Note = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]


class RecordConsentRequest(RequestModel):
    """The consent that holds from now on."""

    model_config = ConfigDict(
        json_schema_extra=example('{"consent_status": "all_consented", "note": "agreed by email"}')
    )

    consent_status: Literal["all_consented", "one_party", "pending", "withdrawn"] = Field(
        description="Who agreed to being recorded; `withdrawn` also where somebody refused from the start."
    )
    note: Note | None = Field(None, description="Kept with the change: how it was said, for instance.")


class ConsentEntry(ResponseModel):
    """Who recorded which consent when."""

    consent_status: Consent = Field(description="What was recorded.")
    recorded_at: ShownMoment = Field(description="When it was recorded.")
    recorded_by: str | None = Field(description="The user who recorded it; null where nobody is known.")
    note: str | None = Field(description="What they noted.")


class RecordingConsentBasis(ResponseModel):
    """What consent rests on."""

    kind: BasisKind = Field(
        description="`stated`: a client or a person said it of this recording. `policy`: nobody did, and the "
        "organization's settings decided."
    )
    legal_basis: str | None = Field(description="What the settings named when the policy assumed consent.")
    since: ShownMoment = Field(description="Since when it rests on that.")


class RecordingConsent(ResponseModel):
    """The consent that holds, and everything that was recorded of it."""

    model_config = ConfigDict(
        json_schema_extra=example("""
          {"id": "rec_19d4f2a1b00c0ffee12345678901234", "consent_status": "all_consented",
           "basis": {"kind": "stated", "legal_basis": null, "since": "2026-03-30T12:05:00Z"},
           "customer_consents": null, "rep_consents": null, "content_shown": true,
           "withdrawn_at": null, "erase_at": null, "withdrawn_with": null, "status": "processing",
           "history": [
             {"consent_status": "pending", "recorded_at": "2026-03-30T12:00:00Z", "recorded_by": "user_1",
              "note": null},
             {"consent_status": "all_consented", "recorded_at": "2026-03-30T12:05:00Z", "recorded_by": "user_1",
              "note": "agreed by email"}],
           "updated_at": "2026-03-30T12:05:00Z"}
        """)
    )

    id: str = Field(description="The id of the recording.")
    consent_status: Consent = Field(
        description="`withdrawn`: refused by somebody who was recorded, or taken back. Then, and while it is "
        "`pending`, nothing is processed and no content is shown."
    )
    basis: RecordingConsentBasis | None = Field(description="What it rests on; null where that was not noted yet.")
    customer_consents: bool | None = Field(description="What the customer said, as attested; null where not known.")
    rep_consents: bool | None = Field(description="What the representative said, as attested; null where not known.")
    content_shown: bool = Field(description="Whether audio, transcript, summary and all else found in it are shown.")
    withdrawn_at: ShownMoment | None = Field(description="When consent was withdrawn, where it is.")
    erase_at: ShownMoment | None = Field(description="When it is erased for good, unless consent is recorded again.")
    withdrawn_with: str | None = Field(description="The recording it is made of, where that one's was withdrawn.")
    status: RecordingStatus = Field(description="How far the recording is as a whole.")
    history: list[ConsentEntry] = Field(description="What was recorded, oldest first, from what held at the upload on.")
    updated_at: ShownMoment = Field(description="When the record was last changed.")

    @classmethod
    def of(cls, recording: Recording) -> RecordingConsent:
        from auricle.recordings.consent_changes import consent_history

        basis, withdrawal = recording.consent_basis, recording.withdrawal
        return cls(
            id=recording.id,
            consent_status=recording.consent,
            basis=RecordingConsentBasis(kind=basis.kind, legal_basis=basis.legal_basis, since=basis.at)
            if basis
            else None,
            customer_consents=recording.parties.customer,
            rep_consents=recording.parties.rep,
            content_shown=content_may_be_shown(recording),
            withdrawn_at=withdrawal.at if withdrawal else None,
            erase_at=withdrawal.erase_at if withdrawal else None,
            withdrawn_with=withdrawal.with_recording if withdrawal else None,
            status=STATUSES[recording.status],
            history=[
                ConsentEntry(
                    consent_status=each.consent, recorded_at=each.at, recorded_by=each.by or None, note=each.note
                )
                for each in consent_history(recording)
            ],
            updated_at=recording.updated_at,
        )
