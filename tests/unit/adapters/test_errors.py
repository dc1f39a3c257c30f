"""What AWS's errors become."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    IncompleteReadError,
    ReadTimeoutError,
)
from pynamodb.exceptions import CancellationReason, PutError, TransactWriteError, VerboseClientError

from auricle.adapters.aws import transient_errors
from auricle.adapters.dynamodb.translate import ATTEMPTS, ConditionFailed, repeated, translated
from auricle.errors import RecordTooLarge, TransientError


def client_error(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Call")  # type: ignore[typeddict-item]  # the rest is not read


def cancelled(*codes: str | None) -> TransactWriteError:
    reasons = [CancellationReason(code) if code else None for code in codes]
    answer = {"Error": {"Code": "TransactionCanceledException"}}
    return TransactWriteError("…", VerboseClientError(answer, "TransactWriteItems", {}, cancellation_reasons=reasons))


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


@pytest.mark.parametrize(
    "error",
    [
        client_error("ThrottlingException"),
        client_error("SlowDown", 503),
        client_error("Unheard Of", 500),
        EndpointConnectionError(endpoint_url="http://nowhere"),
        ReadTimeoutError(endpoint_url="http://nowhere"),
        IncompleteReadError(actual_bytes=1, expected_bytes=2),
        CredentialRetrievalError(provider="container-role", error_msg="the agent did not answer"),
    ],
)
def test_what_may_go_better_later_is_transient(error: Exception) -> None:
    with (
        pytest.raises(TransientError, match="Uploads could not be listed just now"),
        transient_errors("Uploads could not be listed"),
    ):
        raise error


@pytest.mark.parametrize(
    "error", [client_error("AccessDenied", 403), client_error("ValidationException"), KeyError("x")]
)
def test_what_is_our_own_fault_passes_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)), transient_errors("It could not be done"):
        raise error
    with pytest.raises(type(error)), translated():
        raise error


@pytest.mark.parametrize(
    "error",
    [
        PutError("…", client_error("ConditionalCheckFailedException")),
        cancelled(None, "ConditionalCheckFailed"),
        cancelled("TransactionConflict", "ConditionalCheckFailed"),
    ],
)
def test_a_condition_that_does_not_hold(error: Exception) -> None:
    with pytest.raises(ConditionFailed), translated():
        raise error


@pytest.mark.parametrize(
    "error",
    [
        cancelled(None, "TransactionConflict"),
        cancelled("ThrottlingError"),
        PutError("…", client_error("ProvisionedThroughputExceededException")),
        PutError("…", EndpointConnectionError(endpoint_url="http://nowhere")),
    ],
)
def test_a_rival_is_waited_for_and_then_given_up(error: Exception) -> None:
    calls: list[int] = []

    def call(failures: int) -> str:
        calls.append(1)
        if len(calls) <= failures:
            raise error
        return "written"

    assert repeated(lambda: call(2)) == "written"
    calls.clear()
    with pytest.raises(TransientError):
        repeated(lambda: call(100))
    assert len(calls) == ATTEMPTS


def test_a_failed_condition_is_not_repeated() -> None:
    calls: list[int] = []

    def call() -> None:
        calls.append(1)
        raise cancelled("ConditionalCheckFailed")

    with pytest.raises(ConditionFailed):
        repeated(call)
    assert len(calls) == 1


def test_tries_are_spread_over_longer_and_longer_times(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    monkeypatch.setattr("random.uniform", lambda least, most: most - least)

    def call() -> None:
        raise cancelled("TransactionConflict")

    with pytest.raises(TransientError):
        repeated(call)
    assert waited == pytest.approx([0.02, 0.04, 0.08, 0.16, 0.32])


def too_large(code: str, message: str) -> list[Exception]:
    """As PutItem and UpdateItem say it, and as a transaction does."""
    answer = ClientError({"Error": {"Code": code, "Message": message}}, "Call")
    reasons = [None, CancellationReason(code, message)]
    said = {"Error": {"Code": "TransactionCanceledException"}}
    return [
        PutError("…", answer),
        TransactWriteError("…", VerboseClientError(said, "TransactWriteItems", {}, cancellation_reasons=reasons)),
    ]


@pytest.mark.parametrize(
    "error",
    [
        *too_large("ValidationException", "Item size has exceeded the maximum allowed size"),
        *too_large("ValidationException", "Item size to update has exceeded the maximum allowed size"),
        *too_large("ValidationError", "Item size to update has exceeded the maximum allowed size"),
    ],
)
def test_an_item_of_more_than_400_kb_is_told_from_other_mistakes(error: Exception) -> None:
    with pytest.raises(RecordTooLarge, match="more than 400 KB"), translated():
        raise error


@pytest.mark.parametrize("error", too_large("ValidationException", "The provided key is not as the schema has it"))
def test_another_mistake_passes_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)), translated():
        raise error


@pytest.mark.parametrize(
    ("code", "transient"),
    [
        ("TransactionConflict", True),
        ("ThrottlingError", True),
        ("ProvisionedThroughputExceeded", True),
        ("RequestLimitExceeded", True),
        ("ItemCollectionSizeLimitExceeded", False),
    ],
)
def test_why_a_transaction_was_cancelled(code: str, transient: bool) -> None:
    with pytest.raises(TransientError if transient else TransactWriteError), translated():
        raise cancelled(code)


def test_a_batch_that_was_left_undone_is_worth_another_try() -> None:
    with pytest.raises(TransientError), translated():
        raise PutError("Failed to batch write items: max_retry_attempts exceeded")
