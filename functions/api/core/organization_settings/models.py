"""What the API reads and answers of the organization's settings."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from api.core.shared import Timestamp
from api.examples import example
from api.models import ByValue, CamelRequestModel, CamelResponseModel, WholeNumber, left_out, same_fields
from auricle.directory.organization_settings import MAX_GRACE_DAYS, ConsentPolicy, OrganizationSettings

LegalBasis = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f\u2028\u2029]*$"),
]

_POLICY = (
    "What holds for a recording whose client says nothing of consent (audio files without `consentStatus`, and the "
    "core API's recordings until consent is attested): `assumed`, it is processed on the legal basis below; or `held`, "
    "it is kept and not processed until somebody records consent. `assumed` unless set. A change counts for recordings "
    "that are made from then on."
)
_BASIS = (
    "On which basis consent is assumed, in the organization's own words. It is noted with each recording whose consent "
    "is assumed. `legitimate interest` unless set."
)
_GRACE = (
    "Days between the withdrawal of consent and the erasure of the recording: 0 to 365, 30 unless set. Until then "
    "consent can be recorded again. A change counts for withdrawals from then on."
)


class ChangeOrganizationSettingsRequest(CamelRequestModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra=example({"consentPolicy": "held", "consentGraceDays": 14}))

    consent_policy: Annotated[ConsentPolicy, ByValue] = left_out(description=_POLICY)
    consent_legal_basis: LegalBasis = left_out(description=_BASIS)
    consent_grace_days: WholeNumber = left_out(ge=0, le=MAX_GRACE_DAYS, description=_GRACE)

    def changes(self) -> dict[str, Any]:
        """What it changes, by the names of the settings' fields."""
        return self.model_dump(exclude_unset=True)


class OrganizationSettingsFields(CamelResponseModel):
    """The organization's settings, with the defaults where it has set nothing."""

    consent_policy: ConsentPolicy = Field(description=_POLICY)
    consent_legal_basis: str = Field(description=_BASIS)
    consent_grace_days: int = Field(description=_GRACE)
    updated_at: Timestamp | None = Field(description="When they were last changed; null where they never were.")


class OrganizationSettingsResponse(CamelResponseModel):
    """The organization's settings."""

    model_config = ConfigDict(
        json_schema_extra=example("""{"data": {
          "consentPolicy": "held", "consentLegalBasis": "legitimate interest", "consentGraceDays": 14,
          "updatedAt": "2026-03-30T12:00:00.000Z"
        }}""")
    )

    data: OrganizationSettingsFields = Field(description="The settings.")

    @classmethod
    def of(cls, settings: OrganizationSettings) -> OrganizationSettingsResponse:
        changed_at = {"updated_at": settings.updated_at if settings.revision else None}
        return cls(data=OrganizationSettingsFields(**same_fields(OrganizationSettingsFields, settings) | changed_at))
