"""Stands in for the domain: whoever imports it has the deployed layer, not the checkout."""

MARKER = "deployed"
