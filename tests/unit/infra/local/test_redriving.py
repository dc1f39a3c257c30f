"""Executions that a kill cut off go on: oldest first, a few at a time, and none of them for ever."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest

from infra.local import glue


@dataclass(frozen=True)
class Name:
    """What glue resolves a private name of the engine to."""

    found: Any

    def resolve(self) -> Any:
        return self.found


class Engine:
    """The engine's executions, each of which runs until `finish` is set."""

    def __init__(self) -> None:
        self.executions: dict[str, dict[str, Any]] = {}
        self.started: list[str] = []
        self.at_once = 0
        self.finish = threading.Event()
        self._running = 0
        self._lock = threading.Lock()

    def cut_off(self, arn: str, *, started: str, redrives: int = 0) -> None:
        events = [{"type": "ExecutionRedriven"} for _ in range(redrives)]
        self.executions[arn] = {
            "status": "FAILED",
            "error": "States.ServiceRestart",
            "startDate": started,
            "events": events,
        }

    def run(self, arn: str) -> None:
        with self._lock:
            self.started.append(arn)
            self._running += 1
            self.at_once = max(self.at_once, self._running)
        self.finish.wait(10)
        with self._lock:
            self._running -= 1
            self.executions[arn]["status"] = "SUCCEEDED"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    made = Engine()

    def add_event(execution: dict[str, Any], event_type: str, _details: Any) -> None:
        execution["events"].append({"type": event_type})

    def fail(execution: dict[str, Any], error: str, cause: str) -> None:
        execution.update(status="FAILED", error=error, cause=cause)

    monkeypatch.setattr(glue, "_all_executions", lambda: iter(list(made.executions.items())))
    monkeypatch.setattr(glue, "REQUEST_SCOPE", Name(lambda *_: nullcontext()))
    monkeypatch.setattr(glue, "ADD_EVENT", Name(add_event))
    monkeypatch.setattr(glue, "FAIL_EXECUTION", Name(fail))
    monkeypatch.setattr(glue, "RUN_EXECUTION", Name(made.run))
    return made


def _wait_until_all_ended(engine: Engine) -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("redrive-"):
            thread.join(10)
    assert {execution["status"] for execution in engine.executions.values()} <= {"SUCCEEDED", "FAILED", "ABORTED"}


def test_a_backlog_goes_on_oldest_first_and_four_at_a_time(engine: Engine) -> None:
    for number in range(9):
        engine.cut_off(f"arn-{number}", started=f"2026-11-21T10:00:0{9 - number}Z")
    again, given_up = glue.redrive_cut_off_executions()
    assert (len(again), given_up) == (9, [])
    # Those that wait are running to whoever asks, so that no sweep takes them for ended.
    assert {execution["status"] for execution in engine.executions.values()} == {"RUNNING"}
    engine.finish.set()
    _wait_until_all_ended(engine)
    assert (len(engine.started), engine.at_once <= 4) == (9, True)
    assert set(engine.started[:4]) == {"arn-8", "arn-7", "arn-6", "arn-5"}


def test_one_that_waits_for_its_turn_was_not_tried(engine: Engine) -> None:
    for number in range(6):
        engine.cut_off(f"arn-{number}", started=f"2026-11-21T10:00:0{number}Z")
    glue.redrive_cut_off_executions()
    tried = [
        sum(event["type"] == "ExecutionRedriven" for event in engine.executions[f"arn-{n}"]["events"]) for n in (4, 5)
    ]
    assert tried == [0, 0]
    engine.executions["arn-5"]["status"] = "ABORTED"
    engine.finish.set()
    _wait_until_all_ended(engine)
    assert "arn-5" not in engine.started


def test_one_that_was_cut_off_26_times_is_failed_for_good(engine: Engine) -> None:
    engine.cut_off("innocent", started="2026-11-21T10:00:00Z", redrives=24)
    engine.cut_off("guilty", started="2026-11-21T10:00:01Z", redrives=25)
    engine.finish.set()
    assert glue.redrive_cut_off_executions() == (["innocent"], ["guilty"])
    _wait_until_all_ended(engine)
    assert engine.executions["guilty"]["cause"] == "The engine stopped 26 times while this execution ran."
