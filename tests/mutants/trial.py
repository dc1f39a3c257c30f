"""One change, tried in a copy of the repository."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
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
        shutil.rmtree(folder, ignore_errors=True)
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=root, capture_output=True, text=True, check=True
        )
        for name in listed.stdout.splitlines():
            if (root / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / name, folder / name)
        beside = folder.parent / "shared"  # what tests that need real speech look for
        if (root.parent / "shared").exists() and not beside.exists():
            beside.symlink_to((root.parent / "shared").resolve())

    def attempt(self, site: Site, tests: list[str], expected_s: float) -> Result:
        started = time.monotonic()
        if not tests:
            return Result(site, Outcome.NOT_RUN, 0.0)
        module = self._folder / site.module
        try:
            module.write_text(site.changed or "")
            outcome, by = self._run(tests, expected_s)
        finally:
            shutil.copy2(self._root / site.module, module)
        return Result(site, outcome, time.monotonic() - started, by)

    def _run(self, tests: list[str], expected_s: float) -> tuple[Outcome, str]:
        listed = self._folder / "mutants-tests.txt"
        listed.write_text("\n".join(tests))
        command = [sys.executable, "-m", "pytest", "-n", "0", "-x", "--durations=0", "-p", "no:cacheprovider"]
        command += ["-p", "no:cov", "--no-header", "--tb=no", f"@{listed.name}"]
        paths = [self._folder, self._folder / "functions", self._folder / "layers/auricle/python"]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HYPOTHESIS_STORAGE_DIRECTORY": str(self._folder / ".hypothesis"),
        }
        try:
            done = subprocess.run(
                command,
                cwd=self._folder,
                env=environment,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_STARTING_S + 5 * expected_s,
                check=False,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES)),
            )
        except subprocess.TimeoutExpired:
            return Outcome.KILLED, "it never ends"
        if done.returncode == 0:
            return Outcome.SURVIVED, ""
        lines = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        return Outcome.KILLED, (lines or [done.stdout[-200:] + done.stderr[-200:]])[0]
