"""Values that the examples of several models show."""

from __future__ import annotations

import json
from typing import Any

from pydantic.config import JsonDict

RECORDING_ID = "rec_19d4f2a1b00c0ffee12345678901234"
CONTACT_ID = "contact_19d4f2a1b0512345678901234abcdef"
SOURCE_URL = f"s3://bucket/orgs/acme/recordings/{RECORDING_ID}/source"
SIGNED_URL = (
    f"https://bucket.s3.eu-central-1.amazonaws.com/orgs/acme/recordings/{RECORDING_ID}/source?X-Amz-Signature=0a1b"
)
CORE_CREATED_AT = "2026-03-30T12:00:00.000Z"
CORE_EXPIRES_AT = "2026-03-30T12:15:00.000Z"
"""The core API writes milliseconds."""


def parsed(text: str) -> dict[str, Any]:
    """The object that JSON text says: a part that several examples share."""
    shown: dict[str, Any] = json.loads(text)
    return shown


def example(shown: str | dict[str, Any]) -> JsonDict:  # for ConfigDict(json_schema_extra=…)
    """The example of a model, as JSON text or as values."""
    return {"examples": [parsed(shown) if isinstance(shown, str) else shown]}
