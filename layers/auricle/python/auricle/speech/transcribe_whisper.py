"""Whisper by faster-whisper (CTranslate2): the engine for real calls, many languages, on a GPU or a processor.

Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022). Where its weights come from is
`whisper_weights`' matter.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from auricle.errors import EngineFailed, GpuUnavailable, ModelUnavailable
from auricle.speech.flac import SAMPLE_RATE_HZ, Samples
from auricle.speech.transcription import WhisperDevice, WindowTranscript
from auricle.speech.windows import Window
from auricle.transcripts.transcript import Engine, Word

_BATCH_WINDOWS = 16


class WhisperTranscription:
    """Loads the weights once: on a GPU in half precision, or in 8 bits on the processor."""

    def __init__(self, folder: Path, *, name: str, device: WhisperDevice = "auto") -> None:
        """`folder` holds the weights, `name` is what the record calls them.

        `device` is `cuda`, `cpu`, or `auto` for a GPU where there is one. Raises `GpuUnavailable` where `cuda` is
        asked for and there is none, and `ModelUnavailable` for weights that cannot be loaded.
        """
        import ctranslate2
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        self.engine = Engine("whisper", metadata.version("faster-whisper"), name)
        on_gpu = device != "cpu" and ctranslate2.get_cuda_device_count() > 0
        if device == "cuda" and not on_gpu:
            raise GpuUnavailable(
                "Whisper is to run on a GPU (AURICLE_WHISPER_DEVICE=cuda), and CUDA finds none on this machine. On "
                "the processor it would take many times as long, so nothing was begun."
            )
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
