"""One structured line when a stage begins and one when it ends: ids, counts and class names, nothing anyone said."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from auricle.recordings.job import Job

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger


@cache
def logger() -> Logger:
    """This process's structured logger; service name and level come from Powertools' own variables."""
    from aws_lambda_powertools import Logger

    return Logger(use_rfc3339=True, utc=True)


@contextmanager
def stage_logged(stage: str, job: Job, **facts: int | str) -> Iterator[dict[str, int | str]]:
    """Logs the stage's beginning and end, bound to tenant, recording and run; `facts` may be added to meanwhile.

    An error is logged by its class alone, its text may hold what it choked on, and goes on to the workflow.
    """
    log = logger()
    log.append_keys(org=job.org, recording=job.recording, run=job.run, stage=stage)
    found: dict[str, int | str] = dict(facts)
    started_s = time.perf_counter()
    log.info("stage started", extra=found)
    try:
        yield found
    except Exception as error:
        named = {"error": type(error).__name__}
        if error.__cause__ is not None:
            named["cause"] = type(error.__cause__).__name__
        log.warning("stage failed", extra={**found, **named, "ms": _ms_since(started_s)})
        raise
    log.info("stage finished", extra={**found, "ms": _ms_since(started_s)})


def _ms_since(started_s: float) -> int:
    return round((time.perf_counter() - started_s) * 1000)
