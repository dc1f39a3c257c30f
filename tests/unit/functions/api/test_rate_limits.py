"""The rate limiter: how large the blocks are that a process takes of a credential's minute, and when it waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from api.auth import Caller
from api.rate_limits import RateLimiter
from auricle.errors import TooManyRequests, TransientError
from tests.fakes.idempotency import FakeRateLimitStore

NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)
CALLER = Caller("acme", "ann", frozenset(), frozenset(), credential="user ann")


class Recording(FakeRateLimitStore):
    """`amounts` are those that were asked for, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.amounts: list[int] = []

    def take(self, org: str, credential: str, window: int, amount: int) -> int:
        self.amounts.append(amount)
        return super().take(org, credential, window, amount)


class Away(FakeRateLimitStore):
    def take(self, *_: object) -> int:
        raise TransientError("Try again.")


def let_through(
    limiter: RateLimiter, rate_limit_store: FakeRateLimitStore, limit: int, requests: int, at: datetime = NOON
) -> int:
    passed = 0
    for _ in range(requests):
        try:
            limiter.spend(CALLER, limit, rate_limit_store=lambda: rate_limit_store, now=at)
        except TooManyRequests:
            continue
        passed += 1
    return passed


def test_blocks_grow_with_what_was_let_through_up_to_a_twentieth_of_the_limit() -> None:
    rate_limit_store = Recording()
    assert let_through(RateLimiter(), rate_limit_store, limit=1000, requests=150) == 150
    assert rate_limit_store.amounts == [1, 1, 2, 4, 8, 16, 32, 50, 50]


def test_a_first_block_is_a_thousandth_of_the_limit_and_one_at_least() -> None:
    for limit, first in ((1, 1), (1999, 1), (2000, 2), (5999, 5)):
        rate_limit_store = Recording()
        let_through(RateLimiter(), rate_limit_store, limit, requests=1)
        assert rate_limit_store.amounts == [first]


def test_exactly_the_limit_is_let_through_and_then_nobody_is_asked() -> None:
    rate_limit_store, limiter = Recording(), RateLimiter()
    assert let_through(limiter, rate_limit_store, limit=100, requests=130) == 100
    asked = len(rate_limit_store.amounts)
    assert let_through(limiter, rate_limit_store, limit=100, requests=9) == 0
    assert len(rate_limit_store.amounts) == asked
    assert let_through(RateLimiter(), rate_limit_store, limit=100, requests=1) == 0
    assert let_through(limiter, rate_limit_store, limit=100, requests=130, at=NOON + timedelta(seconds=60)) == 100


@pytest.mark.parametrize(("second", "wait_s"), [(0, 60), (1, 59), (59, 1), (59.9, 1)])
def test_who_is_held_back_waits_for_the_next_minute(second: float, wait_s: int) -> None:
    rate_limit_store, limiter = FakeRateLimitStore(), RateLimiter()
    let_through(limiter, rate_limit_store, limit=1, requests=1)
    with pytest.raises(TooManyRequests, match="1 requests a minute") as refused:
        limiter.spend(CALLER, 1, rate_limit_store=lambda: rate_limit_store, now=NOON + timedelta(seconds=second))
    assert refused.value.retry_after_s == wait_s


def test_what_is_left_of_the_last_block_is_let_through() -> None:
    rate_limit_store = FakeRateLimitStore()
    processes = [RateLimiter() for _ in range(3)]
    assert sum(let_through(one, rate_limit_store, limit=40, requests=40) for one in processes) == 40


def test_while_nobody_counts_everybody_passes() -> None:
    assert let_through(RateLimiter(), Away(), limit=2, requests=9) == 9


def test_the_table_knows_no_credential() -> None:
    rate_limit_store = FakeRateLimitStore()
    let_through(RateLimiter(), rate_limit_store, limit=10, requests=1)
    ((org, credential, window),) = rate_limit_store.taken
    assert (org, len(credential), window) == ("acme", 32, int(NOON.timestamp()) // 60)
    assert "ann" not in credential


def test_four_thousand_credentials_are_remembered() -> None:
    rate_limit_store, limiter = Recording(), RateLimiter()
    for number in range(4097):
        caller = Caller("acme", "u", frozenset(), frozenset(), credential=f"user {number}")
        limiter.spend(caller, 2000, rate_limit_store=lambda: rate_limit_store, now=NOON)
    assert len(limiter._left) == 4096
    assert ("acme", "user 0") not in limiter._left
