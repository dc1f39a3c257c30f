from __future__ import annotations

from datetime import UTC, datetime

import pytest

from auricle.errors import Conflict
from auricle.record_sizes import bytes_as_json, check_room
from tests.fakes import Fakes
from tests.fakes.contract import a_recording
from tests.fakes.records_contract import REMARKS, Part, Remark, Thing, a_remark


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("abc", 5),
        ("ü", 4),
        ({"a": [1, None]}, 14),
        (frozenset({2, 1}), 5),
        (Part("a"), len('{"name":"a","weight_g":0,"made_at":null}')),
        (datetime(2026, 1, 1, tzinfo=UTC), len('"2026-01-01 00:00:00+00:00"')),
    ],
)
def test_sizes_are_those_of_json_in_utf_8(value: object, size: int) -> None:
    assert bytes_as_json(value) == size


def test_records_are_measured_with_all_that_they_hold() -> None:
    small = Thing("acme", "t", datetime(2026, 1, 1, tzinfo=UTC))
    large = Thing("acme", "t", datetime(2026, 1, 1, tzinfo=UTC), parts=(Part("a"),))
    assert bytes_as_json(large) - bytes_as_json(small) == bytes_as_json(Part("a"))


@pytest.fixture
def fakes() -> Fakes:
    made = Fakes()
    made.recordings.create(a_recording("acme"), [])
    made.records(REMARKS).add_all([a_remark("acme", f"remark_{number}") for number in range(3)])
    return made


def room(fakes: Fakes, *new: Remark, max_count: int, max_bytes: int | None = None) -> None:
    check_room(new, kind=REMARKS, records=fakes.records(REMARKS), max_count=max_count, max_bytes=max_bytes)


def test_there_may_be_as_many_as_there_may_be(fakes: Fakes) -> None:
    new = a_remark("acme", "remark_8"), a_remark("acme", "remark_9")
    room(fakes, *new, max_count=5)
    with pytest.raises(Conflict) as refused:
        room(fakes, *new, max_count=4)
    assert refused.value.message == "The recording has 3 remarks already, and 4 are the most."


def test_they_may_be_as_large_as_they_may_be_together(fakes: Fakes) -> None:
    new = a_remark("acme", "remark_9")
    together = 4 * bytes_as_json(new)
    room(fakes, new, max_count=9, max_bytes=together)
    with pytest.raises(Conflict) as refused:
        room(fakes, new, max_count=9, max_bytes=together - 1)
    said = f"The recording's remarks would have {together} bytes together, and {together - 1} are the most."
    assert refused.value.message == said


def test_other_recordings_take_no_room(fakes: Fakes) -> None:
    fakes.recordings.create(a_recording("acme", "rec_2"), [])
    room(fakes, a_remark("acme", "remark_9", "rec_2"), max_count=1)
