"""A tenant with thousands of recordings: pages far down a listing cost what the first does.

`make bench` asks the same of 100,000; here are a little more than 5,000, in pages of five.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local.child import Child
from tests.bench.api import FILES, RECORDINGS
from tests.bench.table import Listings

MANY = 5100
PAGE = 5


@pytest.fixture(scope="module")
def listings(auricle: Child) -> Iterator[Listings]:
    with Listings(auricle) as made:
        made.seed(MANY)
        yield made


@pytest.mark.parametrize(("path", "items"), [(FILES, "items"), (RECORDINGS, "data")])
def test_the_thousandth_page_costs_what_the_first_does(path: str, items: str, listings: Listings) -> None:
    first = listings.cost(path, page=1, page_size=PAGE)
    thousandth = listings.cost(path, page=1000, page_size=PAGE)
    assert [len(page.answer.json[items]) for page in (first, thousandth)] == [PAGE, PAGE]
    assert first.answer.json[items] != thousandth.answer.json[items]
    assert first.requests == thousandth.requests == ("GetItem", "Query"), "the tenant's months, and one of them"
    assert 0 < first.read_units == pytest.approx(thousandth.read_units)
    assert 0 < first.items_read == thousandth.items_read <= PAGE + 2


def test_page_numbers_reach_so_far_and_no_further(listings: Listings) -> None:
    """What a number passes over is read, so numbers are for the first pages."""
    near, last, beyond = (listings.numbered(FILES, page=page, page_size=100) for page in (2, 50, 101))
    assert (near.answer.status, last.answer.status, beyond.answer.status) == (200, 200, 422)
    assert len(last.answer.json["items"]) == 100
    assert near.items_read <= 2 * 102
    assert beyond.requests == ()
    assert [error["field"] for error in beyond.answer.json["errors"]] == ["page"]
