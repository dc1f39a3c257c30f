"""Which test runs which line, and how long it takes: measured once, and again when a file has changed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from coverage import CoverageData

from tests.mutants.sites import Site

SUITES = ("tests/unit", "tests/contract")
# Random requests, and minutes of them: what they notice, they notice by chance.
LEFT_OUT = ("tests/contract/test_schema.py", "tests/contract/test_schema_core.py", "tests/contract/test_raw_fuzz.py")
_SECONDS_A_CHANGE = 60.0


@dataclass(frozen=True)
class Tests:
    """What the suites do, line by line."""

    by_line: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]

    def noticing(self, site: Site, random: Random) -> list[str]:
        """The tests that may notice a change: those of its lines, or where none runs them (they run when the module
        is imported) those of its module. Tests named like the module come first, then quick ones; what is beyond a
        minute is left to chance.
        """
        lines = self.by_line.get(site.module.as_posix(), {})
        wanted = {test for line in range(site.first_line, site.last_line + 1) for test in lines.get(line, ())}
        wanted = wanted or {test for tests in lines.values() for test in tests}
        named = {test for test in wanted if site.module.stem in Path(test.split("::")[0]).stem}
        first = sorted(named, key=self._seconds_of)
        rest = sorted(wanted - named)
        random.shuffle(rest)
        unit = [test for test in rest if test.startswith("tests/unit")]
        chosen: list[str] = []
        left_s = _SECONDS_A_CHANGE
        for test in [*first, *unit, *(test for test in rest if test not in set(unit))]:
            if self._seconds_of(test) <= left_s:
                chosen.append(test)
                left_s -= self._seconds_of(test)
        return chosen

    def _seconds_of(self, test: str) -> float:
        return self.seconds.get(test, 0.1)


def measured(root: Path, folder: Path) -> Tests:
    """Runs the suites under coverage, unless they have been run on the very same files."""
    state = _fingerprint(root)
    kept = folder / f"coverage-{state}.json"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(_run(root, folder)))
    content = json.loads(kept.read_text())
    by_line = {file: {int(line): tests for line, tests in lines.items()} for file, lines in content["lines"].items()}
    return Tests(by_line, content["seconds"])


def _fingerprint(root: Path) -> str:
    digest = hashlib.sha256()
    for folder in ("layers", "functions", *SUITES, "tests/fakes"):
        for path in sorted((root / folder).rglob("*.py")):
            digest.update(path.as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _run(root: Path, folder: Path) -> dict[str, object]:
    settings = folder / "coverage.ini"
    settings.write_text("[run]\nsource =\n    layers/auricle/python/auricle\n    functions/api\n")
    data, seconds = folder / "coverage.data", folder / "durations.json"
    command = [sys.executable, "-m", "pytest", *SUITES, "-p", "tests.mutants.durations", "--durations=0"]
    command += ["--cov", f"--cov-config={settings}", "--cov-context=test", "--cov-report=", "-o", "filterwarnings="]
    command += [f"--ignore={path}" for path in LEFT_OUT]
    environment = {**os.environ, "COVERAGE_FILE": str(data), "MUTANTS_DURATIONS": str(seconds)}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"The tests fail before anything is changed:\n{done.stdout[-3_000:]}{done.stderr[-2_000:]}")
    return {"lines": _lines(data, root), "seconds": json.loads(seconds.read_text())}


def _lines(data_file: Path, root: Path) -> dict[str, dict[int, Sequence[str]]]:
    data = CoverageData(str(data_file))
    data.read()
    found: dict[str, dict[int, Sequence[str]]] = {}
    for file in data.measured_files():
        tests: dict[int, set[str]] = defaultdict(set)
        for line, contexts in data.contexts_by_lineno(file).items():
            tests[line].update(context.rpartition("|")[0] for context in contexts if "|" in context)
        found[Path(file).relative_to(root).as_posix()] = {line: sorted(names) for line, names in tests.items() if names}
    return found
