from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.adapters.dynamodb import items
from auricle.adapters.dynamodb.items import RecordingItem
from auricle.recordings.consent import Consent
from auricle.recordings.recording import Failure, Recording, Stage, Status
from tests.fakes.contract import NOW, a_finished_recording, a_recording

EASTERN = timezone(timedelta(hours=5.5))
MOMENTS = st.datetimes(timezones=st.sampled_from([UTC, EASTERN])).filter(lambda moment: 1970 < moment.year < 9999)
TEXTS = st.text(max_size=40)
RECORDINGS = st.builds(
    replace,
    st.just(a_finished_recording("acme")),
    status=st.sampled_from(Status),
    run=st.integers(1, 9999),
    revision=st.integers(1, 10**9),
    title=st.none() | TEXTS,
    file_name=TEXTS,
    consent=st.sampled_from(Consent),
    contact_ids=st.lists(st.text("abc", min_size=1), unique=True).map(tuple),
    conversation_type=st.none() | st.text("abc", min_size=1),
    deal_id=st.none() | st.text("abc", min_size=1),
    campaign_id=st.none() | st.text("abc", min_size=1),
    engagement_id=st.none() | st.text("abc", min_size=1),
    later_versions=st.lists(st.text("abc", min_size=1), unique=True).map(tuple),
    is_ai_call=st.booleans(),
    size_bytes=st.none() | st.integers(0, 2**40),
    word_count=st.integers(0, 10**6),
    failure=st.none() | st.builds(Failure, st.sampled_from(Stage), TEXTS, TEXTS),
    audio=st.none() | st.just(a_finished_recording("acme").audio),
)


def through_the_table(recording: Recording) -> Recording:
    return items.recording_of(RecordingItem.from_raw_data(items.recording_item(recording).serialize()))


@settings(deadline=None)
@given(RECORDINGS)
def test_a_recording_survives_being_stored(recording: Recording) -> None:
    stored = through_the_table(recording)
    assert stored == recording.as_consented()
    assert stored.with_findings() == recording, "what may not be shown is kept, and comes back"


@settings(deadline=None)
@given(RECORDINGS)
def test_a_list_reads_what_a_single_recording_is_read_as(recording: Recording) -> None:
    raw = items.recording_item(recording).serialize()
    assert items.recording_of_raw(raw) == items.recording_of(RecordingItem.from_raw_data(raw))


@settings(deadline=None)
@given(MOMENTS, MOMENTS)
def test_sortable_texts_order_as_their_moments(first: datetime, second: datetime) -> None:
    assert (items.sortable(first) < items.sortable(second)) == (first < second)
    assert len(items.sortable(first)) == len(items.sortable(second))


def test_sortable_texts_of_early_years_are_as_wide() -> None:
    """A call may be said to have begun in any year there is."""
    early, late = datetime(999, 12, 31, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)
    assert items.sortable(early) == "0999-12-31T00:00:00.000000Z"
    assert items.sortable(early) < items.sortable(late)


def test_keys_begin_with_the_tenant() -> None:
    recording = items.recording_item(a_recording("acme"))
    assert recording.pk == "ORG#acme#REC#rec_1"
    assert recording.gsi1pk == "ORG#acme#RECS#202611"
    assert recording.gsi1sk == "2026-11-21T09:30:00.123456Z#rec_1"


def test_months_are_those_of_utc() -> None:
    new_year = datetime(2027, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert items.month_of(new_year) == "2026-12"
    assert items.month_of(datetime(2027, 1, 1, tzinfo=UTC)) == "2027-01"


def test_the_index_of_unfinished_work_holds_what_awaits_work() -> None:
    waiting = items.recording_item(a_recording("acme"))
    assert str(waiting.gsi2pk).startswith("OPEN#")
    assert waiting.gsi2sk == "2026-11-21T09:30:00.123456Z#rec_1"
    for settled in (
        a_recording("acme", status=Status.COMPLETE),
        a_recording("acme", status=Status.UPLOADED, consent=Consent.PENDING),
    ):
        assert "gsi2pk" not in items.recording_item(settled).serialize()


def test_a_removed_recording_leaves_the_listing_and_waits_to_be_erased() -> None:
    stored = items.recording_item(a_finished_recording("acme").removed(at=NOW)).serialize()
    assert "gsi1pk" not in stored
    assert stored["gsi2pk"]["S"].startswith("REMOVED#")


def test_a_run_that_is_not_prepared_yet_has_no_windows() -> None:
    run = items.run_of(
        items.RunItem(items.recording_key("acme", "rec_1"), items.run_key(1), version="v1", started_at=NOW)
    )
    assert (run.windows_total, run.windows_done) == (0, 0)


def test_what_lies_beside_the_document_is_not_in_it_again() -> None:
    """A write is paid by the kilobyte."""
    recording = a_recording("acme", user_id="".join(f"{number:x}" for number in range(1000)))
    assert len(items.recording_item(recording).document) < 430


def test_the_items_of_a_recording_lie_in_reading_order() -> None:
    keys = ["OUTBOX#evt_1", items.run_key(1), items.run_key(2), items.run_key(10), items.STATE_KEY]
    assert keys == sorted(keys)
