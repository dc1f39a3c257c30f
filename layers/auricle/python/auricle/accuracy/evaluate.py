"""How right the engines are on a folder of recordings with their truth: what `auricle evaluate speech` prints.

A folder holds a `manifest.json`: a list whose entries have `audio` and `text` (transcription), or `audio`, `rttm` and
optionally `speakers` (diarization). Recordings go the way uploads go: decoded, folded, cut into windows.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from auricle.accuracy.der import DiarizationError, diarization_error
from auricle.accuracy.rttm import read_rttm
from auricle.accuracy.wer import WordError, word_error
from auricle.errors import InvalidRequest
from auricle.speech.diarization.pipeline import ENGINE as DIARIZATION
from auricle.speech.diarization.pipeline import DiarizationModels, diarize
from auricle.speech.engines import choose_engine
from auricle.speech.flac import decode_flac_range
from auricle.speech.models import ensure_models, model_path
from auricle.speech.transcription import TranscriptionEngine
from auricle.speech.vad import VoiceActivityModel
from auricle.speech.working_copy import WorkingCopy, read_blocks, write_working_copy
from auricle.transcripts.transcript import Engine, SpeakerTurn, Word

Progress = Callable[[str, int, int], None]
"""Called before each recording with its file name, how many are done, and how many there are."""

COLLAR_S = 0.25
"""On each side of a reference boundary, as NIST counts it."""

_MAX_DURATION_S = 24 * 3600.0
_MAX_SIZE_BYTES = 4 << 30


@dataclass(frozen=True, slots=True)
class TranscribedFile:
    """One recording: what was heard in it, and how far from the truth that is."""

    audio: str
    duration_s: float
    heard: str
    error: WordError


@dataclass(frozen=True, slots=True)
class TranscriptionAccuracy:
    """Of a folder: word error rate over all words, and seconds of sound per second of work."""

    files: tuple[TranscribedFile, ...]
    error: WordError
    rtfx: float
    engine: Engine

    @property
    def wer(self) -> float:
        return self.error.rate

    def summary(self) -> dict[str, Any]:
        """The figures, as one JSON object."""
        return {
            "wer": round(self.wer, 4),
            "rtfx": round(self.rtfx, 2),
            "substitutions": self.error.substitutions,
            "deletions": self.error.deletions,
            "insertions": self.error.insertions,
            "reference_words": self.error.reference_words,
            "files": len(self.files),
            "engine": asdict(self.engine),
        }


@dataclass(frozen=True, slots=True)
class DiarizedFile:
    """One recording: its errors without and with a collar, and the numbers of speakers."""

    audio: str
    duration_s: float
    error: DiarizationError
    error_with_collar: DiarizationError
    speakers_found: int
    speakers_there: int


@dataclass(frozen=True, slots=True)
class DiarizationAccuracy:
    """Of a folder: diarization error rates over all its speech, and how often the number of speakers was right."""

    files: tuple[DiarizedFile, ...]
    der_collar_0: float
    der_collar_250ms: float
    speakers_exact: int
    rtfx: float
    engine: Engine

    def summary(self) -> dict[str, Any]:
        """The figures, as one JSON object."""
        return {
            "der_collar_0": round(self.der_collar_0, 4),
            "der_collar_250ms": round(self.der_collar_250ms, 4),
            "speakers_exact": self.speakers_exact,
            "rtfx": round(self.rtfx, 2),
            "files": len(self.files),
            "engine": asdict(self.engine),
        }


def layout_of(folder: Path) -> str:
    """`transcription` or `diarization`, by the folder's manifest. Raises `InvalidRequest` when it is neither."""
    entries = _manifest(folder)
    for layout, fields in (("transcription", {"audio", "text"}), ("diarization", {"audio", "rttm"})):
        if all(fields <= entry.keys() for entry in entries):
            return layout
    raise InvalidRequest(
        f"The entries of {folder / 'manifest.json'} must all have audio and text (to evaluate transcription), or all "
        "audio and rttm (to evaluate diarization)."
    )


def evaluate_folder(
    folder: Path,
    *,
    models: Path,
    transcription_engine: str = "auto",
    whisper_model: str = "small",
    whisper_device: str = "auto",
    progress: Progress | None = None,
) -> TranscriptionAccuracy | DiarizationAccuracy:
    """Evaluate what the folder is laid out for, with the weights in `models` (converted first where they are not).

    Raises `InvalidRequest` for a folder of neither layout, and what loading the engines raises.
    """
    layout = layout_of(folder)
    ensure_models(models)
    voice_activity = VoiceActivityModel(model_path("voice-activity", models))
    if layout == "diarization":
        return evaluate_diarization(folder, DiarizationModels.load(models), voice_activity, progress=progress)
    engine = choose_engine(
        transcription_engine, whisper_model=whisper_model, models=models, whisper_device=whisper_device
    )
    return evaluate_transcription(folder, engine, voice_activity, progress=progress)


