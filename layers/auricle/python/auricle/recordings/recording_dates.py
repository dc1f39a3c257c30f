"""When a recording can have been made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from auricle.errors import InvalidRequest

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Nobody recorded conversations for Auricle before."""
AHEAD = timedelta(days=1)
"""Clocks of phones differ, and so do their time zones; tomorrow's recordings do not exist."""


def check_recording_date(moment: datetime | None, now: datetime) -> None:
    """Raises InvalidRequest: no recording can have been made then."""
    if moment is not None and not EARLIEST <= moment <= now + AHEAD:
        raise InvalidRequest(
            f"dateCreated must lie between {EARLIEST:%Y-%m-%d} and a day from now", field="dateCreated"
        )
