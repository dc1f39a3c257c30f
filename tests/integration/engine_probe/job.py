"""A Batch job: `python -m tests.integration.engine_probe.job exit N` or `… sleep S`."""

import os
import sys
import time

import boto3


def main(what: str, argument: str) -> int:
    if what == "sleep":
        time.sleep(float(argument))
        return 0
    boto3.client("dynamodb").put_item(
        TableName=os.environ["TABLE"],
        Item={"pk": {"S": "JOB"}, "sk": {"S": os.environ["AWS_BATCH_JOB_ID"]}, "exit": {"N": argument}},
    )
    return int(argument)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
