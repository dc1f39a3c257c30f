"""The ports in memory, as honest as the ports on AWS: `contract.py` holds both to the same tests."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from auricle.records import Kind, T
from tests.fakes.collections import FakeCollection
from tests.fakes.contacts import FakeContacts
from tests.fakes.downloads import FakeDownloads
from tests.fakes.events import FakeEventBus
from tests.fakes.manners import FakeAnswers, FakeMeter
from tests.fakes.metrics import FakeMetrics
from tests.fakes.objects import FakeObjects
from tests.fakes.recordings import FakeRecordings
from tests.fakes.workflow import FakeWorkflow

__all__ = [
    "FakeCollection",
    "FakeContacts",
    "FakeDownloads",
    "FakeEventBus",
    "FakeMetrics",
    "FakeObjects",
    "FakeRecordings",
    "FakeWorkflow",
    "Fakes",
]


pytest.register_assert_rewrite("tests.fakes.contract", "tests.fakes.collection_contract", "tests.fakes.chunks_contract")


@dataclass(slots=True)
class Fakes:
    """All ports of one process, wired as `auricle.bootstrap` wires the real ones."""

    contacts: FakeContacts = field(default_factory=FakeContacts)
    objects: FakeObjects = field(default_factory=FakeObjects)
    workflow: FakeWorkflow = field(default_factory=FakeWorkflow)
    events: FakeEventBus = field(default_factory=FakeEventBus)
    downloads: FakeDownloads = field(default_factory=FakeDownloads)
    answers: FakeAnswers = field(default_factory=FakeAnswers)
    meter: FakeMeter = field(default_factory=FakeMeter)
    metrics: FakeMetrics = field(default_factory=FakeMetrics)
    recordings: FakeRecordings = field(init=False)

    def __post_init__(self) -> None:
        self.recordings = FakeRecordings(self.contacts)

    def collection(self, kind: Kind[T]) -> FakeCollection[T]:
        """The tenant's records of one kind."""
        return FakeCollection(self.recordings.children, kind)
