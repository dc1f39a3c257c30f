"""Users and teams of the organization."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from api.legacy.answers import json_response
from api.legacy.paging import Cursors
from api.legacy.reading import Asked, Id, Line
from api.legacy.surface import Call, etag
from api.legacy.surfaces.core.wire import ADMIN, READ, enveloped, own_organization, surface, timestamp
from auricle.directory.organization import Organization
from auricle.directory.users import TEAMS, USERS, Team, User, find_user
from auricle.errors import InvalidRequest, TeamNotFound, UserNotFound

if TYPE_CHECKING:
    from starlette.responses import Response

Email = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")]
Phone = Annotated[str, StringConstraints(max_length=40, pattern=r"^\+?[0-9][0-9 ()./-]*$")]
Cursor = Annotated[str, StringConstraints(max_length=2048)]


class ContactSettings(Asked):
    """Which mail the user gets."""

    suppress_emails: bool = Field(False, alias="suppressEmails")
    suppress_email_errors: bool = Field(False, alias="suppressEmailErrors")


class UsersRequest(Asked):
    """`GET /users`. There are no users of the service's own, so `excludeSiroUsers` excludes nobody."""

    disabled: bool | None = None
    exclude_service_users: bool | None = Field(None, alias="excludeSiroUsers")
    external_id: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = Field(
        None, alias="externalId"
    )
    email: Email | None = None
    team_id: Id | None = Field(None, alias="teamId")
    cursor: Cursor | None = None
    page_size: int = Field(100, alias="pageSize", ge=1, le=100)


class UserRequest(Asked):
    """`POST /users`. `id`, where given, is the `sub` of the user's credentials: their recordings carry their name.

    A `sub` with characters that no id has becomes an id made of it, which the answer shows.
    """

    id: Annotated[str, StringConstraints(max_length=256, pattern=r"^[!-~]+$")] | None = None
    email: Email
    organization_id: Id = Field(alias="organizationId")
    phone_number: Phone | None = Field(None, alias="phoneNumber")
    first_name: Line | None = Field(None, alias="firstName")
    last_name: Line | None = Field(None, alias="lastName")
    member_team_id: Id | None = Field(None, alias="memberTeamId")
    external_id: Line | None = Field(None, alias="externalId")
    coach_team_ids: Annotated[tuple[Id, ...], Field(max_length=50)] = Field((), alias="coachTeamIds")
    is_admin: bool = Field(False, alias="isAdmin")
    billable: bool = True
    contact_settings: ContactSettings | None = Field(None, alias="contactSettings")
    password: SkipJsonSchema[Annotated[str, StringConstraints(max_length=1024)] | None] = Field(
        None, description="Refused: Auricle keeps no passwords, your identity provider does."
    )


class UserPatch(Asked):
    """`PUT /users/{id}`. What is not said stays as it is."""

    email: Email | None = None
    organization_id: Id | None = Field(None, alias="organizationId")
    phone_number: Phone | None = Field(None, alias="phoneNumber")
    first_name: Line | None = Field(None, alias="firstName")
    last_name: Line | None = Field(None, alias="lastName")
    member_team_id: Id | None = Field(None, alias="memberTeamId")
    external_id: Line | None = Field(None, alias="externalId")
    coach_team_ids: Annotated[tuple[Id, ...], Field(max_length=50)] | None = Field(None, alias="coachTeamIds")
    disabled: bool | None = None
    billable: bool | None = None
    contact_settings: ContactSettings | None = Field(None, alias="contactSettings")


class TeamsRequest(Asked):
    """`GET /teams`."""

    cursor: Cursor | None = None
    page_size: int = Field(100, alias="pageSize", ge=1, le=100)


class TeamRequest(Asked):
    """`POST /teams`."""

    id: Id | None = None
    name: Line
    external_id: Line | None = Field(None, alias="externalId")


