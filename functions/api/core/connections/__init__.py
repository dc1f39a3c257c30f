"""Connections to CRMs and other systems of the organization."""
