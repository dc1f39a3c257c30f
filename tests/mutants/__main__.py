"""The command behind `make mutants`: its options, its progress, and the table by package."""

from __future__ import annotations

import argparse
import json
import queue
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from random import Random

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.mutants import coverage, sites
from tests.mutants.sites import Site
from tests.mutants.trial import Copy, Outcome, Result

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "mutants"
EQUIVALENTS = Path(__file__).with_name("equivalents.txt")
WANTED_OVERALL, WANTED_OF_A_PACKAGE = 0.90, 0.80


def main() -> None:
    arguments = _arguments()
    console = Console(highlight=False, soft_wrap=True)
    among = [path for path in sites.modules() if not arguments.only or arguments.only in path.as_posix()]
    if not among:
        sys.exit(f"No module of the domain or the API has {arguments.only!r} in its path.")
    known = _equivalents()
    sampled = _sites_of(_survived()) if arguments.again else sites.sample(arguments.seed, arguments.count, among)
    chosen = [site for site in sampled if _key(site) not in known]
    console.print(f"{len(chosen)} changes in {len(among)} modules, seed {arguments.seed}.")
    console.print("Running the unit and contract tests once, to know which test runs which line …")
    tests = coverage.measured(ROOT, BUILD, keep=arguments.keep_coverage)
    results = _try_all(chosen, tests, arguments, console)
    sys.exit(_report(results, console))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--count", type=int, default=480, help="changes to try over all packages")
    parser.add_argument("--only", default="", help="modules with this in their path")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="only changes that survived the last run")
    parser.add_argument("--keep-coverage", action="store_true", help="run only changed tests again to know their lines")
    return parser.parse_args()


def _equivalents() -> set[str]:
    """Changes that change no behaviour: `path: before -> after`, the reason in the comment above."""
    lines = EQUIVALENTS.read_text().splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def _survived() -> set[str]:
    results = [json.loads(line) for line in (BUILD / "results.jsonl").read_text().splitlines()]
    return {result["change"] for result in results if result["outcome"] != Outcome.KILLED.value}


def _sites_of(keys: set[str]) -> list[Site]:
    """The changes with these keys. They are not looked for in a sample, which is another one once the code changed."""
    places: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        module, _, difference = key.partition(": ")
        places[module].append(difference)
    found: list[Site] = []
    for module, differences in places.items():
        lines = Path(module).read_text().splitlines() if Path(module).exists() else []
        for site in sites.sites(Path(module)) if lines else ():
            line = lines[site.first_line - 1].strip()
            if any(line in difference for difference in differences) and _key(site) in keys:
                found.append(site)
    return found


def _key(site: Site) -> str:
    return f"{site.module.as_posix()}: {site.difference}"


def _try_all(
    chosen: Sequence[Site], tests: coverage.Tests, arguments: argparse.Namespace, console: Console
) -> list[Result]:
    waiting: queue.SimpleQueue[Site] = queue.SimpleQueue()
    for site in chosen:
        waiting.put(site)
    results: list[Result] = []
    (BUILD / "results.jsonl").write_text("")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with tempfile.TemporaryDirectory(dir=BUILD) as folder, Progress(*columns, console=console) as progress:
        bar = progress.add_task("Changes tried", total=len(chosen))

        def work(number: int) -> None:
            copy = Copy(ROOT, Path(folder) / f"copy-{number}")
            while True:
                try:
                    site = waiting.get_nowait()
                except queue.Empty:
                    copy.close()
                    return
                noticing = tests.noticing(site, Random(arguments.seed))
                result = copy.attempt(site, noticing, sum(tests.seconds.get(test, 0.1) for test in noticing))
                results.append(result)
                with (BUILD / "results.jsonl").open("a") as file:  # at once, should the run be cut short
                    file.write(_line(result) + "\n")
                if result.outcome is not Outcome.KILLED:
                    progress.console.print(f"{result.outcome.value}: {site}", markup=False)
                progress.advance(bar)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(arguments.workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return results


def _line(result: Result) -> str:
    return json.dumps(
        {
            "change": _key(result.site),
            "line": result.site.first_line,
            "package": result.site.package,
            "outcome": result.outcome.value,
            "seconds": round(result.seconds, 1),
            "by": result.by,
        }
    )


def _report(results: Sequence[Result], console: Console) -> int:
    by_package: dict[str, list[bool]] = defaultdict(list)
    for result in results:
        by_package[result.site.package].append(result.outcome is Outcome.KILLED)
    table = Table("package", "changes", "killed", "rate")
    for package, killed in [*sorted(by_package.items()), ("all", [k for ks in by_package.values() for k in ks])]:
        table.add_row(package, str(len(killed)), str(sum(killed)), f"{_rate(killed):.0%}")
    console.print(table)
    low = [package for package, killed in by_package.items() if _rate(killed) < WANTED_OF_A_PACKAGE]
    overall = _rate([killed for of_package in by_package.values() for killed in of_package])
    if low or overall < WANTED_OVERALL:
        console.print(
            f"Wanted: {WANTED_OVERALL:.0%} of all and {WANTED_OF_A_PACKAGE:.0%} of every package. The survivors are "
            "in build/mutants/results.jsonl."
        )
        return 1
    return 0


def _rate(killed: Sequence[bool]) -> float:
    return sum(killed) / len(killed) if killed else 1.0


if __name__ == "__main__":
    main()