class TeamPatch(Asked):
    """`PUT /teams/{id}`. What is not said stays as it is."""

    name: Line | None = None
    external_id: Line | None = Field(None, alias="externalId")


class OrganizationRequest(Asked):
    """`PUT /organization`."""

    name: Line


@surface.get("/users", scope=READ, reads=UsersRequest)
async def list_users(call: Call, asked: UsersRequest) -> Response:
    def wanted(user: User) -> bool:
        return (
            asked.disabled in (None, user.disabled)
            and asked.external_id in (None, user.external_id)
            and asked.team_id in (None, user.member_team_id)
        )

    filters = repr((asked.disabled, asked.external_id, asked.email, asked.team_id))
    cursors = Cursors(call.parts.settings(), org=call.org, route="users", filters=filters)
    position = cursors.position(asked.cursor) if asked.cursor is not None else None
    if asked.email is not None:
        user = find_user(call.services.records, call.org, asked.email)
        return enveloped([_user(user)] if user is not None and wanted(user) else [], cursor=None)
    page = call.services.records(USERS).list(call.org, asked.page_size, position, wanted=wanted)
    return enveloped([_user(user) for user in page.records], cursor=cursors.seal(page.next_position))


@surface.post("/users", scope=ADMIN, reads=UserRequest)
async def create_user(call: Call, asked: UserRequest) -> Response:
    from auricle.directory.users import add_user, directory_id, new_user_id

    own_organization(call, asked.organization_id)
    if asked.password is not None:
        raise InvalidRequest("password is not taken: Auricle keeps none, your identity provider does", field="password")
    now, mail = call.parts.now(), asked.contact_settings
    user = User(
        org=call.org,
        id=directory_id(asked.id) if asked.id else new_user_id(now),
        created_at=now,
        updated_at=now,
        email=asked.email,
        phone_number=asked.phone_number,
        first_name=asked.first_name,
        last_name=asked.last_name,
        member_team_id=asked.member_team_id,
        coach_team_ids=tuple(dict.fromkeys(asked.coach_team_ids)),
        external_id=asked.external_id,
        billable=asked.billable,
        is_admin=asked.is_admin,
        suppress_emails=mail is not None and mail.suppress_emails,
        suppress_email_errors=mail is not None and mail.suppress_email_errors,
    )
    add_user(user, call.services)
    return json_response(_user(user), headers={"location": f"{surface.prefix}/users/{user.id}", **etag(user.revision)})


@surface.get("/users/{user_id}", scope=READ)
async def get_user(call: Call) -> Response:
    user = call.services.records(USERS).get(call.org, _user_id(call))
    return json_response(_user(user), headers=etag(user.revision))


