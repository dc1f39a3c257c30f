"""pynamodb's errors as the domain's: what was refused by its condition, what is worth another try."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.transactions import TransactWrite

from auricle.adapters.aws import error_code, is_transient
from auricle.adapters.dynamodb.items import Item
from auricle.errors import TransientError

ATTEMPTS = 6
FIRST_WAIT_S = 0.02

_CONDITION_FAILED = frozenset({"ConditionalCheckFailed", "ConditionalCheckFailedException"})
_WORTH_REPEATING = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"},
)
_Answer = TypeVar("_Answer")


class ConditionFailed(Exception):
    """The item is not as the write expects it. Never leaves the stores."""


@contextmanager
def translated() -> Iterator[None]:
    """pynamodb's errors become ConditionFailed or TransientError; what is a fault of ours passes as it is."""
    try:
        yield
    except (PynamoDBException, BotoCoreError, ClientError) as error:
        cause = getattr(error, "cause", None) or error
        reasons = _cancellation_reasons(error)
        if error_code(cause) in _CONDITION_FAILED or reasons & _CONDITION_FAILED:
            raise ConditionFailed from error
        if is_transient(cause) or reasons & _WORTH_REPEATING:
            raise TransientError("The table could not take the request just now. Try again shortly.") from error
        raise


def transact(fill: Callable[[TransactWrite], None]) -> None:
    """One transaction of what `fill` adds to it, repeated when it met another on the same items.

    All tries carry one token: a try whose answer was lost is not applied twice.

    Raises:
        ConditionFailed: one of its conditions does not hold; nothing was written.
        TransientError: it kept meeting others, or the table did not answer.
    """
    token = str(uuid4())

    def write() -> None:
        with TransactWrite(connection=Item.connection(), client_request_token=token) as transaction:
            fill(transaction)

    repeated(write)


def repeated(call: Callable[[], _Answer]) -> _Answer:
    """The call's answer, `translated`; tried again with growing, random waits while that may help."""
    for attempt in range(ATTEMPTS):
        try:
            with translated():
                return call()
        except TransientError:
            if attempt == ATTEMPTS - 1:
                raise
            time.sleep(random.uniform(0, FIRST_WAIT_S * 2**attempt))  # noqa: S311  # spreads rivals, hides nothing
    raise AssertionError("the last attempt returns or raises")


def _cancellation_reasons(error: Exception) -> set[str]:
    if not isinstance(error, TransactWriteError):
        return set()
    return {reason.code for reason in error.cancellation_reasons if reason}
