"""Ids and execution names. Ids sort by creation time and cannot be guessed."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import UTC, datetime

_MADE_ID = re.compile(r"[a-z]+_([0-9a-f]{11})[0-9a-f]{20}")
_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def new_id(prefix: str, now: datetime) -> str:
    """`{prefix}_{milliseconds, 11 hex}{80 random bits, 20 hex}`."""
    return f"{prefix}_{int(now.timestamp() * 1000):011x}{secrets.token_hex(10)}"


def earliest_id(prefix: str, moment: datetime) -> str:
    """What sorts before every id made at that moment or later, and after all made before."""
    return f"{prefix}_{int(moment.timestamp() * 1000):011x}"


def made_at(identifier: str) -> datetime | None:
    """When `new_id` made it; None of any other text."""
    found = _MADE_ID.fullmatch(identifier)
    return datetime.fromtimestamp(int(found[1], 16) / 1000, UTC) if found else None


def is_id(text: str) -> bool:
    """Whether the text may stand in a key at all: anything else is unknown before a table is asked."""
    return _SAFE_ID.fullmatch(text) is not None


def execution_name(recording_id: str, version: str, run: int) -> str:
    """The workflow's execution name: the same upload and run always give the same one, so it runs once.

    Step Functions allows 80 characters of [A-Za-z0-9_-].
    """
    digest = hashlib.sha256(version.encode()).hexdigest()[:12]
    return f"{recording_id[:56]}-{digest}-r{run}"
