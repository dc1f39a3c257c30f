"""Recordings made elsewhere: a signed URL for the file, then the recording of it."""
