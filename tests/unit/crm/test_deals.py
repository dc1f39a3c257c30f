"""Deals: which of them a filter admits."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from auricle.crm.deals import Deal, DealFilter, Disposition

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
DEAL = Deal("acme", "d1", NOW, NOW, "Renewal", stage="early", contact_ids=("ann", "bob"))


@pytest.mark.parametrize(
    ("wanted", "is_admitted"),
    [
        (DealFilter(), True),
        (DealFilter(contact_id="bob"), True),
        (DealFilter(contact_id="eve"), False),
        (DealFilter(stage="early"), True),
        (DealFilter(stage="late"), False),
        (DealFilter(disposition=Disposition.OPEN), True),
        (DealFilter(disposition=Disposition.WON), False),
        (DealFilter(contact_id="ann", stage="early", disposition=Disposition.OPEN), True),
        (DealFilter(contact_id="ann", stage="early", disposition=Disposition.LOST), False),
    ],
)
def test_a_deal_is_admitted_by_everything_that_is_asked_for(wanted: DealFilter, is_admitted: bool) -> None:
    assert wanted.admits(DEAL) is is_admitted
