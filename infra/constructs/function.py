"""One Lambda function, the same for all: its own folder, its own role, its own log."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy, Size
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra import bundling
from infra.constructs.findings import accept
from infra.environments import Environment

RUNTIME = lambda_.Runtime.PYTHON_3_13
ARCHITECTURE = lambda_.Architecture.ARM_64


class Layers(Construct):
    """What functions share: the domain, and the dependencies of each extra of pyproject.toml."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id)
        self._environment = environment
        self._domain = self._layer("Domain", lambda_.Code.from_asset(str(bundling.domain_folder())))

    def of(self, dependencies: str) -> list[lambda_.ILayerVersion]:
        """The layers of a function that needs this extra of pyproject.toml."""
        if not self._environment.dependency_layers:
            return [self._domain]
        raise NotImplementedError(dependencies)

    def _layer(self, construct_id: str, code: lambda_.Code) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            construct_id,
            code=code,
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[ARCHITECTURE],
        )


class Function(lambda_.Function):
    """A function of `functions/{name}` with the layers of one extra."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        environment: Environment,
        layers: Layers,
        dependencies: str,
        memory_mb: int,
        timeout_s: int,
        variables: Mapping[str, str],
        storage_mb: int = 512,
        dead_letters: sqs.IQueue | None = None,
    ) -> None:
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
            description=f"functions/{name} of Auricle {environment.name}",
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            handler=f"{name}.handler.lambda_handler",
            code=lambda_.Code.from_asset(str(bundling.function_folder(name))),
            layers=layers.of(dependencies),
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
