"""Forged JWTs: everything that must not prove a caller, by what is wrong with it.

Sources: RFC 8725 (JSON Web Token Best Current Practices) and the known confusions of algorithms and keys.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey

from tests.contract.gateway import ISSUER, Identity

NOW_S = int(time.time())


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


def _signed(identity: Identity, *, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
    """Properly signed by the issuer, whatever it says: the signature is not what it is refused for."""
    content = {**json.loads(base64.urlsafe_b64decode(_claims(identity) + "==")), **claims}
    head = {"alg": "RS256", "kid": "k1", **(header or {})}
    signed = f"{_b64(json.dumps(head).encode())}.{_b64(json.dumps(content).encode())}"
    key = identity.keys["k1"].private_key
    assert key is not None
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{_b64(signature)}"


def _elliptic_key(identity: Identity) -> str:
    claims = json.loads(base64.urlsafe_b64decode(_claims(identity) + "=="))
    return jwt.encode({"alg": "ES256", "kid": "k1"}, claims, ECKey.generate_key("P-256"))


def _algorithm_in_lower_case(identity: Identity) -> str:
    header = _b64(json.dumps({"alg": "rs256", "kid": "k1"}).encode())
    return ".".join([header, *identity.token().split(".")[1:]])


def _address_in_the_header(identity: Identity) -> str:
    claims = json.loads(base64.urlsafe_b64decode(_claims(identity) + "=="))
    header = {"alg": "RS256", "kid": "k1", "jku": "https://evil.test/jwks", "x5u": "https://evil.test/chain"}
    registry = jws.JWSRegistry(algorithms=["RS256"], strict_check_header=False)
    return jwt.encode(header, claims, RSAKey.generate_key(2048), registry=registry)


def _nested(identity: Identity) -> str:
    header = {"alg": "RS256", "kid": "k1", "cty": "JWT"}
    return jws.serialize_compact(header, identity.token().encode(), identity.keys["k1"])


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
    "RS384": lambda identity: _other_algorithm(identity, "RS384"),
    "RS512": lambda identity: _other_algorithm(identity, "RS512"),
    "PS256": lambda identity: _other_algorithm(identity, "PS256"),
    "another key": _other_key,
    "key in the header": _own_key_in_the_header,
    "tampered claims": _changed_tenant,
    "claims that are a list": _not_an_object,
    "unknown critical header": _critical_extension,
    "unknown critical header, well signed": lambda identity: _signed(identity, header={"crit": ["x"], "x": 1}),
    "known critical header, well signed": lambda identity: _signed(identity, header={"crit": ["exp"], "exp": 1}),
    "no critical header, well signed": lambda identity: _signed(identity, header={"crit": []}),
    "claims not encoded": lambda identity: _signed(identity, header={"b64": False, "crit": ["b64"]}),
    "algorithms in a list": lambda identity: _signed(identity, header={"alg": ["RS256"]}),
    "algorithm null": lambda identity: _signed(identity, header={"alg": None}),
    "no key id": lambda identity: _signed(identity, header={"kid": None}),
    "unknown key id": lambda identity: identity.token(header={"kid": "k9"}),
    "key id that is no text": _key_id_that_is_no_text,
    "expired": lambda identity: identity.token(exp=NOW_S - 31),
    "no expiry": lambda identity: identity.token(without=("exp",)),
    "expiry null": lambda identity: identity.token(exp=None),
    "expiry as text": lambda identity: identity.token(exp=str(NOW_S + 600)),
    "expiry not a number": lambda identity: _signed(identity, exp=float("nan")),
    "expiry never": lambda identity: _signed(identity, exp=float("inf")),
    "expiry beyond any calendar": lambda identity: _signed(identity, exp=10**30),
    "expiry below zero": lambda identity: _signed(identity, exp=-1),
    "expiry true": lambda identity: identity.token(exp=True),
    "ES256 with a key of one's own": _elliptic_key,
    "algorithm in lower case": _algorithm_in_lower_case,
    "another key, published at an address in the header": _address_in_the_header,
    "a token within a token": _nested,
    "key id that climbs": lambda identity: identity.token(header={"kid": "../k1"}),
    "key id with a query": lambda identity: identity.token(header={"kid": "k1' OR '1'='1"}),
    "half a token": lambda identity: identity.token()[: len(identity.token()) // 2],
    "signature cut off": lambda identity: identity.token()[:-4],
    "issued in the future": lambda identity: identity.token(iat=NOW_S + 3600),
    "not yet valid": lambda identity: identity.token(nbf=NOW_S + 600),
    "another issuer": lambda identity: identity.token(iss="https://evil.test"),
    "no issuer": lambda identity: identity.token(without=("iss",)),
    "issuers in a list": lambda identity: identity.token(iss=[ISSUER]),
    "issued never": lambda identity: _signed(identity, iat=float("nan")),
    "issued as text": lambda identity: _signed(identity, iat="yesterday"),
    "another issuer's beginning": lambda identity: identity.token(iss=ISSUER[:-1]),
    "issuer with a slash more": lambda identity: identity.token(iss=ISSUER + "/"),
    "audiences, none of them ours": lambda identity: identity.token(aud=["other", "auricle-dev"]),
    "audiences, none": lambda identity: identity.token(aud=[]),
    "audiences within a list": lambda identity: identity.token(aud=[["auricle"]]),
    "another audience": lambda identity: identity.token(aud="other"),
    "no audience": lambda identity: identity.token(without=("aud",)),
    "no subject": lambda identity: identity.token(without=("sub",)),
    "empty subject": lambda identity: identity.token(sub=""),
    "subject with a line break": lambda identity: identity.token(sub="user_1\nuser_2"),
    "subject that is half a character": lambda identity: _signed(identity, sub="\ud800"),
    "subject that is too long": lambda identity: identity.token(sub="x" * 257),
    "subject that is a number": lambda identity: _signed(identity, sub=7),
    "tenant with a line break": lambda identity: identity.token(org="acme\n"),
    "tenant in other letters": lambda identity: identity.token(org="аcme"),  # noqa: RUF001  # the first one is Cyrillic
    "scope that is half a character": lambda identity: _signed(identity, scope="audio:read \ud800"),
    "role that is half a character": lambda identity: _signed(identity, roles=["founder", "\ud800"]),
    "no tenant": lambda identity: identity.token(without=("org",)),
    "empty tenant": lambda identity: identity.token(org=""),
    "tenant that climbs": lambda identity: identity.token(org="acme/../globex"),
    "tenant with a key separator": lambda identity: identity.token(org="acme#REC"),
    "tenant that is a list": lambda identity: identity.token(org=["acme"]),
    "scope as a list": lambda identity: identity.token(scope=["audio:read"]),
    "roles as text": lambda identity: identity.token(roles="founder"),
}
