"""boto3 clients that speak to the local engine and nowhere else."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "000000000000"
"""Also the access key id: the engine takes the account from it."""
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The AWS port of one home: its address, and the secret every request to it is signed with."""

    url: str
    secret_access_key: str = field(repr=False)

    def client(self, service: str) -> Any:
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
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key=self.secret_access_key,
            config=settings,
        )

    def environment(self) -> dict[str, str]:
        """What makes boto3 in a child process speak to this engine and read nothing of the user's own AWS set-up."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
