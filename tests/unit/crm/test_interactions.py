"""Interactions: what must be said of each type, when they may have been, and how they are previewed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auricle.crm.contacts import NewContact, add_contact
from auricle.crm.interactions import Direction, NewInteraction, place_of, record_interaction
from auricle.crm.timeline import EntryType, TimelineEntry
from auricle.errors import ContactNotFound, InteractionNotFound, InvalidRequest
from tests.fakes import Fakes

NOW = datetime(2026, 3, 30, 12, 0, 0, 123456, tzinfo=UTC)
IN_MILLISECONDS = NOW.replace(microsecond=123000)


@pytest.fixture
def fakes() -> Fakes:
    made = Fakes()
    add_contact(NewContact("Ann", id="ann"), org="acme", contacts=made.contacts, now=NOW)
    return made


def recorded(fakes: Fakes, type_: EntryType = EntryType.NOTE, **said: Any) -> TimelineEntry:
    wanted = NewInteraction(type_, **said)
    return record_interaction(wanted, org="acme", contact_id="ann", user="user_1", contacts=fakes.contacts, now=NOW)


def test_an_interaction_stands_on_the_timeline_at_its_date(fakes: Fakes) -> None:
    entry = recorded(fakes, EntryType.EMAIL, subject="Hi", body="Dear  all,\nbye", direction=Direction.INBOUND)
    assert entry == TimelineEntry(
        org="acme",
        contact_id="ann",
        type=EntryType.EMAIL,
        id=entry.id,
        date=IN_MILLISECONDS,
        facts={
            "subject": "Hi",
            "preview": "Dear all, bye",
            "direction": "inbound",
            "body": "Dear  all,\nbye",
            "recorded_by": "user_1",
            "recorded_at": "2026-03-30T12:00:00+00:00",
        },
    )
    assert place_of(entry.id) == (EntryType.EMAIL, IN_MILLISECONDS)
    assert list(fakes.contacts.timeline("acme", "ann", limit=9).entries) == [entry]
    assert recorded(fakes, body="x", preview="y").facts["preview"] == "y"


@pytest.mark.parametrize(
    ("type_", "said", "field", "name"),
    [
        (EntryType.EMAIL, {"body": "x"}, "subject", "an email"),
        (EntryType.SMS, {"subject": "x"}, "body", "a text message"),
        (EntryType.MEETING, {"date": NOW}, "subject", "a meeting"),
        (EntryType.MEETING, {"subject": "x"}, "date", "a meeting"),
        (EntryType.NOTE, {"subject": "x"}, "body", "a note"),
        (EntryType.NOTE, {"body": "x", "direction": Direction.INBOUND}, "direction", "a note"),
        (EntryType.MEETING, {"subject": "x", "date": NOW, "direction": Direction.INBOUND}, "direction", "a meeting"),
        (EntryType.EMAIL, {"subject": "x", "duration_seconds": 1.0}, "duration_seconds", "an email"),
        (EntryType.SMS, {"body": "x", "duration_seconds": 0.0}, "duration_seconds", "a text message"),
    ],
)
def test_what_is_missing_or_does_not_belong_is_named(
    type_: EntryType, said: dict[str, Any], field: str, name: str, fakes: Fakes
) -> None:
    with pytest.raises(InvalidRequest, match=f"{name}$") as refused:
        recorded(fakes, type_, **said)
    assert refused.value.field == field


def test_what_each_type_may_have_is_taken(fakes: Fakes) -> None:
    assert recorded(fakes, EntryType.SMS, body="x", direction=Direction.OUTBOUND).facts["direction"] == "outbound"
    meeting = recorded(fakes, EntryType.MEETING, subject="x", date=NOW, duration_seconds=60.0)
    assert meeting.facts["duration_seconds"] == 60.0


def test_a_date_is_from_1970_to_2499(fakes: Fakes) -> None:
    first, last = datetime(1970, 1, 1, tzinfo=UTC), datetime(2500, 1, 1, tzinfo=UTC) - timedelta(milliseconds=1)
    for date in (first, last):
        assert recorded(fakes, body="x", date=date).date == date
    for date in (first - timedelta(milliseconds=1), last + timedelta(milliseconds=1)):
        with pytest.raises(InvalidRequest, match="from 1970 to 2499") as refused:
            recorded(fakes, body="x", date=date)
        assert refused.value.field == "date"


def test_a_long_text_is_previewed_to_the_end_of_a_word(fakes: Fakes) -> None:
    def preview(body: str) -> str:
        return str(recorded(fakes, body=body).facts["preview"])

    assert preview("a" * 160) == "a" * 160
    assert preview("a" * 161) == "a" * 158 + "..."
    assert preview("a" * 150 + " " + "b" * 20) == "a" * 150 + "..."
    assert preview("a" * 157 + " " + "b" * 20) == "a" * 157 + "..."
    assert preview("a" * 156 + " b " + "c" * 20) == "a" * 156 + "..."
    assert preview("a  b\n\tc") == "a b c"
    assert preview("a b " + "c" * 160) == "a b..."


@pytest.mark.parametrize(
    "interaction_id",
    [
        "",
        "note",
        "note_",
        f"note_{'0' * 30}",
        f"note_{'0' * 32}",
        f"note_{'g' * 31}",
        f"note_{'A' * 31}",
        f"recording_{'0' * 31}",
        f"_{'0' * 31}",
    ],
)
def test_what_is_no_id_of_an_interaction_is_not_found(interaction_id: str) -> None:
    with pytest.raises(InteractionNotFound):
        place_of(interaction_id)


def test_an_id_says_when_it_was() -> None:
    assert place_of(f"sms_{'0' * 31}") == (EntryType.SMS, datetime(1970, 1, 1, tzinfo=UTC))
    assert place_of(f"sms_{'0' * 8}3e8{'f' * 20}") == (EntryType.SMS, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))


def test_of_an_unknown_contact_nothing_else_is_checked(fakes: Fakes) -> None:
    with pytest.raises(ContactNotFound):
        record_interaction(
            NewInteraction(EntryType.NOTE), org="acme", contact_id="eve", user="u", contacts=fakes.contacts, now=NOW
        )
