"""Which test runs which line, and how long it takes: measured once, and again when a file has changed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from coverage import CoverageData

from tests.mutants.sites import Site

SUITES = ("tests/unit", "tests/contract")
# Random requests, and minutes of them: what they notice, they notice by chance.
LEFT_OUT = ("tests/contract/test_schema.py", "tests/contract/test_schema_core.py", "tests/contract/test_raw_fuzz.py")
_OF_THE_WHOLE_API = ("tests/unit/functions/api/test_app.py", "tests/contract/test_field_bounds.py")
_SECONDS_A_CHANGE = 25.0


@dataclass(frozen=True)
class Tests:
    """What the suites do, line by line."""

    by_line: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]

    def noticing(self, site: Site, random: Random) -> list[str]:
        """The tests that may notice a change, 25 seconds of them.

        First those of its lines, and where no test runs them (they run when the module is imported) those of its
        module: tests named like the module, then tests of files that share rare words with the lines, unit tests
        before others. Last come tests of the same files, and tests named like the module, that run any line of it:
        what a cache or a fixture has computed for one test, others use without running the line.
        """
        lines = self.by_line.get(site.module.as_posix(), {})
        everywhere = {test for tests in lines.values() for test in tests}
        wanted = {test for line in range(site.first_line, site.last_line + 1) for test in lines.get(line, ())}
        if not wanted:  # what runs when a module is imported shows in the API as a whole
            wanted = everywhere | {test for test in self.seconds if _file(test) in _OF_THE_WHOLE_API}
        named = {
            test
            for test in wanted | everywhere
            if site.module.stem in Path(_file(test)).stem or _file(test) in _OF_THE_WHOLE_API
        }
        files = {_file(test) for test in wanted}
        shared = _shared(site, files)
        beside = {test for test in everywhere - wanted if test in named or _file(test) in files}
        # What a dataclass generates runs no line of its module.
        beside |= {test for test in self.seconds if Path(_file(test)).name == f"test_{site.module.stem}.py"} - wanted
        rest = sorted(wanted - named)
        random.shuffle(rest)
        rest.sort(key=lambda test: (-shared[_file(test)], not test.startswith("tests/unit")))
        chosen: list[str] = []
        left_s = _SECONDS_A_CHANGE
        for test in [*sorted(wanted & named, key=self._seconds_of), *rest, *sorted(beside, key=self._seconds_of)]:
            if self._seconds_of(test) <= left_s:
                chosen.append(test)
                left_s -= self._seconds_of(test)
        return chosen

    def _seconds_of(self, test: str) -> float:
        return self.seconds.get(test, 0.1)


def _file(test: str) -> str:
    return test.split("::")[0]


@cache
def _words(file: Path) -> frozenset[str]:
    return frozenset(re.findall(r"[A-Za-z_]{5,}", file.read_text()))


def _shared(site: Site, files: Iterable[str]) -> dict[str, float]:
    """For each file of tests, how many words it shares with the changed lines; one that many have counts little."""
    text = "\n".join(site.module.read_text().splitlines()[site.first_line - 1 : site.last_line])
    changed = set(re.findall(r"[A-Za-z_]{5,}", text))
    held = {file: changed & _words(Path(file)) for file in files if Path(file).exists()}
    rarity = Counter(word for words in held.values() for word in words)
    return {file: round(sum(1 / rarity[word] for word in held.get(file, ())), 2) for file in files}


def measured(root: Path, folder: Path, *, keep: bool = False) -> Tests:
    """Runs the suites under coverage, unless they have been run on the very same files.

    With `keep`, the newest measurement is brought up to date in a minute instead: the test files that have changed
    are run again, and of a module that has changed every test counts as one that runs each line.
    """
    files = _digests(root)
    state = hashlib.sha256(json.dumps(files).encode()).hexdigest()[:16]
    kept = folder / f"coverage-{state}.json"
    folder.mkdir(parents=True, exist_ok=True)
    if not kept.exists():
        newest = max(folder.glob("coverage-*.json"), key=lambda path: path.stat().st_mtime, default=None)
        if keep and newest:
            content = _updated(json.loads(newest.read_text()), files, root, folder)
            kept = folder / "coverage-updated.json"
        else:
            content = _run(root, folder, SUITES)
        kept.write_text(json.dumps({"files": files, **content}))
    content = json.loads(kept.read_text())
    by_line = {file: {int(line): tests for line, tests in lines.items()} for file, lines in content["lines"].items()}
    return Tests(by_line, content["seconds"])


def _digests(root: Path) -> dict[str, str]:
    folders = ("layers", "functions", *SUITES, "tests/fakes")
    paths = [path for folder in folders for path in sorted((root / folder).rglob("*.py"))]
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def _updated(old: dict[str, Any], files: dict[str, str], root: Path, folder: Path) -> dict[str, Any]:
    changed = {file for file in {*files, *old["files"]} if files.get(file) != old["files"].get(file)}
    lines = {
        file: {"0": sorted({test for tests in of_file.values() for test in tests})} if file in changed else of_file
        for file, of_file in old["lines"].items()
    }
    lines = {
        file: {line: [test for test in tests if test.split("::")[0] not in changed] for line, tests in of_file.items()}
        for file, of_file in lines.items()
    }
    seconds = {test: s for test, s in old["seconds"].items() if test.split("::")[0] not in changed}
    again = sorted(file for file in changed & files.keys() if Path(file).name.startswith("test_"))
    again = [file for file in again if file.startswith(SUITES) and file not in LEFT_OUT]
    if again:
        new = json.loads(json.dumps(_run(root, folder, again)))  # line numbers as text, as they are in the old one
        for file, of_file in new["lines"].items():
            for line, tests in of_file.items():
                lines.setdefault(file, {}).setdefault("0" if file in changed else line, []).extend(tests)
        seconds |= new["seconds"]
    return {"lines": lines, "seconds": seconds}


def _run(root: Path, folder: Path, tests: Sequence[str]) -> dict[str, Any]:
    settings = folder / "coverage.ini"
    settings.write_text("[run]\nsource =\n    layers/auricle/python/auricle\n    functions/api\n")
    data, seconds = folder / "coverage.data", folder / "durations.json"
    command = [sys.executable, "-m", "pytest", *tests, "-p", "tests.mutants.durations", "--durations=0"]
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
