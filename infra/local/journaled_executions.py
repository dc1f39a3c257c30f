"""The engine's workflow executions, whose begin and end go into the journal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra.local import glue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.local.journal import Journal

KEPT_EVENTS = frozenset({"ExecutionStarted", "ExecutionRedriven"})


class JournaledExecutions:
    """Hooks into the engine's executions. What lies between begin and end is done again when it is cut off."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def install(self) -> None:
        """From now on every begin and end is journaled. Call once, after the engine was imported."""
        start, stop, run = (name.resolve() for name in (glue.START_EXECUTION, glue.STOP_EXECUTION, glue.RUN_EXECUTION))

        def start_and_journal(data: dict[str, Any]) -> Any:
            answer = start(data)
            status, _headers, body = answer
            if status == 200:
                self.note(json.loads(body)["executionArn"])
            return answer

        def stop_and_journal(data: dict[str, Any]) -> Any:
            answer = stop(data)
            self.note(data.get("executionArn", ""))
            return answer

        def run_and_journal(exec_arn: str) -> None:
            self.note(exec_arn)  # also one that is started again
            try:
                run(exec_arn)
            finally:
                self.note(exec_arn)

        glue.START_EXECUTION.replace(start_and_journal)
        glue.STOP_EXECUTION.replace(stop_and_journal)
        glue.RUN_EXECUTION.replace(run_and_journal)

    def note(self, arn: str) -> None:
        """Journal how an execution of the current account and region stands."""
        execution = glue.EXECUTIONS.resolve().get(arn)
        if execution is None:
            return
        account, region = glue.CURRENT_ACCOUNT.resolve()(), glue.CURRENT_REGION.resolve()()
        self._journal.append(["execution", account, region, arn, _shortened(execution)])


def _shortened(execution: Mapping[str, Any]) -> dict[str, Any]:
    """Without the events between first and last: they would make the journal long, and serve no restart."""
    events = list(execution["events"])
    kept = [event for event in events[:-1] if event["type"] in KEPT_EVENTS] + events[-1:]
    return {**execution, "events": kept}
