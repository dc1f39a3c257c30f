"""In the OpenAPI document: what was said: utterances, the summary, and where to download the audio."""

from __future__ import annotations

from collections.abc import Mapping

from api.documents import Documented

OPERATIONS: Mapping[str, Documented] = {}
