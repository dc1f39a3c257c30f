"""What the organization decides for all of its recordings."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Response

from api.core.organization_settings import models
from api.core.shared import PREFIX, Admin
from api.dependencies import IfMatch, tag_revision
from api.routing import api_router

router = api_router(PREFIX, tags=["organization settings"])


@router.get("/organization/settings", summary="Get the organization's settings")
async def get_organization_settings(context: Admin, response: Response) -> models.OrganizationSettingsResponse:
    """What it decides for all of its recordings, with the defaults where it has set nothing."""
    from auricle.directory.organization_settings import settings_of

    settings = settings_of(context.org, records=context.stores, now=context.now)
    tag_revision(response, settings.revision)
    return models.OrganizationSettingsResponse.of(settings)


@router.patch("/organization/settings", summary="Change the organization's settings")
async def change_organization_settings(
    body: Annotated[
        models.ChangeOrganizationSettingsRequest, Body(default_factory=models.ChangeOrganizationSettingsRequest)
    ],
    context: Admin,
    if_match: IfMatch,
    response: Response,
) -> models.OrganizationSettingsResponse:
    """What is left out stays as it is. Recordings that are there already keep what they were made with."""
    from auricle.directory.organization_settings import change_settings

    settings = change_settings(
        context.org, body.changes(), records=context.stores, now=context.now, if_revision=if_match
    )
    tag_revision(response, settings.revision)
    return models.OrganizationSettingsResponse.of(settings)
