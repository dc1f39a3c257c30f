"""Users and their teams: whose recordings they are, as their CRM or identity provider knows them.

Auricle keeps no passwords and lets nobody in by what stands here: credentials do that. A user whose id is the `sub` of
their credentials has their name on the recordings they make.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from auricle.directory.organization import ORGANIZATIONS, Organization
from auricle.errors import (
    Conflict,
    InvalidRequest,
    TeamNotFound,
    UserNotFound,
)
from auricle.identifiers import is_id, new_id
from auricle.recordings.recording import Rep
from auricle.records import Page, RecordKind, change_record, check_revision, remove_record, until_written

if TYPE_CHECKING:
    from auricle.directory.organization_settings import RecordStores
    from auricle.ports import Position, RecordStore

MAX_LOOKS = 10
"""Readings in which users are looked for by what no index knows."""
CLAIM_HOLDS = timedelta(minutes=1)
"""So long an address is kept for a user who is not stored with it yet: no request that stores one takes longer."""
_PAGE = 100


@dataclass(frozen=True, slots=True)
class User:
    """One user of the tenant."""

    org: str
    id: str
    created_at: datetime
    updated_at: datetime
    email: str
    revision: int = 1
    phone_number: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    member_team_id: str | None = None
    coach_team_ids: tuple[str, ...] = ()
    external_id: str | None = None
    """Their id in the system of record."""
    disabled: bool = False
    billable: bool = True
    is_admin: bool = False
    suppress_emails: bool = False
    suppress_email_errors: bool = False


@dataclass(frozen=True, slots=True)
class Team:
    """Some users of the tenant; who belongs to it stands with the users."""

    org: str
    id: str
    created_at: datetime
    updated_at: datetime
    name: str
    revision: int = 1
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class EmailClaim:
    """Whose an email address is: two users cannot have one. Its id is a digest of the address."""

    org: str
    id: str
    created_at: datetime
    user_id: str
    revision: int = 1


@dataclass(frozen=True, slots=True)
class UserFilter:
    """Which users to list; None filters nothing."""

    disabled: bool | None = None
    external_id: str | None = None
    email: str | None = None
    """However it is written."""
    team_id: str | None = None
    """The team they are members of."""

    def admits(self, user: User) -> bool:
        """Whether the user is one of those, whatever their email address."""
        return (
            self.disabled in (None, user.disabled)
            and self.external_id in (None, user.external_id)
            and self.team_id in (None, user.member_team_id)
        )


USERS = RecordKind("user", User, UserNotFound)
TEAMS = RecordKind("team", Team, TeamNotFound)
EMAILS = RecordKind("user-email", EmailClaim, UserNotFound)


def rep_of(user: User, organization: Organization | None = None) -> Rep:
    """The user as their recordings name them."""
    return Rep(
        first_name=user.first_name,
        last_name=user.last_name,
        team_id=user.member_team_id,
        organization_name=organization.name if organization else None,
    )


def rep_of_id(org: str, user_id: str, records: RecordStores) -> Rep | None:
    """The user of that id as recordings name them, with the organization's name; None when neither is known."""
    known_as = directory_id(user_id)
    user = records.records(USERS).find(org, [known_as]).get(known_as)
    organization = records.records(ORGANIZATIONS).find(org, [org]).get(org)
    if user is None:
        return Rep(organization_name=organization.name) if organization and organization.name else None
    return rep_of(user, organization)


def find_user(collection: Callable[[RecordKind[Any]], Any], org: str, email_or_phone: str) -> User | None:
    """The user with that email address, or with that telephone number however it is written."""
    users: RecordStore[User] = collection(USERS)
    if "@" in email_or_phone:
        claim_id = _claim_id(email_or_phone)
        claims: RecordStore[EmailClaim] = collection(EMAILS)
        claim = claims.find(org, [claim_id]).get(claim_id)
        user = users.find(org, [claim.user_id]).get(claim.user_id) if claim else None
        return user if user is not None and _claim_id(user.email) == claim_id else None
    digits = _digits(email_or_phone)
    if not digits:
        return None
    found = _users(users, org, lambda user: user.phone_number is not None and _digits(user.phone_number) == digits)
    return next(found, None)


