"""Users, teams and the organization: whose an email address is, also while several ask for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auricle.directory.organization import ORGANIZATIONS, Organization, name_organization, organization_of
from auricle.directory.users import (
    CLAIM_HOLDS,
    EMAILS,
    TEAMS,
    USERS,
    Team,
    User,
    UserFilter,
    add_user,
    change_team,
    change_user,
    find_user,
    list_users,
    members_of,
    recorded_by,
    remove_team,
    rep_of_id,
)
from auricle.errors import Conflict, InvalidRequest, PreconditionFailed, TeamNotFound, TransientError, UserNotFound
from auricle.recordings.recording import Rep
from auricle.records import Page
from tests.fakes import Fakes

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)
MUCH_LATER = NOW + CLAIM_HOLDS


@pytest.fixture
def fakes() -> Fakes:
    made = Fakes()
    for team_id in ("east", "west"):
        made.records(TEAMS).add(Team("acme", team_id, NOW, NOW, team_id))
    return made


def user(user_id: str = "user_1", email: str = "dana@example.com", at: datetime = NOW, **given: Any) -> User:
    return User("acme", user_id, at, at, email, **given)


def added(fakes: Fakes, *given: Any, **more: Any) -> User:
    made = user(*given, **more)
    add_user(made, fakes)
    return made


def change(fakes: Fakes, user_id: str = "user_1", at: datetime = LATER, **given: Any) -> User:
    return change_user("acme", user_id, lambda before: replace(before, **given), records=fakes, now=at)


def having(fakes: Fakes, email: str) -> str | None:
    """The id of the user that the address leads to."""
    found = find_user(fakes.records, "acme", email)
    return found.id if found else None


def interrupted(fakes: Fakes, monkeypatch: pytest.MonkeyPatch, kind: Any, method: str, then: Callable[[], Any]) -> None:
    """Before the next call of a collection's method, something else happens once."""
    collection = type(fakes.records(kind))
    whole, happened = getattr(collection, method), [False]

    def first(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._kind is kind and not happened[0]:
            happened[0] = True
            then()
        return whole(self, *args, **kwargs)

    monkeypatch.setattr(collection, method, first)


def never(fakes: Fakes, monkeypatch: pytest.MonkeyPatch, kind: Any, method: str) -> None:
    """Whatever the collection is to write was changed meanwhile, every time."""
    collection = type(fakes.records(kind))
    whole = getattr(collection, method)

    def refuse(self: Any, *args: Any, **kwargs: Any) -> Any:
        return False if self._kind is kind else whole(self, *args, **kwargs)

    monkeypatch.setattr(collection, method, refuse)


# --- addresses ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    ["JOSÉ@example.com", "jose\u0301@EXAMPLE.com", "JOSE\u0301@example.com", " josé@example.com"],
    ids=["case", "decomposed", "both", "space"],
)
def test_an_address_is_one_persons_however_it_is_written(other: str, fakes: Fakes) -> None:
    added(fakes, "user_1", "josé@example.com")
    with pytest.raises(Conflict, match="email address"):
        added(fakes, "user_2", other)
    assert having(fakes, other) == "user_1"
    assert having(fakes, "jose@example.com") is None


def test_an_address_written_otherwise_stays_its_users(fakes: Fakes) -> None:
    added(fakes)
    assert change(fakes, email="Dana@Example.com").email == "Dana@Example.com"
    assert having(fakes, "dana@example.com") == "user_1"
    with pytest.raises(Conflict):
        added(fakes, "user_2", "DANA@example.com")


def test_an_address_that_is_given_up_leads_to_nobody(fakes: Fakes) -> None:
    added(fakes)
    change(fakes, email="d.reyes@example.com")
    assert (having(fakes, "dana@example.com"), having(fakes, "d.reyes@example.com")) == (None, "user_1")
    change(fakes, email="dana@example.com")
    assert having(fakes, "dana@example.com") == "user_1"
    assert len(fakes.records(EMAILS).list("acme", 10).records) == 1


