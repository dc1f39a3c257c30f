"""Recordings: get with every field, list, create, update, bin, restore and remove."""

from __future__ import annotations