def recorded_by(
    org: str, caller: str, *, user_id: str | None, email: str | None, phone: str | None, records: RecordStores
) -> tuple[str, Rep | None]:
    """Whose a recording is: the user named by id, email address or telephone number, else the caller; and their name.

    Raises:
        InvalidRequest: the directory does not know the user that is named; the caller it need not know.
    """
    known_as = directory_id(user_id or caller)
    if user_id not in (None, caller) and known_as not in records.records(USERS).find(org, [known_as]):
        raise InvalidRequest("userId is no user of the organization", field="userId")
    found = user_id
    for field, value in (("userEmail", email), ("userPhone", phone)):
        if found is None and value is not None:
            user = find_user(records.records, org, value)
            if user is None:
                raise InvalidRequest(f"{field} is no user's of the organization", field=field)
            found = user.id
    found = found or caller
    return found, rep_of_id(org, found, records)


def list_users(
    org: str, wanted: UserFilter, page_size: int, position: Position | None, records: RecordStores
) -> Page[User]:
    """A page of the users wanted, those added last first. By email address there is one at most."""
    if wanted.email is not None:
        user = find_user(records.records, org, wanted.email)
        return Page((user,) if user is not None and wanted.admits(user) else (), None)
    return records.records(USERS).list(org, page_size, position, wanted=wanted.admits)


def members_of(org: str, team_id: str, records: RecordStores) -> Sequence[str]:
    """Ids of the users of a team. Raises TeamNotFound."""
    records.records(TEAMS).get(org, team_id)
    users = records.records(USERS)
    return [user.id for user in _users(users, org, lambda user: user.member_team_id == team_id)]


def add_user(user: User, records: RecordStores) -> None:
    """Adds a user.

    Raises:
        Conflict: the id or the email address is taken.
        InvalidRequest: one of the teams is none of the organization's.
    """
    _check_teams(user, records)
    _claim_email(user, records)
    try:
        records.records(USERS).add(user)
    except Conflict:
        _release_email(user, records)
        raise


def change_user(
    org: str,
    user_id: str,
    change: Callable[[User], User],
    *,
    records: RecordStores,
    now: datetime,
    if_revision: int | None = None,
) -> User:
    """The user as `change` makes them, stored.

    Raises:
        UserNotFound: no such user.
        PreconditionFailed: they are not at `if_revision`.
        Conflict: the new email address is another user's.
        InvalidRequest: one of the teams is none of the organization's.
    """
    users = records.records(USERS)

    def attempt() -> User | None:
        before = users.get(org, user_id)
        check_revision(
            before.revision,
            if_revision,
            "The user was changed meanwhile. Read them again, then send the change anew.",
        )
        after = change(before)
        if after == before:
            return before
        _check_teams(after, records, before)
        after = replace(after, updated_at=now)
        moved = _claim_id(after.email) != _claim_id(before.email)
        if moved:
            _claim_email(after, records)
        if users.replace(after, expected=before):
            if moved:
                _release_email(before, records)
            return replace(after, revision=before.revision + 1)
        if moved:
            _release_email(after, records)
        return None

    return until_written(attempt, "The user kept changing while they were being written. Try again.")


def change_team(
    org: str,
    team_id: str,
    change: Callable[[Team], Team],
    *,
    records: RecordStores,
    now: datetime,
    if_revision: int | None,
) -> Team:
    """The team as `change` makes it, stored. Raises TeamNotFound, PreconditionFailed, TransientError."""
    teams = records.records(TEAMS)
    return change_record(
        "team",
        lambda: teams.get(org, team_id),
        lambda after, before: teams.replace(after, expected=before),
        change,
        now=now,
        if_revision=if_revision,
    )


def remove_team(org: str, team_id: str, *, records: RecordStores, if_revision: int | None) -> None:
    """Removes a team nobody belongs to.

    Raises:
        TeamNotFound, PreconditionFailed, TransientError: as changing it does.
        Conflict: it has members or coaches.
    """
    teams = records.records(TEAMS)

    def remove_if_empty(team: Team) -> bool:
        if _has_people(org, team_id, records):
            raise Conflict("The team has members or coaches. Move them to another team first.")
        return teams.remove(team)

    remove_record("team", lambda: teams.get(org, team_id), remove_if_empty, if_revision=if_revision)


