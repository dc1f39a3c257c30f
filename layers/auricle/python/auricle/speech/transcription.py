"""What a transcription engine is, and which one to use.

Engines: `whisper` (auricle.speech.transcribe_whisper) and `pocketsphinx` (auricle.speech.transcribe_pocketsphinx,
embedded, English, no download). Both take one window at a time and remember nothing between windows, so a
recording's windows may be spread over any number of workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, cast, get_args

from auricle.errors import InvalidRequest, ModelUnavailable
from auricle.processing_warnings import ProcessingWarning
from auricle.speech.flac import Samples
from auricle.speech.windows import Window
from auricle.transcripts.transcript import Engine, Word

EngineChoice = Literal["auto", "pocketsphinx", "whisper"]

WhisperDevice = Literal["auto", "cuda", "cpu"]
"""Where whisper runs; `auto` is a GPU where there is one."""


@dataclass(frozen=True, slots=True)
class WindowTranscript:
    """The words of one window in order of time, with times from the start of the recording."""

    words: tuple[Word, ...]
    language: str | None
    """ISO 639-1 code, where the engine knows it."""

    engine: Engine
    cautions: tuple[ProcessingWarning, ...] = ()


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
    choice: str, *, whisper_model: str, models: Path, whisper_device: str = "auto"
) -> TranscriptionEngine:
    """The engine to transcribe with, loaded.

    `choice` is `pocketsphinx`, `whisper`, or `auto`: whisper where the weights of `whisper_model` (a folder, an
    `s3://` prefix or a name) are on this machine, else pocketsphinx. Nothing is fetched, so that no recording waits
    for a hub or depends on what it answers: setting up fetches (`fetch_whisper`).
    Raises `InvalidRequest` for another choice or device, `ModelUnavailable` when whisper is asked for and its weights
    are not here, and `GpuUnavailable` when `whisper_device` is `cuda` and there is no GPU.
    """
    _require(choice, get_args(EngineChoice), "transcription engine", "transcription_engine")
    _require(whisper_device, get_args(WhisperDevice), "device", "whisper_device")
    # Each engine brings a library of its own, and a deployment carries the one it uses.
    from auricle.speech.transcribe_pocketsphinx import PocketsphinxTranscription

    if choice == "pocketsphinx":
        return PocketsphinxTranscription()
    try:
        return _whisper(whisper_model, models, cast("WhisperDevice", whisper_device))
    except ModelUnavailable:
        if choice == "whisper":
            raise
        return PocketsphinxTranscription()


def _whisper(model: str, models: Path, device: WhisperDevice) -> TranscriptionEngine:
    from auricle.speech.transcribe_whisper import WhisperTranscription
    from auricle.speech.whisper_weights import find_whisper

    folder = find_whisper(model, models)
    if folder is None:
        raise ModelUnavailable(
            f"The weights of the whisper model {model} are not on this machine: they were looked for in {models}. "
            f"Fetch them with `auricle models fetch {model}`; images hold what was there when they were built."
        )
    return WhisperTranscription(folder, name=model, device=device)


def _require(given: str, known: tuple[str, ...], what: str, field: str) -> None:
    if given not in known:
        raise InvalidRequest(f"There is no {what} called {given!r}: choose {', '.join(known)}.", field=field)
