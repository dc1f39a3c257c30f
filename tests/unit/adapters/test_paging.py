"""How far one call reads: pages as short as the table makes them, and a bound on what is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from auricle.adapters.dynamodb.items import RawItem
from auricle.adapters.dynamodb.paging import Budget, Read, read_newest


def page(*keys: str, scanned: int | None = None, last: str | None = None) -> dict[str, Any]:
    """A page of a query as the table answers it."""
    items = [{"pk": {"S": "p"}, "sk": {"S": key}, "kind": {"S": "months"}} for key in keys]
    answer: dict[str, Any] = {"Items": items, "ScannedCount": len(keys) if scanned is None else scanned}
    return {**answer, "LastEvaluatedKey": {"pk": {"S": "p"}, "sk": {"S": last}}} if last else answer


def read(pages: Iterator[dict[str, Any]], limit: int, budget: Budget) -> Read[str]:
    return read_newest(pages, limit, budget, sort_key="sk", value=shown)  # type: ignore[arg-type]  # any iterator


def shown(item: RawItem) -> str | None:
    key: str = item["sk"]["S"]
    return None if key.startswith("hidden") else key


def test_short_pages_are_followed_until_there_is_enough() -> None:
    pages = iter([page("a", last="a"), page(last="b"), page("c", "hidden", "d", last="d"), page("e")])
    assert read(pages, 3, Budget()) == Read(["a", "c", "d"])
    assert next(pages) == page("e"), "no page is read that is not needed"


def test_all_there_is_is_read_where_there_is_not_enough() -> None:
    assert read(iter([page("a", last="a"), page("b")]), 3, Budget()) == Read(["a", "b"])
    assert read(iter([]), 3, Budget()) == Read([])


def test_two_thousand_items_are_looked_at_whether_the_filter_admits_them_or_not() -> None:
    pages = iter([page("a", scanned=1999, last="x"), page(scanned=1, last="y"), page("b", scanned=1)])
    assert read(pages, 3, Budget()) == Read(["a"], stopped_at="y")


def test_24_queries_are_made() -> None:
    pages = iter([page(last=str(number)) for number in range(30)])
    assert read(pages, 3, Budget()) == Read([], stopped_at="23")


def test_the_end_of_what_there_is_is_the_end_however_much_was_looked_at() -> None:
    assert read(iter([page("a", scanned=5000)]), 3, Budget()) == Read(["a"])


@pytest.mark.parametrize(("items", "queries", "spent"), [(1, 1, False), (0, 1, True), (1, 0, True), (-5, 3, True)])
def test_a_budget_is_spent_when_one_of_its_bounds_is(items: int, queries: int, spent: bool) -> None:
    assert Budget(items, queries).spent is spent
