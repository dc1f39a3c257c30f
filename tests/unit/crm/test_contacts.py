"""Contacts: which of them a filter admits."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from auricle.crm.contacts import Contact, ContactFilter

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
JANE = Contact(
    "acme",
    "jane",
    "Jane Smith",
    NOW,
    NOW,
    company="Acme Corp",
    email="jane@acme.example",
    phone="+1 (555) 0100",
    title="CFO",
)
NOBODY = Contact("acme", "nobody", "?", NOW, NOW)


@pytest.mark.parametrize(
    ("wanted", "is_admitted"),
    [
        (ContactFilter(), True),
        (ContactFilter(words="smith ACME cfo 0100 JANE@"), True),
        (ContactFilter(words="smith globex"), False),
        (ContactFilter(email="JANE@Acme.example"), True),
        (ContactFilter(email="acme.example"), False),
        (ContactFilter(company="ACME corp"), True),
        (ContactFilter(company="acme"), False),
        (ContactFilter(phone="1-555-0100"), True),
        (ContactFilter(phone="5550100"), False),
        (ContactFilter(words="jane", email="jane@acme.example", phone="15550100", company="acme corp"), True),
        (ContactFilter(words="jane", email="john@acme.example"), False),
        (ContactFilter(email="jane@acme.example", company="globex"), False),
    ],
)
def test_a_contact_is_admitted_by_everything_that_is_asked_for(wanted: ContactFilter, is_admitted: bool) -> None:
    assert wanted.admits(JANE) is is_admitted


@pytest.mark.parametrize(
    "wanted", [ContactFilter(email="a@b"), ContactFilter(phone="1"), ContactFilter(company="Acme"), ContactFilter("x")]
)
def test_what_is_not_known_of_a_contact_matches_nothing(wanted: ContactFilter) -> None:
    assert not wanted.admits(NOBODY)
