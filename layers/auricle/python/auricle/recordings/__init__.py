"""Recordings: what is kept of one, how it comes to be, and what may be done to it."""
