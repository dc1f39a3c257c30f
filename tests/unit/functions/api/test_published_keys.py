"""The issuer's keys: fetched once, again when they rotate, seldom for ids nobody knows, kept when it is away."""

from __future__ import annotations

import base64
import json
import urllib.request
from http.client import HTTPException
from io import BytesIO
from typing import Any

import pytest
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, RSAKey

from auricle.adapters.jwks import PublishedKeys
from auricle.errors import TransientError
from tests.contract.gateway import Identity


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Issuer(Identity):
    """An issuer that can be away."""

    away = False

    def document(self, _url: str = "") -> bytes:
        content = super().document()
        if self.away:
            raise OSError("connection refused")
        return content


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(issuer: Issuer, clock: Clock) -> PublishedKeys:
    return PublishedKeys("https://issuer.test/jwks", fetch=issuer.document, clock=clock)


def test_keys_are_fetched_once(keys: PublishedKeys, issuer: Issuer) -> None:
    first, second = keys.key("k1"), keys.key("k1")
    assert first is second
    assert first is not None
    assert not first.is_private
    assert issuer.fetched == 1


def test_a_new_key_is_found_at_once(keys: PublishedKeys, issuer: Issuer, clock: Clock) -> None:
    keys.key("k1")
    clock.now_s += 60
    issuer.keys["k2"] = RSAKey.generate_key(2048)
    assert keys.key("k2") is not None


def test_ids_nobody_knows_do_not_bother_the_issuer(keys: PublishedKeys, issuer: Issuer, clock: Clock) -> None:
    for number in range(100):
        assert keys.key(f"invented-{number}") is None
    assert issuer.fetched == 1
    clock.now_s += 60
    assert keys.key("invented") is None
    assert issuer.fetched == 2


def test_a_withdrawn_key_is_forgotten(keys: PublishedKeys, issuer: Issuer, clock: Clock) -> None:
    keys.key("k1")
    issuer.keys = {"k2": RSAKey.generate_key(2048)}
    clock.now_s += 601
    assert keys.key("k1") is None
    assert keys.key("k2") is not None


def test_known_keys_serve_while_the_issuer_is_away(keys: PublishedKeys, issuer: Issuer, clock: Clock) -> None:
    keys.key("k1")
    issuer.away = True
    clock.now_s += 601
    assert keys.key("k1") is not None
    assert keys.key("k1") is not None
    assert issuer.fetched == 2, "an issuer that is away is asked again only after a while"
    clock.now_s += 6 * 3600
    with pytest.raises(TransientError):
        keys.key("k1")


def test_an_issuer_that_was_never_reached_is_a_passing_error(keys: PublishedKeys, issuer: Issuer) -> None:
    issuer.away = True
    with pytest.raises(TransientError, match="cannot be fetched"):
        keys.key("k1")
    issuer.away = False
    assert keys.key("k1") is not None, "without any keys every request may try"


@pytest.mark.parametrize("document", [b"", b"not json", b"[]", b"{}", b'{"keys": null}', b'{"keys": 3}'])
def test_a_broken_document_is_a_passing_error(document: bytes) -> None:
    with pytest.raises(TransientError):
        PublishedKeys("https://issuer.test/jwks", fetch=lambda _: document).key("k1")


def test_only_rsa_signing_keys_of_sound_size_count() -> None:
    good = RSAKey.generate_key(2048).as_dict(private=False)
    with pytest.warns(SecurityWarning):
        short = RSAKey.generate_key(1024).as_dict(private=False)
    listed = [
        "text",
        {**good, "kid": "encryption", "use": "enc"},
        {**good, "kid": "other algorithm", "alg": "PS256"},
        {"kid": "no modulus", "kty": "RSA", "e": "AQAB"},
        {**short, "kid": "short"},
        {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "elliptic"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "symmetric"},
        {**good, "kid": "good"},
    ]
    keys = PublishedKeys("https://issuer.test/jwks", fetch=lambda _: json.dumps({"keys": listed}).encode())
    assert {entry["kid"] for entry in listed if isinstance(entry, dict) and keys.key(entry["kid"])} == {"good"}


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://issuer.test/jwks", "issuer.test"])
def test_only_http_is_fetched(url: str) -> None:
    with pytest.raises(TransientError) as refused:
        PublishedKeys(url).key("k1")
    assert "http" in str(refused.value.__cause__)


def test_keys_are_fresh_for_ten_minutes_and_serve_for_six_hours(
    keys: PublishedKeys, issuer: Issuer, clock: Clock
) -> None:
    keys.key("k1")
    clock.now_s += 600
    keys.key("k1")
    assert issuer.fetched == 1
    issuer.away = True
    clock.now_s += 6 * 3600 - 600
    assert keys.key("k1") is not None
    clock.now_s += 0.5
    with pytest.raises(TransientError):
        keys.key("k1")


def test_ids_nobody_knows_ask_again_after_a_minute_and_not_before(
    keys: PublishedKeys, issuer: Issuer, clock: Clock
) -> None:
    keys.key("k1")
    clock.now_s += 59.5
    keys.key("invented")
    assert issuer.fetched == 1
    clock.now_s += 0.5
    keys.key("invented")
    assert issuer.fetched == 2


@pytest.mark.parametrize(("size_bytes", "counts"), [(255, False), (256, True)])
def test_a_key_has_2048_bits_at_least(size_bytes: int, counts: bool) -> None:
    modulus = base64.urlsafe_b64encode(b"\xff" * size_bytes).decode().rstrip("=")
    document = json.dumps({"keys": [{"kty": "RSA", "kid": "k", "n": modulus, "e": "AQAB"}]}).encode()
    assert (PublishedKeys("https://issuer.test/jwks", fetch=lambda _: document).key("k") is not None) is counts


class Network:
    """What stands in for the network: it keeps what was asked."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked: list[tuple[str, str | None, float]] = []

    def urlopen(self, request: urllib.request.Request, *, timeout: float) -> BytesIO:
        self.asked.append((request.full_url, request.get_header("Accept"), timeout))
        return BytesIO(self.content)


def test_the_document_is_asked_for_by_http_within_three_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(Identity().document())
    monkeypatch.setattr(urllib.request, "urlopen", network.urlopen)
    assert PublishedKeys("https://issuer.test/jwks").key("k1") is not None
    assert network.asked == [("https://issuer.test/jwks", "application/json", 3.0)]


@pytest.mark.parametrize(("size_bytes", "read"), [(262_144, True), (262_145, False)])
def test_a_document_of_more_than_256_kib_is_not_read(
    size_bytes: int, read: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Network(Identity().document().ljust(size_bytes))
    monkeypatch.setattr(urllib.request, "urlopen", network.urlopen)
    keys = PublishedKeys("https://issuer.test/jwks")
    if read:
        assert keys.key("k1") is not None
        return
    with pytest.raises(TransientError) as refused:
        keys.key("k1")
    assert str(refused.value.__cause__) == "The JWKS document is too large."


def test_an_answer_that_is_no_http_is_a_passing_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise HTTPException("no status line")

    monkeypatch.setattr(urllib.request, "urlopen", broken)
    with pytest.raises(TransientError, match="cannot be fetched"):
        PublishedKeys("https://issuer.test/jwks").key("k1")
