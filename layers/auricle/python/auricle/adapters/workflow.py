"""Workflow on Step Functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from auricle.adapters import aws
from auricle.recordings.job import Job

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class StepFunctionsWorkflow:
    """One state machine. An execution's name follows from its job, so a job has one execution and no more."""

    def __init__(self, state_machine_arn: str, *, compute: Mapping[str, str]) -> None:
        """`compute` says for each of transcribe and diarize whether it runs on lambda or batch."""
        self._state_machine_arn = state_machine_arn
        self._compute = dict(compute)

    @cached_property
    def _client(self) -> SFNClient:
        client: SFNClient = aws.client("stepfunctions")
        return client

    def start(self, job: Job) -> bool:
        given = {
            "org": job.org,
            "recording": job.recording,
            "run": job.run,
            "version": job.version,
            "compute": self._compute,
        }
        client = self._client
        try:
            with aws.transient_errors("Processing could not be started"):
                client.start_execution(
                    stateMachineArn=self._state_machine_arn,
                    name=job.execution_name,
                    input=json.dumps(given),
                )
        except client.exceptions.ExecutionAlreadyExists:
            return False
        return True

    def outcome(self, job: Job) -> str | None:
        client = self._client
        arn = self._state_machine_arn.replace(":stateMachine:", ":execution:", 1) + f":{job.execution_name}"
        try:
            with aws.transient_errors("The state of the processing could not be read"):
                return str(client.describe_execution(executionArn=arn)["status"])
        except client.exceptions.ExecutionDoesNotExist:
            return None
