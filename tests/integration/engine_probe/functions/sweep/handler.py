"""Notes each event it gets."""

import json
import os
from typing import Any

import boto3


def lambda_handler(event: dict[str, Any], context: Any) -> None:
    boto3.client("dynamodb").put_item(
        TableName=os.environ["TABLE"],
        Item={"pk": {"S": "SWEPT"}, "sk": {"S": context.aws_request_id}, "event": {"S": json.dumps(event)}},
    )
