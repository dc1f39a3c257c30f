"""Forged, stolen, revoked and expired credentials, on every surface: each refused, in the surface's own words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.core.shared import timestamp
from auricle.directory.api_keys import API_KEYS
from tests.contract.forgery import ATTACKS
from tests.contract.gateway import ALL_SCOPES, Answer, Gateway, Identity
from tests.fakes import Fakes

TOKENS = "/v1/core/auth/tokens"
WHO = "/v1/core/auth/caller-identity"
FILES, FOUNDER, CORE, CALLS = "/api/v1/audio-files", "/api/v1/agent/founder/recordings", WHO, "/v1/calls"


def _as_audio_files(found: Any) -> bool:
    return bool(found["type"] == "urn:auricle:error:unauthenticated" and found["status"] == 401)


def _as_agent(found: Any) -> bool:
    return bool(found["error"]["code"] == "UNAUTHENTICATED" and found["error"]["message"])


def _as_core(found: Any) -> bool:
    return bool(found["code"] == "unauthenticated" and isinstance(found["error"], str))


def _as_calls(found: Any) -> bool:
    return bool(found == {"status": "error", "message": "Invalid API token.", "data": None})


SURFACES: Mapping[str, Callable[[Any], bool]] = {
    FILES: _as_audio_files,
    FOUNDER: _as_agent,
    CORE: _as_core,
    CALLS: _as_calls,
}
CARRIERS = ("authorization", "x-api-key", "x-siro-auth-token")


@pytest.fixture(scope="module")
def identity() -> Identity:
    return Identity()


@pytest.fixture
def services() -> Fakes:
    return Fakes()


@pytest.fixture
def api(services: Fakes, identity: Identity) -> Gateway:
    return Gateway(services, identity)


def carried(carrier: str, credential: str) -> dict[str, str]:
    return {carrier: f"Bearer {credential}" if carrier == "authorization" else credential}


def asked(api: Gateway, path: str, carrier: str, credential: str) -> Answer:
    return api.get(path, token="", headers=carried(carrier, credential))


def made(api: Gateway, token: str | None = None, **given: Any) -> dict[str, Any]:
    """A new API token of acme."""
    body = {"tokenName": "CRM sync", "organizationId": "acme", **given}
    answer = api.post(TOKENS, body, token=token)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


def check_refused(answer: Answer, path: str) -> None:
    assert answer.status == 401, answer.body
    assert answer.headers["www-authenticate"].startswith('Bearer realm="auricle"')
    assert SURFACES[path](answer.json), answer.body


# --- what does not hold -------------------------------------------------------------------------------------


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("path", SURFACES)
@pytest.mark.parametrize("attack", [name for name in ATTACKS if name != "nothing"])
def test_a_forged_jwt_is_refused(attack: str, path: str, carrier: str, api: Gateway, identity: Identity) -> None:
    check_refused(asked(api, path, carrier, ATTACKS[attack](identity)), path)


def _reversed_secret(key: str, _other: str) -> str:
    head, _, secret = key.rpartition(".")
    return f"{head}.{secret[::-1]}"


def _moved_secret(key: str, other: str) -> str:
    return f"{key.rpartition('.')[0]}.{other.rpartition('.')[2]}"


FORGED_KEYS: Mapping[str, Callable[[str, str], str]] = {
    "another secret": _reversed_secret,
    "the secret of another key": _moved_secret,
    "another tenant": lambda key, _: key.replace(".acme.", ".globex."),
    "no such key": lambda key, _: re.sub(r"token_[0-9a-f]+", "token_0", key),
    "in capitals": lambda key, _: key.upper(),
    "secret in lower case": lambda key, _: f"{key.rpartition('.')[0]}.{key.rpartition('.')[2].lower()}",
    "cut off": lambda key, _: key[:-1],
    "longer": lambda key, _: key + "A",
    "no secret": lambda key, _: key.rpartition(".")[0] + ".",
    "no parts": lambda _key, _: "auricle.",
    "five parts": lambda key, _: key + ".x",
    "no tenant": lambda key, _: key.replace(".acme.", ".."),
    "tenant that climbs": lambda key, _: key.replace(".acme.", ".acme#TOKEN."),
    "id that asks the table": lambda key, _: re.sub(r"token_[0-9a-f]+", "' OR 1=1 --", key),
    "digest instead of the secret": lambda key, _: f"{key.rpartition('.')[0]}.{'0' * 43}",
    "not ASCII": lambda key, _: key[:-1] + "ü",
    "a card number's look": lambda _key, _: "sk_test_51_fakeapikey123456",
}


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("path", SURFACES)
@pytest.mark.parametrize("forgery", FORGED_KEYS)
def test_a_forged_api_key_is_refused(forgery: str, path: str, carrier: str, api: Gateway) -> None:
    key, other = made(api)["token"], made(api)["token"]
    check_refused(asked(api, path, carrier, FORGED_KEYS[forgery](key, other)), path)
    assert asked(api, path, carrier, key).status == 200


@pytest.mark.parametrize("path", SURFACES)
def test_no_credential_is_refused(path: str, api: Gateway) -> None:
    answer = api.get(path, token="")
    check_refused(answer, path)
    assert "error=" not in answer.headers["www-authenticate"]  # RFC 6750: nothing was presented


@pytest.mark.parametrize("path", SURFACES)
def test_two_credentials_prove_neither(path: str, api: Gateway, identity: Identity) -> None:
    key, other = made(api)["token"], made(api)["token"]
    for first, second in ((key, other), (key, identity.token()), (identity.token(sub="b"), key)):
        headers = {**carried("authorization", first), **carried("x-api-key", second)}
        check_refused(api.get(path, token="", headers=headers), path)
    same = {**carried("authorization", key), **carried("x-api-key", key)}
    assert api.get(path, token="", headers=same).status == 200


def test_what_does_not_hold_is_not_told_apart(api: Gateway) -> None:
    """Whether a key never was, was revoked, has expired or has another secret is nobody's business."""
    known = made(api, expiresAt=(datetime.now(UTC) + timedelta(minutes=1)).isoformat())
    revoked = made(api)
    assert api.delete(f"{TOKENS}/{revoked['tokenId']}").status == 200
    keys = [FORGED_KEYS[name](known["token"], revoked["token"]) for name in FORGED_KEYS] + [revoked["token"]]
    answers = [asked(api, FILES, "x-api-key", key) for key in keys if "sk_test" not in key]
    api.clock = lambda: datetime.now(UTC).timestamp() + 61
    answers.append(asked(api, FILES, "x-api-key", known["token"]))
    assert {answer.status for answer in answers} == {401}
    said = {answer.json["detail"] for answer in answers if "not a valid token" not in answer.json["detail"]}
    assert len(said) == 1


