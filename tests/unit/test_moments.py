from __future__ import annotations

from datetime import UTC, datetime

import pytest

from auricle.moments import parse_moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-30T12:15:00Z", datetime(2026, 3, 30, 12, 15, tzinfo=UTC)),
        ("2026-03-30T12:15:00+02:00", datetime(2026, 3, 30, 10, 15, tzinfo=UTC)),
        ("2026-03-30T12:15:00", datetime(2026, 3, 30, 12, 15, tzinfo=UTC)),
        ("2026-03-30", datetime(2026, 3, 30, tzinfo=UTC)),
        ("2026-03-30T12:15:00.123456Z", datetime(2026, 3, 30, 12, 15, 0, 123456, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_in_utc(text: str, moment: datetime) -> None:
    found = parse_moment(text)
    assert found == moment
    assert found.tzinfo is UTC


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_moment_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="must be a date or moment in ISO 8601, like 2026-03-30T12:15:00Z"):
        parse_moment(text)
