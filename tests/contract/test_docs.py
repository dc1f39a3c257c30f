"""The pages at `/docs` and what they load: all of it is served by us, to anybody."""

from __future__ import annotations

import gzip
import json
import re

import pytest

from api.app import SURFACES
from tests.contract.gateway import CONTEXT, Gateway, Identity, event
from tests.fakes import Fakes

PAGES = ["/docs", *(f"{prefix}/docs" for prefix in SURFACES)]
SCRIPT = "/docs/assets/swagger-ui-bundle.js"


@pytest.fixture(scope="module")
def api() -> Gateway:
    return Gateway(Fakes(), Identity())


@pytest.mark.parametrize("page", PAGES)
def test_whatever_a_page_loads_is_served_by_us(page: str, api: Gateway) -> None:
    answer = api.get(page, token="")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    loaded = re.findall(r"""(?:src|href)="([^"]+)"|url: '([^']+)'""", answer.body.decode())
    addresses = [first or second for first, second in loaded]
    assert [re.sub(r".*\.", "", each) for each in addresses] == ["css", "svg", "js", "json"]
    for each in addresses:
        assert api.get(each, token="").status == 200, each


@pytest.mark.parametrize("page", PAGES)
def test_a_page_may_load_nothing_from_elsewhere(page: str, api: Gateway) -> None:
    policy = api.get(page, token="").headers["content-security-policy"]
    assert "default-src 'self';" in policy
    assert re.findall(r"[a-z]+:\S*", policy) == ["data:;", "https://api.test"], "its own requests go to `public_url`"


def test_a_page_lists_operations_of_its_surface_alone(api: Gateway) -> None:
    assert b"url: '/openapi.json'" in api.get("/docs", token="").body
    for prefix in SURFACES:
        assert f"url: '{prefix}/openapi.json'".encode() in api.get(f"{prefix}/docs", token="").body


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("swagger-ui-bundle.js", "javascript"),
        ("swagger-ui.css", "text/css"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_a_file_has_its_type_and_may_be_kept(name: str, media_type: str, api: Gateway) -> None:
    answer = api.get(f"/docs/assets/{name}", token="")
    assert (answer.status, answer.headers["cache-control"]) == (200, "public, max-age=86400")
    assert media_type in answer.headers["content-type"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = api.get(f"/docs/assets/{name}", token="", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


def test_a_file_is_compressed_for_who_accepts_that_and_fits_lambda_s_answer_either_way(api: Gateway) -> None:
    answers = {
        accepted: api.handle(event("GET", SCRIPT, headers={"accept-encoding": accepted}), CONTEXT)
        for accepted in ("gzip, br", "identity")
    }
    assert {accepted: len(json.dumps(answer)) < 6_000_000 for accepted, answer in answers.items()} == {
        "gzip, br": True,
        "identity": True,
    }
    compressed, plain = (api.get(SCRIPT, token="", headers={"accept-encoding": each}) for each in answers)
    assert compressed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(compressed.body) == plain.body
    assert len(compressed.body) < 500_000 < len(plain.body)


@pytest.mark.parametrize(
    "path", ["/docs/assets/nothing.js", "/docs/assets/..%2F__init__.py", "/docs/assets/", "/docs/assets"]
)
def test_nothing_else_is_served(path: str, api: Gateway) -> None:
    answer = api.get(path, token="")
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.headers["cache-control"] == "no-store"


def test_answers_of_the_api_are_still_not_to_be_kept(api: Gateway) -> None:
    for path in ("/health", "/docs", "/openapi.json"):
        assert api.get(path, token="").headers["cache-control"] == "no-store"
