"""Addresses that clients send: how long they may be, and what a refusal says."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from api.urls import HttpsUrl, SignedUrl, WebUrl


def refusal(kind: Any, url: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(url)
    return str(refused.value.errors()[0]["msg"])


@pytest.mark.parametrize(("kind", "longest"), [(HttpsUrl, 2048), (WebUrl, 2048), (SignedUrl, 8192)])
def test_an_address_has_its_bound(kind: Any, longest: int) -> None:
    url = "https://example.com/".ljust(longest, "a")
    assert TypeAdapter(kind).validate_python(url) == url
    assert str(longest) in refusal(kind, url + "a")


@pytest.mark.parametrize("url", ["", "ftp://a.b", "https://", "https://a b.c", "https://u:p@a.b", 7, None])
def test_what_is_no_address_is_refused_in_words(url: Any) -> None:
    assert refusal(HttpsUrl, url).endswith("must be a valid HTTPS URL")
    assert refusal(WebUrl, url).endswith("must be a valid HTTP or HTTPS URL")


def test_only_a_page_may_be_without_encryption() -> None:
    assert TypeAdapter(WebUrl).validate_python("http://example.com") == "http://example.com"
    assert "HTTPS" in refusal(HttpsUrl, "http://example.com")


@pytest.mark.parametrize(("port", "is_one"), [(1, True), (65535, True), (0, False), (65536, False), ("08", False)])
def test_a_port_there_can_be(port: object, is_one: bool) -> None:
    url = f"https://example.com:{port}/"
    if is_one:
        assert TypeAdapter(HttpsUrl).validate_python(url) == url
    else:
        refusal(HttpsUrl, url)
