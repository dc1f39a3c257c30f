"""Pages and cursors. A cursor is sealed, and good for one tenant, one route and one set of filters.

Sealed, not only signed: a page can end at a record that is hidden from the caller, whose id and date the cursor holds.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import orjson

from auricle.errors import InvalidRequest
from auricle.ports import Position
from auricle.settings import Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAX_OFFSET = 10_000
"""How far page numbers reach: counting to a page reads everything before it, a cursor does not."""
MAX_READINGS = 10
"""How often a page that a filter leaves short is filled up before it is answered as it is."""
MAX_PAGE_BYTES = 2 * 1024 * 1024
"""Of a page whose items may be large: an answer has 6 MB at most, in which quotes and line ends count several times."""
_NONCE_BYTES = 12
_BROKEN = "cursor is not one of ours for this request: take it from `next` of the page before, filters unchanged"

_T = TypeVar("_T")
_Next = TypeVar("_Next")
Batch = tuple[Sequence[_T], Position | None]
"""What one reading found, and where the next begins; None at the end."""
Reading = Callable[[int, Position | None], Batch[_T]]
"""Reads so many at most from there on; fewer, and still a position, where a filter admits next to nothing."""


class Cursors:
    """Makes and reads the cursors of one listing: what it is bound to is sealed with it."""

    def __init__(self, settings: Settings, *, org: str, route: str, filters: str) -> None:
        self._secret = settings.cursor_key or f"unsecret {settings.table}"
        self._bound_to = f"{org}\n{route}\n{filters}".encode()

    def seal(self, position: Position | None) -> str | None:
        """The position as a cursor; None at the end of the listing."""
        if position is None:
            return None
        key, cipher = _cipher(self._secret)
        content = orjson.dumps(dict(position))
        # The nonce follows from what is sealed: the same place has the same cursor, and no two places one nonce.
        nonce = hmac.digest(key, self._bound_to + b"\n" + content, "sha256")[:_NONCE_BYTES]
        sealed = nonce + cipher.encrypt(nonce, content, self._bound_to)
        return urlsafe_b64encode(sealed).decode().rstrip("=")

    def position(self, cursor: str | None) -> Position | None:
        """Where the listing goes on; None at its beginning.

        Raises:
            InvalidRequest: not a cursor of this tenant, route and filters.
        """
        if cursor is None:
            return None
        from cryptography.exceptions import InvalidTag

        try:
            sealed = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            position: Position = orjson.loads(_cipher(self._secret)[1].decrypt(nonce, content, self._bound_to))
        except (ValueError, InvalidTag):
            raise InvalidRequest(_BROKEN, field="cursor") from None
        return position


@cache
def _cipher(secret: str) -> tuple[bytes, AESGCM]:
    """The key that cursors are sealed with, and what seals: a process has one secret."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key = hmac.digest(secret.encode(), b"cursors", "sha256")
    return key, AESGCM(key)


def fit_page(read: Callable[[int], tuple[list[_T], _Next]], page_size: int) -> tuple[list[_T], _Next]:
    """The page that `read` makes of so many, as it is shown, or of fewer where those are more than one answer holds.

    `read` also says where the next page begins. What it shows are response models, or values as JSON has them.
    """
    count = page_size
    while True:
        shown, following = read(count)
        size = len(orjson.dumps(shown, default=vars))
        if size <= MAX_PAGE_BYTES or count == 1:
            return shown, following
        count = max(1, min(count, len(shown)) * MAX_PAGE_BYTES // size)


def check_reach(page: int, page_size: int, *, page_field: str) -> None:
    """Page numbers reach so far and no further.

    Raises:
        InvalidRequest: naming the field, and the cursor to use instead.
    """
    if page * page_size > MAX_OFFSET:
        raise InvalidRequest(
            f"{page_field} reaches the first {MAX_OFFSET} results only: go on with the cursor in `next` instead",
            field=page_field,
        )


def read_page(
    read: Reading[_T],
    cursors: Cursors,
    *,
    page: int | None,
    page_size: int,
    cursor: str | None,
    page_field: str = "page",
) -> Batch[_T]:
    """One page by its number, or the one a cursor leads to: two ways through the same listing.

    Raises:
        InvalidRequest: both are given, the cursor is none of ours, or the number reaches too far.
    """
    if cursor is not None:
        if page is not None:
            raise InvalidRequest(f"cursor and {page_field} are two ways to go on: give one of them", field="cursor")
        return read(page_size, cursors.position(cursor))
    number = page or 1
    check_reach(number, page_size, page_field=page_field)
    position: Position | None = None
    if number > 1:
        _, position = fill_page(read, (number - 1) * page_size, None)
        if position is None:
            return (), None
    return fill_page(read, page_size, position)


def fill_page(read: Reading[_T], count: int, position: Position | None) -> Batch[_T]:
    """So many from there on, in as many readings as it takes: the store bounds what one looks at.

    Where a filter admits next to nothing the page stays short, with a cursor to go on by.
    """
    found: list[_T] = []
    for _ in range(MAX_READINGS):
        more, position = read(count - len(found), position)
        found += more
        if position is None or len(found) == count:
            break
    return found, position
