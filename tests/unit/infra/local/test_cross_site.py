from __future__ import annotations

from typing import Any

import pytest

from infra.local.cross_site import CrossSiteRules, RequestRefused, configured_origins
from infra.local.failures import LocalEnvironmentError

APP = "http://localhost:3000"
RULES = CrossSiteRules(8080, frozenset({APP}))


def scope(
    *headers: tuple[str, str], path: str = "/health", query: str = "", host: str | None = "127.0.0.1:8080"
) -> Any:
    named = [("host", host), *headers] if host is not None else headers
    return {
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in named],
    }


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "LOCALHOST:8080", "[::1]:8080"])
def test_a_name_of_this_machine_may_be_asked(host: str) -> None:
    RULES.check(scope(host=host))


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("rebound.example:8080", 403),
        ("127.0.0.1.rebound.example:8080", 403),
        ("localhost.rebound.example:8080", 403),
        ("rebound.localhost:8080", 403),
        ("localhost.:8080", 403),
        ("127.0.0.1:8081", 403),
        ("127.0.0.1", 403),
        ("[::1]", 403),
        ("[::2]:8080", 403),
        ("0.0.0.0:8080", 403),
        ("127.1:8080", 403),
        ("192.168.1.7:8080", 403),
        ("2130706433:8080", 403),
        ("a:b:c", 400),
        ("127.0.0.1:", 400),
        ("127.0.0.1:8080:8080", 400),
        ("127.0.0.1:808080", 400),
        ("127.0.0.1:-1", 400),
        ("[::1", 400),
        ("[", 400),
        ("", 400),
        ("user@127.0.0.1:8080", 400),
        ("127.0.0.1:8080/x", 400),
        ("127.0.0.1:8080, evil.example", 400),
        ("\u0661\u0662\u0667.0.0.1:8080".encode().decode("latin-1"), 400),
        (None, 400),
    ],
)
def test_no_other_name_may(host: str | None, status: int) -> None:
    with pytest.raises(RequestRefused) as caught:
        RULES.check(scope(host=host))
    assert caught.value.status == status


def test_one_host_is_given() -> None:
    with pytest.raises(RequestRefused, match="one Host"):
        RULES.check(scope(("host", "127.0.0.1:8080")))


@pytest.mark.parametrize(
    ("path", "query"),
    [("http://evil.example/health", ""), ("*", ""), ("", ""), ("/é", ""), ("/a b", ""), ("/a#b", ""), ("/", "é=1")],
)
def test_an_address_is_an_ascii_path(path: str, query: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        RULES.check(scope(path=path, query=query))
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("sec-fetch-site", "none")],
        [("sec-fetch-site", "same-origin")],
        [("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "same-origin")],
        [("origin", APP), ("sec-fetch-site", "cross-site")],
        [("origin", APP), ("sec-fetch-site", "same-site")],
        [("origin", APP)],
    ],
)
def test_no_page_our_own_and_configured_ones_may_call(headers: list[tuple[str, str]]) -> None:
    RULES.check(scope(*headers))


@pytest.mark.parametrize(
    "headers",
    [
        [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
        [("origin", "https://evil.example")],
        [("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
        [("origin", "null"), ("sec-fetch-site", "cross-site")],
        [("origin", "null"), ("sec-fetch-site", "same-origin")],
        [("origin", ""), ("sec-fetch-site", "same-origin")],
        [("origin", "http://localhost:3001"), ("sec-fetch-site", "same-site")],
        [("origin", "http://localhost:8080"), ("sec-fetch-site", "same-site")],
        [("origin", "https://localhost:3000")],
        [("origin", "http://127.0.0.1:8081"), ("sec-fetch-site", "same-site")],
        [("origin", APP + "/"), ("sec-fetch-site", "cross-site")],
        [("origin", APP), ("origin", "https://evil.example")],
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site")],
        [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")],
        [("sec-fetch-site", "something new")],
        [("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")],
    ],
)
def test_other_pages_may_not(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(RequestRefused):
        RULES.check(scope(*headers))


def test_origins_are_named_in_the_environment() -> None:
    assert configured_origins({}) == ()
    named = {"AURICLE_CORS_ORIGINS": " http://localhost:3000, capacitor://localhost,https://[::1]:1 ,"}
    assert configured_origins(named) == ("http://localhost:3000", "capacitor://localhost", "https://[::1]:1")


@pytest.mark.parametrize(
    "origin", ["*", "null", "http://localhost:*", "localhost:3000", "http://localhost:3000/", "http://A", "http://a b"]
)
def test_what_is_no_origin_is_refused_at_the_start(origin: str) -> None:
    with pytest.raises(LocalEnvironmentError, match="such as http://localhost:3000"):
        configured_origins({"AURICLE_CORS_ORIGINS": origin})
