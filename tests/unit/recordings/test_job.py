"""What the workflow's states are told: whose run they work on, and the name of its execution."""

from __future__ import annotations

from typing import Any

import pytest

from auricle.recordings.job import Job

JOB = Job("acme", "rec_1", 3, "v1")


def test_an_execution_is_named_by_recording_version_and_run() -> None:
    assert JOB.execution_name == "rec_1-3bfc269594ef-r3"
    assert Job("acme", "rec_1", 3, "v2").execution_name != JOB.execution_name
    assert len(Job("acme", "r" * 64, 10**6, "v1").execution_name) <= 80


@pytest.mark.parametrize(
    ("event", "job"),
    [
        ({"org": "acme", "recording": "rec_1", "run": 3, "version": "v1"}, JOB),
        ({"org": "acme", "recording": "rec_1", "run": "3", "version": "v1", "index": 4}, JOB),
        ({"org": "acme", "recording": "rec_1", "run": 3}, Job("acme", "rec_1", 3, "")),
    ],
)
def test_a_state_s_event_says_whose_work_it_is(event: dict[str, Any], job: Job) -> None:
    assert Job.from_event(event) == job