def _has_people(org: str, team_id: str, records: RecordStores) -> bool:
    """Whether somebody belongs to the team or coaches it. A page may be short of them and still not be the last."""
    users, position = records.records(USERS), None
    while True:
        page = users.list(
            org, 1, position, wanted=lambda user: team_id == user.member_team_id or team_id in user.coach_team_ids
        )
        position = page.next_position
        if page.records or position is None:
            return bool(page.records)


def directory_id(subject: str) -> str:
    """The id of the user whose credentials have that `sub`: itself where it can be an id, else one made of it.

    Identity providers make subjects like `auth0|5f7c8ec7c33c6c004bbafe82`, which no path and no key can hold.
    """
    return subject if is_id(subject) else f"sub_{hashlib.sha256(subject.encode()).hexdigest()[:40]}"


def new_user_id(now: datetime) -> str:
    """For a user whose identity provider has not given them one."""
    return new_id("user", now)


def _users(users: RecordStore[User], org: str, wanted: Callable[[User], bool]) -> Iterator[User]:
    """The users wanted, those added last first. A page may be short of them and still not be the last."""
    position = None
    for _ in range(MAX_LOOKS):
        page = users.list(org, _PAGE, position, wanted=wanted)
        yield from page.records
        position = page.next_position
        if position is None:
            return


def _check_teams(user: User, records: RecordStores, before: User | None = None) -> None:
    """Teams the user was in before may have been removed since: only those that are new must be there."""
    kept = {before.member_team_id, *before.coach_team_ids} if before else set()
    named = {
        "memberTeamId": user.member_team_id,
        **{f"coachTeamIds.{n}": one for n, one in enumerate(user.coach_team_ids)},
    }
    wanted = {field: team for field, team in named.items() if team is not None and team not in kept}
    known = records.records(TEAMS).find(user.org, list(wanted.values())) if wanted else {}
    for field, team in wanted.items():
        if team not in known:
            raise InvalidRequest(f"{field} is no team of the organization", field=field)


def _claim_email(user: User, records: RecordStores) -> None:
    """The address is this user's from now on. A claim that never led to a user with it gives way after a while."""
    claims = records.records(EMAILS)
    claim = EmailClaim(user.org, _claim_id(user.email), user.updated_at, user.id)

    def attempt() -> EmailClaim | None:
        try:
            claims.add(claim)
        except Conflict:
            held = claims.find(user.org, [claim.id]).get(claim.id)
            if held is None:  # given up meanwhile
                return None
            if held.user_id != user.id and not _is_stale(held, user.updated_at, records):
                raise Conflict("There is a user with this email address already.") from None
            return claim if claims.replace(claim, expected=held) else None
        return claim

    until_written(attempt, "The email address kept changing hands. Try again.")


def _is_stale(claim: EmailClaim, now: datetime, records: RecordStores) -> bool:
    """Whether nobody has the address any more, nor is about to have it."""
    if now - claim.created_at < CLAIM_HOLDS:
        return False
    holder = records.records(USERS).find(claim.org, [claim.user_id]).get(claim.user_id)
    return holder is None or _claim_id(holder.email) != claim.id


def _release_email(user: User, records: RecordStores) -> None:
    """The address is nobody's, unless the user has it as they are stored: another request gave it to them."""
    claims, claim_id = records.records(EMAILS), _claim_id(user.email)
    stored = records.records(USERS).find(user.org, [user.id]).get(user.id)
    if stored is not None and _claim_id(stored.email) == claim_id:
        return
    held = claims.find(user.org, [claim_id]).get(claim_id)
    if held is not None and held.user_id == user.id:
        claims.remove(held)


def _claim_id(email: str) -> str:
    """Addresses that differ only in case, or in how accents are encoded, are one person's."""
    folded = unicodedata.normalize("NFC", email.strip().casefold())
    return hashlib.sha256(folded.encode()).hexdigest()[:40]


def _digits(number: str) -> str:
    """The number alone, in whatever script its digits are; `00` is how some write `+`."""
    return "".join(str(unicodedata.decimal(one)) for one in number if one.isdecimal()).removeprefix("00")
