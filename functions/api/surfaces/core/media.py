"""Images and multimedia events that were captured during a recording."""

from __future__ import annotations
