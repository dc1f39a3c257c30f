"""EventBus in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class FakeEventBus:
    """`len(bus)` events published; `refused_types` are turned away."""

    def __init__(self) -> None:
        self.published: list[Mapping[str, Any]] = []
        self.refused_types: set[str] = set()

    def __len__(self) -> int:
        return len(self.published)

    def __contains__(self, event_type: object) -> bool:
        return any(event["type"] == event_type for event in self.published)

    def publish(self, events: Sequence[Mapping[str, Any]]) -> Sequence[int]:
        refused = [index for index, event in enumerate(events) if event["type"] in self.refused_types]
        self.published += [event for index, event in enumerate(events) if index not in refused]
        return refused
