"""The core API: recordings with everything known of them, for CRM integrators and phones. camelCase, milliseconds.

Each module declares its operations on the one surface of `wire`. A request loads the module that answers it and no
other: all of them together take a fresh process longer than its first answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from api.legacy.surfaces.core.wire import surface

MODULES: Mapping[str, str] = {
    "recordings": "recordings",
    "restore": "recordings",
    "signedUrl": "transcripts",
    "summary": "transcripts",
    "transcription-language": "transcripts",
    "utterances": "transcripts",
}
"""Which module answers, by the last of the path's first three parts that stands here."""

__all__ = ["MODULES", "surface"]
