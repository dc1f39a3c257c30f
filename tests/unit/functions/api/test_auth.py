"""Credentials: what proves a caller, and everything that must not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import RSAKey

from api.auth import LEEWAY_S, REMEMBERED_S, REMEMBERED_TOKENS, Authenticator, Caller, challenge, demand
from auricle.adapters.jwks import PublishedKeys
from auricle.errors import Forbidden, Unauthenticated
from tests.contract.gateway import AUDIENCE, ISSUER, Identity

NOW_S = int(time.time())


class Clock:
    """A clock that stands still until moved."""

    def __init__(self) -> None:
        self.now_s = float(NOW_S)

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(scope="module")
def identity() -> Identity:
    return Identity(clock=lambda: NOW_S)  # the clock of these tests stands still, however long the suite has run


@pytest.fixture
def clock() -> Clock:
    return Clock()


def no_keys() -> Any:
    raise AssertionError("no API key was sent")


@pytest.fixture
def authenticator(identity: Identity, clock: Clock) -> Authenticator:
    keys = PublishedKeys("https://issuer.test/jwks", fetch=identity.document)
    return Authenticator(
        keys=lambda: keys, issuer=lambda: ISSUER, audience=lambda: AUDIENCE, api_keys=no_keys, clock=clock
    )


def proven(authenticator: Authenticator, token: str) -> Caller:
    return authenticator.caller(f"Bearer {token}".encode())


def test_a_good_token_proves_user_tenant_scopes_and_roles(authenticator: Authenticator, identity: Identity) -> None:
    caller = proven(authenticator, identity.token(org="acme", scope="audio:read audio:write", roles=("founder",)))
    assert (caller.org, caller.user) == ("acme", "user_1")
    assert caller.scopes == {"audio:read", "audio:write"}
    assert caller.roles == {"founder"}


def test_an_audience_may_be_one_of_several(authenticator: Authenticator, identity: Identity) -> None:
    assert proven(authenticator, identity.token(aud=["other", AUDIENCE])).org == "acme"


def _b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _claims(identity: Identity) -> str:
    return identity.token().split(".")[1]


def _unsigned(identity: Identity) -> str:
    return f"{_b64(json.dumps({'alg': 'none', 'kid': 'k1'}).encode())}.{_claims(identity)}."


def _unsigned_in_disguise(identity: Identity) -> str:
    header, claims, _ = identity.token().split(".")
    return f"{header}.{claims}."


def _public_key_as_secret(identity: Identity) -> str:
    """Algorithm confusion: an HMAC whose secret is the issuer's public key."""
    signed = f"{_b64(json.dumps({'alg': 'HS256', 'kid': 'k1'}).encode())}.{_claims(identity)}"
    secret = identity.keys["k1"].as_pem(private=False)
    return f"{signed}.{_b64(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def _public_key_as_secret_said_to_be_rs256(identity: Identity) -> str:
    signed = ".".join(identity.token().split(".")[:2])
    secret = identity.keys["k1"].as_pem(private=False)
    return f"{signed}.{_b64(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def _other_key(identity: Identity) -> str:
    claims = json.loads(base64.urlsafe_b64decode(_claims(identity) + "=="))
    return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, RSAKey.generate_key(2048))


def _own_key_in_the_header(identity: Identity) -> str:
    """A token that brings the key it wants to be checked with."""
    mine = RSAKey.generate_key(2048)
    claims = json.loads(base64.urlsafe_b64decode(_claims(identity) + "=="))
    return jwt.encode({"alg": "RS256", "kid": "k1", "jwk": mine.as_dict(private=False)}, claims, mine)


def _changed_tenant(identity: Identity) -> str:
    header, claims, signature = identity.token().split(".")
    content = json.loads(base64.urlsafe_b64decode(claims + "=="))
    return f"{header}.{_b64(json.dumps({**content, 'org': 'globex'}).encode())}.{signature}"


def _other_algorithm(identity: Identity, algorithm: str) -> str:
    claims = base64.urlsafe_b64decode(_claims(identity) + "==")
    registry = jws.JWSRegistry(algorithms=[algorithm])
    header = {"alg": algorithm, "kid": "k1"}
    return jws.serialize_compact(header, claims, identity.keys["k1"], registry=registry)


def _not_an_object(identity: Identity) -> str:
    return jws.serialize_compact({"alg": "RS256", "kid": "k1"}, b'["acme"]', identity.keys["k1"])


def _key_id_that_is_no_text(identity: Identity) -> str:
    header = _b64(json.dumps({"alg": "RS256", "kid": [1]}).encode())
    return ".".join([header, *identity.token().split(".")[1:]])


def _critical_extension(identity: Identity) -> str:
    header = _b64(json.dumps({"alg": "RS256", "kid": "k1", "crit": ["x"], "x": 1}).encode())
    return ".".join([header, *identity.token().split(".")[1:]])


