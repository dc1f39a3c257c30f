"""Which transcription engine to use, loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast, get_args

from auricle.errors import InvalidRequest, ModelUnavailable
from auricle.speech.transcription import TranscriptionEngine, WhisperDevice

EngineChoice = Literal["auto", "pocketsphinx", "whisper"]


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
