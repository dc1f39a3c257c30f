"""Uploads of recordings: as a form up to 4.5 MB, by a presigned URL above."""
