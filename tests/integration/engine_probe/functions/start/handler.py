"""An object has arrived: start its execution, named after it."""

import json
import os
from typing import Any

import boto3


def lambda_handler(event: dict[str, Any], context: Any) -> None:
    key = event["detail"]["object"]["key"]
    boto3.client("stepfunctions").start_execution(
        stateMachineArn=os.environ["STATE_MACHINE_ARN"],
        name=key.split("/")[-2],
        input=json.dumps({"bucket": event["detail"]["bucket"]["name"], "key": key}),
    )
