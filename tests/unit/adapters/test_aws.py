"""How every client is made, and which answers of AWS are worth another try."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from auricle.adapters import aws
from auricle.errors import TransientError


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def client_error(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Call")  # type: ignore[typeddict-item]  # the rest is not read


def test_a_client_waits_three_seconds_for_a_connection_and_twenty_for_an_answer() -> None:
    config = aws.client("events").meta.config
    assert (config.connect_timeout, config.read_timeout) == (3, 20)
    assert config.retries["mode"] == "standard"
    assert config.retries["total_max_attempts"] == 5


def test_a_client_can_be_made_with_settings_of_its_own() -> None:
    assert aws.client("s3", signature_version="s3v4").meta.config.signature_version == "s3v4"


def test_all_clients_are_made_by_one_session() -> None:
    assert aws.session() is aws.session()


@pytest.mark.parametrize(
    "code",
    [
        "ExecutionLimitExceeded",
        "InternalError",
        "InternalServerError",
        "InternalFailure",
        "LimitExceededException",
        "OperationAborted",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "RequestTimeTooSkewed",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    ],
)
def test_a_busy_service_is_worth_another_try(code: str) -> None:
    assert aws.is_transient_code(code)
    assert aws.is_transient(client_error(code))


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (client_error("AccessDenied", 403), False),
        (client_error("ValidationException", 499), False),
        (client_error("Anything", 500), True),
        (client_error("Anything", 503), True),
        (ValueError("x"), False),
    ],
)
def test_an_answer_of_five_hundred_or_more_is_worth_another_try(error: Exception, transient: bool) -> None:
    assert aws.is_transient(error) is transient


def test_an_error_without_an_answer_has_no_code() -> None:
    assert aws.error_code(ValueError("x")) == ""
    assert aws.error_code(client_error("SlowDown")) == "SlowDown"


def test_the_error_that_was_the_cause_is_kept() -> None:
    cause = client_error("SlowDown", 503)
    with pytest.raises(TransientError) as refused, aws.transient_errors("It could not be done"):
        raise cause
    assert refused.value.__cause__ is cause
    assert refused.value.message == "It could not be done just now. Try again shortly."
