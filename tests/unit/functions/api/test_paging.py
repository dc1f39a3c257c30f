"""Cursors: sealed, and good for one tenant, route and set of filters."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import Any

import pytest

from api.paging import Batch, Cursors, check_reach, fit_page, read_page
from auricle.errors import InvalidRequest
from auricle.ports import Position
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


class Listing:
    """A store of the numbers 0 to `total` - 1 that finds `at_once` at most in one reading."""

    def __init__(self, total: int, at_once: int) -> None:
        self.total, self.at_once = total, at_once
        self.readings: list[tuple[int, Position | None]] = []

    def read(self, limit: int, position: Position | None) -> Batch[int]:
        self.readings.append((limit, position))
        start = int(position["at"]) if position else 0
        end = min(start + limit, start + self.at_once, self.total)
        return range(start, end), {"at": str(end)} if end < self.total else None

    def page(self, page: int | None, page_size: int, cursor: str | None = None) -> Batch[int]:
        return read_page(self.read, cursors(), page=page, page_size=page_size, cursor=cursor, page_field="page_no")


def test_a_page_the_store_leaves_short_is_filled_up() -> None:
    listing = Listing(total=9, at_once=2)
    assert listing.page(None, 5) == ([0, 1, 2, 3, 4], {"at": "5"})
    assert listing.readings == [(5, None), (3, {"at": "2"}), (1, {"at": "4"})]


def test_a_numbered_page_follows_the_ones_before_it() -> None:
    assert Listing(total=9, at_once=2).page(1, 3) == ([0, 1, 2], {"at": "3"})
    assert Listing(total=9, at_once=2).page(2, 3) == ([3, 4, 5], {"at": "6"})
    assert Listing(total=9, at_once=2).page(3, 3) == ([6, 7, 8], None)
    beyond = Listing(total=9, at_once=2)
    assert beyond.page(4, 3) == ((), None)
    assert beyond.readings[-1] == (1, {"at": "8"}), "what lies beyond the end is not read"


def test_a_page_is_filled_up_in_ten_readings_at_most() -> None:
    listing = Listing(total=99, at_once=1)
    assert listing.page(None, 20) == (list(range(10)), {"at": "10"})
    assert len(listing.readings) == 10


def test_a_cursor_leads_to_one_reading() -> None:
    listing = Listing(total=9, at_once=2)
    cursor = cursors().seal({"at": "4"})
    found, position = listing.page(None, 5, cursor)
    assert (list(found), position, listing.readings) == ([4, 5], {"at": "6"}, [(5, {"at": "4"})])
    with pytest.raises(InvalidRequest, match="page_no") as refused:
        listing.page(1, 5, cursor)
    assert refused.value.field == "cursor"


def test_a_page_number_beyond_the_reach_is_refused() -> None:
    listing = Listing(total=3, at_once=3)
    assert listing.page(100, 100) == ((), None)
    with pytest.raises(InvalidRequest) as refused:
        listing.page(101, 100)
    assert (refused.value.field, listing.readings) == ("page_no", [(9900, None)])


def shown_as(*sizes: int) -> tuple[list[int], Any]:
    """How many were asked for each time, and the page, where the item at an index is that long as JSON."""
    asked: list[int] = []

    def read(count: int) -> tuple[list[str], int]:
        asked.append(count)
        return ["x" * (size - 3) for size in sizes[:count]], count

    page, following = fit_page(read, len(sizes))
    return asked, (len(page), following)


def test_a_page_has_two_mebibytes_at_most() -> None:
    fits = 2 * 1024 * 1024 // 2 - 1
    assert shown_as(fits, fits + 1) == ([2], (2, 2)), "brackets and commas count"
    assert shown_as(fits, fits + 2) == ([2, 1], (1, 1))
    assert shown_as(*[1024 * 1024] * 8) == ([8, 1], (1, 1))
    assert shown_as(*[600_000] * 8) == ([8, 3], (3, 3))
    assert shown_as(3 * 1024 * 1024, 10) == ([2, 1], (1, 1)), "one is shown however large it is"
