"""AWS Batch jobs as subprocesses: what a job definition, its image and its queue are on a laptop.

The command is the one the state machine sends to Batch (`python -m transcribe.job ORG RECORDING RUN`). The
image's code is this checkout, its settings are those of the deployed function of the same package, an attempt that
fails is followed by another where the job definition's retry strategy says so, and the answer is what Step Functions
makes of Batch's: the job's description, or States.TaskFailed with it as Cause.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auricle.processing.stages import JOBS
from infra import job_retries
from infra.local.glue import EXIT_WITH_PARENT, JobFailed
from infra.local.memory import EXIT_ABOVE_MEMORY, MEMORY_MB

DEFAULT_TIMEOUT_S = 6 * 3600.0

CAPACITY = "LOCAL_BATCH_CAPACITY"
"""A variable of a stage's function; `none` shows what happens where no machine is to be had for its job."""
NO_CAPACITY = "Canceled by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"

# Runs a module as `python -m` does, in a process that ends with the engine.
_RUN_MODULE = (
    EXIT_WITH_PARENT
    + EXIT_ABOVE_MEMORY
    + "import runpy, sys\nsys.argv = sys.argv[1:]\nrunpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)\n"
)

log = logging.getLogger("auricle.local.batch")


@dataclass(frozen=True)
class BatchJobs:
    """Runs jobs. `environments` gives, when a job starts, the deployed settings by package (`transcribe`)."""

    logs: Path
    scratch: Path
    environments: Callable[[], Mapping[str, Mapping[str, str]]]
    aws_environment: Mapping[str, str]
    pause_s: float = 1.0
    """Before another attempt; Batch takes longer to find it a machine."""

    def submit_and_wait(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """`batch:submitJob.sync`: run one job to its end and describe it. Raises JobFailed."""
        job_id = str(uuid.uuid4())
        name = str(arguments.get("JobName", "job"))
        overrides = arguments.get("ContainerOverrides") or {}
        timeout_s = float((arguments.get("Timeout") or {}).get("AttemptDurationSeconds", DEFAULT_TIMEOUT_S))
        job: dict[str, Any] = {
            "JobId": job_id,
            "JobName": name,
            "JobDefinition": arguments.get("JobDefinition"),
            "JobQueue": arguments.get("JobQueue"),
            "CreatedAt": _now_ms(),
            "Container": {"Command": list(overrides.get("Command", []))},
        }
        module, parameters = _module_and_parameters(job)
        package = module.split(".")[0]
        environment = {
            **os.environ,
            **self.environments().get(package, {}),
            **self.aws_environment,
            **{entry["Name"]: str(entry["Value"]) for entry in overrides.get("Environment", [])},
            "AWS_BATCH_JOB_ID": job_id,
        }
        memory_gib = {stage.value: size.memory_gib for stage, size in JOBS.items()}.get(package)
        if memory_gib:
            environment[MEMORY_MB] = str(1024 * memory_gib)
        if environment.get(CAPACITY) == "none":
            raise JobFailed({**job, "Status": "FAILED", "StatusReason": NO_CAPACITY, "Attempts": []})
        log_path = self.logs / f"batch-{package}-{job_id}.log"
        job["Container"]["LogStreamName"] = log_path.name
        job["StartedAt"] = _now_ms()
        job["Attempts"] = []
        command = [sys.executable, "-c", _RUN_MODULE, module, *parameters]
        for number in range(1, job_retries.ATTEMPTS + 1):
            log.info("job %s: python -m %s, attempt %d", job_id, module, number)
            attempt = self._attempt(command, {**environment, "AWS_BATCH_JOB_ATTEMPT": str(number)}, log_path, timeout_s)
            job["Attempts"].append({"Container": attempt.container, "StatusReason": attempt.status_reason})
            job["Container"].update(attempt.container)
            if attempt.exit_code == 0 or not attempt.is_followed:
                break
            time.sleep(self.pause_s)
        job["StoppedAt"] = _now_ms()
        job["StatusReason"] = attempt.status_reason
        if attempt.exit_code != 0:
            raise JobFailed({**job, "Status": "FAILED"})
        return {**job, "Status": "SUCCEEDED"}

    def _attempt(
        self, command: Sequence[str], environment: Mapping[str, str], log_path: Path, timeout_s: float
    ) -> _Attempt:
        with tempfile.TemporaryDirectory(dir=self.scratch, prefix="batch-") as folder, log_path.open("ab") as out:
            process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT)
            try:
                return _Attempt(process.wait(timeout=timeout_s))
            except subprocess.TimeoutExpired:
                process.kill()
                return _Attempt(process.wait(), timed_out=True)


@dataclass(frozen=True)
class _Attempt:
    """How one attempt ended, as Batch describes it."""

    returned: int
    timed_out: bool = False

    @property
    def exit_code(self) -> int:
        """Docker's: a program that a signal ended has 128 and the signal's number."""
        return self.returned if self.returned >= 0 else 128 - self.returned

    @property
    def status_reason(self) -> str:
        return "Job attempt duration exceeded timeout" if self.timed_out else "Essential container in task exited"

    @property
    def container(self) -> dict[str, Any]:
        return {"ExitCode": self.exit_code}

    @property
    def is_followed(self) -> bool:
        """Batch never repeats an attempt that took too long; otherwise the retry strategy says."""
        return not self.timed_out and job_retries.is_tried_again(
            status_reason=self.status_reason, reason="", exit_code=self.exit_code
        )


def _module_and_parameters(job: Mapping[str, Any]) -> tuple[str, Sequence[str]]:
    command = [str(word) for word in job["Container"]["Command"]]
    if len(command) >= 3 and Path(command[0]).name.startswith("python") and command[1] == "-m":
        return command[2], command[3:]
    raise JobFailed(
        {**job, "Status": "FAILED", "StatusReason": "A local job's command has the form: python -m MODULE …"}
    )


def _now_ms() -> int:
    return int(time.time() * 1000)
