"""Finding the contact that a recording concerns by what its uploader wrote of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from auricle.crm.contacts import Contact

if TYPE_CHECKING:
    from auricle.ports import ContactStore

MAX_READINGS = 5
"""How often a tenant's contacts are read on in search of one: some ten thousand of them."""
_SAME_NUMBER_DIGITS = 9
"""Numbers written with and without their country's code are the same from so many digits on."""


def matching_contacts(org: str, *, phone: str | None, name: str | None, contacts: ContactStore) -> tuple[str, ...]:
    """The id of the latest contact with that number, or, without a number, of the only one of that name; else none."""
    if phone is not None:
        digits = _digits(phone)
        return _find(org, lambda contact: _is_same_number(digits, _digits(contact.phone or "")), 1, contacts)
    if name is not None:
        wanted = name.strip().casefold()
        found = _find(org, lambda contact: contact.name.casefold() == wanted, 2, contacts)
        return found if len(found) == 1 else ()
    return ()


def _find(org: str, wanted: Callable[[Contact], bool], count: int, contacts: ContactStore) -> tuple[str, ...]:
    """Ids of so many contacts, if there are as many, the latest first."""
    found: list[str] = []
    position = None
    for _ in range(MAX_READINGS):
        page = contacts.list_contacts(org, count - len(found), position, wanted=wanted)
        found += [contact.id for contact in page.records]
        position = page.next_position
        if position is None or len(found) == count:
            break
    return tuple(found)


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdecimal())


def _is_same_number(one: str, other: str) -> bool:
    """Whether two numbers are the same, however they are written, with their country's code or without."""
    if not one or not other:
        return False
    one, other = one.lstrip("0"), other.lstrip("0")
    shorter, longer = sorted((one, other), key=len)
    return one == other or (len(shorter) >= _SAME_NUMBER_DIGITS and longer.endswith(shorter))
