"""Splitting one recording into several, and merging several into one."""

from __future__ import annotations
