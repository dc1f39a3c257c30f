"""pynamodb's errors as the domain's: what was refused by its condition, what is worth another try."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PutError, PynamoDBException, TransactWriteError
from pynamodb.transactions import TransactWrite

from auricle.adapters.aws import error_code, is_transient
from auricle.adapters.dynamodb.items import Item
from auricle.errors import RecordTooLarge, TransientError

ATTEMPTS = 6
FIRST_WAIT_S = 0.02

_CONDITION_FAILED = frozenset({"ConditionalCheckFailed", "ConditionalCheckFailedException"})
_WORTH_REPEATING = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"},
)
_TOO_LARGE = re.compile(r"Item size( to update)? has exceeded the maximum allowed size")
_Answer = TypeVar("_Answer")


class ConditionFailed(Exception):
    """The item is not as the write expects it. Never leaves the stores."""


@contextmanager
def translated() -> Iterator[None]:
    """pynamodb's errors become ConditionFailed, TransientError or RecordTooLarge; faults of ours pass as they are."""
    try:
        yield
    except (PynamoDBException, BotoCoreError, ClientError) as error:
        cause = getattr(error, "cause", None) or error
        reasons = _cancellation_reasons(error)
        if _is_too_large(error, cause):
            raise RecordTooLarge("With this the record would have more than 400 KB, the most that is kept.") from error
        if error_code(cause) in _CONDITION_FAILED or reasons & _CONDITION_FAILED:
            raise ConditionFailed from error
        if is_transient(cause) or reasons & _WORTH_REPEATING or _is_left_undone(error):
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


def _is_left_undone(error: Exception) -> bool:
    """Whether a busy table did only some of a batch: pynamodb then raises an error of its own, without a cause."""
    return isinstance(error, PutError) and error.cause is None


def _is_too_large(error: Exception, cause: Exception) -> bool:
    """Whether an item has more than 400 KB: DynamoDB tells it from other mistakes by its words alone."""
    said = [str(cause)]
    if isinstance(error, TransactWriteError):
        said += [reason.message or "" for reason in error.cancellation_reasons if reason]
    return any(_TOO_LARGE.search(text) for text in said)


def _cancellation_reasons(error: Exception) -> set[str]:
    if not isinstance(error, TransactWriteError):
        return set()
    return {reason.code for reason in error.cancellation_reasons if reason}