def test_a_revoked_key_holds_for_no_further_request_of_any_process(
    api: Gateway, services: Fakes, identity: Identity
) -> None:
    other_process = Gateway(services, identity)
    key = made(api)
    assert asked(other_process, FILES, "x-api-key", key["token"]).status == 200
    assert api.delete(f"{TOKENS}/{key['tokenId']}").status == 200
    assert asked(other_process, FILES, "x-api-key", key["token"]).status == 401
    assert api.get(f"{TOKENS}/{key['tokenId']}").status == 404
    assert api.delete(f"{TOKENS}/{key['tokenId']}").status == 404


def test_a_key_that_has_expired_holds_no_more(api: Gateway) -> None:
    key = made(api, expiresAt=(datetime.now(UTC) + timedelta(minutes=1)).isoformat())["token"]
    assert asked(api, FILES, "x-api-key", key).status == 200
    api.clock = lambda: datetime.now(UTC).timestamp() + 61
    assert asked(api, FILES, "x-api-key", key).status == 401


# --- what does not suffice ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "lacking"), [(FILES, "audio:read"), ("/v1/core/recordings", "recordings:read"), (CALLS, "calls:read")]
)
def test_a_credential_without_the_scope_is_refused(path: str, lacking: str, api: Gateway, identity: Identity) -> None:
    scope = ALL_SCOPES.replace(lacking, "")
    key = made(api, scopes=[name for name in ALL_SCOPES.split() if name != lacking])["token"]
    for credential in (identity.token(scope=scope), key):
        answer = asked(api, path, "authorization", credential)
        assert answer.status == 403
        assert f'scope="{lacking}"' in answer.headers["www-authenticate"]
        assert answer.json.get("status") in {403, "error", None}


