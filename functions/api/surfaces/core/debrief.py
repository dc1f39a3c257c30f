"""Questions a rep answers after a conversation, and the answers."""

from __future__ import annotations
