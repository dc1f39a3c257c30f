"""Cursors: opaque, signed, and good for one tenant, route and set of filters."""

from __future__ import annotations

import pytest

from api.paging import MAX_OFFSET, Cursors, check_reach
from auricle.errors import InvalidRequest
from auricle.settings import Settings

POSITION = {"pk": "ORG#acme", "sk": "REC#rec_1"}


def cursors(key: str = "secret", org: str = "acme", route: str = "list", filters: str = "") -> Cursors:
    return Cursors(Settings(table="auricle", cursor_key=key), org=org, route=route, filters=filters)


def test_a_cursor_leads_back_to_its_position() -> None:
    cursor = cursors().sign(POSITION)
    assert cursor is not None
    assert cursors().position(cursor) == POSITION


def test_without_a_key_cursors_work_and_are_still_bound() -> None:
    cursor = cursors(key="").sign(POSITION)
    assert cursor is not None
    assert cursors(key="").position(cursor) == POSITION
    for other in (cursors(key="", org="globex"), cursors()):
        with pytest.raises(InvalidRequest):
            other.position(cursor)


def test_the_end_has_no_cursor() -> None:
    assert cursors().sign(None) is None


@pytest.mark.parametrize(
    "other",
    [cursors(key="other"), cursors(org="globex"), cursors(route="timeline"), cursors(filters="campaign")],
    ids=["key", "tenant", "route", "filters"],
)
def test_a_cursor_is_good_for_nothing_else(other: Cursors) -> None:
    cursor = cursors().sign(POSITION)
    assert cursor is not None
    with pytest.raises(InvalidRequest) as refused:
        other.position(cursor)
    assert refused.value.field == "cursor"


@pytest.mark.parametrize("position", range(0, 60, 7))
def test_a_changed_cursor_is_refused(position: int) -> None:
    cursor = cursors().sign(POSITION)
    assert cursor is not None
    changed = cursor[:position] + ("A" if cursor[position] != "A" else "B") + cursor[position + 1 :]
    with pytest.raises(InvalidRequest):
        cursors().position(changed)


@pytest.mark.parametrize("cursor", ["", "A", "abc", "é", "=" * 8, "AAAA" * 100, "{}", "%00"])
def test_nonsense_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest):
        cursors().position(cursor)


def test_page_numbers_reach_so_far() -> None:
    check_reach(MAX_OFFSET // 100, 100, page_field="page")
    with pytest.raises(InvalidRequest, match="cursor") as refused:
        check_reach(MAX_OFFSET // 100 + 1, 100, page_field="page")
    assert refused.value.field == "page"
