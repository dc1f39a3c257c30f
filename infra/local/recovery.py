"""After a start on saved state: go on with what the last stop or kill cut off."""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.local import glue

if TYPE_CHECKING:
    from infra.local.aws import Endpoint

SWEEPS = 5
PAUSE_S = 1.0

log = logging.getLogger("auricle.local.recovery")


@dataclass(frozen=True)
class Recovered:
    """What was taken up again."""

    executions: tuple[str, ...]
    given_up: tuple[str, ...]


def recover(endpoint: Endpoint, sweep_function: str | None) -> Recovered:
    """Redrive executions that were running, then let `sweep` find uploads whose event was lost.

    In this order: an execution taken up again is running when sweep looks for work that stands still.
    """
    again, given_up = glue.redrive_cut_off_executions()
    for arn in again:
        log.info("started again: %s", arn)
    for arn in given_up:
        log.warning("cut off %d times, given up: %s", glue.MAX_REDRIVES + 1, arn)
    if sweep_function is not None:
        threading.Thread(target=_sweep, args=(endpoint, sweep_function), name="sweep", daemon=True).start()
    return Recovered(tuple(again), tuple(given_up))


def _sweep(endpoint: Endpoint, function: str) -> None:
    """Until nothing is left for a later sweep: the clock's next one comes in minutes."""
    # The event a schedule sends: sweep answers to both.
    event = {"source": "auricle.local", "detail-type": "Engine Started", "detail": {}}
    for attempt in range(SWEEPS):
        try:
            answer = endpoint.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
            found = json.loads(answer["Payload"].read())
        except Exception:
            log.exception("the sweep could not be called")
            found, answer = None, {"FunctionError": "none was called"}
        if "FunctionError" not in answer and not (isinstance(found, dict) and found.get("postponed")):
            return
        log.warning("the sweep has left something: %s", found)
        time.sleep(PAUSE_S * 2**attempt)
