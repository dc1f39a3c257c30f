"""Recordings: read with every field, listed, started by phones, changed, trashed, restored and removed."""
