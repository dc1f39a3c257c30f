"""What was said: utterances, the summary, and where to download the audio."""

from __future__ import annotations
