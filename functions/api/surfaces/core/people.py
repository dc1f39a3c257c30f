"""Users and teams of the organization."""

from __future__ import annotations
