from __future__ import annotations

from typing import Any

import pytest

from auricle.adapters.events import EventBridgeBus


class Client:
    """What PutEvents answers: it refuses events of type `bad`."""

    def __init__(self) -> None:
        self.calls: list[list[dict[str, Any]]] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803  # AWS's own name
        self.calls.append(Entries)
        return {"Entries": [{"ErrorCode": "Throttled"} if one["DetailType"] == "bad" else {} for one in Entries]}


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def bus(client: Client) -> EventBridgeBus:
    bus = EventBridgeBus("auricle-test")
    bus.__dict__["_client"] = client
    return bus


def test_events_go_ten_at_a_time(bus: EventBridgeBus, client: Client) -> None:
    assert bus.publish([{"type": "good", "envelope": str(number)} for number in range(23)]) == []
    assert [len(call) for call in client.calls] == [10, 10, 3]
    assert [entry["Detail"] for call in client.calls for entry in call] == [str(number) for number in range(23)]
    assert client.calls[0][0] == {
        "EventBusName": "auricle-test",
        "Source": "auricle",
        "DetailType": "good",
        "Detail": "0",
    }


def test_a_call_stays_below_the_bus_bound(bus: EventBridgeBus, client: Client) -> None:
    large = {"type": "good", "envelope": "ü" * 52_428}
    bus.publish([large] * 5)
    assert [len(call) for call in client.calls] == [2, 2, 1]


def test_positions_of_refused_events_count_over_calls(bus: EventBridgeBus) -> None:
    events = [{"type": "bad" if number in {0, 9, 10, 21} else "good", "envelope": "{}"} for number in range(22)]
    assert bus.publish(events) == [0, 9, 10, 21]


def test_nothing_is_no_call(bus: EventBridgeBus, client: Client) -> None:
    assert bus.publish([]) == []
    assert client.calls == []


@pytest.mark.parametrize(("last_bytes", "calls"), [(131_061, [2]), (131_062, [1, 1])])
def test_a_call_has_262144_bytes_at_most(
    last_bytes: int, calls: list[int], bus: EventBridgeBus, client: Client
) -> None:
    """Each entry counts eleven bytes besides its envelope, for `auricle` and `good`."""
    bus.publish([{"type": "good", "envelope": "x" * size} for size in (131_061, last_bytes)])
    assert [len(call) for call in client.calls] == calls
