"""What wakes somebody: recordings that fail, wait or take long, jobs without a machine, something undeliverable, a run
that died, an API that fails, a function that throws.

Each alarm says what happened and what to do first; docs/runbook.md says the rest under the alarm's name.
"""

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

from auricle.adapters.metrics import (
    JOBS_BLOCKED,
    JOBS_FAILED,
    NAMESPACE,
    OLDEST_OPEN_RECORDING,
    RECORDINGS_FAILED,
    SECONDS_TO_TRANSCRIPT,
    dimensions,
)
from auricle.recordings.recording import Status
from infra.environments import Environment

_EVERY = Duration.minutes(5)
_QUARTER = Duration.minutes(15)
_HOUR = Duration.hours(1)

LATE_MS = 10 * 60 * 1000
"""An event that is not on the bus by then is late: usually it takes a second."""
FAILED_RECORDINGS = 5
"""In a quarter of an hour. Single ones fail for reasons of their own."""
FAILED_SHARE = 0.25
"""Of the recordings of a quarter of an hour, unusable uploads included: a decoder that broke refuses what is sound."""
FAILED_QUARTERS = 3
"""Of an hour's four: where there are few recordings, one that fails is a large share of them."""
SLOW_TRANSCRIPT_S = 30 * 60
"""A GPU machine that has to be started first takes ten minutes, and four hours of audio eight more."""
OPEN_TOO_LONG_S = 2 * 3600
FAILED_JOBS = 3
"""In a quarter of an hour. A job also fails when its recording is deleted meanwhile."""
SWEEPS_MISSED = 3

_Missing = cloudwatch.TreatMissingData


