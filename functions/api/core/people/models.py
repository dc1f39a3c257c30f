"""What the API reads and answers of users, teams and the organization."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from api.core.shared import Timestamp
from api.examples import CORE_CREATED_AT, example, parsed
from api.models import CamelRequestModel, CamelResponseModel, Id, Line, left_out, same_fields
from auricle.directory.organization import Organization
from auricle.directory.users import Team, User

Email = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")]
Phone = Annotated[str, StringConstraints(max_length=40, pattern=r"^\+?[0-9][0-9 ()./-]*$")]
Subject = Annotated[str, StringConstraints(max_length=256, pattern=r"^[!-~]+$")]
TeamIds = Annotated[list[Id], Field(max_length=50), AfterValidator(lambda ids: list(dict.fromkeys(ids)))]
"""Ids of teams; one that is named twice counts once."""


class ContactSettingsRequest(CamelRequestModel):
    """Which mail the user gets. What is left out stays as it is; a new user gets both."""

    suppress_emails: bool = left_out(description="Whether the user gets no mail.")
    suppress_email_errors: bool = left_out(description="Whether the user is not told of mail that could not be sent.")


class CreateUserRequest(CamelRequestModel):
    """A new user. With the `sub` of their credentials as `id`, the recordings they make carry their name."""

    model_config = ConfigDict(
        json_schema_extra=example({"email": "dana@example.com", "organizationId": "acme", "firstName": "Dana"})
    )

    id: Subject | None = Field(
        None,
        description="The `sub` of the user's credentials. Of one with characters that no id has, an id is made, which "
        "the answer shows. A new id is made where it is left out.",
    )
    email: Email = Field(description="Their email address; no two users have the same.")
    organization_id: Id = Field(description="The organization of the credential.")
    phone_number: Phone | None = Field(None, description="Their telephone number.")
    first_name: Line | None = Field(None, description="Their first name.")
    last_name: Line | None = Field(None, description="Their last name.")
    member_team_id: Id | None = Field(None, description="The team they belong to.")
    external_id: Line | None = Field(None, description="Their id in the system of record.")
    coach_team_ids: TeamIds = Field([], description="Teams they coach.")
    is_admin: bool = Field(False, description="Whether they administer the organization.")
    billable: bool = Field(True, description="Whether they count where users are paid for.")
    contact_settings: ContactSettingsRequest | None = Field(None, description="Which mail they get.")
    password: SkipJsonSchema[Annotated[str, StringConstraints(max_length=1024)] | None] = Field(
        None, description="Refused: Auricle keeps no passwords, your identity provider does."
    )

    def fields(self) -> dict[str, Any]:
        """What it says of the user, by the names of a user's fields."""
        sent = self.model_dump(exclude={"id", "organization_id", "password", "contact_settings"})
        return sent | {"coach_team_ids": tuple(self.coach_team_ids), **_mail_settings(self.contact_settings)}


class UpdateUserRequest(CamelRequestModel):
    """What is left out stays as it is. Null takes away the telephone number, names, team and external id."""

    model_config = ConfigDict(json_schema_extra=example({"memberTeamId": "team_west"}))

    email: Email | None = Field(None, description="Their email address; no two users have the same. Null changes none.")
    organization_id: Id | None = Field(None, description="The organization of the credential.")
    phone_number: Phone | None = Field(None, description="Their telephone number.")
    first_name: Line | None = Field(None, description="Their first name.")
    last_name: Line | None = Field(None, description="Their last name.")
    member_team_id: Id | None = Field(None, description="The team they belong to.")
    external_id: Line | None = Field(None, description="Their id in the system of record.")
    coach_team_ids: TeamIds | None = Field(None, description="Teams they coach. Null changes none.")
    disabled: bool | None = Field(None, description="Whether they are disabled. Null changes nothing.")
    billable: bool | None = Field(None, description="Whether they count where users are paid for; null changes none.")
    contact_settings: ContactSettingsRequest | None = Field(None, description="Which mail they get.")

    def changed(self, user: User) -> User:
        """The user after the change."""
        sent = self.model_dump(exclude_unset=True, exclude={"organization_id", "contact_settings"})
        changes = {name: value for name, value in sent.items() if value is not None or name in _MAY_BE_NULL}
        if self.coach_team_ids is not None:
            changes["coach_team_ids"] = tuple(self.coach_team_ids)
        return replace(user, **changes | _mail_settings(self.contact_settings))


_MAY_BE_NULL = {"phone_number", "first_name", "last_name", "member_team_id", "external_id"}


def _mail_settings(sent: ContactSettingsRequest | None) -> dict[str, bool]:
    """What is sent of them, by the names of a user's fields."""
    return sent.model_dump(exclude_unset=True) if sent is not None else {}


class CreateTeamRequest(CamelRequestModel):
    """A new team, which users join by `memberTeamId`."""

    model_config = ConfigDict(json_schema_extra=example({"name": "West"}))

    id: Id | None = Field(None, description="Its id; a new one is made where it is left out.")
    name: Line = Field(description="Its name.")
    external_id: Line | None = Field(None, description="Its id in the system of record.")


