"""Pages and cursors. A cursor is opaque, signed, and good for one tenant, one route and one set of filters."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

import orjson

from auricle.errors import InvalidRequest
from auricle.ports import Position
from auricle.settings import Settings

MAX_OFFSET = 10_000
"""How far page numbers reach: counting to a page reads everything before it, a cursor does not."""
_SIGNATURE_BYTES = 16
_BROKEN = "cursor is not one of ours for this request: take it from `next` of the page before, filters unchanged"


class Cursors:
    """Makes and reads the cursors of one listing: what it is bound to is signed with it."""

    def __init__(self, settings: Settings, *, org: str, route: str, filters: str) -> None:
        self._key = (settings.cursor_key or f"unsecret {settings.table}").encode()
        self._bound_to = f"{org}\n{route}\n{filters}".encode()

    def sign(self, position: Position | None) -> str | None:
        """The position as a cursor; None at the end of the listing."""
        if position is None:
            return None
        content = orjson.dumps(dict(position))
        return urlsafe_b64encode(self._signature(content) + content).decode().rstrip("=")

    def position(self, cursor: str) -> Position:
        """Where the listing goes on.

        Raises:
            InvalidRequest: not a cursor of this tenant, route and filters.
        """
        try:
            signed = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except ValueError:
            raise InvalidRequest(_BROKEN, field="cursor") from None
        signature, content = signed[:_SIGNATURE_BYTES], signed[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(content)):
            raise InvalidRequest(_BROKEN, field="cursor")
        position: Position = orjson.loads(content)
        return position

    def _signature(self, content: bytes) -> bytes:
        return hmac.digest(self._key, self._bound_to + b"\n" + content, sha256)[:_SIGNATURE_BYTES]


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
