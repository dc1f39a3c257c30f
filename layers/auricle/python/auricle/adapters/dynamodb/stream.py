"""What the table's stream tells the outbox's publisher. Imports no SDK: publishing needs no table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auricle.processing.publish import Announced

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

OUTBOX_KIND = "outbox"
"""`kind` of items that announce an event: the stream's filter lets only these through."""


def announced(record: DynamoDBRecord) -> Announced | None:
    """The event a stream record announces; None for records of any other item."""
    change = record.dynamodb
    image = change.new_image if change else None
    if change is None or not image or record.raw_event.get("eventName") != "INSERT" or image.get("kind") != OUTBOX_KIND:
        return None
    return Announced(
        position=str(change.sequence_number), event={"type": image["event_type"], "envelope": image["envelope"]}
    )