class Alarms(Construct):
    """Alarms are always there to be looked at; where the environment says so, they also notify."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id)
        self._environment = environment
        self._name = f"Auricle {environment.name}"
        self.topic = self._topic() if environment.notify else None

    def on_failed_recordings(self) -> None:
        """Failed stages are caught and their runs succeed, so recordings are counted as they end."""
        self._add(
            "RecordingsFailed",
            self._metric(RECORDINGS_FAILED, "Sum", _QUARTER, status=Status.ERROR.value),
            "Processing fails for recordings that can be processed. Look which stage and code: metric "
            f"{RECORDINGS_FAILED} by stage and code; mend that, then POST …/process retries each.",
            more_than=FAILED_RECORDINGS,
        )
        self._add(
            "RecordingsFailedShare",
            self._metric(RECORDINGS_FAILED, "Average", _QUARTER),
            f"More than {FAILED_SHARE:.0%} of the recordings failed in {FAILED_QUARTERS} of 4 quarters of an hour. "
            "Look which stage and code, and what was deployed last.",
            more_than=FAILED_SHARE,
            in_periods=(FAILED_QUARTERS, 4),
        )

    def on_slow_transcripts(self) -> None:
        """A tenth of an hour's recordings took longer."""
        self._add(
            "TranscriptsSlow",
            self._metric(SECONDS_TO_TRANSCRIPT, "p90", _HOUR),
            "Transcripts take long. Look for throttled functions, windows that wait for each other "
            "(max_windows_at_once) and jobs that wait for machines.",
            more_than=SLOW_TRANSCRIPT_S,
        )

    def on_open_recordings(self) -> None:
        """What waits too long, and that nobody looks whether anything does."""
        self._add(
            "RecordingWaits",
            self._metric(OLDEST_OPEN_RECORDING, "Maximum", _QUARTER),
            "A recording has waited too long for its transcript. Look at the running executions, oldest first.",
            more_than=OPEN_TOO_LONG_S,
            missing=_Missing.IGNORE,  # where the sweep has stopped nothing is known to be better; SweepStopped rings
        )
        minutes = max(15, SWEEPS_MISSED * self._environment.sweep_minutes)
        self._add(
            "SweepStopped",
            self._metric(OLDEST_OPEN_RECORDING, "SampleCount", Duration.minutes(minutes)),
            f"The sweep has not run for {minutes} minutes: what loses its event is not picked up. Look at the log and "
            "errors of the function sweep, and at its schedule. (Rings once when an environment is new.)",
            less_than=1,
            missing=_Missing.BREACHING,
        )

    def on_jobs(self) -> None:
        """Where there is a queue."""
        self._add(
            "JobsFailed",
            self._metric(JOBS_FAILED, "Sum", _QUARTER),
            "Batch jobs fail. Their log, and the log of the function watch_jobs, say why.",
            more_than=FAILED_JOBS,
        )
        self._add(
            "JobsBlocked",
            self._metric(JOBS_BLOCKED, "Sum", _QUARTER),
            "No machine can be had for a Batch job. The log of the function watch_jobs says why: quota, capacity, or a "
            "job that no machine fits. `auricle preflight` compares the quota.",
        )

    def on_dead_letters(self, queues: Mapping[str, sqs.Queue]) -> None:
        """One message is one too many."""
        for name, queue in queues.items():
            self._add(
                f"{name}DeadLetters",
                queue.metric_approximate_number_of_messages_visible(period=_EVERY, statistic="Maximum"),
                f"{name}: something could not be delivered. The queue holds it for two weeks: read a message, mend "
                "what it failed on, then start a redrive.",
            )

    def on_failed_runs(self, workflow: stepfunctions.StateMachine) -> None:
        """Runs that ended without writing their end; the sweep marks their recordings."""
        self._add(
            "RunsFailed",
            workflow.metric_failed(period=_EVERY, statistic="Sum"),
            "A run failed without finishing its recording. The sweep marks the recording; the execution's history "
            "says which state could not write.",
        )
        self._add(
            "RunsTimedOut",
            workflow.metric_timed_out(period=_EVERY, statistic="Sum"),
            "A run took longer than the workflow's bound. The execution's history says which state it waited in.",
        )

    def on_server_errors(self, api: apigatewayv2.HttpApi) -> None:
        """More than a stray one."""
        self._add(
            "ServerErrors",
            api.metric_server_error(period=_EVERY, statistic="Sum"),
            "The API answered 5xx. The log of the function api has each with its request id.",
            more_than=5,
        )

    def on_errors(self, functions: Mapping[str, lambda_.Function]) -> None:
        """Functions that throw. Stages throw what a recording's bytes earn, so a few are no news."""
        for name, function in functions.items():
            self._add(
                f"{name}Errors",
                function.metric_errors(period=_EVERY, statistic="Sum"),
                f"{name} throws. Its log has the class of each error.",
                more_than=10,
            )

    def on_late_events(self, publisher: lambda_.Function) -> None:
        """What the bus refuses is tried again without an error of the function: it shows by its age alone."""
        self._add(
            "EventsLate",
            publisher.metric("IteratorAge", period=_EVERY, statistic="Maximum"),
            "Events wait to be published, and recordings to be counted. After 23 hours they are given up: see the "
            "function publish_events.",
            more_than=LATE_MS,
        )

    def _topic(self) -> sns.ITopic:
        environment = self._environment
        if environment.alarm_topic:
            return sns.Topic.from_topic_arn(self, "Topic", environment.alarm_topic)
        topic = sns.Topic(self, "Topic", display_name=self._name, enforce_ssl=True)
        # A topic with a policy of its own has lost the default one, by which alarms may publish.
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsMayPublish",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
        if environment.alarm_email:
            topic.add_subscription(subscriptions.EmailSubscription(environment.alarm_email))
        return topic

    def _metric(self, name: str, statistic: str, period: Duration, **more: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map=dimensions(self._environment.name, **more),
            statistic=statistic,
            period=period,
        )

    def _add(
        self,
        construct_id: str,
        metric: cloudwatch.Metric,
        description: str,
        *,
        more_than: float = 0,
        less_than: float | None = None,
        in_periods: tuple[int, int] = (1, 1),
        missing: cloudwatch.TreatMissingData = _Missing.NOT_BREACHING,
    ) -> None:
        above = less_than is None
        operators = cloudwatch.ComparisonOperator
        alarm = cloudwatch.Alarm(
            self,
            construct_id,
            alarm_description=f"{self._name}: {description}",
            metric=metric,
            threshold=more_than if less_than is None else less_than,
            comparison_operator=operators.GREATER_THAN_THRESHOLD if above else operators.LESS_THAN_THRESHOLD,
            datapoints_to_alarm=in_periods[0],
            evaluation_periods=in_periods[1],
            treat_missing_data=missing,
        )
        if self.topic:
            alarm.add_alarm_action(actions.SnsAction(self.topic))
