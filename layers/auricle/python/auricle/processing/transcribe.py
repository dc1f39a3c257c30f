"""Transcribe: the words of one window, or of all of them in one process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from auricle.ports import ObjectStore, RecordingStore
from auricle.processing import gate
from auricle.processing.run_files import (
    PlannedWindow,
    WindowWords,
    read_plan,
    read_planned_window,
    read_window,
    write_window,
)
from auricle.processing_warnings import ProcessingWarning
from auricle.recordings.job import Job
from auricle.speech.flac import FlacRange, Samples, decode_flac_range
from auricle.speech.transcription import TranscriptionEngine
from auricle.speech.vad import SpeechRegion
from auricle.speech.windows import Window

WINDOWS_TOGETHER = 16
"""How many windows an engine transcribes at once where one process does them all: eight minutes of audio at most."""


def transcribe_window(
    job: Job,
    index: int,
    *,
    recordings: RecordingStore,
    objects: ObjectStore,
    engine: TranscriptionEngine,
    instead_of_gpu: bool = False,
) -> Mapping[str, Any]:
    """Writes the window's words and returns `{"window", "words"}`, the latter a count.

    `instead_of_gpu`: a job was to do it on a GPU, and none was available. The recording gets a warning that says so.
    """
    gate.enter(job, recordings)
    window, stream_info = read_planned_window(job, index, objects)
    warnings = (_without_gpu(engine),) if instead_of_gpu else ()
    (words,) = _transcribe(job, stream_info, [window], recordings, objects, engine, warnings)
    return {"window": index, "words": words}


def transcribe_all(
    job: Job, *, recordings: RecordingStore, objects: ObjectStore, engine: TranscriptionEngine
) -> Mapping[str, Any]:
    """Every window in one process, for engines that are costly to start: what the Batch job does.

    Consent, and whether the run is still the current one, are checked before every few windows: withdrawing consent
    stops the next ones.
    """
    plan = read_plan(job, objects)
    words = 0
    for first in range(0, len(plan.windows), WINDOWS_TOGETHER):
        gate.enter(job, recordings)
        some = plan.windows[first : first + WINDOWS_TOGETHER]
        words += sum(_transcribe(job, plan.stream_info, some, recordings, objects, engine))
    return {"windows": len(plan.windows), "words": words}


def _transcribe(
    job: Job,
    stream_info: bytes,
    windows: Sequence[PlannedWindow],
    recordings: RecordingStore,
    objects: ObjectStore,
    engine: TranscriptionEngine,
    warnings: tuple[ProcessingWarning, ...] = (),
) -> list[int]:
    """Returns the number of words of each window. Windows that an interrupted attempt had finished are not repeated."""
    done = {window.index: read_window(job, window.index, objects) for window in windows}
    missing = [window for window in windows if done[window.index] is None]
    for found in _transcribed(job, stream_info, missing, objects, engine):
        words = replace(found, warnings=(*found.warnings, *warnings))
        write_window(job, words, objects)
        done[words.index] = words
    for window in windows:
        recordings.note_window_done(job, window.index)
    return [len(words.words) for words in done.values() if words]


def _transcribed(
    job: Job, stream_info: bytes, windows: Sequence[PlannedWindow], objects: ObjectStore, engine: TranscriptionEngine
) -> Iterator[WindowWords]:
    sounds = [(_sound(job, stream_info, window, objects), _window(window)) for window in windows]
    transcripts = [engine.transcribe(*sounds[0])] if len(sounds) == 1 else engine.transcribe_together(sounds)
    for window, transcript in zip(windows, transcripts, strict=True):
        yield WindowWords(
            index=window.index,
            words=transcript.words,
            engine=transcript.engine,
            language=transcript.language,
            warnings=transcript.warnings,
        )


def _without_gpu(engine: TranscriptionEngine) -> ProcessingWarning:
    return ProcessingWarning(
        "transcribed-without-gpu",
        f"No GPU could be had in time, so the smaller model {engine.engine.model} transcribed this recording or a part "
        "of it. Process it again to have it transcribed on a GPU.",
    )


def _sound(job: Job, stream_info: bytes, window: PlannedWindow, objects: ObjectStore) -> Samples:
    """The window's own channel, from one bounded read."""
    wanted = FlacRange(window.start_byte, window.end_byte, window.start_sample, window.end_sample)
    content = objects.read_range(job.keys.audio, wanted.start_byte, wanted.end_byte)
    sound: Samples = decode_flac_range(content, stream_info, wanted)[window.channel]
    return sound


def _window(planned: PlannedWindow) -> Window:
    return Window(
        planned.index,
        planned.channel,
        planned.start_s,
        planned.end_s,
        tuple(SpeechRegion(start_s, end_s) for start_s, end_s in planned.regions),
    )
