from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from auricle.ports import QueuedJob
from auricle.processing.stuck_jobs import cancel_stuck_jobs
from infra.bundling import ROOT
from tests.fakes.job_queue import FakeJobQueue

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def job(
    name: str, status: str, created: float, started: float | None = None, stopped: float | None = None
) -> QueuedJob:
    """Of so many minutes ago."""
    return QueuedJob(
        name,
        status,
        ago(created),
        None if started is None else ago(started),
        None if stopped is None else ago(stopped),
    )


def test_a_job_whose_machine_was_taken_away_waits_from_then_on() -> None:
    """Hours after it was created and had begun: Batch lists neither when its attempt ended nor that it had more."""
    queue = FakeJobQueue(job("interrupted", "RUNNABLE", 500, started=300), job("behind it", "RUNNABLE", 300))
    queue.ended["interrupted"] = ago(9)
    assert cancel_stuck_jobs(queue, wait=timedelta(minutes=10), now=NOW) == 0
    queue.ended["interrupted"] = ago(10)
    assert cancel_stuck_jobs(queue, wait=timedelta(minutes=10), now=NOW) == 2
    assert set(queue.cancelled) == {"interrupted", "behind it"}


def cancelled(*jobs: QueuedJob) -> set[str]:
    queue = FakeJobQueue(*jobs)
    count = cancel_stuck_jobs(queue, wait=timedelta(minutes=10), now=NOW)
    assert count == len(queue.cancelled)
    return set(queue.cancelled)


def test_all_that_wait_for_a_machine_that_does_not_come_are_cancelled_at_once() -> None:
    """Batch would cancel the head alone, and the next ten minutes later."""
    waiting = [job(f"job {minutes}", "RUNNABLE", minutes) for minutes in (600, 30, 10)]
    assert cancelled(*waiting, job("young", "RUNNABLE", 9)) == {"job 600", "job 30", "job 10"}


@pytest.mark.parametrize(
    "other",
    [
        job("runs", "RUNNING", 500, started=400),
        job("is started", "STARTING", 500),
        job("has just ended", "SUCCEEDED", 500, started=20, stopped=2),
        job("has just failed", "FAILED", 500, started=3, stopped=2),
        job("has just lost its machine", "RUNNABLE", 500, started=5),
    ],
)
def test_behind_an_import_it_is_waited(other: QueuedJob) -> None:
    assert cancelled(job("behind it", "RUNNABLE", 300), other) == set()


@pytest.mark.parametrize(
    "other",
    [
        job("ended long ago", "SUCCEEDED", 500, started=60, stopped=40),
        job("was cancelled", "FAILED", 60, stopped=1),
        job("waits for a job before it", "PENDING", 60),
    ],
)
def test_what_does_not_show_that_there_are_machines_keeps_nobody_waiting(other: QueuedJob) -> None:
    assert cancelled(job("stuck", "RUNNABLE", 300), other) == {"stuck"}


def test_the_workflow_knows_the_reason() -> None:
    queue = FakeJobQueue(job("stuck", "RUNNABLE", 30))
    cancel_stuck_jobs(queue, wait=timedelta(minutes=10), now=NOW)
    definition = (ROOT / "infra" / "processing.asl.json").read_text()
    patterns = set(re.findall(r"\$match\(\$states\.input\.job\.StatusReason, /(.+?)/\)", definition))
    assert len(patterns) == 1
    assert re.match(patterns.pop(), queue.cancelled["stuck"])


def test_the_reason_says_for_how_long_it_was_waited() -> None:
    queue = FakeJobQueue(job("stuck", "RUNNABLE", 300))
    assert cancel_stuck_jobs(queue, wait=timedelta(minutes=90), now=NOW) == 1
    assert queue.cancelled == {"stuck": "NO_GPU: no machine could be had for 90 minutes."}


@pytest.mark.parametrize(("minutes", "stuck"), [(10, {"behind it"}), (9.9, set())])
def test_a_queue_has_moved_when_a_job_ended_since(minutes: float, stuck: set[str]) -> None:
    ended = job("ended", "SUCCEEDED", 500, started=300, stopped=minutes)
    assert cancelled(job("behind it", "RUNNABLE", 300), ended) == stuck
