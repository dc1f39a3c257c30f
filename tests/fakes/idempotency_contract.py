"""What every store of kept answers and every meter does: run on the fakes (unit) and on the table (integration)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import uuid4

import pytest

from auricle.errors import RecordTooLarge
from auricle.ports import CLAIMED, KEPT, IdempotencyStore, KeptAnswer, RateLimitStore

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


class Manners(Protocol):
    """The ports under test."""

    @property
    def answers(self) -> IdempotencyStore: ...
    @property
    def rate_limit_store(self) -> RateLimitStore: ...


class MannersContract:
    """Subclasses are collected; this class alone is not."""

    @pytest.fixture
    def org(self) -> str:
        return f"org-{uuid4().hex[:12]}"

    def test_a_name_is_claimed_once(self, state: Manners, org: str) -> None:
        assert state.answers.claim(org, "name", "me", "print", now=NOW) is None
        assert state.answers.claim(org, "name", "you", "other", now=NOW) == KeptAnswer("print", None)
        assert state.answers.claim(org, "another", "you", "other", now=NOW) is None
        assert state.answers.claim(f"{org}-2", "name", "you", "other", now=NOW) is None

    def test_of_many_at_once_one_claims_it(self, state: Manners, org: str) -> None:
        def claim(number: int) -> bool:
            return state.answers.claim(org, "name", f"owner {number}", "print", now=NOW) is None

        claim(0)
        state.answers.release(org, "name", "owner 0")
        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(claim, range(1, 9))) == 1

    def test_a_claim_written_twice_is_one(self, state: Manners, org: str) -> None:
        """The first answer was lost on the way, so the adapter asked again."""
        assert state.answers.claim(org, "name", "me", "print", now=NOW) is None
        assert state.answers.claim(org, "name", "me", "print", now=NOW) is None
        assert state.answers.claim(org, "name", "you", "print", now=NOW) is not None

    def test_what_is_kept_is_found_until_it_expires(self, state: Manners, org: str) -> None:
        state.answers.claim(org, "name", "me", "print", now=NOW)
        state.answers.keep(org, "name", "me", b"\x00answer", now=NOW)
        late = NOW + KEPT - timedelta(seconds=1)
        assert state.answers.claim(org, "name", "you", "print", now=late) == KeptAnswer("print", b"\x00answer")
        assert state.answers.claim(org, "name", "you", "new", now=NOW + KEPT + timedelta(seconds=1)) is None

    def test_who_does_not_answer_in_time_loses_the_name(self, state: Manners, org: str) -> None:
        state.answers.claim(org, "name", "me", "print", now=NOW)
        soon, late = NOW + CLAIMED - timedelta(seconds=1), NOW + CLAIMED + timedelta(seconds=1)
        assert state.answers.claim(org, "name", "you", "print", now=soon) is not None
        assert state.answers.claim(org, "name", "you", "print", now=late) is None
        state.answers.keep(org, "name", "me", b"late", now=late)
        state.answers.release(org, "name", "me")
        assert state.answers.claim(org, "name", "x", "print", now=late) == KeptAnswer("print", None)

    def test_what_is_released_is_free(self, state: Manners, org: str) -> None:
        state.answers.claim(org, "name", "me", "print", now=NOW)
        state.answers.release(org, "name", "me")
        state.answers.release(org, "name", "me")
        assert state.answers.claim(org, "name", "you", "other", now=NOW) is None

    def test_an_answer_is_kept_for_a_day_and_a_claim_for_a_minute(self, state: Manners, org: str) -> None:
        def asked_after(**later: float) -> KeptAnswer | None:
            return state.answers.claim(org, "name", "you", "print", now=NOW + timedelta(**later))

        state.answers.claim(org, "name", "me", "print", now=NOW)
        assert asked_after(seconds=59) == KeptAnswer("print", None)
        state.answers.keep(org, "name", "me", b"answer", now=NOW + timedelta(minutes=1))
        assert asked_after(hours=24) == KeptAnswer("print", b"answer")
        assert asked_after(hours=24, minutes=2) is None

    def test_an_answer_that_is_larger_than_an_item_is_refused(self, state: Manners, org: str) -> None:
        """Who would keep one must know that it is too large before."""
        state.answers.claim(org, "name", "me", "print", now=NOW)
        with pytest.raises(RecordTooLarge):
            state.answers.keep(org, "name", "me", bytes(410_000), now=NOW)
        state.answers.keep(org, "name", "me", bytes(300_000), now=NOW)
        kept = state.answers.claim(org, "name", "you", "print", now=NOW)
        assert kept is not None
        assert kept.content == bytes(300_000)

    def test_a_meter_adds_up_what_is_taken(self, state: Manners, org: str) -> None:
        with ThreadPoolExecutor(4) as threads:
            sums = sorted(threads.map(lambda _: state.rate_limit_store.take(org, "c", 29_000_000, 5), range(8)))
        assert sums == [5 * taken for taken in range(1, 9)]
        assert state.rate_limit_store.take(org, "c", 29_000_001, 1) == 1
        assert state.rate_limit_store.take(org, "d", 29_000_000, 1) == 1
        assert state.rate_limit_store.take(f"{org}-2", "c", 29_000_000, 1) == 1
