"""Which transcription engine this environment runs, made once per process."""

from __future__ import annotations

from functools import cache

from auricle.bootstrap import bootstrap
from auricle.speech.engines import choose_engine
from auricle.speech.transcription import TranscriptionEngine


@cache
def engine() -> TranscriptionEngine:
    """Raises ModelUnavailable or GpuUnavailable when the engine asked for cannot be had."""
    wired = bootstrap()
    return choose_engine(
        wired.settings.transcription_engine,
        whisper_model=wired.settings.whisper_model,
        models=wired.settings.models_path,
        whisper_device=wired.settings.whisper_device,
    )
