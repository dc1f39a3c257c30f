"""AnswerStore and RateLimitStore in memory."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from auricle.errors import RecordTooLarge
from auricle.ports import CLAIMED, KEPT, KeptAnswer
from tests.fakes.item_size import MAX_ITEM_BYTES


@dataclass(slots=True)
class _Answer:
    owner: str
    fingerprint: str
    claimed_until: datetime
    expires_at: datetime
    content: bytes | None = None


class FakeIdempotencyStore:
    """`held` are the answers by tenant and name."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], _Answer] = {}
        self._lock = threading.Lock()

    def claim(self, org: str, name: str, owner: str, fingerprint: str, *, now: datetime) -> KeptAnswer | None:
        with self._lock:
            found = self.held.get((org, name))
            if found is not None:
                gone = found.content is None and found.claimed_until < now
                if not gone and found.expires_at >= now and found.owner != owner:
                    return KeptAnswer(found.fingerprint, found.content)
            self.held[org, name] = _Answer(owner, fingerprint, now + CLAIMED, now + KEPT)
            return None

    def keep(self, org: str, name: str, owner: str, content: bytes, *, now: datetime) -> None:
        if len(content) > MAX_ITEM_BYTES:
            raise RecordTooLarge("With this the record would have more than 400 KB, the most that is kept.")
        with self._lock:
            found = self.held.get((org, name))
            if found is not None and found.owner == owner:
                found.content, found.expires_at = content, now + KEPT

    def release(self, org: str, name: str, owner: str) -> None:
        with self._lock:
            found = self.held.get((org, name))
            if found is not None and found.owner == owner:
                del self.held[org, name]


class FakeRateLimitStore:
    """`taken` counts by tenant, credential and minute; `asked` how often anybody took any."""

    def __init__(self) -> None:
        self.taken: Counter[tuple[str, str, int]] = Counter()
        self.asked = 0
        self._lock = threading.Lock()

    def take(self, org: str, credential: str, window: int, amount: int) -> int:
        with self._lock:
            self.asked += 1
            self.taken[org, credential, window] += amount
            return self.taken[org, credential, window]
