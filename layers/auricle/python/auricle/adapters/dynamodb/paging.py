"""Reading an index newest first: pages as large as asked for, and work that is bounded whatever the filter admits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pynamodb.pagination import PageIterator

from auricle.adapters.dynamodb.items import RawItem
from auricle.adapters.dynamodb.translate import repeated

_T = TypeVar("_T")
FILTERED_PAGE = 250
"""Items a query looks at where a filter passes over some."""


@dataclass(slots=True)
class Budget:
    """What one call may still look at."""

    items: int = 2000
    queries: int = 24

    @property
    def spent(self) -> bool:
        return self.items <= 0 or self.queries <= 0


@dataclass(frozen=True, slots=True)
class Read(Generic[_T]):
    """What was found, newest first, and the sort key at which the budget was spent (None when all was read)."""

    found: list[_T]
    stopped_at: str | None = None


def read_newest(
    pages: PageIterator[Any], limit: int, budget: Budget, *, sort_key: str, value: Callable[[RawItem], _T | None]
) -> Read[_T]:
    """Up to `limit` values of the items of a query's raw pages; None of an item passes over it.

    `sort_key` names the attribute the index is ordered by.
    """
    found: list[_T] = []
    while True:
        page = repeated(lambda: next(pages, None))
        if page is None:
            return Read(found)
        budget.items -= page["ScannedCount"]
        budget.queries -= 1
        for raw in page["Items"]:
            one = value(raw)
            if one is not None:
                found.append(one)
            if len(found) == limit:
                return Read(found)
        last = page.get("LastEvaluatedKey")
        if last and budget.spent:
            return Read(found, stopped_at=last[sort_key]["S"])
