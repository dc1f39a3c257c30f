"""Recordings that arrive in chunks: start, presign, see what is outstanding, skip, finish."""
