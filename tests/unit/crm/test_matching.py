"""Finding a contact by what the uploader wrote."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from auricle.crm import matching
from auricle.crm.contacts import NewContact, add_contact
from auricle.crm.matching import matching_contacts
from tests.fakes import Fakes

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("4930123456", "4930123456", True),
        ("0301234567890", "49301234567890", True),
        ("123456789", "1123456789", True),
        ("12345678", "112345678", False),
        ("0012345678", "12345678", True),
        ("123456789", "123456780", False),
        ("234567890", "1234567890123", False),
        ("", "", False),
        ("123456789", "", False),
        ("", "123456789", False),
    ],
)
def test_numbers_are_the_same_with_and_without_their_country_s_code(one: str, other: str, same: bool) -> None:
    """From nine digits on: shorter ones may be those of any place."""
    assert matching._is_same_number(one, other) is same
    assert matching._is_same_number(other, one) is same


def test_a_number_is_its_digits() -> None:
    assert matching._digits("+49 (30) 123-45 x6") == "4930123456"


@pytest.mark.parametrize(
    ("phone", "name", "found"),
    [
        (None, None, ()),
        ("(0)30 1234567", None, ("c3",)),
        ("0049 30 1234567", "Nobody", ("c3",)),
        ("030 7654321", "Jane Smith", ()),
        (None, " jane smith ", ("c1",)),
        (None, "Kim Lee", ()),
        (None, "Nobody", ()),
    ],
    ids=["nothing", "number", "number first", "unknown number", "name", "two of a name", "unknown name"],
)
def test_the_latest_of_a_number_or_the_only_one_of_a_name(
    phone: str | None, name: str | None, found: tuple[str, ...]
) -> None:
    contacts = Fakes().contacts
    known = (("Jane Smith", None), ("Kim Lee", "+49 30 1234567"), ("Kim Lee", "+49 30 1234567"))
    for number, (contact, its_phone) in enumerate(known, 1):
        made_at = NOW + timedelta(minutes=number)
        add_contact(NewContact(contact, id=f"c{number}", phone=its_phone), org="acme", contacts=contacts, now=made_at)
    assert matching_contacts("acme", phone=phone, name=name, contacts=contacts) == found
    assert matching_contacts("other", phone=phone, name=name, contacts=contacts) == ()
