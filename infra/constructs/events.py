"""What happens by itself: an upload starts its processing, a call that telephony tells of is registered, and the
sweep finds what was lost on the way."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from infra.constructs.access import CHUNK_KEYS, SOURCE_KEYS
from infra.environments import Environment

TELEPHONY = "telephony"
"""Source of the events by which calls are registered."""
CALL_COMPLETED = "call.completed"


class Triggers(Construct):
    """Rules on the account's default bus, and on our own. What cannot be delivered within a day lies in the target's
    queue."""

    def start_on_upload(self, function: lambda_.IFunction, *, bucket: s3.IBucket, undelivered: sqs.IQueue) -> None:
        """Every source or chunk that arrives in the bucket, by PUT or by the end of a multipart upload."""
        events.Rule(
            self,
            "Uploaded",
            description="A recording's source or one of its chunks has arrived",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [bucket.bucket_name]},
                    "object": {"key": [{"wildcard": SOURCE_KEYS}, {"wildcard": CHUNK_KEYS}]},
                },
            ),
            targets=[_target(function, undelivered)],
        )

    def register_calls(self, function: lambda_.IFunction, *, bus: events.IEventBus, undelivered: sqs.IQueue) -> None:
        """Every call that telephony says has ended. Who may put events on the bus is trusted with its tenants."""
        events.Rule(
            self,
            "CallCompleted",
            description="A telephone call has ended",
            event_bus=bus,
            event_pattern=events.EventPattern(source=[TELEPHONY], detail_type=[CALL_COMPLETED]),
            targets=[_target(function, undelivered)],
        )

    def sweep_after_failure(
        self, function: lambda_.IFunction, *, workflow: stepfunctions.IStateMachine, undelivered: sqs.IQueue
    ) -> None:
        """Every run that ended without having written its end."""
        events.Rule(
            self,
            "RunFailed",
            description="A run ended without finishing its recording",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                    "stateMachineArn": [workflow.state_machine_arn],
                },
            ),
            targets=[_target(function, undelivered)],
        )

    def watch_jobs(self, function: lambda_.IFunction, *, environment: Environment, undelivered: sqs.IQueue) -> None:
        """Every job of the queue that failed for good, and every one that blocks it for want of a machine; and by the
        clock all that wait."""
        queue = Stack.of(self).format_arn(service="batch", resource="job-queue", resource_name=environment.job_queue)
        events.Rule(
            self,
            "JobFailed",
            description="A Batch job failed for good",
            event_pattern=events.EventPattern(
                source=["aws.batch"],
                detail_type=["Batch Job State Change"],
                detail={"status": ["FAILED"], "jobQueue": [queue]},
            ),
            targets=[_target(function, undelivered)],
        )
        events.Rule(
            self,
            "JobBlocked",
            description="No machine can be had for a Batch job",
            event_pattern=events.EventPattern(
                source=["aws.batch"], detail_type=["Batch Job Queue Blocked"], detail={"jobQueue": [queue]}
            ),
            targets=[_target(function, undelivered)],
        )

        events.Rule(
            self,
            "StuckJobs",
            description="Looks for Batch jobs that no machine can be had for",
            schedule=events.Schedule.rate(Duration.minutes(5)),
            targets=[_target(function, undelivered)],
        )

    def sweep_regularly(self, function: lambda_.IFunction, *, every_minutes: int, undelivered: sqs.IQueue) -> None:
        """Events are delivered at least once, but a lost one must not lose a recording."""
        events.Rule(
            self,
            "Sweep",
            description="Looks for recordings that wait for nothing",
            schedule=events.Schedule.rate(Duration.minutes(every_minutes)),
            targets=[_target(function, undelivered)],
        )

    def erase_orphans_daily(self, function: lambda_.IFunction, *, undelivered: sqs.IQueue) -> None:
        """What was uploaded and never described, or is left of a lost recording, does not stay for ever."""
        events.Rule(
            self,
            "Orphans",
            description="Erases audio that belongs to no recording",
            schedule=events.Schedule.rate(Duration.days(1)),
            targets=[_target(function, undelivered, events.RuleTargetInput.from_object({"task": "erase-orphans"}))],
        )


def _target(
    function: lambda_.IFunction, undelivered: sqs.IQueue, event: events.RuleTargetInput | None = None
) -> targets.LambdaFunction:
    return targets.LambdaFunction(
        function,
        event=event,
        dead_letter_queue=undelivered,
        max_event_age=Duration.hours(24),
        retry_attempts=185,
    )
