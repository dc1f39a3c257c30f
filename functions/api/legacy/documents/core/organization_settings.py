"""In the OpenAPI document: what the organization decides for all of its recordings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from api.legacy.documents import CREATED_AT, CamelShown, Documented, Refusal


class SettingsShown(CamelShown):
    """The organization's settings, with the defaults where it has said nothing."""

    consent_policy: Literal["assumed", "held"] = Field(
        description="What holds for a recording whose client says nothing of consent (audio files without "
        "`consentStatus`, and the core API's recordings until consent is attested): `assumed`, it is processed on the "
        "legal basis below; or `held`, it is kept and not processed until somebody records consent. `assumed` unless "
        "set. A change counts for recordings that are made from then on."
    )
    consent_legal_basis: str = Field(
        description="On which basis consent is assumed, in the organization's own words. It is noted with each "
        "recording whose consent is assumed. `legitimate interest` unless set."
    )
    consent_grace_days: int = Field(
        description="Days between the withdrawal of consent and the erasure of the recording: 0 to 365, 30 unless "
        "set. Until then consent can be recorded again. A change counts for withdrawals from then on."
    )
    updated_at: str | None = Field(description="Null of an organization that has not changed any.")


class SettingsAnswer(CamelShown):
    """The organization's settings."""

    data: SettingsShown


_SETTINGS: Mapping[str, Any] = {
    "data": {
        "consentPolicy": "held",
        "consentLegalBasis": "legitimate interest",
        "consentGraceDays": 14,
        "updatedAt": CREATED_AT.replace("Z", ".000Z"),
    }
}

OPERATIONS: Mapping[str, Documented] = {
    "get_organization_settings": Documented(
        "The organization's settings",
        "What it decides for all of its recordings, with the defaults where it has said nothing.",
        SettingsAnswer,
        _SETTINGS,
    ),
    "change_organization_settings": Documented(
        "Change the organization's settings",
        "What is not sent stays as it is. Recordings that are there already keep what they were made with.",
        SettingsAnswer,
        _SETTINGS,
        refusals=(Refusal(412, "precondition-failed", "`If-Match` names another state than the present one."),),
        request_example={"consentPolicy": "held", "consentGraceDays": 14},
    ),
}
