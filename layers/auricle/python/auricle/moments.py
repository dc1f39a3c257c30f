"""Moments as clients and other systems write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def parse_moment(text: str) -> datetime:
    """An ISO 8601 date or moment, in UTC; one without an offset is UTC already.

    Raises:
        ValueError: it is neither.
    """
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be a date or moment in ISO 8601, like 2026-03-30T12:15:00Z") from None


def shifted(moment: datetime | None, by: timedelta) -> datetime | None:
    """The moment so much later, or the same where there would be none: of a bound that is itself left out."""
    try:
        return moment + by if moment else None
    except OverflowError:
        return moment
