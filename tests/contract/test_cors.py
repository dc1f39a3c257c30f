"""Which pages of other origins may call the API."""

from __future__ import annotations

from dataclasses import replace

from tests.contract.gateway import SETTINGS, Gateway, Identity
from tests.fakes import Fakes

FILES = "/api/v1/audio-files"


ORIGIN = {"origin": "https://app.example.com"}
PREFLIGHT = {**ORIGIN, "access-control-request-method": "PATCH", "access-control-request-headers": "if-match"}


def from_origins(services: Fakes, identity: Identity, origins: str) -> Gateway:
    return Gateway(services, identity, settings=replace(SETTINGS, cors_origins=origins))


def test_without_the_setting_no_page_of_another_origin_may_call(api: Gateway) -> None:
    assert not [name for name in api.get(FILES, headers=ORIGIN).headers if name.startswith("access-control")]
    assert api.ask("OPTIONS", FILES, token="", headers=PREFLIGHT).status == 405


def test_a_named_origin_may_call_and_read_what_it_needs(services: Fakes, identity: Identity) -> None:
    api = from_origins(services, identity, "https://app.example.com, https://other.example.com")
    preflight = api.ask("OPTIONS", FILES, token="", headers=PREFLIGHT)
    assert preflight.status == 200
    assert preflight.headers["access-control-allow-origin"] == "https://app.example.com"
    assert "if-match" in preflight.headers["access-control-allow-headers"]
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    answer = api.get(FILES, headers=ORIGIN)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, "https://app.example.com")
    exposed = {name.strip() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert {"etag", "location", "retry-after", "x-request-id", "idempotency-replayed"} <= exposed
    refused = api.get(f"{FILES}/nobody", headers=ORIGIN)
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (404, "https://app.example.com")


def test_another_origin_may_not(services: Fakes, identity: Identity) -> None:
    api = from_origins(services, identity, "https://app.example.com")
    answer = api.get(FILES, headers={"origin": "https://evil.example.com"})
    assert "access-control-allow-origin" not in answer.headers
    preflight = api.ask("OPTIONS", FILES, token="", headers={**PREFLIGHT, "origin": "https://evil.example.com"})
    assert preflight.status == 400


def test_any_origin_where_the_setting_says_so(services: Fakes, identity: Identity) -> None:
    answer = from_origins(services, identity, "*").get(FILES, headers=ORIGIN)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


def test_the_gateway_in_front_says_the_same() -> None:
    from api import cors
    from infra.constructs import api as gateway

    assert set(gateway.REQUEST_HEADERS) == set(cors.REQUEST_HEADERS)
    assert set(gateway.ANSWER_HEADERS) == set(cors.ANSWER_HEADERS)
