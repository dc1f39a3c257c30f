"""Connections to CRMs and other systems of the organization."""

from __future__ import annotations
