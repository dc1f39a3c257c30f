"""After a start on saved state: go on with what the last stop or kill cut off."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.local import glue

if TYPE_CHECKING:
    from infra.local.aws import Endpoint

log = logging.getLogger("auricle.local.recovery")


@dataclass(frozen=True)
class Recovered:
    """What was taken up again."""

    executions: tuple[str, ...]
    given_up: tuple[str, ...]
    swept: bool


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
        # The event a schedule sends: sweep answers to both.
        event = {"source": "auricle.local", "detail-type": "Engine Started", "detail": {}}
        endpoint.client("lambda").invoke(
            FunctionName=sweep_function, InvocationType="Event", Payload=json.dumps(event).encode()
        )
    return Recovered(tuple(again), tuple(given_up), swept=sweep_function is not None)
