"""Deals: what conversations are held to win."""
