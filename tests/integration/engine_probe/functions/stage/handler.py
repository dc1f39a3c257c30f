"""Does what the object's text says: `slow N`, `raise`, `fail` or nothing; writes the result into the table."""

import os
import time
from typing import Any

import boto3


class Unreadable(Exception):
    """What the state machine catches by name."""


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    content = boto3.client("s3").get_object(Bucket=event["bucket"], Key=event["key"])["Body"].read().decode()
    what, _, argument = content.partition(" ")
    if what == "slow":
        time.sleep(float(argument))
    if what == "raise":
        raise Unreadable("many lines:\nKeyError: 'not this'\nfoo: nor this")
    if what == "fail":
        raise RuntimeError("nobody catches this")
    boto3.client("dynamodb").update_item(
        TableName=os.environ["TABLE"],
        Key={"pk": {"S": "RESULT"}, "sk": {"S": event["key"]}},
        UpdateExpression="ADD finished :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    return {"length": len(content)}
