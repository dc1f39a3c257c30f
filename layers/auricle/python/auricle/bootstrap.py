"""The one place where ports meet their adapters. Each is made on first use, so a function loads only what it needs."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING

from auricle.settings import Settings, settings

if TYPE_CHECKING:
    from auricle.ports import (
        ContactStore,
        Downloads,
        EventBus,
        IdempotencyStore,
        JobQueue,
        Metrics,
        ObjectStore,
        RateLimitStore,
        RecordStore,
        SweptRecordings,
        Workflow,
    )
    from auricle.records import RecordKind, T


class Bootstrap:
    """The ports of one process, as its settings have them."""

    def __init__(self, settings: Settings) -> None:
        from auricle.adapters.aws import read_service_models_fast

        self.settings = settings
        read_service_models_fast()

    @cached_property
    def recordings(self) -> SweptRecordings:
        from auricle.adapters.dynamodb.recordings import DynamoRecordings

        return DynamoRecordings(self.settings.require("table"))

    @cached_property
    def contacts(self) -> ContactStore:
        from auricle.adapters.dynamodb.contacts import DynamoContacts

        return DynamoContacts(self.settings.require("table"))

    @cached_property
    def answers(self) -> IdempotencyStore:
        from auricle.adapters.dynamodb.answers import DynamoIdempotencyStore

        return DynamoIdempotencyStore(self.settings.require("table"))

    @cached_property
    def rate_limit_store(self) -> RateLimitStore:
        from auricle.adapters.dynamodb.answers import DynamoRateLimitStore

        return DynamoRateLimitStore(self.settings.require("table"))

    def records(self, kind: RecordKind[T]) -> RecordStore[T]:
        """The tenant's records of one kind."""
        from auricle.adapters.dynamodb.records import DynamoRecordStore

        return DynamoRecordStore(self.settings.require("table"), kind)

    @cached_property
    def objects(self) -> ObjectStore:
        from auricle.adapters.s3 import S3Objects

        return S3Objects(self.settings.require("bucket"))

    @cached_property
    def downloads(self) -> Downloads:
        from auricle.adapters.downloads import HttpsDownloads

        return HttpsDownloads()

    @cached_property
    def workflow(self) -> Workflow:
        from auricle.adapters.workflow import StepFunctionsWorkflow

        return StepFunctionsWorkflow(
            self.settings.require("state_machine_arn"),
            compute={"transcribe": self.settings.transcribe_compute, "diarize": self.settings.diarize_compute},
        )

    @cached_property
    def events(self) -> EventBus:
        from auricle.adapters.events import EventBridgeBus

        return EventBridgeBus(self.settings.require("bus"))

    @cached_property
    def job_queue(self) -> JobQueue:
        from auricle.adapters.batch import BatchQueue

        return BatchQueue(self.settings.require("job_queue"))

    @cached_property
    def metrics(self) -> Metrics:
        from auricle.adapters.metrics import EmbeddedMetrics

        return EmbeddedMetrics(self.settings.env)


@cache
def bootstrap() -> Bootstrap:
    """This process's ports."""
    return Bootstrap(settings())
