"""What the table's stream tells the publisher."""

from __future__ import annotations

from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from auricle.adapters.dynamodb.stream import announced
from auricle.processing.publish import Announced

RECORD: dict[str, Any] = {
    "eventName": "INSERT",
    "dynamodb": {
        "SequenceNumber": "4421584500000000017450439091",
        "NewImage": {
            "kind": {"S": "outbox"},
            "event_type": {"S": "recording.created"},
            "envelope": {"S": '{"id": "evt_1"}'},
        },
    },
}


def test_an_item_of_the_outbox_announces_its_event() -> None:
    assert announced(DynamoDBRecord(RECORD)) == Announced(
        position="4421584500000000017450439091",
        event={"type": "recording.created", "envelope": '{"id": "evt_1"}'},
    )


@pytest.mark.parametrize(
    "record",
    [
        {**RECORD, "eventName": "MODIFY"},
        {**RECORD, "eventName": "REMOVE"},
        {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": {"kind": {"S": "recording"}}}},
        {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": {}}},
        {"eventName": "REMOVE", "dynamodb": {"SequenceNumber": "1"}},
    ],
    ids=["changed", "expired", "another item", "no kind", "keys alone"],
)
def test_nothing_else_announces_any(record: dict[str, Any]) -> None:
    assert announced(DynamoDBRecord(record)) is None
