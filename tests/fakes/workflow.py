"""Workflow in memory: executions run until a test ends them."""

from __future__ import annotations

import threading

from auricle.errors import TransientError
from auricle.recordings.job import Job


class FakeWorkflow:
    """`len(workflow)` executions ever started; `job in workflow`; `jobs` in the order they were started."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.unreachable = False
        self._outcomes: dict[str, str] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._outcomes)

    def __contains__(self, job: object) -> bool:
        return isinstance(job, Job) and job.execution_name in self._outcomes

    def start(self, job: Job) -> bool:
        self._answer()
        with self._lock:
            if job.execution_name in self._outcomes:
                return False
            self._outcomes[job.execution_name] = "RUNNING"
            self.jobs.append(job)
            return True

    def outcome(self, job: Job) -> str | None:
        self._answer()
        return self._outcomes.get(job.execution_name)

    def end(self, job: Job, outcome: str) -> None:
        """The job's execution ends so: SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""
        self._outcomes[job.execution_name] = outcome

    def _answer(self) -> None:
        if self.unreachable:
            raise TransientError("Processing could not be started just now. Try again shortly.")
