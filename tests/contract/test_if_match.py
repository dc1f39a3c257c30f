"""If-Match: a change is made to the state that the client read, or not at all."""

from __future__ import annotations

import pytest

from tests.contract.gateway import Gateway

CONTACTS = "/api/v1/agent/founder/contacts"


def renamed(api: Gateway, contact: str, tag: str | None) -> int:
    headers = {"if-match": tag, "content-type": "application/json"} if tag is not None else None
    return api.ask("PATCH", f"{CONTACTS}/{contact}", body=b'{"name": "Joan"}', headers=headers).status


@pytest.mark.parametrize(
    "tag",
    [
        'W/"1"',  # RFC 9110: If-Match compares strongly, so a weak tag matches nothing
        '"1", "2"',
        '"01"',
        '"-1"',
        '"+1"',
        '"1.0"',
        '" 1"',
        '"²"',
        '"9999999999999999999999"',
        '""',
        '"',
        "1",
        "'1'",
        "",
        "**",
        '"*"',
        '"1"x',
        '"2"',
    ],
)
def test_a_tag_that_is_not_the_present_one_changes_nothing(tag: str, api: Gateway) -> None:
    made = api.post(CONTACTS, {"name": "Jane"})
    assert made.headers["etag"] == '"1"'
    assert renamed(api, made.json["id"], tag) == 412
    assert api.get(f"{CONTACTS}/{made.json['id']}").headers["etag"] == '"1"'


@pytest.mark.parametrize("tag", ['"1"', ' "1" ', "*", None])
def test_the_present_tag_any_or_none_lets_the_change_through(tag: str | None, api: Gateway) -> None:
    made = api.post(CONTACTS, {"name": "Jane"})
    assert renamed(api, made.json["id"], tag) == 200
    assert api.get(f"{CONTACTS}/{made.json['id']}").headers["etag"] == '"2"'
