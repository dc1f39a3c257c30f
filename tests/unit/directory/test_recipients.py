"""Whom something is for: users, and teams by their members."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from auricle.directory.recipients import Recipient, users_among
from auricle.directory.users import TEAMS, USERS, Team, User
from auricle.errors import InvalidRequest
from tests.fakes import Fakes

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)


@pytest.fixture
def fakes() -> Fakes:
    made = Fakes()
    made.records(TEAMS).add(Team("acme", "team_1", NOW, NOW, name="Sales"))
    for user, team in (("bob", "team_1"), ("cid", "team_1"), ("dan", None)):
        made.records(USERS).add(User("acme", user, NOW, NOW, email=f"{user}@acme.test", member_team_id=team))
    return made


def test_teams_are_their_members_and_users_need_not_be_known(fakes: Fakes) -> None:
    recipients = [Recipient("eve"), Recipient("team_1", is_team=True), Recipient("team_1")]
    found = users_among("acme", recipients, fakes)
    assert (found[0], sorted(found[1:3]), found[3]) == ("eve", ["bob", "cid"], "team_1")


@pytest.mark.parametrize("org", ["acme", "globex"])
def test_a_team_that_is_not_there_is_named_by_its_place(fakes: Fakes, org: str) -> None:
    team = "team_none" if org == "acme" else "team_1"
    with pytest.raises(InvalidRequest, match=f"no team {team}") as caught:
        users_among(org, [Recipient("bob"), Recipient(team, is_team=True)], fakes)
    assert caught.value.field == "recipients.1.key"