def test_an_address_asked_for_in_vain_leads_to_nobody(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that ended between claiming an address and storing its user."""
    added(fakes)
    with monkeypatch.context() as patch:
        interrupted(fakes, patch, USERS, "replace", _fail)
        with pytest.raises(ConnectionError):
            change(fakes, email="new@example.com", at=NOW)
    assert having(fakes, "new@example.com") is None
    assert having(fakes, "dana@example.com") == "user_1"
    added(fakes, "user_2", "new@example.com", at=MUCH_LATER)
    assert having(fakes, "new@example.com") == "user_2"


def test_an_address_of_a_user_who_was_never_added_is_anothers_later(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        interrupted(fakes, patch, USERS, "add", _fail)
        with pytest.raises(ConnectionError):
            added(fakes, "user_1", "dana@example.com")
    with pytest.raises(Conflict):
        added(fakes, "user_2", "dana@example.com", at=MUCH_LATER - timedelta(microseconds=1))
    added(fakes, "user_2", "dana@example.com", at=MUCH_LATER)
    assert having(fakes, "dana@example.com") == "user_2"


def test_who_was_never_added_may_be_added_at_once(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        interrupted(fakes, patch, USERS, "add", _fail)
        with pytest.raises(ConnectionError):
            added(fakes, "user_1", "dana@example.com")
    added(fakes, "user_1", "dana@example.com")
    assert having(fakes, "dana@example.com") == "user_1"


def test_an_address_is_kept_for_who_is_about_to_have_it(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    added(fakes, "user_1", "old@example.com")
    refusals = []

    def another_asks() -> None:
        with pytest.raises(Conflict) as refused:
            added(fakes, "user_2", "dana@example.com", at=LATER)
        refusals.append(refused)

    interrupted(fakes, monkeypatch, USERS, "replace", another_asks)
    change(fakes, email="dana@example.com", at=LATER)
    assert len(refusals) == 1
    assert having(fakes, "dana@example.com") == "user_1"
    assert "user_2" not in fakes.records(USERS).find("acme", ["user_2"])


def test_who_asked_in_vain_may_ask_again_at_once_and_is_waited_for_anew(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    added(fakes, "user_1", "old@example.com")
    with monkeypatch.context() as patch:
        interrupted(fakes, patch, USERS, "replace", _fail)
        with pytest.raises(ConnectionError):
            change(fakes, email="dana@example.com", at=NOW)

    def another_asks() -> None:
        with pytest.raises(Conflict):
            added(fakes, "user_2", "dana@example.com", at=MUCH_LATER)

    interrupted(fakes, monkeypatch, USERS, "replace", another_asks)
    change(fakes, email="dana@example.com", at=MUCH_LATER)
    assert having(fakes, "dana@example.com") == "user_1"


def test_an_address_given_up_while_another_asks_for_it_is_theirs(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    added(fakes)
    interrupted(fakes, monkeypatch, EMAILS, "find", lambda: change(fakes, email="new@example.com"))
    added(fakes, "user_2", "dana@example.com", at=LATER)
    assert (having(fakes, "dana@example.com"), having(fakes, "new@example.com")) == ("user_2", "user_1")


def test_an_address_that_keeps_changing_hands_is_asked_for_later(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    added(fakes, "user_1", "old@example.com")
    with monkeypatch.context() as patch:
        interrupted(fakes, patch, USERS, "replace", _fail)
        with pytest.raises(ConnectionError):
            change(fakes, email="dana@example.com", at=NOW)
    never(fakes, monkeypatch, EMAILS, "replace")
    with pytest.raises(TransientError):
        added(fakes, "user_2", "dana@example.com", at=MUCH_LATER)


def test_a_change_that_comes_too_late_gives_the_address_back(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    added(fakes)
    never(fakes, monkeypatch, USERS, "replace")
    with pytest.raises(TransientError):
        change(fakes, email="new@example.com")
    monkeypatch.undo()
    added(fakes, "user_2", "new@example.com", at=LATER)
    assert having(fakes, "dana@example.com") == "user_1"


def test_an_id_that_is_taken_leaves_its_address_alone(fakes: Fakes) -> None:
    added(fakes)
    with pytest.raises(Conflict):
        added(fakes, "user_1", "dana@example.com")
    with pytest.raises(Conflict):
        added(fakes, "user_1", "new@example.com")
    assert having(fakes, "dana@example.com") == "user_1"
    added(fakes, "user_2", "new@example.com")


def _fail() -> None:
    raise ConnectionError


# --- users --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    ["+49 30 1234-567", "0049 (30) 1234567", "4930.1234567", "٠٠٤٩ ٣٠ ١٢٣٤٥٦٧"],
    ids=["+", "00", "bare", "script"],
)
def test_a_telephone_is_known_however_it_is_written(written: str, fakes: Fakes) -> None:
    added(fakes, "user_1", phone_number="+49 30 1234567")
    added(fakes, "user_2", "sam@example.com", phone_number="+49 30 1234568")
    added(fakes, "user_3", "kim@example.com")
    found = find_user(fakes.records, "acme", written)
    assert found is not None
    assert found.id == "user_1"


def test_another_number_is_nobodys(fakes: Fakes) -> None:
    added(fakes, "user_1", phone_number="+49 30 1234567")
    added(fakes, "user_2", "kim@example.com")
    assert find_user(fakes.records, "acme", "+49 30 1") is None


@pytest.mark.parametrize("written", ["", "+", "call me", "²"], ids=["nothing", "plus", "words", "superscript"])
def test_what_is_no_number_is_not_looked_for(written: str, fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(fakes.records(USERS)), "list", None)
    assert find_user(fakes.records, "acme", written) is None


def test_users_are_found_beyond_a_page_that_holds_none(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the tenant has many users a page can be short and still not be the last."""
    added(fakes, phone_number="555", member_team_id="west")
    whole = type(fakes.records(USERS)).list

    def short(self: Any, org: str, limit: int, position: Any = None, **asked: Any) -> Page[User]:
        return whole(self, org, limit, **asked) if position else Page((), {"after": "~"})

    monkeypatch.setattr(type(fakes.records(USERS)), "list", short)
    found = find_user(fakes.records, "acme", "555")
    assert found is not None
    assert members_of("acme", "west", fakes) == ["user_1"]


def test_members_are_those_of_the_team_who_do_not_coach_it_only(fakes: Fakes) -> None:
    added(fakes, "user_1", member_team_id="west")
    added(fakes, "user_2", "b@example.com", member_team_id="east", coach_team_ids=("west",))
    assert members_of("acme", "west", fakes) == ["user_1"]
    with pytest.raises(TeamNotFound):
        members_of("acme", "north", fakes)
    with pytest.raises(TeamNotFound):
        members_of("globex", "west", fakes)


def test_a_team_removed_meanwhile_holds_up_no_other_change(fakes: Fakes) -> None:
    added(fakes, member_team_id="west", coach_team_ids=("west", "east"))
    fakes.records(TEAMS).remove(fakes.records(TEAMS).get("acme", "west"))
    assert change(fakes, first_name="Dana").first_name == "Dana"
    with pytest.raises(InvalidRequest) as refused:
        change(fakes, coach_team_ids=("west", "north"))
    assert refused.value.field == "coachTeamIds.1"
    change(fakes, member_team_id="east", coach_team_ids=())
    with pytest.raises(InvalidRequest) as refused:
        change(fakes, member_team_id="west")
    assert refused.value.field == "memberTeamId"


def test_a_team_of_another_organization_is_none(fakes: Fakes) -> None:
    fakes.records(TEAMS).add(Team("globex", "south", NOW, NOW, "south"))
    with pytest.raises(InvalidRequest):
        added(fakes, member_team_id="south")
    assert having(fakes, "dana@example.com") is None


def test_a_change_begins_again_when_another_came_first(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    added(fakes)
    interrupted(fakes, monkeypatch, USERS, "replace", lambda: change(fakes, last_name="Reyes"))
    after = change(fakes, first_name="Dana")
    assert (after.first_name, after.last_name, after.revision) == ("Dana", "Reyes", 3)
    assert after == fakes.records(USERS).get("acme", "user_1")
    assert (after.created_at, after.updated_at) == (NOW, LATER)


def test_a_changed_team_says_when(fakes: Fakes) -> None:
    after = change_team("acme", "west", lambda one: replace(one, name="W"), records=fakes, now=LATER, if_revision=1)
    assert (after.name, after.created_at, after.updated_at) == ("W", NOW, LATER)
    assert after == fakes.records(TEAMS).get("acme", "west")


def test_a_change_of_nothing_writes_nothing(fakes: Fakes) -> None:
    before = added(fakes)
    assert change(fakes, email="dana@example.com") == before == fakes.records(USERS).get("acme", "user_1")


def test_a_change_is_of_the_revision_that_was_read(fakes: Fakes) -> None:
    added(fakes)
    change(fakes, first_name="Dana")
    with pytest.raises(PreconditionFailed):
        change_user("acme", "user_1", lambda one: one, records=fakes, now=LATER, if_revision=1)
    with pytest.raises(UserNotFound):
        change_user("globex", "user_1", lambda one: one, records=fakes, now=LATER, if_revision=1)


# --- teams and the organization -----------------------------------------------------------------------------


def test_a_team_is_removed_though_it_was_changed_meanwhile(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    def rename() -> None:
        change_team("acme", "west", lambda one: replace(one, name="W"), records=fakes, now=LATER, if_revision=None)

    interrupted(fakes, monkeypatch, TEAMS, "remove", rename)
    remove_team("acme", "west", records=fakes, if_revision=None)
    assert fakes.records(TEAMS).find("acme", ["west"]) == {}
    monkeypatch.undo()
    fakes.records(TEAMS).add(Team("acme", "west", NOW, NOW, "west"))
    interrupted(fakes, monkeypatch, TEAMS, "remove", rename)
    with pytest.raises(PreconditionFailed):
        remove_team("acme", "west", records=fakes, if_revision=1)


def test_what_keeps_changing_is_written_later(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    name_organization("acme", "Acme", records=fakes, now=NOW, if_revision=None)
    for kind in (TEAMS, ORGANIZATIONS):
        never(fakes, monkeypatch, kind, "replace")
    never(fakes, monkeypatch, TEAMS, "remove")
    with pytest.raises(TransientError):
        remove_team("acme", "west", records=fakes, if_revision=None)
    with pytest.raises(TransientError):
        change_team("acme", "west", lambda one: replace(one, name="W"), records=fakes, now=LATER, if_revision=None)
    with pytest.raises(TransientError):
        name_organization("acme", "Acme Solar", records=fakes, now=LATER, if_revision=None)


def test_an_organization_named_by_two_at_once_has_the_last_name(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Organization("acme", "acme", NOW, NOW, "First")
    interrupted(fakes, monkeypatch, ORGANIZATIONS, "add", lambda: fakes.records(ORGANIZATIONS).add(first))
    named = name_organization("acme", "Second", records=fakes, now=LATER, if_revision=None)
    assert (named.name, named.revision) == ("Second", 2)
    assert organization_of("acme", fakes, LATER) == named
    assert organization_of("globex", fakes, LATER).name is None


def test_an_organization_named_first_by_another_is_not_the_one_that_was_read(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Organization("acme", "acme", NOW, NOW, "First")
    interrupted(fakes, monkeypatch, ORGANIZATIONS, "add", lambda: fakes.records(ORGANIZATIONS).add(first))
    with pytest.raises(PreconditionFailed):
        name_organization("acme", "Second", records=fakes, now=LATER, if_revision=0)


def test_whose_recordings_they_are(fakes: Fakes) -> None:
    assert rep_of_id("acme", "user_1", fakes) is None
    added(fakes, first_name="Dana", member_team_id="west")
    assert rep_of_id("acme", "user_1", fakes) == Rep("Dana", None, "west", None)
    name_organization("acme", "Acme Solar", records=fakes, now=NOW, if_revision=None)
    assert rep_of_id("acme", "user_1", fakes) == Rep("Dana", None, "west", "Acme Solar")
    assert rep_of_id("acme", "user_2", fakes) == Rep(organization_name="Acme Solar")
    assert rep_of_id("globex", "user_1", fakes) is None


def test_a_recording_is_the_callers_or_of_the_user_who_is_named(fakes: Fakes) -> None:
    added(fakes, first_name="Dana", phone_number="+49 30 1234567")

    def recorder(user_id: str | None = None, email: str | None = None, phone: str | None = None) -> Any:
        return recorded_by("acme", "caller", user_id=user_id, email=email, phone=phone, records=fakes)

    dana = ("user_1", Rep("Dana"))
    assert recorder() == recorder(user_id="caller") == ("caller", None)
    assert recorder(user_id="user_1") == recorder(email="DANA@example.com") == recorder(phone="0049301234567") == dana
    assert recorder(user_id="user_1", email="nobody@example.com") == dana
    for named in ({"user_id": "user_2"}, {"email": "nobody@example.com"}, {"phone": "1"}):
        with pytest.raises(InvalidRequest, match="of the organization"):
            recorder(**named)


# --- lists --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (UserFilter(), ["b", "a"]),
        (UserFilter(disabled=True), ["b"]),
        (UserFilter(external_id="hr/1", team_id="west"), ["a"]),
        (UserFilter(email="A@example.com"), ["a"]),
        (UserFilter(email="a@example.com", disabled=True), []),
        (UserFilter(email="c@example.com"), []),
    ],
)
def test_users_are_listed_by_what_is_known_of_them(wanted: UserFilter, found: list[str], fakes: Fakes) -> None:
    added(fakes, "a", "a@example.com", external_id="hr/1", member_team_id="west")
    added(fakes, "b", "b@example.com", at=LATER, disabled=True)
    page = list_users("acme", wanted, 10, None, fakes)
    assert ([one.id for one in page.records], page.next_position) == (found, None)
