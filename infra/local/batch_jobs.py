"""AWS Batch jobs as subprocesses: what a job definition, its image and its queue are on a laptop.

The command is the one the state machine sends to Batch (`python -m transcribe.job ORG RECORDING RUN`). The
image's code is this checkout, its settings are those of the deployed function of the same package, and the
answer is what Step Functions makes of Batch's: the job's description, or States.TaskFailed with it as Cause.
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

from infra.local.glue import EXIT_WITH_PARENT, JobFailed

DEFAULT_TIMEOUT_S = 6 * 3600.0

# Runs a module as `python -m` does, in a process that ends with the engine.
_RUN_MODULE = EXIT_WITH_PARENT + (
    "import runpy, sys\nsys.argv = sys.argv[1:]\nrunpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)\n"
)

log = logging.getLogger("auricle.local.batch")


@dataclass(frozen=True)
class BatchJobs:
    """Runs jobs. `environments` gives, when a job starts, the deployed settings by package (`transcribe`)."""

    logs: Path
    scratch: Path
    environments: Callable[[], Mapping[str, Mapping[str, str]]]
    aws_environment: Mapping[str, str]

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
            "AWS_BATCH_JOB_ATTEMPT": "1",
        }
        log_path = self.logs / f"batch-{package}-{job_id}.log"
        job["Container"]["LogStreamName"] = log_path.name
        job["StartedAt"] = _now_ms()
        log.info("job %s: python -m %s", job_id, module)
        with tempfile.TemporaryDirectory(dir=self.scratch, prefix="batch-") as folder, log_path.open("wb") as out:
            command = [sys.executable, "-c", _RUN_MODULE, module, *parameters]
            process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT)
            try:
                exit_code = process.wait(timeout=timeout_s)
                reason = "Essential container in task exited"
            except subprocess.TimeoutExpired:
                process.kill()
                exit_code = process.wait()
                reason = "Job attempt duration exceeded timeout"
        job["StoppedAt"] = _now_ms()
        job["Container"]["ExitCode"] = exit_code
        if exit_code != 0:
            raise JobFailed({**job, "Status": "FAILED", "StatusReason": reason, "Attempts": [job["Container"]]})
        return {**job, "Status": "SUCCEEDED", "StatusReason": reason}


def _module_and_parameters(job: Mapping[str, Any]) -> tuple[str, Sequence[str]]:
    command = [str(word) for word in job["Container"]["Command"]]
    if len(command) >= 3 and Path(command[0]).name.startswith("python") and command[1] == "-m":
        return command[2], command[3:]
    raise JobFailed(
        {**job, "Status": "FAILED", "StatusReason": "A local job's command has the form: python -m MODULE …"}
    )


def _now_ms() -> int:
    return int(time.time() * 1000)
