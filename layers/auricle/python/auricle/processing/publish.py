"""Publishing: what a transaction announced in the outbox goes to the bus, at least once and in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auricle.ports import EventBus


@dataclass(frozen=True, slots=True)
class Announced:
    """One stored event and where in the stream it stands."""

    position: str
    event: Mapping[str, Any]


def publish_events(announced: Sequence[Announced], *, events: EventBus) -> tuple[str, ...]:
    """Puts the events on the bus; returns the positions of those the bus refused, which are to be tried again.

    An event that is tried again keeps its id, and consumers know it by that.
    """
    if not announced:
        return ()
    refused = events.publish([one.event for one in announced])
    return tuple(announced[index].position for index in refused)
