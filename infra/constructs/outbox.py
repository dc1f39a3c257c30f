"""The outbox: what a transaction announced is published by the table's stream, so no event is lost or invented."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs

OUTBOX_KIND = "outbox"
"""`kind` of the items that announce an event."""
MAX_RETRIES = 10_000
"""The most there is: the age of the record bounds the tries, not their number. A few would be over in minutes."""


def publish_from_stream(function: lambda_.Function, *, table: dynamodb.TableV2, unpublished: sqs.IQueue) -> None:
    """Hands new outbox items to the function, in the order of each recording.

    A batch that fails is halved until the item that fails stands alone. It is tried again for as long as the
    stream still holds it, whatever the outage: only then it goes to `unpublished` (where in the stream it lay, not
    its content). `Alarms.on_late_events` tells long before.
    """
    function.add_event_source(
        sources.DynamoEventSource(
            table,
            # From the oldest record: a mapping that is made anew repeats events (their ids are stable and
            # consumers know them), but skips none.
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=25,
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            retry_attempts=MAX_RETRIES,
            max_record_age=Duration.hours(23),
            on_failure=sources.SqsDlq(unpublished),
            filters=[
                lambda_.FilterCriteria.filter(
                    {
                        "eventName": lambda_.FilterRule.is_equal("INSERT"),
                        "dynamodb": {"NewImage": {"kind": {"S": lambda_.FilterRule.is_equal(OUTBOX_KIND)}}},
                    }
                )
            ],
        )
    )
