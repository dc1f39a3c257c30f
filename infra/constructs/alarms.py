"""What wakes somebody: something undeliverable, a run that died, an API that fails, a function that throws."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration, Stack
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from infra.environments import Environment

_EVERY = Duration.minutes(5)
LATE_MS = 10 * 60 * 1000
"""An event that is not on the bus by then is late: usually it takes a second."""


class Alarms(Construct):
    """Alarms are always there to be looked at; where the environment says so, they also notify."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id)
        self._name = f"Auricle {environment.name}"
        self.topic: sns.Topic | None = None
        if environment.notify:
            self.topic = sns.Topic(self, "Topic", display_name=self._name, enforce_ssl=True)
            # A topic with a policy of its own has lost the default one, by which alarms may publish.
            self.topic.add_to_resource_policy(
                iam.PolicyStatement(
                    sid="AlarmsMayPublish",
                    principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                    actions=["sns:Publish"],
                    resources=[self.topic.topic_arn],
                    conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
                )
            )
            if environment.alarm_email:
                self.topic.add_subscription(subscriptions.EmailSubscription(environment.alarm_email))

    def on_dead_letters(self, queues: Mapping[str, sqs.Queue]) -> None:
        """One message is one too many."""
        for name, queue in queues.items():
            self._add(
                f"{name}DeadLetters",
                queue.metric_approximate_number_of_messages_visible(period=_EVERY, statistic="Maximum"),
                f"{name}: something could not be delivered. The queue holds it for two weeks.",
            )

    def on_failed_runs(self, workflow: stepfunctions.StateMachine) -> None:
        """Runs that ended without writing their end; the sweep marks their recordings."""
        self._add(
            "RunsFailed",
            workflow.metric_failed(period=_EVERY, statistic="Sum"),
            "A run failed without finishing its recording.",
        )
        self._add(
            "RunsTimedOut",
            workflow.metric_timed_out(period=_EVERY, statistic="Sum"),
            "A run took longer than the workflow's bound.",
        )

    def on_server_errors(self, api: apigatewayv2.HttpApi) -> None:
        """More than a stray one."""
        self._add(
            "ServerErrors",
            api.metric_server_error(period=_EVERY, statistic="Sum"),
            "The API answered 5xx.",
            more_than=5,
        )

    def on_errors(self, functions: Mapping[str, lambda_.Function]) -> None:
        """Functions that throw. Stages throw what a recording's bytes earn, so a few are no news."""
        for name, function in functions.items():
            self._add(
                f"{name}Errors",
                function.metric_errors(period=_EVERY, statistic="Sum"),
                f"{name} throws.",
                more_than=10,
            )

    def on_late_events(self, publisher: lambda_.Function) -> None:
        """What the bus refuses is tried again without an error of the function: it shows by its age alone."""
        self._add(
            "EventsLate",
            publisher.metric("IteratorAge", period=_EVERY, statistic="Maximum"),
            "Events wait to be published. After 23 hours they are given up: see the function publish_events.",
            more_than=LATE_MS,
        )

    def _add(self, construct_id: str, metric: cloudwatch.Metric, description: str, *, more_than: int = 0) -> None:
        alarm = cloudwatch.Alarm(
            self,
            construct_id,
            alarm_description=f"{self._name}: {description}",
            metric=metric,
            threshold=more_than,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        if self.topic:
            alarm.add_alarm_action(actions.SnsAction(self.topic))
