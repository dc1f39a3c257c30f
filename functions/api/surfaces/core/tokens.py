"""API tokens of the organization, and who the caller is."""

from __future__ import annotations
