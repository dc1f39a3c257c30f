from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from auricle.identifiers import earliest_id, execution_name, is_id, made_at, new_id

NOW = datetime(2026, 11, 21, 9, 30, 0, 123000, tzinfo=UTC)


def test_an_id_begins_with_when_it_was_made_and_ends_at_random() -> None:
    made = new_id("rec", NOW)
    assert made.startswith(f"rec_{1795253400123:011x}")
    assert len(made) == len("rec_") + 11 + 20
    assert made_at(made) == NOW
    assert new_id("rec", NOW) != made


def test_ids_sort_by_the_time_they_were_made() -> None:
    later = NOW + timedelta(milliseconds=1)
    assert new_id("rec", NOW) < earliest_id("rec", later) < new_id("rec", later)
    assert earliest_id("rec", NOW) < new_id("rec", NOW)
    assert earliest_id("rec", NOW) == f"rec_{1795253400123:011x}"


@pytest.mark.parametrize("text", ["", "rec_1", f"rec_{'0' * 30}", f"rec_{'0' * 32}", f"REC_{'0' * 31}", f"{'0' * 31}"])
def test_of_what_was_not_made_here_nobody_knows_when(text: str) -> None:
    assert made_at(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", True),
        ("A-9_z", True),
        ("0", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("", False),
        ("-a", False),
        ("_a", False),
        ("a#b", False),
        ("a\n", False),
        ("ü", False),
        ("a b", False),
    ],
)
def test_what_may_stand_in_a_key(text: str, expected: bool) -> None:
    assert is_id(text) is expected


def test_an_execution_is_named_by_recording_version_and_run() -> None:
    assert execution_name("rec_7", "v9", 2) == "rec_7-45e56db55964-r2"
    assert execution_name("x" * 64, "v9", 2) == f"{'x' * 56}-45e56db55964-r2"
    assert len(execution_name("x" * 64, "v9", 99_999_999)) <= 80
