"""What a transcription engine is, and which one to use.

Engines: `whisper` (auricle.speech.transcribe_whisper) and `pocketsphinx` (auricle.speech.transcribe_pocketsphinx,
embedded, English, no download). Both take one window at a time and remember nothing between windows, so a
recording's windows may be spread over any number of workers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, get_args

from auricle.cautions import Caution
from auricle.errors import InvalidRequest, ModelUnavailable
from auricle.speech.flac import Samples
from auricle.speech.windows import Window
from auricle.transcript import Engine, Word

EngineChoice = Literal["auto", "pocketsphinx", "whisper"]

FetchFolder = Callable[[str, Path], None]
"""Copies everything under an `s3://` prefix into a folder; raises an AuricleError when it cannot."""


@dataclass(frozen=True, slots=True)
class WindowTranscript:
    """The words of one window in order of time, with times from the start of the recording."""

    words: tuple[Word, ...]
    language: str | None
    """ISO 639-1 code, where the engine knows it."""

    engine: Engine
    cautions: tuple[Caution, ...] = ()


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


def choose_engine(
    choice: str, *, whisper_model: str, models: Path, fetch_folder: FetchFolder | None = None
) -> TranscriptionEngine:
    """The engine to transcribe with, loaded.

    `choice` is `pocketsphinx`, `whisper`, or `auto`: whisper where the weights of `whisper_model` (a folder, an
    `s3://` prefix or a name) are on this machine, else pocketsphinx. `auto` fetches nothing but a prefix, so that no
    recording waits for a hub: setting up does (`fetch_whisper`). `whisper` fetches what is not there into `models`.
    Raises `InvalidRequest` for another choice, and `ModelUnavailable` when whisper is asked for and is not to be had.
    """
    if choice not in get_args(EngineChoice):
        raise InvalidRequest(
            f"There is no transcription engine called {choice!r}: choose {', '.join(get_args(EngineChoice))}.",
            field="transcription_engine",
        )
    # Each engine brings a library of its own, and a deployment carries the one it uses.
    from auricle.speech.transcribe_pocketsphinx import PocketsphinxTranscription
    from auricle.speech.transcribe_whisper import WhisperTranscription, fetch_whisper, find_whisper

    if choice == "pocketsphinx":
        return PocketsphinxTranscription()
    if choice == "auto" and not whisper_model.startswith("s3://") and find_whisper(whisper_model, models) is None:
        return PocketsphinxTranscription()
    try:
        return WhisperTranscription(fetch_whisper(whisper_model, models, fetch_folder=fetch_folder), name=whisper_model)
    except ModelUnavailable:
        if choice == "whisper":
            raise
        return PocketsphinxTranscription()
