"""What the organization decides for all of its recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import Field, StringConstraints

from api.legacy.reading import Asked
from api.legacy.surface import Call, etag
from api.legacy.surfaces.core.wire import ADMIN, enveloped, surface, timestamp
from auricle.directory.organization_settings import MAX_GRACE_DAYS, ConsentPolicy, OrganizationSettings

if TYPE_CHECKING:
    from starlette.responses import Response

_NOT_SAID = cast(Any, lambda: None)
"""The default of what may be left out, and is never null: so the schema shows none."""


class SettingsRequest(Asked):
    """`PATCH /organization/settings`. What is not sent stays as it is."""

    consent_policy: Literal["assumed", "held"] = Field(default_factory=_NOT_SAID, alias="consentPolicy")
    consent_legal_basis: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f\u2028\u2029]*$"
        ),
    ] = Field(default_factory=_NOT_SAID, alias="consentLegalBasis")
    consent_grace_days: int = Field(default_factory=_NOT_SAID, alias="consentGraceDays", ge=0, le=MAX_GRACE_DAYS)


@surface.get("/organization/settings", scope=ADMIN)
async def get_organization_settings(call: Call) -> Response:
    from auricle.directory.organization_settings import settings_of

    return _shown(settings_of(call.org, records=call.services, now=call.parts.now()))


@surface.patch("/organization/settings", scope=ADMIN, reads=SettingsRequest)
async def change_organization_settings(call: Call, asked: SettingsRequest) -> Response:
    from auricle.directory.organization_settings import change_settings

    changes = {name: getattr(asked, name) for name in asked.model_fields_set}
    if "consent_policy" in changes:
        changes["consent_policy"] = ConsentPolicy(changes["consent_policy"])
    return _shown(
        change_settings(call.org, changes, records=call.services, now=call.parts.now(), if_revision=call.if_revision)
    )


def _shown(settings: OrganizationSettings) -> Response:
    data = {
        "consentPolicy": settings.consent_policy,
        "consentLegalBasis": settings.consent_legal_basis,
        "consentGraceDays": settings.consent_grace_days,
        "updatedAt": timestamp(settings.updated_at) if settings.revision else None,
    }
    return enveloped(data, headers=etag(settings.revision))
