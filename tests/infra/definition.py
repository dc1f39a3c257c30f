"""The workflow's definition, walked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.workflow_definition import definition_text

TEXT = definition_text()
DEFINITION: dict[str, Any] = json.loads(TEXT)


@dataclass(frozen=True)
class State:
    """One state, the machine (or branch, or item processor) it lies in, and the state around that."""

    name: str
    fields: dict[str, Any]
    machine: dict[str, Any]
    around: State | None

    @property
    def kind(self) -> str:
        return str(self.fields["Type"])

    def nexts(self) -> Iterator[str]:
        """Every state this one can lead to."""
        if "Next" in self.fields:
            yield self.fields["Next"]
        if "Default" in self.fields:
            yield self.fields["Default"]
        for rule in [*self.fields.get("Choices", []), *self.fields.get("Catch", [])]:
            yield rule["Next"]


def machines(machine: dict[str, Any] = DEFINITION) -> Iterator[dict[str, Any]]:
    """The definition, and every branch and item processor in it."""
    yield machine
    for state in machine["States"].values():
        for inner in [*state.get("Branches", []), *([state["ItemProcessor"]] if "ItemProcessor" in state else [])]:
            yield from machines(inner)


def states(machine: dict[str, Any] = DEFINITION, around: State | None = None) -> Iterator[State]:
    """Every state at every depth."""
    for name, fields in machine["States"].items():
        state = State(name, fields, machine, around)
        yield state
        for inner in [*fields.get("Branches", []), *([fields["ItemProcessor"]] if "ItemProcessor" in fields else [])]:
            yield from states(inner, state)


def expressions(value: Any = DEFINITION) -> Iterator[str]:
    """The text inside every {% … %}."""
    if isinstance(value, dict):
        for each in value.values():
            yield from expressions(each)
    elif isinstance(value, list):
        for each in value:
            yield from expressions(each)
    elif isinstance(value, str) and "{%" in value:
        whole = re.fullmatch(r"\{%(.*)%\}", value, re.DOTALL)
        assert whole, f"JSONata must be the whole of a string: {value!r}"
        yield whole[1].strip()