class UpdateTeamRequest(CamelRequestModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra=example({"name": "West coast"}))

    name: Line | None = Field(None, description="Its name. Null changes nothing.")
    external_id: Line | None = Field(None, description="Its id in the system of record; null takes it away.")

    def changed(self, team: Team) -> Team:
        """The team after the change."""
        sent = self.model_dump(exclude_unset=True)
        changes = {name: value for name, value in sent.items() if value is not None or name == "external_id"}
        return replace(team, **changes)


class NameOrganizationRequest(CamelRequestModel):
    """The organization's name."""

    model_config = ConfigDict(json_schema_extra=example({"name": "Acme Solar"}))

    name: Line = Field(description="Stands as `organizationName` on recordings that are made from then on.")


class ContactSettings(CamelResponseModel):
    """Which mail the user gets."""

    suppress_emails: bool = Field(description="Whether the user gets no mail.")
    suppress_email_errors: bool = Field(description="Whether the user is not told of mail that could not be sent.")


_USER = parsed("""{
  "id": "user_77", "email": "dana@example.com", "organizationId": "acme", "phoneNumber": "+1 555 0100",
  "firstName": "Dana", "lastName": "Reyes", "memberTeamId": "team_west", "coachTeamIds": [], "externalId": null,
  "createdAt": "2026-03-30T12:00:00.000Z", "disabled": false, "billable": true, "isAdmin": false,
  "contactSettings": {"suppressEmails": false, "suppressEmailErrors": false}
}""")


class UserResponse(CamelResponseModel):
    """One user of the organization."""

    model_config = ConfigDict(json_schema_extra=example(_USER))

    id: str = Field(description="Their id.")
    email: str = Field(description="Their email address.")
    organization_id: str = Field(description="The organization they belong to.")
    phone_number: str | None = Field(description="Their telephone number, as it was written.")
    first_name: str | None = Field(description="Their first name.")
    last_name: str | None = Field(description="Their last name.")
    member_team_id: str | None = Field(description="The team they belong to.")
    coach_team_ids: list[str] = Field(description="Teams they coach.")
    external_id: str | None = Field(description="Their id in the system of record.")
    created_at: Timestamp = Field(description="When they were added.")
    disabled: bool = Field(description="Whether they are disabled.")
    billable: bool = Field(description="Whether they count where users are paid for.")
    is_admin: bool = Field(description="Whether they administer the organization.")
    contact_settings: ContactSettings = Field(description="Which mail they get.")

    @classmethod
    def of(cls, user: User) -> UserResponse:
        settings = ContactSettings.model_validate(user)
        return cls(**same_fields(cls, user), organization_id=user.org, contact_settings=settings)


class UserPage(CamelResponseModel):
    """Users, those added last first."""

    model_config = ConfigDict(json_schema_extra=example({"data": [_USER], "cursor": None}))

    data: list[UserResponse] = Field(description="The users of this page.")
    cursor: str | None = Field(description="Where to go on; null at the end.")


_TEAM = parsed("""{
  "id": "team_west", "name": "West", "organizationId": "acme", "externalId": null,
  "createdAt": "2026-03-30T12:00:00.000Z", "updatedAt": "2026-03-30T12:00:00.000Z"
}""")


class TeamResponse(CamelResponseModel):
    """One team. Who belongs to it stands with the users."""

    model_config = ConfigDict(json_schema_extra=example(_TEAM))

    id: str = Field(description="Its id.")
    name: str = Field(description="Its name.")
    organization_id: str = Field(description="The organization it belongs to.")
    external_id: str | None = Field(description="Its id in the system of record.")
    created_at: Timestamp = Field(description="When it was added.")
    updated_at: Timestamp = Field(description="When it was last changed.")

    @classmethod
    def of(cls, team: Team) -> TeamResponse:
        return cls(**same_fields(cls, team), organization_id=team.org)


class TeamPage(CamelResponseModel):
    """Teams, those added last first."""

    model_config = ConfigDict(json_schema_extra=example({"data": [_TEAM], "cursor": None}))

    data: list[TeamResponse] = Field(description="The teams of this page.")
    cursor: str | None = Field(description="Where to go on; null at the end.")


class OrganizationResponse(CamelResponseModel):
    """What the organization says of itself."""

    model_config = ConfigDict(
        json_schema_extra=example({"id": "acme", "name": "Acme Solar", "updatedAt": CORE_CREATED_AT})
    )

    id: str = Field(description="Its id: the tenant of the credential.")
    name: str | None = Field(description="Stands on its recordings as `organizationName`; null until it is named.")
    updated_at: Timestamp | None = Field(description="When it was last named; null of one that never was.")

    @classmethod
    def of(cls, organization: Organization) -> OrganizationResponse:
        changed_at = organization.updated_at if organization.revision else None
        return cls(id=organization.id, name=organization.name, updated_at=changed_at)