def test_a_credential_without_the_role_is_refused(api: Gateway, identity: Identity) -> None:
    for credential in (identity.token(roles=()), identity.token(roles=["Founder"]), made(api, roles=[])["token"]):
        answer = asked(api, FOUNDER, "authorization", credential)
        assert (answer.status, answer.json["error"]["code"]) == (403, "FORBIDDEN")


def test_a_key_may_do_no_more_than_its_maker(api: Gateway, identity: Identity) -> None:
    maker = identity.token(scope="org:admin audio:read", roles=())
    for beyond in ({"scopes": ["audio:write"]}, {"roles": ["founder"]}, {"scopes": ["audio:read", "calls:read"]}):
        body = {"tokenName": "CRM", "organizationId": "acme", **beyond}
        assert api.post(TOKENS, body, token=maker).status == 403
    heir = made(api, token=maker)
    assert (heir["scopes"], heir["roles"]) == (["audio:read", "org:admin"], [])
    assert asked(api, CALLS, "x-api-key", heir["token"]).status == 403
    body = {"tokenName": "CRM", "organizationId": "acme", "scopes": ["calls:read"]}
    assert api.post(TOKENS, body, token=heir["token"]).status == 403


def test_a_key_that_ends_makes_none_that_outlives_it(api: Gateway) -> None:
    ends = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    maker = made(api, expiresAt=ends.isoformat())
    heir = made(api, token=maker["token"])
    assert heir["expiresAt"] == maker["expiresAt"]
    later = made(api, token=maker["token"], expiresAt=(ends + timedelta(days=1)).isoformat())
    assert later["expiresAt"] == maker["expiresAt"]


@pytest.mark.parametrize("said", [{}, {"expiresAt": None}])
def test_no_key_is_without_end(said: dict[str, Any], api: Gateway) -> None:
    assert made(api, **said)["expiresAt"] == timestamp(api.now + timedelta(days=90))
    longest = api.now + timedelta(days=366)
    assert made(api, expiresAt=longest.isoformat())["expiresAt"] == timestamp(longest)
    body = {"tokenName": "CRM", "organizationId": "acme"}
    beyond = api.post(TOKENS, {**body, "expiresAt": (longest + timedelta(seconds=1)).isoformat()})
    assert (beyond.status, beyond.json["issues"][0]["path"]) == (422, ["expiresAt"])


def test_a_key_that_was_made_before_every_key_had_an_end_still_holds(api: Gateway, services: Fakes) -> None:
    key = made(api)
    keys = services.records(API_KEYS)
    before = keys.get("acme", key["tokenId"])
    assert keys.replace(replace(before, expires_at=None), expected=before)
    assert asked(api, WHO, "x-api-key", key["token"]).json["expiresAt"] is None
    heir = made(api, token=key["token"])
    assert heir["expiresAt"] == timestamp(api.now + timedelta(days=90))


def test_a_key_that_is_revoked_takes_those_that_come_from_it_along(api: Gateway) -> None:
    first = made(api)
    second = made(api, token=first["token"])
    third = made(api, token=second["token"])
    sibling = made(api)
    for key in (second, third):
        assert asked(api, WHO, "x-api-key", key["token"]).status == 200
    assert api.delete(f"{TOKENS}/{first['tokenId']}").status == 200
    for key in (first, second, third):
        assert asked(api, WHO, "x-api-key", key["token"]).status == 401
    assert asked(api, WHO, "x-api-key", sibling["token"]).status == 200
    assert [key["tokenId"] for key in api.get(TOKENS).json["data"]] == [sibling["tokenId"]]


