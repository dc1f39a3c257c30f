"""The ports in memory, as honest as the ports on AWS: `contract.py` holds both to the same tests."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from auricle.recordings.intake import Intake
from auricle.records import RecordKind, T
from tests.fakes.contacts import FakeContacts
from tests.fakes.downloads import FakeDownloads
from tests.fakes.events import FakeEventBus
from tests.fakes.idempotency import FakeIdempotencyStore, FakeRateLimitStore
from tests.fakes.metrics import FakeMetrics
from tests.fakes.objects import FakeObjects
from tests.fakes.recordings import FakeRecordings
from tests.fakes.records import FakeRecordStore
from tests.fakes.workflow import FakeWorkflow

__all__ = [
    "FakeContacts",
    "FakeDownloads",
    "FakeEventBus",
    "FakeMetrics",
    "FakeObjects",
    "FakeRecordStore",
    "FakeRecordings",
    "FakeWorkflow",
    "Fakes",
]


pytest.register_assert_rewrite("tests.fakes.contract", "tests.fakes.records_contract", "tests.fakes.chunks_contract")


@dataclass(slots=True)
class Fakes:
    """All ports of one process, wired as `auricle.bootstrap` wires the real ones."""

    contacts: FakeContacts = field(default_factory=FakeContacts)
    objects: FakeObjects = field(default_factory=FakeObjects)
    workflow: FakeWorkflow = field(default_factory=FakeWorkflow)
    events: FakeEventBus = field(default_factory=FakeEventBus)
    downloads: FakeDownloads = field(default_factory=FakeDownloads)
    answers: FakeIdempotencyStore = field(default_factory=FakeIdempotencyStore)
    rate_limit_store: FakeRateLimitStore = field(default_factory=FakeRateLimitStore)
    metrics: FakeMetrics = field(default_factory=FakeMetrics)
    recordings: FakeRecordings = field(init=False)

    def __post_init__(self) -> None:
        self.recordings = FakeRecordings(self.contacts)

    def intake(self, *, max_upload_bytes: int) -> Intake:
        """What accepting uploads needs, of these ports."""
        return Intake(self.recordings, self.objects, self.workflow, max_upload_bytes)

    def records(self, kind: RecordKind[T]) -> FakeRecordStore[T]:
        """The tenant's records of one kind."""
        return FakeRecordStore(self.recordings.children, kind)
