"""Finding a contact by what the uploader wrote."""

from __future__ import annotations

import pytest

from api.legacy.surfaces.core import uploads


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
    assert uploads._same_number(one, other) is same
    assert uploads._same_number(other, one) is same


def test_a_number_is_its_digits() -> None:
    assert uploads._digits("+49 (30) 123-45 x6") == "4930123456"
