"""Cursors: sealed, and good for one tenant, route and set of filters."""

from __future__ import annotations

from base64 import urlsafe_b64decode

import pytest

from api.paging import Cursors, check_reach
from auricle.errors import InvalidRequest
from auricle.settings import Settings

POSITION = {"pk": "ORG#acme", "sk": "REC#rec_1"}


def cursors(key: str = "secret", org: str = "acme", route: str = "list", filters: str = "") -> Cursors:
    return Cursors(Settings(table="auricle", cursor_key=key), org=org, route=route, filters=filters)


def test_a_cursor_leads_back_to_its_position() -> None:
    cursor = cursors().seal(POSITION)
    assert cursor is not None
    assert cursors().position(cursor) == POSITION


def test_a_cursor_tells_nothing_of_where_a_page_ended() -> None:
    """That may be a record which is hidden from who gets the cursor."""
    position = {"month": "2026-03", "after": "2026-03-30T12:00:00.000000Z#rec_private"}
    cursor = cursors().seal(position)
    assert cursor is not None
    read = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert not any(told in read for told in (b"rec_private", b"2026-03", b"after"))
    assert cursors().seal(position) == cursor


def test_without_a_key_cursors_work_and_are_still_bound() -> None:
    cursor = cursors(key="").seal(POSITION)
    assert cursor is not None
    assert cursors(key="").position(cursor) == POSITION
    for other in (cursors(key="", org="globex"), cursors()):
        with pytest.raises(InvalidRequest):
            other.position(cursor)


def test_the_end_has_no_cursor() -> None:
    assert cursors().seal(None) is None


@pytest.mark.parametrize(
    "other",
    [cursors(key="other"), cursors(org="globex"), cursors(route="timeline"), cursors(filters="campaign")],
    ids=["key", "tenant", "route", "filters"],
)
def test_a_cursor_is_good_for_nothing_else(other: Cursors) -> None:
    cursor = cursors().seal(POSITION)
    assert cursor is not None
    with pytest.raises(InvalidRequest) as refused:
        other.position(cursor)
    assert refused.value.field == "cursor"


@pytest.mark.parametrize("position", range(0, 60, 7))
def test_a_changed_cursor_is_refused(position: int) -> None:
    cursor = cursors().seal(POSITION)
    assert cursor is not None
    changed = cursor[:position] + ("A" if cursor[position] != "A" else "B") + cursor[position + 1 :]
    with pytest.raises(InvalidRequest):
        cursors().position(changed)


@pytest.mark.parametrize("cursor", ["", "A", "abc", "é", "=" * 8, "AAAA" * 100, "{}", "%00"])
def test_nonsense_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest):
        cursors().position(cursor)


def test_page_numbers_reach_so_far() -> None:
    check_reach(100, 100, page_field="page")
    with pytest.raises(InvalidRequest, match="cursor") as refused:
        check_reach(101, 100, page_field="page")
    assert refused.value.field == "page"
