"""Creating a recording from an uploaded file: a signed URL, then the recording."""

from __future__ import annotations
