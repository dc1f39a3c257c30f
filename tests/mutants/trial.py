"""One change, tried in a copy of the repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tests.mutants.sites import Site

_MEMORY_BYTES = 12_000_000_000  # a change that allocates without end shall not end the machine
_STARTING_S = 30.0


class Outcome(Enum):
    KILLED = "killed"
    SURVIVED = "survived"
    NOT_RUN = "no test runs it"


@dataclass(frozen=True)
class Result:
    site: Site
    outcome: Outcome
    seconds: float
    by: str = ""


class Copy:
    """A copy of the repository's files, in which one change at a time is made."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root, self._folder = root, folder
        self._process: subprocess.Popen[str] | None = None
        self._changes = 0
        shutil.rmtree(folder, ignore_errors=True)
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=root, capture_output=True, text=True, check=True
        )
        for name in listed.stdout.splitlines():
            if (root / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / name, folder / name)
        beside = folder.parent / "shared"  # what tests that need real speech look for
        if (root.parent / "shared").exists():
            with suppress(FileExistsError):  # another copy has made it
                beside.symlink_to((root.parent / "shared").resolve())

    def attempt(self, site: Site, tests: list[str], expected_s: float) -> Result:
        started = time.monotonic()
        if not tests:
            return Result(site, Outcome.NOT_RUN, 0.0)
        module = self._folder / site.module
        unchanged = module.read_bytes()
        try:
            self._write(module, (site.changed or "").encode())
            outcome, by = self._run(tests, expected_s)
        finally:
            self._write(module, unchanged)
        return Result(site, outcome, time.monotonic() - started, by)

    def _write(self, module: Path, content: bytes) -> None:
        module.write_bytes(content)
        self._changes += 1
        os.utime(module, (self._changes, self._changes))  # a time of its own, so that its compiled code is its own

    def _run(self, tests: list[str], expected_s: float) -> tuple[Outcome, str]:
        status, output = self._pytest(tests, _STARTING_S + 5 * expected_s)
        if status == 4 and "not found: " in output:  # parameters that the changed code names
            files = sorted({test.split("::")[0] for test in tests})
            status, output = self._pytest(files, _STARTING_S + 10 * expected_s)
        if status is None:
            return Outcome.KILLED, "it never ends"
        if status == 0:
            return Outcome.SURVIVED, ""
        lines = [line for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]
        return Outcome.KILLED, (lines or [output[-400:]])[0]

    def _pytest(self, tests: list[str], limit_s: float) -> tuple[int | None, str]:
        """The exit status, None if it did not end in time, and what was printed."""
        listed, output = self._folder / "mutants-tests.txt", self._folder / "mutants-output.txt"
        listed.write_text("\n".join(tests))
        arguments = ["-n", "0", "-x", "--durations=0", "-p", "no:cacheprovider", "-p", "no:cov", "--no-header"]
        arguments += ["--tb=no", "-W", "ignore::pytest.PytestAssertRewriteWarning", f"@{listed.name}"]
        if self._process is None or self._process.poll() is not None:
            self._process = self._started()
        asked, answered = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answered is not None
        request = {"arguments": arguments, "output": str(output), "limit_s": limit_s, "memory_bytes": _MEMORY_BYTES}
        print(json.dumps(request), file=asked, flush=True)
        status: int | None = json.loads(answered.readline())
        return status, output.read_text(errors="replace")

    def _started(self) -> subprocess.Popen[str]:
        paths = [self._folder, self._folder / "functions", self._folder / "layers/auricle/python"]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(self._folder / ".hypothesis"),
        }
        command = [sys.executable, "-m", "tests.mutants.warm"]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=self._folder, env=environment, stdin=pipe, stdout=pipe, text=True)

    def close(self) -> None:
        if self._process is not None and self._process.stdin:
            self._process.stdin.close()
            self._process.wait()
