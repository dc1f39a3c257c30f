from __future__ import annotations

from auricle.processing.publish import Announced, publish_events
from tests.fakes import FakeEventBus

TOLD = [
    Announced("100", {"type": "recording.created", "envelope": '{"id":"evt_1"}'}),
    Announced("101", {"type": "recording.uploaded", "envelope": '{"id":"evt_2"}'}),
    Announced("102", {"type": "recording.completed", "envelope": '{"id":"evt_3"}'}),
]


def test_everything_announced_is_published_in_order() -> None:
    bus = FakeEventBus()
    assert publish_events(TOLD, events=bus) == ()
    assert bus.published == [one.event for one in TOLD]


def test_what_the_bus_refuses_is_given_back_by_its_position() -> None:
    bus = FakeEventBus()
    bus.refused_types = {"recording.uploaded"}
    assert publish_events(TOLD, events=bus) == ("101",)
    assert "recording.completed" in bus
    assert "recording.uploaded" not in bus


def test_nothing_announced_asks_nothing_of_the_bus() -> None:
    assert publish_events([], events=FakeEventBus()) == ()
