"""In the OpenAPI document: users and teams of the organization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from api.legacy.documents import CREATED_AT, CamelShown, Documented, Refusal


class ContactSettingsShown(CamelShown):
    """Which mail the user gets."""

    suppress_emails: bool
    suppress_email_errors: bool


class UserShown(CamelShown):
    """One user of the organization."""

    id: str
    email: str
    organization_id: str
    phone_number: str | None
    first_name: str | None
    last_name: str | None
    member_team_id: str | None
    coach_team_ids: list[str]
    external_id: str | None
    created_at: str
    disabled: bool
    billable: bool
    is_admin: bool
    contact_settings: ContactSettingsShown


class UsersAnswer(CamelShown):
    """Users, those added last first."""

    data: list[UserShown]
    cursor: str | None


class TeamShown(CamelShown):
    """One team. Who belongs to it stands with the users."""

    id: str
    name: str
    organization_id: str
    external_id: str | None
    created_at: str
    updated_at: str


class TeamsAnswer(CamelShown):
    """Teams, those added last first."""

    data: list[TeamShown]
    cursor: str | None


class OrganizationShown(CamelShown):
    """What the organization says of itself."""

    id: str
    name: str | None = Field(description="Stands on its recordings as `organizationName`.")
    updated_at: str | None = Field(description="Null of one that has not said anything of itself.")


_USER: Mapping[str, Any] = {
    "id": "user_77",
    "email": "dana@example.com",
    "organizationId": "acme",
    "phoneNumber": "+1 555 0100",
    "firstName": "Dana",
    "lastName": "Reyes",
    "memberTeamId": "team_west",
    "coachTeamIds": [],
    "externalId": None,
    "createdAt": CREATED_AT,
    "disabled": False,
    "billable": True,
    "isAdmin": False,
    "contactSettings": {"suppressEmails": False, "suppressEmailErrors": False},
}
_TEAM: Mapping[str, Any] = {
    "id": "team_west",
    "name": "West",
    "organizationId": "acme",
    "externalId": None,
    "createdAt": CREATED_AT,
    "updatedAt": CREATED_AT,
}
_ORGANIZATION: Mapping[str, Any] = {"id": "acme", "name": "Acme Solar", "updatedAt": CREATED_AT}
_NO_USER = Refusal(404, "user-not-found", "Unknown.")
_NO_ORGANIZATION = Refusal(404, "not-found", "`organizationId` is not the organization of the credential.")
_NO_TEAM = Refusal(404, "team-not-found", "Unknown.")

OPERATIONS: Mapping[str, Documented] = {
    "list_users": Documented(
        summary="Users",
        description="Those added last first; `cursor` leads on.",
        answer=UsersAnswer,
        example={"data": [_USER], "cursor": None},
    ),
    "create_user": Documented(
        summary="Add a user",
        description="With the `sub` of their credentials as `id`, the recordings they make carry their name and team; "
        "of a `sub` like `auth0|5f7c`, which no path can hold, an id is made. Auricle keeps no passwords.",
        answer=UserShown,
        example=_USER,
        refusals=(_NO_ORGANIZATION, Refusal(409, "conflict", "The id or the email address is taken.")),
        request_example={"email": "dana@example.com", "organizationId": "acme", "firstName": "Dana"},
    ),
    "get_user": Documented(
        summary="One user", description="By id.", answer=UserShown, example=_USER, refusals=(_NO_USER,)
    ),
    "update_user": Documented(
        summary="Change a user",
        description="What is not said stays as it is; null takes away what may be missing. Recordings that are there "
        "keep the name they were made under.",
        answer=UserShown,
        example=_USER,
        refusals=(_NO_USER, _NO_ORGANIZATION, Refusal(409, "conflict", "The email address is another user's.")),
        request_example={"memberTeamId": "team_west"},
    ),
    "list_teams": Documented(
        summary="Teams",
        description="Those added last first; `cursor` leads on.",
        answer=TeamsAnswer,
        example={"data": [_TEAM], "cursor": None},
    ),
    "create_team": Documented(
        summary="Add a team",
        description="Users join it by `memberTeamId`.",
        answer=TeamShown,
        example=_TEAM,
        status=201,
        refusals=(Refusal(409, "conflict", "The id is taken."),),
        request_example={"name": "West"},
    ),
    "get_team": Documented(
        summary="One team", description="By id.", answer=TeamShown, example=_TEAM, refusals=(_NO_TEAM,)
    ),
    "update_team": Documented(
        summary="Change a team",
        description="What is not said stays as it is.",
        answer=TeamShown,
        example=_TEAM,
        refusals=(_NO_TEAM,),
        request_example={"name": "West coast"},
    ),
    "remove_team": Documented(
        summary="Remove a team",
        description="One that nobody belongs to.",
        answer=None,
        example=None,
        status=204,
        refusals=(_NO_TEAM, Refusal(409, "conflict", "It has members or coaches.")),
    ),
    "get_organization": Documented(
        summary="The organization",
        description="The tenant of the credential.",
        answer=OrganizationShown,
        example=_ORGANIZATION,
    ),
    "name_organization": Documented(
        summary="Name the organization",
        description="The name stands on the recordings that are made from then on.",
        answer=OrganizationShown,
        example=_ORGANIZATION,
        request_example={"name": "Acme Solar"},
    ),
}
