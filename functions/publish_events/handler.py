"""Lambda: new outbox items of the table's stream go to the bus, and the recordings they end are counted."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent, event_source

from auricle.adapters.dynamodb.stream import announced
from auricle.adapters.logs import logger
from auricle.bootstrap import bootstrap
from auricle.processing.publish import publish_events


@event_source(data_class=DynamoDBStreamEvent)
def lambda_handler(event: DynamoDBStreamEvent, _context: object) -> dict[str, Any]:
    """Lambda repeats the batch from the first position given back: events may come twice, and none is left out."""
    found = [each for record in event.records if (each := announced(record))]
    wired = bootstrap()
    refused = publish_events(found, events=wired.events, metrics=wired.metrics)
    logger().info("published", extra={"published": len(found) - len(refused), "refused": len(refused)})
    return {"batchItemFailures": [{"itemIdentifier": position} for position in refused]}
