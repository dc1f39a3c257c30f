"""Tests inside the local engine."""
