"""What a transcription engine is. Which one to use is decided in `engines.py`.

Engines: `whisper` (auricle.speech.transcribe_whisper) and `pocketsphinx` (auricle.speech.transcribe_pocketsphinx,
embedded, English, no download). Both take one window at a time and remember nothing between windows, so a
recording's windows may be spread over any number of workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from auricle.processing_warnings import ProcessingWarning
from auricle.speech.flac import Samples
from auricle.speech.windows import Window
from auricle.transcripts.transcript import Engine, Word

WhisperDevice = Literal["auto", "cuda", "cpu"]
"""Where whisper runs; `auto` is a GPU where there is one."""


@dataclass(frozen=True, slots=True)
class WindowTranscript:
    """The words of one window in order of time, with times from the start of the recording."""

    words: tuple[Word, ...]
    language: str | None
    """ISO 639-1 code, where the engine knows it."""

    engine: Engine
    warnings: tuple[ProcessingWarning, ...] = ()


class TranscriptionEngine(Protocol):
    """Turns the sound of a window into words."""

    @property
    def engine(self) -> Engine:
        """Its name, version and model, for the record."""

    def transcribe(self, audio: Samples, window: Window) -> WindowTranscript:
        """The words of `window`, whose sound `audio` is: its channel alone, (n,), from start_s to end_s.

        Raises `EngineFailed` when the engine cannot do its work.
        """

    def transcribe_together(self, heard: Sequence[tuple[Samples, Window]]) -> tuple[WindowTranscript, ...]:
        """Several windows of one recording, as `transcribe` takes them, at once where the engine gains by it.

        One transcript for each window, in the order given. Raises as `transcribe` does.
        """
