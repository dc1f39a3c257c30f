"""The processing workflow: its definition with names filled in."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from auricle.processing.stages import JOBS
from infra.constructs.findings import accept, finding_text, state_machine_lint_exceptions
from infra.constructs.function import log_retention
from infra.environments import Environment
from infra.workflow_definition import definition_text, function_name, job_name


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
        functions: by the name of their folder.
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
            definition_body=stepfunctions.DefinitionBody.from_string(definition_text()),
            definition_substitutions={
                **{function_name(name): function.function_arn for name, function in functions.items()},
                "EnvironmentName": environment.name,
                "MaxWindowsAtOnce": str(environment.max_windows_at_once),
                "JobQueue": environment.job_queue,
                **{job_name(stage): environment.job_definition(stage) for stage in JOBS},
                **substitutions,
            },
            # Every event, but without the data: messages of failed stages may quote a file's name.
            logs=stepfunctions.LogOptions(
                destination=log, level=stepfunctions.LogLevel.ALL, include_execution_data=False
            ),
            tracing_enabled=True,
        )
        resource = self.node.default_child
        assert isinstance(resource, stepfunctions.CfnStateMachine)  # noqa: S101 - tells mypy what a machine is made of
        state_machine_lint_exceptions(resource)
        for function in functions.values():
            function.grant_invoke_latest_version(self)
        if environment.gpu:
            self._may_run_jobs(environment)
        accept(
            self.role,
            "IAM5",
            findings=["Resource::*"],
            reason="Log delivery, X-Ray, and describing and ending jobs have no resources to name.",
        )

    def let_start(self, function: lambda_.Function) -> None:
        """Start runs, and ask what became of one."""
        self.grant_start_execution(function)
        runs = self._executions("*")
        iam.Grant.add_to_principal(grantee=function, actions=["states:DescribeExecution"], resource_arns=[runs])
        if function.role:
            accept(
                function.role,
                "IAM5",
                findings=[f"Resource::{finding_text(self, runs)}"],
                reason="The runs of this one workflow.",
            )

    def _executions(self, name: str) -> str:
        # Made of parts: the machine's own ARN is a reference here, in whose text nothing can be replaced.
        return Stack.of(self).format_arn(
            service="states",
            resource="execution",
            resource_name=f"{self.state_machine_name}:{name}",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def _may_run_jobs(self, environment: Environment) -> None:
        def batch_arn(kind: str, name: str) -> str:
            return Stack.of(self).format_arn(service="batch", resource=kind, resource_name=name)

        definitions = [batch_arn("job-definition", environment.job_definition(stage)) for stage in JOBS]
        self.add_to_role_policy(
            iam.PolicyStatement(
                actions=["batch:SubmitJob"],
                resources=[
                    batch_arn("job-queue", environment.job_queue),
                    *definitions,
                    *(f"{definition}:*" for definition in definitions),
                ],
            )
        )
        self.add_to_role_policy(
            iam.PolicyStatement(actions=["batch:DescribeJobs", "batch:TerminateJob"], resources=["*"])
        )
        # How Step Functions learns that a job of .sync has ended.
        self.add_to_role_policy(
            iam.PolicyStatement(
                actions=["events:PutTargets", "events:PutRule", "events:DescribeRule"],
                resources=[
                    Stack.of(self).format_arn(
                        service="events", resource="rule", resource_name="StepFunctionsGetEventsForBatchJobsRule"
                    )
                ],
            )
        )
        accept(
            self.role,
            "IAM5",
            findings=[f"Resource::{finding_text(self, definition)}:*" for definition in definitions],
            reason="Any revision of these job definitions.",
        )


def let_cancel_jobs(function: lambda_.Function) -> None:
    """List the jobs of queues, and cancel those that wait."""
    stack = Stack.of(function)
    jobs = stack.format_arn(service="batch", resource="job", resource_name="*")
    function.add_to_role_policy(iam.PolicyStatement(actions=["batch:ListJobs", "batch:DescribeJobs"], resources=["*"]))
    function.add_to_role_policy(iam.PolicyStatement(actions=["batch:CancelJob"], resources=[jobs]))
    if function.role:
        accept(
            function.role,
            "IAM5",
            findings=["Resource::*", f"Resource::{finding_text(stack, jobs)}"],
            reason="Listing and describing jobs have no resources to name, and a job's id is known when it is listed.",
        )
