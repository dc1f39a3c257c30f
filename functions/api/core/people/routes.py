"""Users and teams of the organization, and the organization itself."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Query, Response
from pydantic import StringConstraints

from api.core.errors import NO_ORGANIZATION
from api.core.people import models
from api.core.shared import PREFIX, Admin, AdminOnce, PageSize, Reader, own_organization
from api.dependencies import Cursor, IfMatch, path_id, tag_revision
from api.models import Id
from api.paging import Cursors
from api.problems import PossibleError, errors
from api.routing import api_router
from auricle.directory.users import TEAMS, USERS, Team, User, UserFilter
from auricle.errors import InvalidRequest, TeamNotFound, UserNotFound

router = api_router(PREFIX, tags=["people"])

UserId = Annotated[str, path_id(UserNotFound, "user")]
TeamId = Annotated[str, path_id(TeamNotFound, "team")]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=255)]

NO_USER = PossibleError(404, "user-not-found", "Unknown.")
USER_TAKEN = PossibleError(409, "conflict", "The id or the email address is taken.")
EMAIL_TAKEN = PossibleError(409, "conflict", "The email address is another user's.")
NO_TEAM = PossibleError(404, "team-not-found", "Unknown.")
TEAM_TAKEN = PossibleError(409, "conflict", "The id is taken.")
TEAM_IN_USE = PossibleError(409, "conflict", "It has members or coaches.")


@router.get("/users", summary="List users")
async def list_users(
    context: Reader,
    disabled: Annotated[bool | None, Query(description="Disabled, or not.")] = None,
    _exclude_service_users: Annotated[
        bool | None,
        Query(alias="excludeSiroUsers", description="There are no such users: it excludes nobody."),
    ] = None,
    external_id: Annotated[
        ExternalId | None, Query(alias="externalId", description="With this id in the system of record.")
    ] = None,
    email: Annotated[models.Email | None, Query(description="With this email address.")] = None,
    team_id: Annotated[Id | None, Query(alias="teamId", description="Members of this team.")] = None,
    cursor: Cursor = None,
    page_size: PageSize = 100,
) -> models.UserPage:
    """Those added last first. Filters combine."""
    from auricle.directory.users import list_users as find

    wanted = UserFilter(disabled=disabled, external_id=external_id, email=email, team_id=team_id)
    cursors = Cursors(context.settings, org=context.org, route="users", filters=repr(wanted))
    page = find(context.org, wanted, page_size, cursors.position(cursor), context.stores)
    return models.UserPage(
        data=[models.UserResponse.of(user) for user in page.records], cursor=cursors.seal(page.next_position)
    )


@router.post("/users", responses=errors(NO_ORGANIZATION, USER_TAKEN), summary="Add a user")
async def create_user(body: models.CreateUserRequest, context: AdminOnce, response: Response) -> models.UserResponse:
    """With the `sub` of their credentials as `id`, the recordings they make carry their name and team; of a `sub` like
    `auth0|5f7c`, which no path can hold, an id is made. Auricle keeps no passwords."""
    from auricle.directory.users import add_user, directory_id, new_user_id

    own_organization(context, body.organization_id)
    if body.password is not None:
        raise InvalidRequest("password is not taken: Auricle keeps none, your identity provider does", field="password")
    now = context.now
    user_id = directory_id(body.id) if body.id else new_user_id(now)
    user = User(org=context.org, id=user_id, created_at=now, updated_at=now, **body.fields())
    add_user(user, context.stores)
    response.headers["location"] = f"{PREFIX}/users/{user.id}"
    return _tagged_user(user, response)


@router.get("/users/{user_id}", responses=errors(NO_USER), summary="Get a user")
async def get_user(user_id: UserId, context: Reader, response: Response) -> models.UserResponse:
    """A user of the organization, by id."""
    return _tagged_user(context.stores.records(USERS).get(context.org, user_id), response)


@router.put("/users/{user_id}", responses=errors(NO_USER, NO_ORGANIZATION, EMAIL_TAKEN), summary="Change a user")
async def update_user(
    user_id: UserId,
    body: Annotated[models.UpdateUserRequest, Body(default_factory=models.UpdateUserRequest)],
    context: Admin,
    if_match: IfMatch,
    response: Response,
) -> models.UserResponse:
    """What is left out stays as it is; null takes away what may be missing. Recordings that are there keep the name
    they were made under."""
    from auricle.directory.users import change_user

    if body.organization_id is not None:
        context.stores.records(USERS).get(context.org, user_id)  # an unknown user is named before the organization
        own_organization(context, body.organization_id)
    user = change_user(
        context.org, user_id, body.changed, records=context.stores, now=context.now, if_revision=if_match
    )
    return _tagged_user(user, response)


@router.get("/teams", summary="List teams")
async def list_teams(context: Reader, cursor: Cursor = None, page_size: PageSize = 100) -> models.TeamPage:
    """Those added last first."""
    cursors = Cursors(context.settings, org=context.org, route="teams", filters="")
    page = context.stores.records(TEAMS).list(context.org, page_size, cursors.position(cursor))
    return models.TeamPage(
        data=[models.TeamResponse.of(team) for team in page.records], cursor=cursors.seal(page.next_position)
    )


@router.post("/teams", status_code=201, responses=errors(TEAM_TAKEN), summary="Add a team")
async def create_team(body: models.CreateTeamRequest, context: AdminOnce, response: Response) -> models.TeamResponse:
    """Users join it by `memberTeamId`."""
    from auricle.identifiers import new_id

    now = context.now
    fields = body.model_dump(exclude={"id"})
    team = Team(org=context.org, id=body.id or new_id("team", now), created_at=now, updated_at=now, **fields)
    context.stores.records(TEAMS).add(team)
    response.headers["location"] = f"{PREFIX}/teams/{team.id}"
    return _tagged_team(team, response)


@router.get("/teams/{team_id}", responses=errors(NO_TEAM), summary="Get a team")
async def get_team(team_id: TeamId, context: Reader, response: Response) -> models.TeamResponse:
    """A team of the organization, by id."""
    return _tagged_team(context.stores.records(TEAMS).get(context.org, team_id), response)


@router.put("/teams/{team_id}", responses=errors(NO_TEAM), summary="Change a team")
async def update_team(
    team_id: TeamId,
    body: Annotated[models.UpdateTeamRequest, Body(default_factory=models.UpdateTeamRequest)],
    context: Admin,
    if_match: IfMatch,
    response: Response,
) -> models.TeamResponse:
    """What is left out stays as it is."""
    from auricle.directory.users import change_team

    team = change_team(
        context.org, team_id, body.changed, records=context.stores, now=context.now, if_revision=if_match
    )
    return _tagged_team(team, response)


@router.delete("/teams/{team_id}", status_code=204, responses=errors(NO_TEAM, TEAM_IN_USE), summary="Remove a team")
async def remove_team(team_id: TeamId, context: Admin, if_match: IfMatch) -> None:
    """A team that has members or coaches cannot be removed."""
    from auricle.directory.users import remove_team as remove

    remove(context.org, team_id, records=context.stores, if_revision=if_match)


@router.get("/organization", summary="Get the organization")
async def get_organization(context: Reader, response: Response) -> models.OrganizationResponse:
    """The tenant of the credential."""
    from auricle.directory.organization import organization_of

    organization = organization_of(context.org, context.stores, context.now)
    tag_revision(response, organization.revision)
    return models.OrganizationResponse.of(organization)


@router.put("/organization", summary="Name the organization")
async def name_organization(
    body: models.NameOrganizationRequest, context: Admin, if_match: IfMatch, response: Response
) -> models.OrganizationResponse:
    """The name stands on the recordings that are made from then on."""
    from auricle.directory.organization import name_organization as name

    organization = name(context.org, body.name, records=context.stores, now=context.now, if_revision=if_match)
    tag_revision(response, organization.revision)
    return models.OrganizationResponse.of(organization)


def _tagged_user(user: User, response: Response) -> models.UserResponse:
    tag_revision(response, user.revision)
    return models.UserResponse.of(user)


def _tagged_team(team: Team, response: Response) -> models.TeamResponse:
    tag_revision(response, team.revision)
    return models.TeamResponse.of(team)
