"""Whisper by faster-whisper (CTranslate2): the engine for real calls, many languages, on a GPU or a processor.

Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022). The weights are not carried:
they come from a local folder, from an S3 prefix, or by name from the Hugging Face hub.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from auricle.errors import AuricleError, EngineFailed, ModelUnavailable
from auricle.speech.flac import SAMPLE_RATE_HZ, Samples
from auricle.speech.transcription import FetchFolder, WindowTranscript
from auricle.speech.windows import Window
from auricle.transcript import Engine, Word

DownloadProgress = Callable[[int, int], None]
"""Called while weights are downloaded with the bytes there so far and the bytes in all."""

_HUB_NAMES = {
    **{
        name: f"Systran/faster-whisper-{name}"
        for size in ("tiny", "base", "small", "medium")
        for name in (size, f"{size}.en")
    },
    "large-v2": "Systran/faster-whisper-large-v2",
    "large-v3": "Systran/faster-whisper-large-v3",
    "distil-large-v3": "Systran/faster-distil-whisper-large-v3",
    "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
}
_REQUIRED_FILES = ("model.bin", "config.json", "tokenizer.json")
_WANTED_FILES = (*_REQUIRED_FILES, "preprocessor_config.json", "vocabulary.*")

_BATCH_WINDOWS = 16


def find_whisper(model: str, models: Path) -> Path | None:
    """The folder of `model`'s weights where they are on this machine already, else None.

    `model` is a folder, an `s3://` prefix, a size (`small`, `large-v3`, `turbo`) or a name on the hub. `models` is
    where fetched weights are kept; weights faster-whisper has downloaded before are found too.
    """
    if _is_folder(model):
        folder = Path(model).expanduser()
        return folder if _is_complete(folder) else None
    kept = _kept_folder(model, models)
    if _is_complete(kept):
        return kept
    return None if model.startswith("s3://") else _in_hub_cache(_hub_name(model))


def fetch_whisper(
    model: str,
    models: Path,
    *,
    fetch_folder: FetchFolder | None = None,
    progress: DownloadProgress | None = None,
) -> Path:
    """The folder of `model`'s weights, fetched first where they are not on this machine.

    `fetch_folder` is asked for `s3://` prefixes; other names come from the hub, and `progress` hears of it. Raises
    `ModelUnavailable`, which says where the weights were looked for.
    """
    found = find_whisper(model, models)
    if found is not None:
        return found
    if _is_folder(model):
        raise ModelUnavailable(
            f"There is no whisper model in the folder {model}: it must hold {', '.join(_REQUIRED_FILES)}."
        )
    target = _kept_folder(model, models)
    models.mkdir(parents=True, exist_ok=True)
    # Complete or not there at all: another process may be looking.
    with tempfile.TemporaryDirectory(dir=models, prefix=".fetching-") as workspace:
        arriving = Path(workspace) / target.name
        arriving.mkdir()
        if model.startswith("s3://"):
            _fetch_prefix(model, arriving, fetch_folder)
        else:
            _fetch_from_hub(_hub_name(model), arriving, progress)
        if not _is_complete(arriving):
            raise ModelUnavailable(
                f"{model} is not a faster-whisper model: {', '.join(_REQUIRED_FILES)} must be there."
            )
        shutil.rmtree(arriving / ".cache", ignore_errors=True)
        try:
            arriving.rename(target)
        except OSError:
            if not _is_complete(target):
                raise
    return target


class WhisperTranscription:
    """Loads the weights once: on a GPU in half precision where there is one, else in 8 bits on the processor."""

    def __init__(self, folder: Path, *, name: str) -> None:
        """`folder` holds the weights, `name` is what the record calls them. Raises `ModelUnavailable`."""
        import ctranslate2
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        self.engine = Engine("whisper", metadata.version("faster-whisper"), name)
        on_gpu = ctranslate2.get_cuda_device_count() > 0
        try:
            self._model: Any = WhisperModel(
                str(folder),
                device="cuda" if on_gpu else "cpu",
                compute_type="float16" if on_gpu else "int8",
                cpu_threads=os.cpu_count() or 1,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelUnavailable(f"The whisper model in {folder} cannot be loaded: {error}") from error
        self._batches: Any = BatchedInferencePipeline(self._model)

    def transcribe(self, audio: Samples, window: Window) -> WindowTranscript:
        """See `TranscriptionEngine`. The language is detected. Without speech there are no words."""
        speech = _Speech.of(audio, window)
        if not speech.parts:
            return WindowTranscript((), None, self.engine)
        try:
            segments, info = self._model.transcribe(
                speech.sound, word_timestamps=True, condition_on_previous_text=False
            )
            words = tuple(_words(segments, speech, offset_s=0.0))
        except RuntimeError as error:
            raise EngineFailed(f"whisper could not transcribe a stretch of the recording: {error}") from error
        return WindowTranscript(words, info.language, self.engine)

    def transcribe_together(
        self, heard: Sequence[tuple[Samples, Window]], *, batch_windows: int = _BATCH_WINDOWS
    ) -> tuple[WindowTranscript, ...]:
        """Many windows of one recording side by side, as `transcribe` takes them: what a GPU is fast at.

        They are taken to be in one language. One transcript for each window, in the order given.
        """
        spoken = [_Speech.of(audio, window) for audio, window in heard]
        starts_s, at_s = [], 0.0
        for speech in spoken:
            starts_s.append(at_s)
            at_s += len(speech.sound) / SAMPLE_RATE_HZ
        clips = [
            {"start": start_s, "end": start_s + len(speech.sound) / SAMPLE_RATE_HZ}
            for start_s, speech in zip(starts_s, spoken, strict=True)
            if speech.parts
        ]
        if not clips:
            return tuple(WindowTranscript((), None, self.engine) for _ in heard)
        try:
            found, info = self._batches.transcribe(
                np.concatenate([speech.sound for speech in spoken]),
                clip_timestamps=clips,
                batch_size=batch_windows,
                word_timestamps=True,
                vad_filter=False,
            )
            segments = list(found)
        except RuntimeError as error:
            raise EngineFailed(f"whisper could not transcribe the recording: {error}") from error
        return tuple(
            WindowTranscript(
                tuple(_words(_between(segments, start_s, speech), speech, offset_s=start_s)),
                info.language if speech.parts else None,
                self.engine,
            )
            for start_s, speech in zip(starts_s, spoken, strict=True)
        )


@dataclass(frozen=True, slots=True)
class _Part:
    """A region of speech: where it is in the joined sound, and where in the recording."""

    joined_start_s: float
    start_s: float
    end_s: float

    @property
    def joined_end_s(self) -> float:
        return self.joined_start_s + self.end_s - self.start_s


@dataclass(frozen=True, slots=True, eq=False)
class _Speech:
    """The speech of a window, joined without its pauses: Whisper invents words for silence."""

    sound: Samples
    parts: tuple[_Part, ...]
    channel: int

    @classmethod
    def of(cls, audio: Samples, window: Window) -> _Speech:
        sounds: list[Samples] = [np.zeros(0, np.float32)]
        parts: list[_Part] = []
        joined = 0
        for region in window.regions:
            first = round((region.start_s - window.start_s) * SAMPLE_RATE_HZ)
            sound = audio[first : round((region.end_s - window.start_s) * SAMPLE_RATE_HZ)]
            if len(sound):
                parts.append(_Part(joined / SAMPLE_RATE_HZ, region.start_s, region.end_s))
                sounds.append(sound)
                joined += len(sound)
        return cls(np.concatenate(sounds), tuple(parts), window.channel)

    def place(self, start_s: float, end_s: float) -> tuple[float, float]:
        """Times in the joined sound as times of the recording, within the region that holds their middle."""
        middle_s = (start_s + end_s) / 2
        part = next((part for part in self.parts if middle_s < part.joined_end_s), self.parts[-1])
        shift_s = part.start_s - part.joined_start_s
        return (
            min(max(start_s + shift_s, part.start_s), part.end_s),
            min(max(end_s + shift_s, part.start_s), part.end_s),
        )


def _words(segments: Iterable[Any], speech: _Speech, *, offset_s: float) -> Iterator[Word]:
    for segment in segments:
        for word in segment.words or ():
            text = word.word.strip()
            if text:
                start_s, end_s = speech.place(float(word.start) - offset_s, float(word.end) - offset_s)
                yield Word(text, round(start_s, 3), round(end_s, 3), round(float(word.probability), 4), speech.channel)


def _between(segments: Iterable[Any], start_s: float, speech: _Speech) -> Iterator[Any]:
    end_s = start_s + len(speech.sound) / SAMPLE_RATE_HZ
    return (segment for segment in segments if start_s <= (segment.start + segment.end) / 2 < end_s)


def _is_folder(model: str) -> bool:
    path = Path(model).expanduser()
    return path.is_absolute() or model.startswith((".", "~")) or path.is_dir()


def _is_complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in _REQUIRED_FILES)


def _kept_folder(model: str, models: Path) -> Path:
    readable = "".join(character if character.isalnum() or character in ".-" else "-" for character in model)
    return models / f"whisper-{readable[-40:].strip('-.')}-{hashlib.sha256(model.encode()).hexdigest()[:8]}"


def _hub_name(model: str) -> str:
    if "/" in model:
        return model
    if model not in _HUB_NAMES:
        raise ModelUnavailable(
            f"There is no whisper model called {model!r}. Name a folder, an s3:// prefix, a model on the hub "
            f"(owner/name), or one of {', '.join(_HUB_NAMES)}."
        )
    return _HUB_NAMES[model]


def _in_hub_cache(hub_name: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(str(snapshot_download(hub_name, local_files_only=True, allow_patterns=list(_WANTED_FILES))))
    except (LocalEntryNotFoundError, HFValidationError):
        return None
    return folder if _is_complete(folder) else None


def _fetch_prefix(prefix: str, folder: Path, fetch_folder: FetchFolder | None) -> None:
    if fetch_folder is None:
        raise ModelUnavailable(f"The whisper model at {prefix} cannot be fetched here: there is no access to S3.")
    try:
        fetch_folder(prefix, folder)
    except AuricleError as error:
        raise ModelUnavailable(f"The whisper model at {prefix} cannot be fetched: {error.message}") from error


def _fetch_from_hub(hub_name: str, folder: Path, progress: DownloadProgress | None) -> None:
    from huggingface_hub import constants, snapshot_download

    try:
        snapshot_download(
            hub_name,
            local_dir=folder,
            allow_patterns=list(_WANTED_FILES),
            tqdm_class=_reporting(progress),
        )
    except Exception as error:  # the hub's HTTP library, whose errors come through, changes with its version
        raise ModelUnavailable(
            f"The whisper model {hub_name} is not on this machine and cannot be downloaded from "
            f"{constants.ENDPOINT} ({type(error).__name__}). Give a folder or an s3:// prefix instead."
        ) from error


def _reporting(progress: DownloadProgress | None) -> type[Any]:
    """A progress bar that draws nothing and reports bytes."""
    tqdm: Any = importlib.import_module("tqdm.asyncio").tqdm_asyncio
    bars: dict[int, tuple[int, int]] = {}

    def begin(bar: Any, *args: Any, **keywords: Any) -> None:
        bar.counts_bytes = keywords.get("unit") == "B"
        keywords.pop("name", None)
        tqdm.__init__(bar, *args, **{**keywords, "disable": True})

    def update(bar: Any, advance: float | None = 1) -> None:
        if bar.counts_bytes and progress is not None:
            done, _ = bars.get(id(bar), (0, 0))
            bars[id(bar)] = (done + int(advance or 0), int(bar.total or 0))
            # The hub counts the same bytes twice, as they arrive and as they are written.
            progress(*max(bars.values()))

    return type("Reporting", (tqdm,), {"__init__": begin, "update": update})
