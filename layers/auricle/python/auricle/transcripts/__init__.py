"""Transcripts: words and turns put together, stored, and quoted from."""
