"""Images, multimedia and mobile events: how many, and how much of them, a recording may have."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auricle.errors import Conflict, ConsentRequired, EventNotFound
from auricle.recordings.consent import Consent
from auricle.recordings.media import (
    IMAGES,
    MULTIMEDIA,
    ImageGroup,
    RawImage,
    add_image,
    add_multimedia,
    download_url,
    remove_multimedia,
)
from auricle.recordings.mobile_events import (
    MOBILE_EVENTS,
    MobileEvent,
    MobileEventFilter,
    NewMobileEvent,
    add_mobile_events,
    find_mobile_event,
    list_mobile_events,
)
from auricle.recordings.recording import Recording, Status
from tests.fakes import Fakes

NOW = datetime(2026, 3, 30, 12, 0, 0, 123456, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
def fakes() -> Fakes:
    made = Fakes()
    made.recordings.create(Recording("acme", "rec_1", NOW, NOW, Status.COMPLETE, "a.wav"), [])
    return made


def told(fakes: Fakes, *events: NewMobileEvent, now: datetime = NOW) -> tuple[MobileEvent, ...]:
    collection = fakes.records(MOBILE_EVENTS)
    return add_mobile_events("acme", "rec_1", events, user="ann", events=collection, now=now)


def put(fakes: Fakes, **given: Any) -> Any:
    usual = {"mime_type": "image/png", "happened_at_ms": 5, "url_seconds": 900, "now": NOW}
    events = fakes.records(MULTIMEDIA)
    return add_multimedia("acme", "rec_1", events=events, objects=fakes.objects, **{**usual, **given})


def test_events_told_together_keep_their_order(fakes: Fakes) -> None:
    first, second = told(
        fakes,
        NewMobileEvent("paused", {"value": "1"}, happened_at_ms=7, duration_ms=8, opportunity_ids=["o"]),
        NewMobileEvent("started", {}),
    )
    at = NOW.replace(microsecond=123000)
    assert first == MobileEvent(
        org="acme",
        id=first.id,
        recording_id="rec_1",
        created_at=at,
        user_id="ann",
        name="paused",
        facts={"value": "1"},
        happened_at_ms=7,
        duration_ms=8,
        opportunity_ids=("o",),
    )
    assert (second.created_at, second.name) == (at + MILLISECOND, "started")
    assert first.id < second.id
    assert fakes.records(MOBILE_EVENTS).list("acme", 9, recording_id="rec_1").records == (first, second)


def test_an_event_is_found_by_its_id_alone(fakes: Fakes) -> None:
    made = told(fakes, *[NewMobileEvent(f"e{number}", {}) for number in range(3)])
    events = fakes.records(MOBILE_EVENTS)
    for event in made:
        assert find_mobile_event("acme", event.id, events=events) == event
    other = made[0].id[:-1] + ("0" if made[0].id[-1] != "0" else "1")
    for event_id in (other, "", "evt_", "evt_zzzzzzzzzzz0", "evt_-1111111111", made[0].id[:15]):
        with pytest.raises(EventNotFound):
            find_mobile_event("acme", event_id, events=events)
    with pytest.raises(EventNotFound):
        find_mobile_event("globex", made[0].id, events=events)


def test_a_list_of_events_leaves_out_the_moments_that_bound_it(fakes: Fakes) -> None:
    made = told(fakes, *[NewMobileEvent(f"e{number}", {}) for number in range(4)])

    def found(**wanted: Any) -> list[str]:
        events = fakes.records(MOBILE_EVENTS)
        page = list_mobile_events(
            "acme", MobileEventFilter(**wanted), 9, None, recordings=fakes.recordings, events=events
        )
        return [event.name for event in page.records]

    assert found() == ["e3", "e2", "e1", "e0"]
    assert found(created_after=made[0].created_at, created_before=made[3].created_at) == ["e2", "e1"]
    assert found(recording_id="rec_1", created_after=made[2].created_at) == ["e3"]
    assert found(names=("e1", "e3"), recording_id="rec_1") == ["e1", "e3"]
    assert found(user_id="ann", names=("e1",)) == ["e1"]
    assert found(user_id="bob") == found(recording_id="rec_none") == found(recording_id="rec_1", user_id="bob") == []


def test_a_recording_has_a_thousand_mobile_events_at_most(fakes: Fakes) -> None:
    told(fakes, *[NewMobileEvent("e", {})] * 999)
    with pytest.raises(Conflict, match="1000"):
        told(fakes, *[NewMobileEvent("e", {})] * 2, now=NOW + timedelta(hours=1))
    told(fakes, NewMobileEvent("e", {}), now=NOW + timedelta(hours=1))
    with pytest.raises(Conflict, match="1000"):
        told(fakes, NewMobileEvent("e", {}), now=NOW + timedelta(hours=2))


def refused_size(attempt: Any) -> int:
    """The size that a refusal names."""
    with pytest.raises(Conflict, match="1500000 are the most") as refused:
        attempt()
    return int(refused.value.message.partition("would have ")[2].partition(" ")[0])


def test_mobile_events_have_a_megabyte_and_a_half_at_most(fakes: Fakes) -> None:
    def add(characters: int) -> Any:
        return told(
            fakes,
            *[NewMobileEvent("e", {"value": "x" * 300_000})] * 4,
            NewMobileEvent("e", {"value": "x" * characters}),
        )

    over = refused_size(lambda: add(300_000)) - 1_500_000
    assert refused_size(lambda: add(300_000 - over + 1)) == 1_500_001
    assert len(add(300_000 - over)) == 5


def an_image(characters: int, number: int = 0) -> ImageGroup:
    raw = RawImage("web", "u" * characters, "u")
    return ImageGroup("acme", f"image_{number}", "rec_1", NOW, raw_images=(raw,))


def test_images_have_a_megabyte_and_a_half_at_most(fakes: Fakes) -> None:
    images = fakes.records(IMAGES)
    for number in range(4):
        add_image(an_image(300_000, number), images=images)
    over = refused_size(lambda: add_image(an_image(300_000, 4), images=images)) - 1_500_000
    assert refused_size(lambda: add_image(an_image(300_000 - over + 1, 4), images=images)) == 1_500_001
    add_image(an_image(300_000 - over, 4), images=images)


def test_a_recording_has_a_hundred_images_and_two_hundred_files(fakes: Fakes) -> None:
    images = fakes.records(IMAGES)
    for number in range(100):
        add_image(an_image(1, number), images=images)
    with pytest.raises(Conflict, match="100"):
        add_image(an_image(1, 100), images=images)
    for _ in range(200):
        put(fakes)
    with pytest.raises(Conflict, match="200"):
        put(fakes)


def test_a_file_is_put_where_it_is_erased_with_its_recording(fakes: Fakes) -> None:
    upload = put(fakes)
    event = upload.event
    assert (event.mime_type, event.happened_at_ms, event.created_at) == ("image/png", 5, NOW)
    assert event.key == f"orgs/acme/recordings/rec_1/media/{event.id}"
    assert upload.expires_at == NOW + timedelta(seconds=900)
    events = fakes.records(MULTIMEDIA)
    assert events.get("acme", event.id, recording_id="rec_1") == event
    fakes.objects.write(event.key, b"png", content_type="image/png")
    url = download_url(event, fakes.recordings.get("acme", "rec_1"), objects=fakes.objects, url_seconds=5000)
    assert url is not None
    assert event.key in url
    remove_multimedia(event, events=events, objects=fakes.objects)
    assert len(fakes.objects) == 0
    with pytest.raises(EventNotFound):
        remove_multimedia(replace(event), events=events, objects=fakes.objects)


def test_urls_are_good_for_a_quarter_of_an_hour_at_most(fakes: Fakes) -> None:
    assert put(fakes, url_seconds=901).expires_at == NOW + timedelta(minutes=15)
    assert put(fakes, url_seconds=899).expires_at == NOW + timedelta(seconds=899)


def test_without_consent_a_file_that_is_there_is_not_given_out(fakes: Fakes) -> None:
    event = put(fakes).event
    refused = replace(fakes.recordings.get("acme", "rec_1"), consent=Consent.WITHDRAWN)
    assert download_url(event, refused, objects=fakes.objects, url_seconds=900) is None
    fakes.objects.write(event.key, b"png", content_type="image/png")
    with pytest.raises(ConsentRequired):
        download_url(event, refused, objects=fakes.objects, url_seconds=900)
