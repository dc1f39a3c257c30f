"""When a recording can have been made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from auricle.errors import InvalidRequest
from auricle.recordings.recording_dates import AHEAD, EARLIEST, check_recording_date

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def test_a_recording_is_made_between_1990_and_tomorrow() -> None:
    for possible in (None, EARLIEST, NOW, NOW + AHEAD):
        check_recording_date(possible, NOW)
    for impossible in (EARLIEST - MOMENT, NOW + AHEAD + MOMENT):
        with pytest.raises(InvalidRequest, match="between 1990-01-01 and a day from now"):
            check_recording_date(impossible, NOW)
