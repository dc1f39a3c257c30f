"""Who viewed a recording, and how long they listened."""

from __future__ import annotations
