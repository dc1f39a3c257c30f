"""Notes each record of the table's stream that passes the filter."""

import os
from typing import Any

import boto3


def lambda_handler(event: dict[str, Any], context: Any) -> None:
    for record in event["Records"]:
        announced = record["dynamodb"]["Keys"]["sk"]["S"]
        boto3.client("dynamodb").put_item(
            TableName=os.environ["TABLE"], Item={"pk": {"S": "PUBLISHED"}, "sk": {"S": announced}}
        )
