"""One Lambda function, the same for all: its own folder, its own role, its own log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aws_cdk import Duration, RemovalPolicy, Size
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_ecr_assets import Platform
from constructs import Construct

from infra.bundling import Bundler
from infra.constructs.findings import accept
from infra.environments import Environment

RUNTIME = lambda_.Runtime.PYTHON_3_13
ARCHITECTURE = lambda_.Architecture.ARM_64


class Packages(Construct):
    """What functions are made of: their own folder, and a layer or an image for what they share."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment, bundler: Bundler) -> None:
        super().__init__(scope, construct_id)
        self._environment = environment
        self._bundler = bundler
        self._layers: dict[str, lambda_.LayerVersion] = {}

    def zipped(self, name: str, extra: str) -> dict[str, Any]:
        """Properties of a function that fits 250 MB: its folder over the layers of the domain and of an extra."""
        return {
            "runtime": RUNTIME,
            "handler": f"{name}.handler.lambda_handler",
            "code": lambda_.Code.from_asset(str(self._bundler.function(name))),
            "layers": [
                self._layer("auricle", self._bundler.domain),
                *([self._layer(extra, lambda: self._bundler.dependencies(extra))] if self._environment.in_aws else []),
            ],
        }

    def imaged(
        self,
        name: str,
        image: str,
        *,
        extras: Sequence[str],
        functions: Sequence[str],
        whisper_model: str | None = None,
    ) -> dict[str, Any]:
        """Properties of a function that does not: one image for all of them, each with its own command."""
        folder = self._bundler.image(image, extras=extras, functions=functions, whisper_model=whisper_model)
        return {
            "runtime": lambda_.Runtime.FROM_IMAGE,
            "handler": lambda_.Handler.FROM_IMAGE,
            "code": lambda_.Code.from_asset_image(
                str(folder), platform=Platform.LINUX_ARM64, cmd=[f"{name}.handler.lambda_handler"]
            ),
        }

    def _layer(self, name: str, folder: Callable[[], Path]) -> lambda_.LayerVersion:
        if name not in self._layers:
            self._layers[name] = lambda_.LayerVersion(
                self,
                f"{name.capitalize()}Layer",
                code=lambda_.Code.from_asset(str(folder())),
                compatible_runtimes=[RUNTIME],
                compatible_architectures=[ARCHITECTURE],
            )
        return self._layers[name]


class Function(lambda_.Function):
    """A function of `functions/{name}`, with a role and a log of its own."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        environment: Environment,
        package: Mapping[str, Any],
        memory_mb: int,
        timeout_s: int,
        variables: Mapping[str, str],
        storage_mb: int = 512,
        dead_letters: sqs.IQueue | None = None,
    ) -> None:
        """Args:
        package: what `Packages` says of the function.
        storage_mb: of its temporary folder.
        dead_letters: where events go that an asynchronously called function failed on three times.
        """
        log = logs.LogGroup(
            scope,
            f"{construct_id}Log",
            retention=log_retention(environment.log_days),
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = iam.Role(
            scope,
            f"{construct_id}Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What the function {name} may do",
        )
        log.grant_write(role)
        super().__init__(
            scope,
            construct_id,
            **package,
            description=f"functions/{name} of Auricle {environment.name}",
            architecture=ARCHITECTURE,
            role=role,
            log_group=log,
            logging_format=lambda_.LoggingFormat.JSON,
            memory_size=memory_mb,
            timeout=Duration.seconds(timeout_s),
            ephemeral_storage_size=Size.mebibytes(storage_mb),
            tracing=lambda_.Tracing.ACTIVE,
            dead_letter_queue=dead_letters,
            environment={**variables, "POWERTOOLS_SERVICE_NAME": name, "POWERTOOLS_LOG_LEVEL": "INFO"},
        )
        accept(
            self,
            "L1",
            reason="Wheels and bytecode are built for 3.13, the runtime the lock is tested with; "
            "a newer runtime comes with a new lock.",
        )
        accept(
            role,
            "IAM5",
            findings=["Resource::*"],
            reason="X-Ray has no resources to name: PutTraceSegments and PutTelemetryRecords take * alone.",
        )


def dead_letter_queue(scope: Construct, construct_id: str) -> sqs.Queue:
    """A queue for what an asynchronous target could not take, kept for two weeks."""
    queue = sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
    )
    accept(queue, "SQS3", reason="This is the dead-letter queue.")
    return queue


def log_retention(days: int) -> logs.RetentionDays:
    """CloudWatch's name for a number of days.

    Raises:
        KeyError: for a number CloudWatch does not offer.
    """
    names = {
        1: logs.RetentionDays.ONE_DAY,
        7: logs.RetentionDays.ONE_WEEK,
        30: logs.RetentionDays.ONE_MONTH,
        365: logs.RetentionDays.ONE_YEAR,
    }
    return names[days]