def test_a_key_proves_nothing_without_its_makers_listed_or_not(api: Gateway, services: Fakes) -> None:
    """What a revoked key made a moment ago may be missing from the listing that revoking reads."""
    first = made(api)
    second = made(api, token=first["token"])
    keys = services.records(API_KEYS)
    assert keys.remove(keys.get("acme", first["tokenId"]))
    assert keys.get("acme", second["tokenId"]).makers == (first["tokenId"],)
    assert asked(api, WHO, "x-api-key", second["token"]).status == 401


def test_a_line_of_keys_ends(api: Gateway) -> None:
    key = made(api)
    for _ in range(8):
        key = made(api, token=key["token"])
    answer = api.post(TOKENS, {"tokenName": "CRM", "organizationId": "acme"}, token=key["token"])
    assert (answer.status, answer.json["code"]) == (409, "conflict")


# --- what is told and kept ----------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_kept_as_a_digest(api: Gateway, services: Fakes) -> None:
    key = made(api)
    secret = key["token"].rpartition(".")[2]
    for answer in (api.get(TOKENS), api.get(f"{TOKENS}/{key['tokenId']}"), asked(api, WHO, "x-api-key", key["token"])):
        assert answer.status == 200
        assert secret.encode() not in answer.body
    stored = services.records(API_KEYS).get("acme", key["tokenId"])
    assert secret not in repr(stored)


def test_no_credential_is_ever_logged(
    api: Gateway, identity: Identity, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    key, token = made(api)["token"], identity.token(exp=1)
    for credential in (key, _reversed_secret(key, ""), token):
        for path in SURFACES:
            asked(api, path, "authorization", credential)
    seen = "".join(capsys.readouterr()) + "".join(str(vars(record)) for record in caplog.records)
    for private in (key, key.rpartition(".")[2], token, token.rpartition(".")[2]):
        assert private not in seen


def test_keys_of_another_tenant_are_not_there(api: Gateway, identity: Identity) -> None:
    key = made(api)
    stranger = identity.token(org="globex")
    assert api.get(f"{TOKENS}/{key['tokenId']}", token=stranger).status == 404
    assert api.delete(f"{TOKENS}/{key['tokenId']}", token=stranger).status == 404
    assert api.get(TOKENS, token=stranger).json["data"] == []
    body = {"tokenName": "CRM", "organizationId": "acme"}
    assert api.post(TOKENS, body, token=stranger).status == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"tokenName": ""}, "tokenName"),
        ({"tokenName": None}, "tokenName"),
        ({"expiresAt": "yesterday"}, "expiresAt"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
        ({"scopes": "audio:read"}, "scopes"),
        ({"scopes": ["a b"]}, "scopes.0"),
        ({"roles": [7]}, "roles.0"),
        ({"userId": ""}, "userId"),
        ({"userId": "user\n2"}, "userId"),
        ({"userId": "user\x002"}, "userId"),
        ({"userId": "user\u202e2"}, "userId"),
        ({"userId": "user 2"}, "userId"),
        ({"userId": "us\u0435r_2"}, "userId"),  # a Cyrillic letter that looks like a Latin one
        ({"userId": "u" * 256}, "userId"),
        ({"expiresAt": "9999-12-31T23:59:59Z"}, "expiresAt"),
        ({"admin": True}, "admin"),
    ],
)
def test_every_wrong_field_of_a_new_key_is_named(wrong: Any, field: str, api: Gateway) -> None:
    answer = api.post(TOKENS, {"tokenName": "CRM", "organizationId": "acme", **wrong})
    assert answer.status == 422
    assert [".".join(issue["path"]) for issue in answer.json["issues"]] == [field]


def test_who_is_asking(api: Gateway, identity: Identity) -> None:
    who = asked(api, WHO, "authorization", identity.token(scope="audio:read", roles=["founder"], iat=1767225600)).json
    assert who["organizationId"] == "acme"
    assert (who["userId"], who["scopes"], who["roles"]) == ("user_1", ["audio:read"], ["founder"])
    assert who["createdAt"] == "2026-01-01T00:00:00.000Z"
    key = made(api, userId="user_77")
    found = asked(api, WHO, "x-siro-auth-token", key["token"]).json
    assert (found["tokenId"], found["tokenName"], found["userId"]) == (key["tokenId"], "CRM sync", "user_77")
    assert found["createdBy"] == "user_1"
