"""A process that has imported what the tests need from elsewhere, and forks for each run of pytest.

Starting Python and importing these takes longer than most tests. It imports nothing of the repository, so that a run
reads the files as they are then. It takes a JSON object a line (`arguments`, `output`, `limit_s`, `memory_bytes`), and
answers with the exit status, or null where the run did not end in time.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from importlib import import_module
from importlib.metadata import entry_points

import pytest

IMPORTED = (
    "attrs av boto3 cryptography.hazmat.primitives.asymmetric.rsa fastapi.testclient faster_whisper joserfc.jwt "
    "jsonschema mangum onnx onnxruntime orjson pynamodb.models rich.progress scipy.cluster.hierarchy scipy.optimize "
    "scipy.special tokenizers typer zstandard"
).split()


def main() -> None:
    for name in IMPORTED:
        with suppress(ImportError):  # it is only slower without
            import_module(name)
    for plugin in entry_points(group="pytest11"):
        plugin.load()
    gc.freeze()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_forked(**json.loads(line))) + "\n")
        sys.stdout.flush()


def _forked(arguments: list[str], output: str, limit_s: float, memory_bytes: int) -> int | None:
    process = os.fork()
    if process == 0:
        _child(arguments, output, memory_bytes)
    ends = time.monotonic() + limit_s
    try:
        while time.monotonic() < ends:
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        return None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)  # and what its tests have left running
        with suppress(ChildProcessError):
            os.waitpid(process, 0)


def _child(arguments: list[str], output: str, memory_bytes: int) -> None:
    status = 3
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for stream in (1, 2):
            os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if stream == 1 else os.O_APPEND)), stream)
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        status = int(pytest.main(arguments))
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
