"""Credentials: what proves a caller, and everything that must not."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import RSAKey

from api.auth import Authenticator, Caller, authorization, challenge, demand
from auricle.adapters.jwks import PublishedKeys
from auricle.errors import Forbidden, Unauthenticated
from tests.contract.forgery import ATTACKS, NOW_S
from tests.contract.gateway import AUDIENCE, ISSUER, Identity


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


def test_headers_that_an_issuer_adds_do_no_harm() -> None:
    # joserfc's own encoder refuses to write a header it does not know.
    signer = Identity(clock=lambda: NOW_S)
    registry = jws.JWSRegistry(algorithms=["RS256"], strict_check_header=False)
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "user_1", "org": "acme", "exp": NOW_S + 60}
    token = jwt.encode({"alg": "RS256", "kid": "k1", "tenant": "x"}, claims, signer.keys["k1"], registry=registry)
    keys = PublishedKeys("https://issuer.test/jwks", fetch=signer.document)
    authenticator = Authenticator(
        keys=lambda: keys, issuer=lambda: ISSUER, audience=lambda: AUDIENCE, api_keys=no_keys, clock=lambda: NOW_S
    )
    assert proven(authenticator, token).org == "acme"


def test_an_audience_may_be_one_of_several(authenticator: Authenticator, identity: Identity) -> None:
    assert proven(authenticator, identity.token(aud=["other", AUDIENCE])).org == "acme"


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


def test_two_different_credentials_are_one_that_does_not_hold(authenticator: Authenticator) -> None:
    """Not the same as none: the answer to a request without a credential names no error."""
    both = authorization([(b"authorization", b"Bearer a"), (b"x-api-key", b"b")])
    assert both is not None
    with pytest.raises(Unauthenticated):
        authenticator.caller(both)
    assert authorization([(b"authorization", b"Bearer a"), (b"x-api-key", b"a")]) == b"Bearer a"
    assert authorization([(b"accept", b"text/plain")]) is None


def test_clocks_may_differ_by_the_leeway(authenticator: Authenticator, identity: Identity, clock: Clock) -> None:
    assert proven(authenticator, identity.token(exp=NOW_S - 29)).org == "acme"
    with pytest.raises(Unauthenticated, match="expired"):
        proven(authenticator, identity.token(exp=NOW_S - 31))


def test_a_remembered_token_is_refused_once_it_expires(
    authenticator: Authenticator, identity: Identity, clock: Clock
) -> None:
    token = identity.token(exp=NOW_S + 60)
    assert proven(authenticator, token) is proven(authenticator, token)
    clock.now_s += 60 + 30 + 1
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
    clock.now_s += 300 + 601
    with pytest.raises(Unauthenticated, match="does not publish"):
        proven(authenticator, token)


def test_memory_is_bounded(authenticator: Authenticator) -> None:
    authenticator._proven.update(
        {n.to_bytes(32): (Caller("a", "b", frozenset(), frozenset()), 9e9) for n in range(1024)}
    )
    identity = Identity(clock=lambda: NOW_S)
    keys = PublishedKeys("https://issuer.test/jwks", fetch=identity.document)
    authenticator._keys = lambda: keys
    proven(authenticator, identity.token())
    assert len(authenticator._proven) == 1024


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
