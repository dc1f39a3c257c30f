"""A pytest plugin: writes how long each test took, by node id, to the file that MUTANTS_DURATIONS names."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

_seconds: Counter[str] = Counter()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _seconds[report.nodeid] += report.duration  # type: ignore[assignment]  # a Counter counts fractions as well


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        Path(os.environ["MUTANTS_DURATIONS"]).write_text(json.dumps(_seconds))