def evaluate_transcription(
    folder: Path,
    engine: TranscriptionEngine,
    voice_activity: VoiceActivityModel,
    *,
    progress: Progress | None = None,
) -> TranscriptionAccuracy:
    """Transcribe every recording of a folder and compare the words. Loading the engine is not counted as work.

    Raises `InvalidRequest` for a folder of another layout or with a file missing.
    """
    files = []
    worked_s = 0.0
    entries = _entries(folder, "transcription")
    for done, entry in enumerate(entries):
        if progress is not None:
            progress(entry["audio"], done, len(entries))
        with tempfile.TemporaryDirectory() as workspace:
            began_s = time.perf_counter()
            copy, flac = _working_copy(folder, entry["audio"], Path(workspace), voice_activity)
            heard = " ".join(word.text for word in _transcribed(copy, flac, engine))
            worked_s += time.perf_counter() - began_s
        files.append(TranscribedFile(entry["audio"], copy.index.duration_s, heard, word_error(entry["text"], heard)))
    return TranscriptionAccuracy(
        files=tuple(files),
        error=sum((file.error for file in files), WordError()),
        rtfx=sum(file.duration_s for file in files) / worked_s,
        engine=engine.engine,
    )


def evaluate_diarization(
    folder: Path,
    models: DiarizationModels,
    voice_activity: VoiceActivityModel,
    *,
    progress: Progress | None = None,
) -> DiarizationAccuracy:
    """Tell the speakers of every recording of a folder apart, and compare the turns. Overlapping speech is scored.

    Only diarization is counted as work. Raises `InvalidRequest` as `evaluate_transcription` does.
    """
    files = []
    worked_s = 0.0
    entries = _entries(folder, "diarization")
    for done, entry in enumerate(entries):
        if progress is not None:
            progress(entry["audio"], done, len(entries))
        truth = _turns(folder / entry["rttm"])
        with tempfile.TemporaryDirectory() as workspace:
            copy, flac = _working_copy(folder, entry["audio"], Path(workspace), voice_activity)
            began_s = time.perf_counter()
            found = diarize((block.mean(axis=0) for block in read_blocks(flac)), models).turns
            worked_s += time.perf_counter() - began_s
        duration_s = copy.index.duration_s
        files.append(
            DiarizedFile(
                audio=entry["audio"],
                duration_s=duration_s,
                error=diarization_error(truth, found, duration_s),
                error_with_collar=diarization_error(truth, found, duration_s, COLLAR_S),
                speakers_found=len({turn.speaker for turn in found}),
                speakers_there=entry.get("speakers") or len({turn.speaker for turn in truth}),
            )
        )
    nothing = DiarizationError(0.0, 0.0, 0.0, 0.0)
    return DiarizationAccuracy(
        files=tuple(files),
        der_collar_0=sum((file.error for file in files), nothing).rate,
        der_collar_250ms=sum((file.error_with_collar for file in files), nothing).rate,
        speakers_exact=sum(file.speakers_found == file.speakers_there for file in files),
        rtfx=sum(file.duration_s for file in files) / worked_s,
        engine=DIARIZATION,
    )


def _transcribed(copy: WorkingCopy, flac: Path, engine: TranscriptionEngine) -> list[Word]:
    words: list[Word] = []
    with flac.open("rb") as file:
        for window in copy.windows:
            wanted = copy.index.window_byte_range(window.start_s, window.end_s)
            file.seek(wanted.start_byte)
            content = file.read(wanted.end_byte - wanted.start_byte)
            sound = decode_flac_range(content, copy.index.stream_info, wanted)[window.channel]
            words += engine.transcribe(sound, window).words
    return sorted(words, key=lambda word: word.start_s)


def _working_copy(
    folder: Path, audio: str, workspace: Path, voice_activity: VoiceActivityModel
) -> tuple[WorkingCopy, Path]:
    flac = workspace / "audio.flac"
    copy = write_working_copy(
        folder / audio,
        flac,
        voice_activity=voice_activity,
        max_duration_s=_MAX_DURATION_S,
        max_size_bytes=_MAX_SIZE_BYTES,
    )
    return copy, flac


def _entries(folder: Path, wanted: str) -> list[dict[str, Any]]:
    layout = layout_of(folder)
    if layout != wanted:
        raise InvalidRequest(f"{folder} is laid out to evaluate {layout}, not {wanted}.")
    entries = _manifest(folder)
    for entry in entries:
        for field in ("audio", "rttm"):
            if field in entry and not (folder / entry[field]).is_file():
                raise InvalidRequest(f"{folder / 'manifest.json'} names {entry[field]}, which is not there.")
    return entries


def _manifest(folder: Path) -> list[dict[str, Any]]:
    path = folder / "manifest.json"
    try:
        entries = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidRequest(f"There is no manifest.json in {folder}: it lists the recordings to evaluate.") from None
    except ValueError as error:
        raise InvalidRequest(f"{path} is not JSON: {error}") from error
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidRequest(f"{path} must be a list of objects, one a recording.")
    return entries


def _turns(path: Path) -> tuple[SpeakerTurn, ...]:
    try:
        recordings = read_rttm(path.read_text())
    except ValueError as error:
        raise InvalidRequest(f"{path.name}: {error}") from error
    if len(recordings) > 1:
        raise InvalidRequest(f"{path.name} holds the turns of several recordings: {', '.join(recordings)}.")
    return next(iter(recordings.values()), ())
