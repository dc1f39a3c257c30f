"""Requests of a credential per minute, over all processes together.

A process takes requests from the credential's minute in blocks, and spends a block without asking anybody: most
requests cost no write, and all processes together never let more through than the limit. What a process took and did
not spend is lost for that minute. So blocks grow with what the process has let through: a burst that a hundred
processes answer does not use up a minute by asking, and a credential is held back before half its limit only where
first blocks alone come to so much.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from auricle.errors import TooManyRequests, TransientError

if TYPE_CHECKING:
    from api.auth import Caller
    from auricle.ports import RateLimitStore

WINDOW_S = 60
BLOCKS = 20
"""A minute's requests are taken in this many blocks, once they have grown."""
FIRST_BLOCKS = 1000
"""As many processes as Lambda runs at one time, unless it is told otherwise, can have a first block each."""
_REMEMBERED = 4096


class Allowances:
    """What one process may still let through."""

    def __init__(self) -> None:
        self._left: dict[tuple[str, str], tuple[int, int, int]] = {}
        """By tenant and credential: the minute, how many are left of the block, and how many were taken so far."""

    def spend(
        self, caller: Caller, limit: int, *, rate_limit_store: Callable[[], RateLimitStore], now: datetime
    ) -> None:
        """One request of the caller.

        Raises:
            TooManyRequests: the minute's are spent; it says how long to wait.
        """
        moment_s = now.timestamp()
        window, key = int(moment_s // WINDOW_S), (caller.org, caller.credential)
        found_window, left, held = self._left.get(key, (0, 0, 0))
        if found_window == window and left > 0:
            self._left[key] = (window, left - 1, held)
            return
        if found_window != window:
            left = held = 0
        if left == 0:
            block = max(1, limit // FIRST_BLOCKS, min(held, limit // BLOCKS))
            left = self._taken(caller, limit, window, block, rate_limit_store)
            while len(self._left) >= _REMEMBERED:
                del self._left[next(iter(self._left))]
            self._left[key] = (window, left - 1 if left > 0 else _SPENT, held + block)
        if left <= 0:
            raise TooManyRequests(
                f"This credential may send {limit} requests a minute, and they are spent. Wait for the next minute.",
                retry_after_s=max(1, round((window + 1) * WINDOW_S - moment_s)),
            )

    @staticmethod
    def _taken(
        caller: Caller, limit: int, window: int, block: int, rate_limit_store: Callable[[], RateLimitStore]
    ) -> int:
        credential = sha256(caller.credential.encode()).hexdigest()[:32]
        try:
            taken = rate_limit_store().take(caller.org, credential, window, block)
        except TransientError:  # who counts is briefly away: that is no reason to turn anybody away
            return block
        return min(block, block - (taken - limit))


_SPENT = -1
"""Of a minute in which there is nothing left to take: nobody asks again before the next."""