ATTACKS: dict[str, Callable[[Identity], str]] = {
    "nothing": lambda _: "",
    "not a token": lambda _: "abc",
    "two parts": lambda _: "abc.def",
    "not base64": lambda _: "!!!.???.***",
    "five parts": lambda identity: identity.token() + ".e30.e30",
    "too long": lambda identity: identity.token(padding="x" * 9000),
    "not ASCII": lambda identity: identity.token()[:-2] + "ü",
    "algorithm none": _unsigned,
    "no signature": _unsigned_in_disguise,
    "public key as HMAC secret": _public_key_as_secret,
    "public key as HMAC secret, called RS256": _public_key_as_secret_said_to_be_rs256,
    "RS512": lambda identity: _other_algorithm(identity, "RS512"),
    "PS256": lambda identity: _other_algorithm(identity, "PS256"),
    "another key": _other_key,
    "key in the header": _own_key_in_the_header,
    "tampered claims": _changed_tenant,
    "claims that are a list": _not_an_object,
    "unknown critical header": _critical_extension,
    "unknown key id": lambda identity: identity.token(header={"kid": "k9"}),
    "key id that is no text": _key_id_that_is_no_text,
    "expired": lambda identity: identity.token(exp=NOW_S - LEEWAY_S - 1),
    "no expiry": lambda identity: identity.token(without=("exp",)),
    "expiry null": lambda identity: identity.token(exp=None),
    "expiry as text": lambda identity: identity.token(exp=str(NOW_S + 600)),
    "expiry true": lambda identity: identity.token(exp=True),
    "not yet valid": lambda identity: identity.token(nbf=NOW_S + 600),
    "another issuer": lambda identity: identity.token(iss="https://evil.test"),
    "no issuer": lambda identity: identity.token(without=("iss",)),
    "issuers in a list": lambda identity: identity.token(iss=[ISSUER]),
    "another audience": lambda identity: identity.token(aud="other"),
    "no audience": lambda identity: identity.token(without=("aud",)),
    "no subject": lambda identity: identity.token(without=("sub",)),
    "empty subject": lambda identity: identity.token(sub=""),
    "no tenant": lambda identity: identity.token(without=("org",)),
    "empty tenant": lambda identity: identity.token(org=""),
    "tenant that climbs": lambda identity: identity.token(org="acme/../globex"),
    "tenant with a key separator": lambda identity: identity.token(org="acme#REC"),
    "tenant that is a list": lambda identity: identity.token(org=["acme"]),
    "scope as a list": lambda identity: identity.token(scope=["audio:read"]),
    "roles as text": lambda identity: identity.token(roles="founder"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_attack_is_refused(attack: str, authenticator: Authenticator, identity: Identity) -> None:
    token = ATTACKS[attack](identity)
    for _ in range(2):  # the second time from memory, if anything were remembered
        with pytest.raises(Unauthenticated) as refused:
            proven(authenticator, token)
        assert not token or token not in refused.value.message


@pytest.mark.parametrize("header", [None, b"", b"Basic dXNlcjpwYXNz", b"Bearer", b"Bearer  ", b"eyJ"])
def test_anything_but_a_bearer_token_is_refused(header: bytes | None, authenticator: Authenticator) -> None:
    with pytest.raises(Unauthenticated):
        authenticator.caller(header)


def test_clocks_may_differ_by_the_leeway(authenticator: Authenticator, identity: Identity, clock: Clock) -> None:
    assert proven(authenticator, identity.token(exp=NOW_S - LEEWAY_S + 2)).org == "acme"
    assert LEEWAY_S <= 60


def test_a_remembered_token_is_refused_once_it_expires(
    authenticator: Authenticator, identity: Identity, clock: Clock
) -> None:
    token = identity.token(exp=NOW_S + 60)
    assert proven(authenticator, token) is proven(authenticator, token)
    clock.now_s += 60 + LEEWAY_S + 1
    with pytest.raises(Unauthenticated, match="expired"):
        proven(authenticator, token)


def test_a_withdrawn_key_does_not_live_on_in_memory(clock: Clock) -> None:
    identity = Identity(clock=lambda: NOW_S)
    keys = PublishedKeys("https://issuer.test/jwks", fetch=identity.document, clock=clock)
    authenticator = Authenticator(
        keys=lambda: keys, issuer=lambda: ISSUER, audience=lambda: AUDIENCE, api_keys=no_keys, clock=clock
    )
    token = identity.token(exp=NOW_S + 86_400)
    assert proven(authenticator, token).org == "acme"
    identity.keys["k2"] = RSAKey.generate_key(2048)
    del identity.keys["k1"]
    clock.now_s += REMEMBERED_S + 601
    with pytest.raises(Unauthenticated, match="does not publish"):
        proven(authenticator, token)


def test_memory_is_bounded(authenticator: Authenticator) -> None:
    authenticator._proven.update(
        {n.to_bytes(32): (Caller("a", "b", frozenset(), frozenset()), 9e9) for n in range(REMEMBERED_TOKENS)}
    )
    identity = Identity(clock=lambda: NOW_S)
    keys = PublishedKeys("https://issuer.test/jwks", fetch=identity.document)
    authenticator._keys = lambda: keys
    proven(authenticator, identity.token())
    assert len(authenticator._proven) == REMEMBERED_TOKENS


def test_what_is_missing_is_named() -> None:
    caller = Caller("acme", "user_1", frozenset({"audio:read"}), frozenset())
    demand(caller, scope="audio:read", role=None)
    with pytest.raises(Forbidden, match="audio:write"):
        demand(caller, scope="audio:write", role=None)
    with pytest.raises(Forbidden, match="founder"):
        demand(caller, scope=None, role="founder")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((None,), 'Bearer realm="auricle"'),
        (("invalid_token",), 'Bearer realm="auricle", error="invalid_token"'),
        (("insufficient_scope", "a:b"), 'Bearer realm="auricle", error="insufficient_scope", scope="a:b"'),
    ],
)
def test_challenges(given: tuple[Any, ...], expected: str) -> None:
    assert challenge(*given) == expected
