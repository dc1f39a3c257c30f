"""boto3 clients that speak to the local engine and nowhere else."""

from __future__ import annotations

from typing import Any

ACCOUNT = "000000000000"
REGION = "us-east-1"


def client(service: str, endpoint_url: str) -> Any:
    """A client of `service` at the engine; it reads no profile and no proxy of this machine."""
    import boto3
    from botocore.config import Config

    settings = Config(
        signature_version="s3v4" if service == "s3" else None,
        s3={"addressing_style": "path"},
        proxies={},
        retries={"mode": "standard", "max_attempts": 2},
    )
    make: Any = boto3.client  # its stubs have one overload a service; here the service is a variable
    return make(
        service,
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="local",  # noqa: S106 - the engine checks the account, not the secret
        config=settings,
    )
