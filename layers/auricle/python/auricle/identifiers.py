"""Ids and execution names. Ids sort by creation time and cannot be guessed."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime

_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def new_id(prefix: str, now: datetime) -> str:
    """`{prefix}_{milliseconds, 11 hex}{80 random bits, 20 hex}`."""
    return f"{prefix}_{int(now.timestamp() * 1000):011x}{secrets.token_hex(10)}"


def is_id(text: str) -> bool:
    """Whether the text may stand in a key at all: anything else is unknown before a table is asked."""
    return _SAFE_ID.fullmatch(text) is not None


def execution_name(recording_id: str, version: str, run: int) -> str:
    """The workflow's execution name: the same upload and run always give the same one, so it runs once.

    Step Functions allows 80 characters of [A-Za-z0-9_-].
    """
    digest = hashlib.sha256(version.encode()).hexdigest()[:12]
    return f"{recording_id[:56]}-{digest}-r{run}"
