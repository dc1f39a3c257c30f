"""Users, teams and the organization on the core API, and whose name recordings carry."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from api.core.people import models as documented
from api.dependencies import Services
from auricle.directory.users import EMAILS, USERS, User
from auricle.recordings.recording import Rep
from auricle.records import Page
from tests.contract.conftest import NOW
from tests.contract.core_recordings import refused, send, shown
from tests.contract.core_reference import conforms
from tests.contract.forms import a_wav, upload
from tests.contract.gateway import Answer, Gateway

CORE = "/v1/core"
USERS_PATH, TEAMS_PATH, ORGANIZATION = f"{CORE}/users", f"{CORE}/teams", f"{CORE}/organization"
ONE_USER = f"{USERS_PATH}/user_1"
ONE_TEAM = f"{TEAMS_PATH}/west"


def new_user(api: Gateway, email: str = "dana@example.com", **given: Any) -> Any:
    answer = api.post(USERS_PATH, {"email": email, "organizationId": "acme", **given})
    api.now += timedelta(milliseconds=1)
    return shown(documented.UserResponse, answer)


def new_team(api: Gateway, team_id: str = "west", **given: Any) -> Any:
    answer = api.post(TEAMS_PATH, {"id": team_id, "name": team_id, **given})
    api.now += timedelta(milliseconds=1)
    return shown(documented.TeamResponse, answer, 201)


def change(api: Gateway, path: str, body: Any, **headers: str) -> Answer:
    return send(api, "PUT", path, body, headers=headers)


def listed(api: Gateway, **query: Any) -> list[str]:
    return [user["id"] for user in shown(documented.UserPage, api.get(USERS_PATH, **query))["data"]]


# --- users --------------------------------------------------------------------------------------------------


def test_a_user_has_what_was_said_of_them(api: Gateway) -> None:
    new_team(api)
    new_team(api, "east")
    said = {
        "id": "user_1",
        "email": "Dana@example.com",
        "organizationId": "acme",
        "phoneNumber": "+1 555 0100",
        "firstName": "Dana",
        "lastName": "Reyes",
        "memberTeamId": "west",
        "coachTeamIds": ["east", "west"],
        "externalId": "hr/77",
        "isAdmin": True,
        "billable": False,
        "contactSettings": {"suppressEmails": True, "suppressEmailErrors": False},
    }
    answer = api.post(USERS_PATH, said)
    user = conforms(answer, "post", "/v1/core/users")
    assert {**user, **said} == user
    assert (user["disabled"], user["createdAt"]) == (False, "2026-03-30T12:00:00.125Z")
    assert (answer.headers["location"], answer.headers["etag"]) == (ONE_USER, '"1"')
    read = api.get(ONE_USER)
    assert conforms(read, "get", "/v1/core/users/{id}") == user
    assert read.headers["etag"] == '"1"'
    assert conforms(api.get(USERS_PATH), "get", "/v1/core/users") == {"data": [user], "cursor": None}


def test_of_a_user_little_needs_to_be_said(api: Gateway) -> None:
    user = new_user(api)
    assert user["id"].startswith("user_")
    unsaid = ("phoneNumber", "firstName", "lastName", "memberTeamId", "externalId")
    assert [user[name] for name in unsaid] == [None] * len(unsaid)
    assert (user["coachTeamIds"], user["billable"], user["isAdmin"]) == ([], True, False)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": None}, "email"),
        ({"email": "dana"}, "email"),
        ({"email": "a@b c"}, "email"),
        ({"email": f"{'a' * 255}@b"}, "email"),
        ({"organizationId": None}, "organizationId"),
        ({"id": "a b"}, "id"),
        ({"phoneNumber": "call me"}, "phoneNumber"),
        ({"firstName": ""}, "firstName"),
        ({"lastName": "a\nb"}, "lastName"),
        ({"memberTeamId": "nowhere"}, "memberTeamId"),
        ({"coachTeamIds": ["west", "nowhere"]}, "coachTeamIds.1"),
        ({"coachTeamIds": "west"}, "coachTeamIds"),
        ({"externalId": 7}, "externalId"),
        ({"isAdmin": "yes"}, "isAdmin"),
        ({"billable": 1}, "billable"),
        ({"contactSettings": {"suppressEmails": "no"}}, "contactSettings.suppressEmails"),
        ({"password": "hunter2"}, "password"),
        ({"disabled": True}, "disabled"),
    ],
)
def test_a_wrong_field_of_a_new_user_is_named(wrong: dict[str, Any], field: str, api: Gateway) -> None:
    new_team(api)
    body = {"email": "dana@example.com", "organizationId": "acme", **wrong}
    refused(api.post(USERS_PATH, body), 422, "invalid-request", field)
    assert listed(api) == []


def test_an_address_may_have_any_letters(api: Gateway) -> None:
    assert new_user(api, "jos\u00e9@ex\u00e4mple.com")["email"] == "jos\u00e9@ex\u00e4mple.com"
    decomposed = {"email": "JOSE\u0301@exa\u0308mple.com", "organizationId": "acme"}
    refused(api.post(USERS_PATH, decomposed), 409, "conflict")
    assert len(listed(api, email=decomposed["email"])) == 1
    half_a_letter = rb'{"email": "\ud800@example.com", "organizationId": "acme"}'
    refused(api.post(USERS_PATH, half_a_letter), 422, "invalid-request", "email")


def test_a_refused_password_is_not_repeated(api: Gateway) -> None:
    answer = api.post(USERS_PATH, {"email": "a@b", "organizationId": "acme", "password": "hunter2"})
    assert b"hunter2" not in answer.body
    assert "identity provider" in refused(answer, 422, "invalid-request", "password")["error"]


def test_users_are_added_to_ones_own_organization_only(api: Gateway) -> None:
    refused(api.post(USERS_PATH, {"email": "a@b", "organizationId": "globex"}), 404, "not-found")
    new_user(api, id="user_1")
    refused(change(api, ONE_USER, {"organizationId": "globex"}), 404, "not-found")
    assert change(api, ONE_USER, {"organizationId": "acme", "firstName": "Dana"}).status == 200


def test_an_email_address_is_one_users(api: Gateway) -> None:
    new_user(api, "dana@example.com", id="user_1")
    body = {"email": "DANA@example.com", "organizationId": "acme"}
    refused(api.post(USERS_PATH, body), 409, "conflict")
    other = api.identity.token(org="globex")
    assert api.post(USERS_PATH, {**body, "organizationId": "globex"}, token=other).status == 200


def test_an_id_is_one_users(api: Gateway) -> None:
    new_user(api, "dana@example.com", id="user_1")
    body = {"email": "sam@example.com", "organizationId": "acme", "id": "user_1"}
    refused(api.post(USERS_PATH, body), 409, "conflict")
    assert api.get(ONE_USER).json["email"] == "dana@example.com"
    new_user(api, "sam@example.com")


def test_a_user_sent_twice_keeps_their_address(api: Gateway) -> None:
    new_user(api, "dana@example.com", id="user_1")
    body = {"email": "dana@example.com", "organizationId": "acme"}
    refused(api.post(USERS_PATH, {**body, "id": "user_1"}), 409, "conflict")
    refused(api.post(USERS_PATH, {**body, "id": "user_2"}), 409, "conflict")


def test_an_address_given_up_is_free_again(api: Gateway, services: Services) -> None:
    new_user(api, "dana@example.com", id="user_1")
    new_user(api, "sam@example.com", id="user_2")
    refused(change(api, ONE_USER, {"email": "Sam@example.com"}), 409, "conflict")
    assert change(api, ONE_USER, {"email": "d.reyes@example.com"}).json["email"] == "d.reyes@example.com"
    claims = services.records(EMAILS).list("acme", 10).records
    assert sorted(claim.user_id for claim in claims) == ["user_1", "user_2"], "nothing is kept of an old address"
    assert change(api, f"{USERS_PATH}/user_2", {"email": "dana@example.com"}).status == 200
    refused(api.post(USERS_PATH, {"email": "d.reyes@example.com", "organizationId": "acme"}), 409, "conflict")
    new_user(api, "sam@example.com")


def test_what_is_not_said_of_a_user_stays_and_null_takes_away(api: Gateway) -> None:
    new_team(api)
    before = new_user(
        api, id="user_1", firstName="Dana", lastName="Reyes", memberTeamId="west", externalId="7", coachTeamIds=["west"]
    )
    answer = change(api, ONE_USER, {"firstName": "Dan", "memberTeamId": None, "externalId": None, "disabled": True})
    after = conforms(answer, "put", "/v1/core/users/{id}")
    changed = {"firstName": "Dan", "memberTeamId": None, "externalId": None, "disabled": True}
    assert after == {**before, **changed}
    assert answer.headers["etag"] == '"2"'
    cannot_be_missing = {"email": None, "disabled": None, "billable": None, "coachTeamIds": None}
    same = change(api, ONE_USER, cannot_be_missing)
    assert (same.json, same.headers["etag"]) == (after, '"2"')


def test_of_what_mail_a_user_gets_the_unsaid_stays_too(api: Gateway) -> None:
    new_user(api, id="user_1", contactSettings={"suppressEmailErrors": True})
    quiet = change(api, ONE_USER, {"contactSettings": {"suppressEmails": True}})
    assert quiet.json["contactSettings"] == {"suppressEmails": True, "suppressEmailErrors": True}
    same = change(api, ONE_USER, {"contactSettings": None})
    assert (same.json, same.headers["etag"]) == (quiet.json, quiet.headers["etag"])
    refused(
        change(api, ONE_USER, {"contactSettings": {"suppressEmails": None}}),
        422,
        "invalid-request",
        "contactSettings.suppressEmails",
    )


def test_a_team_is_coached_once(api: Gateway) -> None:
    new_team(api)
    assert new_user(api, id="user_1", coachTeamIds=["west", "west"])["coachTeamIds"] == ["west"]
    change(api, ONE_USER, {"coachTeamIds": []})
    assert change(api, ONE_USER, {"coachTeamIds": ["west", "west"]}).json["coachTeamIds"] == ["west"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": "dana"}, "email"),
        ({"phoneNumber": ""}, "phoneNumber"),
        ({"firstName": " "}, "firstName"),
        ({"memberTeamId": "nowhere"}, "memberTeamId"),
        ({"coachTeamIds": ["nowhere"]}, "coachTeamIds.0"),
        ({"disabled": "no"}, "disabled"),
        ({"billable": "no"}, "billable"),
        ({"password": "hunter2"}, "password"),
        ({"id": "user_2"}, "id"),
    ],
)
def test_a_wrong_field_of_a_change_is_named(wrong: dict[str, Any], field: str, api: Gateway) -> None:
    before = new_user(api, id="user_1")
    refused(change(api, ONE_USER, wrong), 422, "invalid-request", field)
    assert api.get(ONE_USER).json == before


def test_users_are_filtered(api: Gateway) -> None:
    new_team(api)
    new_user(api, "a@example.com", id="a", externalId="7", memberTeamId="west")
    new_user(api, "b@example.com", id="b")
    change(api, f"{USERS_PATH}/b", {"disabled": True})
    assert listed(api) == ["b", "a"]
    assert (listed(api, disabled="true"), listed(api, disabled="false")) == (["b"], ["a"])
    assert (listed(api, externalId="7"), listed(api, externalId="8")) == (["a"], [])
    assert (listed(api, email="B@Example.com"), listed(api, teamId="west")) == (["b"], ["a"])
    assert (listed(api, email="b@example.com", disabled="false"), listed(api, email="c@example.com")) == ([], [])
    assert listed(api, excludeSiroUsers="true") == listed(api, excludeSiroUsers="false") == ["b", "a"]


def test_users_come_in_pages(api: Gateway) -> None:
    for number in range(5):
        new_user(api, f"{number}@example.com", id=f"u{number}")
    found: list[list[str]] = []
    query: dict[str, Any] = {"pageSize": 2}
    while True:
        page = shown(documented.UserPage, api.get(USERS_PATH, **query))
        found.append([user["id"] for user in page["data"]])
        if page["cursor"] is None:
            break
        query["cursor"] = page["cursor"]
    assert found == [["u4", "u3"], ["u2", "u1"], ["u0"]]
    of_all = api.get(USERS_PATH, pageSize=2).json["cursor"]
    refused(api.get(USERS_PATH, cursor=of_all, disabled="false"), 422, "invalid-request", "cursor")
    refused(
        api.get(USERS_PATH, cursor=of_all, token=api.identity.token(org="globex")), 422, "invalid-request", "cursor"
    )


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"pageSize": 0}, "pageSize"),
        ({"pageSize": 101}, "pageSize"),
        ({"disabled": "maybe"}, "disabled"),
        ({"excludeSiroUsers": "maybe"}, "excludeSiroUsers"),
        ({"externalId": ""}, "externalId"),
        ({"email": "dana"}, "email"),
        ({"cursor": "abc"}, "cursor"),
        ({"cursor": "abc", "email": "dana@example.com"}, "cursor"),
        ({"teamId": "a/b"}, "teamId"),
        ({"limit": 5}, "limit"),
    ],
)
def test_a_wrong_parameter_is_named(query: dict[str, Any], field: str, api: Gateway) -> None:
    refused(api.get(USERS_PATH, **query), 422, "invalid-request", field)


# --- teams --------------------------------------------------------------------------------------------------


def test_a_team_is_added_read_changed_and_removed(api: Gateway) -> None:
    answer = api.post(TEAMS_PATH, {"id": "west", "name": "West", "externalId": "t7"})
    team = shown(documented.TeamResponse, answer, 201)
    assert {**team, "id": "west", "name": "West", "externalId": "t7", "organizationId": "acme"} == team
    assert (answer.headers["location"], answer.headers["etag"]) == (ONE_TEAM, '"1"')
    assert shown(documented.TeamResponse, api.get(ONE_TEAM)) == team
    refused(api.post(TEAMS_PATH, {"id": "west", "name": "West"}), 409, "conflict")
    changed = change(api, ONE_TEAM, {"name": "West coast"})
    renamed = shown(documented.TeamResponse, changed)
    assert (renamed["name"], renamed["externalId"], changed.headers["etag"]) == ("West coast", "t7", '"2"')
    assert change(api, ONE_TEAM, {"name": None, "externalId": None}).json["name"] == "West coast"
    assert api.get(ONE_TEAM).json["externalId"] is None
    assert api.delete(ONE_TEAM).status == 204
    refused(api.get(ONE_TEAM), 404, "team-not-found")
    assert api.get(TEAMS_PATH).json == {"data": [], "cursor": None}


def test_teams_come_in_pages(api: Gateway) -> None:
    for team_id in ("a", "b", "c"):
        new_team(api, team_id)
    first = shown(documented.TeamPage, api.get(TEAMS_PATH, pageSize=2))
    rest = shown(documented.TeamPage, api.get(TEAMS_PATH, pageSize=2, cursor=first["cursor"]))
    assert [team["id"] for team in (*first["data"], *rest["data"])] == ["c", "b", "a"]
    assert rest["cursor"] is None


@pytest.mark.parametrize("belonging", [{"memberTeamId": "west"}, {"coachTeamIds": ["west"]}])
def test_a_team_that_somebody_belongs_to_stays(belonging: dict[str, Any], api: Gateway) -> None:
    new_team(api)
    new_user(api, id="user_1", **belonging)
    refused(api.delete(ONE_TEAM), 409, "conflict")
    assert change(api, ONE_USER, {"memberTeamId": None, "coachTeamIds": []}).status == 200
    assert api.delete(ONE_TEAM).status == 204


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "name"), ({"name": ""}, "name"), ({"name": "a", "id": "a b"}, "id"), ({"name": "a", "team": 1}, "team")],
)
def test_a_wrong_field_of_a_team_is_named(body: dict[str, Any], field: str, api: Gateway) -> None:
    refused(api.post(TEAMS_PATH, body), 422, "invalid-request", field)


def test_a_team_stays_even_where_its_people_are_on_no_first_page(
    api: Gateway, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_team(api)
    new_user(api, id="user_1", memberTeamId="west")
    users = services.records(USERS)
    whole = users.list

    def short(org: str, limit: int, position: Any = None, **asked: Any) -> Page[User]:
        return whole(org, limit, **asked) if position else Page((), {"after": "~"})

    monkeypatch.setattr(users, "list", short)
    monkeypatch.setattr(type(services), "records", _giving(users, type(services).records))
    refused(api.delete(ONE_TEAM), 409, "conflict")


def _giving(users: Any, others: Any) -> Any:
    return lambda services, kind: users if kind is USERS else others(services, kind)


# --- the organization ---------------------------------------------------------------------------------------


def test_the_organization_has_a_name_once_it_was_given_one(api: Gateway) -> None:
    nameless = api.get(ORGANIZATION)
    assert shown(documented.OrganizationResponse, nameless) == {"id": "acme", "name": None, "updatedAt": None}
    named = change(api, ORGANIZATION, {"name": "Acme Solar"}, **{"if-match": nameless.headers["etag"]})
    assert shown(documented.OrganizationResponse, named) == {
        "id": "acme",
        "name": "Acme Solar",
        "updatedAt": "2026-03-30T12:00:00.123Z",
    }
    assert api.get(ORGANIZATION).headers["etag"] == named.headers["etag"] == '"1"'
    refused(change(api, ORGANIZATION, {"name": "A"}, **{"if-match": '"0"'}), 412, "precondition-failed")
    assert change(api, ORGANIZATION, {"name": "Acme Solar"}).headers["etag"] == '"1"'
    assert change(api, ORGANIZATION, {"name": "Acme"}, **{"if-match": '"1"'}).headers["etag"] == '"2"'
    assert api.get(ORGANIZATION, token=api.identity.token(org="globex")).json["name"] is None
    refused(change(api, ORGANIZATION, {"name": ""}), 422, "invalid-request", "name")


# --- all of them --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "missing"),
    [(USERS_PATH, {"firstName": "A"}, "user-not-found"), (TEAMS_PATH, {"name": "A"}, "team-not-found")],
)
def test_what_is_unknown_or_anothers_is_not_there(path: str, body: Any, missing: str, api: Gateway) -> None:
    new_team(api, "same")
    new_user(api, id="same")
    foreign = api.identity.token(org="globex")
    for one, token in ((f"{path}/other", None), (f"{path}/a b", None), (f"{path}/same", foreign)):
        refused(api.get(one.replace(" ", "%20"), token=token), 404, missing)
        refused(send(api, "PUT", one.replace(" ", "%20"), body, token=token), 404, missing)
    assert api.get(path, token=foreign).json["data"] == []
    refused(api.delete(f"{TEAMS_PATH}/same", token=foreign), 404, "team-not-found")
    assert api.get(f"{path}/same").status == 200


def test_reading_takes_one_scope_and_writing_another(api: Gateway) -> None:
    new_team(api)
    new_user(api, id="user_1")
    reader, writer = (api.identity.token(scope=scope) for scope in ("recordings:read", "org:admin"))
    for path in (USERS_PATH, ONE_USER, TEAMS_PATH, ONE_TEAM, ORGANIZATION):
        assert api.get(path, token=reader).status == 200
        refused(api.get(path, token=writer), 403, "insufficient-scope")
    for method, path in (
        ("POST", USERS_PATH),
        ("PUT", ONE_USER),
        ("POST", TEAMS_PATH),
        ("PUT", ONE_TEAM),
        ("DELETE", ONE_TEAM),
        ("PUT", ORGANIZATION),
    ):
        refused(send(api, method, path, {"name": "A"}, token=reader), 403, "insufficient-scope")


@pytest.mark.parametrize(("path", "body"), [(ONE_USER, {"firstName": "A"}), (ONE_TEAM, {"name": "A"})])
def test_a_change_of_what_was_changed_meanwhile_is_refused(path: str, body: Any, api: Gateway) -> None:
    new_team(api)
    new_user(api, id="user_1")
    assert change(api, path, body, **{"if-match": '"1"'}).headers["etag"] == '"2"'
    later = dict.fromkeys(body, "B")
    refused(change(api, path, later, **{"if-match": '"1"'}), 412, "precondition-failed")
    refused(send(api, "DELETE", ONE_TEAM, headers={"if-match": '"9"'}), 412, "precondition-failed")
    found = api.get(path).json
    assert {name: found[name] for name in body} == body


# --- whose recordings they are ------------------------------------------------------------------------------


def _from_an_upload_url(api: Gateway) -> str:
    answer = api.post("/api/v1/audio-files/upload-url", {"fileName": "a.wav"})
    assert answer.status == 201, answer.body
    return str(answer.json["audioFileId"])


def _from_a_phone(api: Gateway) -> str:
    answer = send(api, "PUT", f"{CORE}/recordings", {"id": "rec_7", "dateCreated": NOW.isoformat()})
    assert answer.status == 201, answer.body
    return "rec_7"


def _from_an_upload_of_the_core(api: Gateway) -> str:
    slot = api.post(f"{CORE}/recordings/signed-urls", {"fileType": "mp3", "fileSize": 4}).json["data"]
    answer = api.post(f"{CORE}/recordings/upload", {"downloadUrl": slot["downloadUrl"], "fileType": "mp3"})
    assert answer.status == 201, answer.body
    return str(answer.json["data"]["id"])


def _from_a_form(api: Gateway) -> str:
    answer = upload(api, ("type", "phone"), ("consent_status", "all_consented"), ("file", a_wav()))
    assert answer.status == 201, answer.body
    return str(answer.json["id"])


def _from_a_form_without_its_file(api: Gateway) -> str:
    size = ("file_size", str(50 * 1024**2))
    answer = upload(api, ("type", "phone"), ("consent_status", "all_consented"), size)
    assert answer.status == 413, answer.body
    return str(answer.json["error"]["upload"]["id"])


MADE = (
    _from_an_upload_url,
    _from_a_phone,
    _from_an_upload_of_the_core,
    _from_a_form,
    _from_a_form_without_its_file,
)


@pytest.mark.parametrize("made", MADE)
def test_a_recording_carries_the_name_of_who_made_it(made: Any, api: Gateway, services: Services) -> None:
    new_team(api)
    new_user(api, id="user_1", firstName="Dana", lastName="Reyes", memberTeamId="west")
    change(api, ORGANIZATION, {"name": "Acme Solar"})
    recording_id = made(api)
    assert services.recordings.get("acme", recording_id).rep == Rep("Dana", "Reyes", "west", "Acme Solar")
    found = api.get(f"{CORE}/recordings/{recording_id}").json["data"]
    names = ("userId", "repFirstName", "repLastName", "teamId", "organizationName")
    assert [found[name] for name in names] == ["user_1", "Dana", "Reyes", "west", "Acme Solar"]


@pytest.mark.parametrize("made", MADE)
def test_of_a_stranger_a_recording_carries_no_name(made: Any, api: Gateway, services: Services) -> None:
    assert services.recordings.get("acme", made(api)).rep is None
    assert services.records(USERS).find("acme", ["user_1"]) == {}


@pytest.mark.parametrize("subject", ["auth0|5f7c8ec7c33c6c004bbafe82", "dana@example.com", "https://idp.test/users/7"])
def test_a_subject_of_any_identity_provider_has_a_name(subject: str, api: Gateway, services: Services) -> None:
    """No path and no key can hold such a text, so the user has an id made of it, and is found by it."""
    made = api.post(
        USERS_PATH, {"id": subject, "email": "d@example.com", "organizationId": "acme", "firstName": "Dana"}
    )
    assert made.status == 200, made.body
    assert api.get(f"{USERS_PATH}/{made.json['id']}").json["firstName"] == "Dana"
    again = {"id": subject, "email": "other@example.com", "organizationId": "acme"}
    assert api.post(USERS_PATH, again).status == 409
    uploaded = api.post("/api/v1/audio-files/upload-url", {"fileName": "a.wav"}, token=api.identity.token(sub=subject))
    assert uploaded.status == 201, uploaded.body
    recording = services.recordings.get("acme", uploaded.json["audioFileId"])
    assert (recording.user_id, recording.rep) == (subject, Rep("Dana"))
