"""The models diarization runs on, loaded once per process."""

from __future__ import annotations

from functools import cache

from auricle.bootstrap import bootstrap
from auricle.speech.diarization.pipeline import DiarizationModels


@cache
def models() -> DiarizationModels:
    """Raises ModelUnavailable, which says where they were looked for."""
    return DiarizationModels.load(bootstrap().settings.models_path)
