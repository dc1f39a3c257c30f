"""Publishes the events that transactions wrote to the outbox on the bus, at least once and in order.

What became of recordings is counted here too. Whoever ends a recording's processing writes the event that says so in
the same transaction, so each end is counted once, whichever function wrote it and however often that was tried.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auricle.domain_events import EventType
from auricle.errors import ConsentRequired
from auricle.ports import EventBus, Metrics


@dataclass(frozen=True, slots=True)
class Announced:
    """One stored event and where in the stream it stands."""

    position: str
    event: Mapping[str, Any]


def publish_events(announced: Sequence[Announced], *, events: EventBus, metrics: Metrics) -> tuple[str, ...]:
    """Puts the events on the bus; returns the positions of those the bus refused, which are to be tried again.

    An event that is tried again keeps its id, and consumers know it by that.
    """
    if not announced:
        return ()
    refused = events.publish([one.event for one in announced])
    # The batch is repeated from the first that was refused: what comes after it will be seen again.
    for one in announced[: min(refused, default=len(announced))]:
        _count(one.event, metrics)
    return tuple(announced[index].position for index in refused)


def _count(event: Mapping[str, Any], metrics: Metrics) -> None:
    if event["type"] == EventType.RECORDING_COMPLETED:
        envelope = json.loads(event["envelope"])
        metrics.recording_completed(
            at=datetime.fromisoformat(envelope["occurredAt"]),
            seconds_to_transcript=envelope.get("secondsToTranscript"),
        )
    elif event["type"] == EventType.RECORDING_FAILED:
        envelope = json.loads(event["envelope"])
        error = envelope.get("error", {})  # whatever it lacks, an event that was published must not be tried again
        if error.get("code") == ConsentRequired.code:
            return  # stopped because its owner withdrew consent: nothing went wrong
        metrics.recording_failed(
            at=datetime.fromisoformat(envelope["occurredAt"]),
            status=envelope["status"],
            stage=error.get("stage", "unknown"),
            code=error.get("code", "unknown"),
        )
