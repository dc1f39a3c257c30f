"""Auricle: recorded conversations become records a team can act on."""

__version__ = "0.1.0"
