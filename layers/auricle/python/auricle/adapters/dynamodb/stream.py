"""What the table's stream tells the outbox's publisher. Imports no SDK: publishing needs no table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auricle.processing.publish import Announced

OUTBOX_KIND = "outbox"
"""`kind` of items that announce an event: the stream's filter lets only these through."""


def announced(record: Mapping[str, Any]) -> Announced | None:
    """The event a stream record announces; None for records of any other item."""
    change = record["dynamodb"]
    image = change.get("NewImage", {})
    if record.get("eventName") != "INSERT" or image.get("kind", {}).get("S") != OUTBOX_KIND:
        return None
    return Announced(
        position=str(change["SequenceNumber"]),
        event={"type": image["event_type"]["S"], "envelope": image["envelope"]["S"]},
    )
