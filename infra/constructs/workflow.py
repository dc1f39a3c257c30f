"""The processing workflow: `infra/processing.asl.json` with names filled in."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from infra.bundling import ROOT
from infra.constructs.findings import accept
from infra.constructs.function import log_retention
from infra.environments import Environment

DEFINITION = ROOT / "infra" / "processing.asl.json"


class Workflow(stepfunctions.StateMachine):
    """Step Functions Standard: an Express workflow ends after 5 minutes and cannot be redriven."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        functions: Mapping[str, lambda_.IFunction],
        substitutions: Mapping[str, str],
    ) -> None:
        """Args:
        functions: by the name the definition calls each, as in PrepareFunction.
        substitutions: the other names of the definition.
        """
        log = logs.LogGroup(
            scope,
            f"{construct_id}Log",
            # The prefix keeps the account's one log resource policy from growing with every workflow.
            log_group_name=f"/aws/vendedlogs/states/auricle-{environment.name}-processing",
            retention=log_retention(environment.log_days),
            removal_policy=RemovalPolicy.DESTROY,
        )
        super().__init__(
            scope,
            construct_id,
            state_machine_type=stepfunctions.StateMachineType.STANDARD,
            definition_body=stepfunctions.DefinitionBody.from_string(DEFINITION.read_text(encoding="utf-8")),
            definition_substitutions={
                **{name: function.function_arn for name, function in functions.items()},
                "EnvironmentName": environment.name,
                "MaxWindowsAtOnce": str(environment.max_windows_at_once),
                **substitutions,
            },
            # Every event, but without the data: messages of failed stages may quote a file's name.
            logs=stepfunctions.LogOptions(
                destination=log, level=stepfunctions.LogLevel.ALL, include_execution_data=False
            ),
            tracing_enabled=True,
        )
        for function in functions.values():
            function.grant_invoke_latest_version(self)
        accept(
            self.role,
            "IAM5",
            findings=["Resource::*"],
            reason="Log delivery and X-Ray have no resources to name: their actions take * alone.",
        )
