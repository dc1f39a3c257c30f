"""What the AWS adapters share: one botocore session a process, and which errors are worth another try."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auricle.errors import TransientError

if TYPE_CHECKING:
    from botocore.session import Session

CONNECT_TIMEOUT_S = 3
READ_TIMEOUT_S = 20
ATTEMPTS = 5

_TRANSIENT_CODES = frozenset(
    {
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
    },
)


def read_service_models_fast() -> None:
    """Lets botocore read its service descriptions with orjson: a client costs 40 ms of CPU less on a cold start."""
    import orjson
    from botocore.loaders import JSONFileLoader, Loader

    class FastFileLoader(JSONFileLoader):
        """The files are the same, and so is what comes out of them: plain dicts keep their order too."""

        def _load_file(self, full_path: str, open_method: Any) -> Any:
            if not Path(full_path).is_file():
                return None
            with open_method(full_path, "rb") as stream:
                return orjson.loads(stream.read())

    Loader.FILE_LOADER_CLASS = FastFileLoader


@cache
def session() -> Session:
    """The session every client of this process is made by: credentials and descriptions are read once."""
    from botocore.session import get_session

    return get_session()


def client(service: str, **settings: Any) -> Any:
    """A client of the service; address, region and credentials come from where every AWS SDK looks for them.

    Typed by who asks for it: botocore makes its clients' methods when it reads their description.
    """
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        **settings,
    )
    return session().create_client(service, config=config)


def error_code(error: BaseException) -> str:
    """The service's code of a botocore error; empty when the service never answered."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed a little later: throttled, timed out, or nobody answered."""
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.exceptions import CredentialRetrievalError, HTTPClientError, IncompleteReadError

    # A job's credentials come from the agent of its machine, which may be busy or starting again.
    if isinstance(error, (NoConnection, HTTPClientError, IncompleteReadError, CredentialRetrievalError)):
        return True
    status = (getattr(error, "response", None) or {}).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return is_transient_code(error_code(error)) or status >= 500


def is_transient_code(code: str) -> bool:
    """Whether a service's code means that the same may succeed a little later."""
    return code in _TRANSIENT_CODES


@contextmanager
def transient_errors(what: str) -> Iterator[None]:
    """Errors worth another try become TransientError, named by `what` could not be done; others pass as they are."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        if is_transient(error):
            raise TransientError(f"{what} just now. Try again shortly.") from error
        raise
