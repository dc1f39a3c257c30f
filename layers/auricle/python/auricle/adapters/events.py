"""EventBus on EventBridge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from auricle.adapters import aws
from auricle.domain_events import SOURCE

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

MAX_ENTRIES = 10
MAX_BYTES = 256 * 1024
"""Of one call, all entries together."""


class EventBridgeBus:
    """One bus, for events of this service."""

    def __init__(self, bus: str) -> None:
        self._bus = bus

    @cached_property
    def _client(self) -> EventBridgeClient:
        client: EventBridgeClient = aws.client("events")
        return client

    def publish(self, events: Sequence[Mapping[str, Any]]) -> Sequence[int]:
        """Events are `{"type", "envelope"}`, the latter as JSON text. Raises TransientError when nobody answers."""
        refused: list[int] = []
        for positions in _calls(events):
            with aws.transient_errors("Events could not be published"):
                answer = self._client.put_events(Entries=[self._entry(events[position]) for position in positions])
            refused += [
                position for position, entry in zip(positions, answer["Entries"], strict=True) if entry.get("ErrorCode")
            ]
        return refused

    def _entry(self, event: Mapping[str, Any]) -> PutEventsRequestEntryTypeDef:
        return {
            "EventBusName": self._bus,
            "Source": SOURCE,
            "DetailType": event["type"],
            "Detail": event["envelope"],
        }


def _calls(events: Sequence[Mapping[str, Any]]) -> Iterator[list[int]]:
    """Positions that go together in one call, in order."""
    together: list[int] = []
    size_bytes = 0
    for position, event in enumerate(events):
        entry_bytes = len(SOURCE) + len(event["type"]) + len(event["envelope"].encode())
        if together and (len(together) == MAX_ENTRIES or size_bytes + entry_bytes > MAX_BYTES):
            yield together
            together, size_bytes = [], 0
        together.append(position)
        size_bytes += entry_bytes
    if together:
        yield together
