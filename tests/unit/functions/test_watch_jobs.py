from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

import watch_jobs.handler
from auricle.ports import QueuedJob
from auricle.settings import Settings
from tests.fakes.job_queue import FakeJobQueue


def test_by_the_clock_jobs_are_given_up_that_no_machine_was_to_be_had_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    queue = FakeJobQueue(
        QueuedJob("stuck", "RUNNABLE", now - timedelta(minutes=31)),
        QueuedJob("young", "RUNNABLE", now - timedelta(minutes=29)),
    )
    wired = SimpleNamespace(settings=Settings(gpu_wait_minutes=30), job_queue=queue)
    monkeypatch.setattr(watch_jobs.handler, "bootstrap", lambda: wired)
    event = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
    assert watch_jobs.handler.lambda_handler(event, LambdaContext()) == {"cancelled": 1}
    assert queue.cancelled == {"stuck": "NO_GPU: no machine could be had for 30 minutes."}
    assert watch_jobs.handler.lambda_handler(event, LambdaContext()) == {"cancelled": 0}