@surface.put("/users/{user_id}", scope=ADMIN, reads=UserPatch)
async def update_user(call: Call, asked: UserPatch) -> Response:
    from auricle.directory.users import change_user

    user_id = _user_id(call)
    if asked.organization_id is not None:
        call.services.records(USERS).get(call.org, user_id)  # of what is unknown, the one in the path is named
        own_organization(call, asked.organization_id)
    names = asked.model_fields_set - {"organization_id", "contact_settings"}
    said = {name: getattr(asked, name) for name in names}
    # These may not be taken away; telephone, names, team and external id may, by null.
    said = {
        name: value
        for name, value in said.items()
        if value is not None or name not in {"email", "disabled", "billable", "coach_team_ids"}
    }
    if "coach_team_ids" in said:
        said["coach_team_ids"] = tuple(dict.fromkeys(said["coach_team_ids"]))
    if (mail := asked.contact_settings) is not None:
        said |= {name: getattr(mail, name) for name in mail.model_fields_set}
    user = change_user(
        call.org,
        user_id,
        lambda before: replace(before, **said),
        records=call.services,
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    return json_response(_user(user), headers=etag(user.revision))


@surface.get("/teams", scope=READ, reads=TeamsRequest)
async def list_teams(call: Call, asked: TeamsRequest) -> Response:
    cursors = Cursors(call.parts.settings(), org=call.org, route="teams", filters="")
    page = call.services.records(TEAMS).list(
        call.org, asked.page_size, cursors.position(asked.cursor) if asked.cursor is not None else None
    )
    return enveloped([_team(team) for team in page.records], cursor=cursors.seal(page.next_position))


@surface.post("/teams", scope=ADMIN, reads=TeamRequest)
async def create_team(call: Call, asked: TeamRequest) -> Response:
    from auricle.identifiers import new_id

    now = call.parts.now()
    team = Team(
        org=call.org,
        id=asked.id or new_id("team", now),
        created_at=now,
        updated_at=now,
        name=asked.name,
        external_id=asked.external_id,
    )
    call.services.records(TEAMS).add(team)
    headers = {"location": f"{surface.prefix}/teams/{team.id}", **etag(team.revision)}
    return json_response(_team(team), 201, headers=headers)


@surface.get("/teams/{team_id}", scope=READ)
async def get_team(call: Call) -> Response:
    team = call.services.records(TEAMS).get(call.org, _team_id(call))
    return json_response(_team(team), headers=etag(team.revision))


@surface.put("/teams/{team_id}", scope=ADMIN, reads=TeamPatch)
async def update_team(call: Call, asked: TeamPatch) -> Response:
    from auricle.directory.users import change_team

    said = {name: getattr(asked, name) for name in asked.model_fields_set}
    if said.get("name", "") is None:
        del said["name"]
    team = change_team(
        call.org,
        _team_id(call),
        lambda before: replace(before, **said),
        records=call.services,
        now=call.parts.now(),
        if_revision=call.if_revision,
    )
    return json_response(_team(team), headers=etag(team.revision))


@surface.delete("/teams/{team_id}", scope=ADMIN)
async def remove_team(call: Call) -> Response:
    from starlette.responses import Response

    from auricle.directory.users import remove_team as remove

    remove(call.org, _team_id(call), records=call.services, if_revision=call.if_revision)
    return Response(status_code=204)


@surface.get("/organization", scope=READ)
async def get_organization(call: Call) -> Response:
    from auricle.directory.organization import organization_of

    organization = organization_of(call.org, call.services, call.parts.now())
    return json_response(_organization(organization), headers=etag(organization.revision))


@surface.put("/organization", scope=ADMIN, reads=OrganizationRequest)
async def name_organization(call: Call, asked: OrganizationRequest) -> Response:
    from auricle.directory.organization import name_organization as name

    organization = name(call.org, asked.name, records=call.services, now=call.parts.now(), if_revision=call.if_revision)
    return json_response(_organization(organization), headers=etag(organization.revision))


def _user_id(call: Call) -> str:
    return call.path_id("user_id", UserNotFound, "user")


def _team_id(call: Call) -> str:
    return call.path_id("team_id", TeamNotFound, "team")


def _user(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email,
        "organizationId": user.org,
        "phoneNumber": user.phone_number,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "memberTeamId": user.member_team_id,
        "coachTeamIds": user.coach_team_ids,
        "externalId": user.external_id,
        "createdAt": timestamp(user.created_at),
        "disabled": user.disabled,
        "billable": user.billable,
        "isAdmin": user.is_admin,
        "contactSettings": {
            "suppressEmails": user.suppress_emails,
            "suppressEmailErrors": user.suppress_email_errors,
        },
    }


def _team(team: Team) -> dict[str, Any]:
    return {
        "id": team.id,
        "name": team.name,
        "organizationId": team.org,
        "externalId": team.external_id,
        "createdAt": timestamp(team.created_at),
        "updatedAt": timestamp(team.updated_at),
    }


def _organization(organization: Organization) -> dict[str, Any]:
    said_at = organization.updated_at if organization.revision else None
    return {"id": organization.id, "name": organization.name, "updatedAt": timestamp(said_at)}
