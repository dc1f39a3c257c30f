"""Transcribe: the words of one window, or of all of them one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auricle.ports import ObjectStore, RecordingStore
from auricle.processing import gate
from auricle.processing.job import Job
from auricle.processing.run_files import Plan, PlannedWindow, WindowWords, read_plan, read_window, write_window
from auricle.recording import Caution
from auricle.speech.flac import FlacRange, decode_flac_range
from auricle.speech.transcription import TranscriptionEngine
from auricle.speech.vad import SpeechRegion
from auricle.speech.windows import Window


def transcribe_window(
    job: Job,
    index: int,
    *,
    recordings: RecordingStore,
    objects: ObjectStore,
    engine: TranscriptionEngine,
) -> Mapping[str, Any]:
    """Writes the window's words and returns `{"window", "words"}`, the latter a count."""
    gate.enter(job, recordings)
    plan = read_plan(job, objects)
    return _transcribe(job, plan, plan.windows[index], recordings, objects, engine)


def transcribe_all(
    job: Job, *, recordings: RecordingStore, objects: ObjectStore, engine: TranscriptionEngine
) -> Mapping[str, Any]:
    """Every window in one process, for engines that are costly to start: what the Batch job does.

    Consent and the run's currency are asked before each window, so that withdrawing stops the next one.
    """
    plan = read_plan(job, objects)
    words = 0
    for window in plan.windows:
        gate.enter(job, recordings)
        words += _transcribe(job, plan, window, recordings, objects, engine)["words"]
    return {"windows": len(plan.windows), "words": words}


def _transcribe(
    job: Job,
    plan: Plan,
    window: PlannedWindow,
    recordings: RecordingStore,
    objects: ObjectStore,
    engine: TranscriptionEngine,
) -> Mapping[str, Any]:
    done = read_window(job, window.index, objects)
    if done is None:  # a run that was cut off finds what it had finished
        done = _words(job, plan, window, objects, engine)
        write_window(job, done, objects)
    recordings.note_window_done(job, window.index)
    return {"window": window.index, "words": len(done.words)}


def _words(
    job: Job, plan: Plan, window: PlannedWindow, objects: ObjectStore, engine: TranscriptionEngine
) -> WindowWords:
    wanted = FlacRange(window.start_byte, window.end_byte, window.start_sample, window.end_sample)
    content = objects.read_range(job.audio_key, wanted.start_byte, wanted.end_byte)
    audio = decode_flac_range(content, plan.stream_info, wanted)[window.channel]
    heard = engine.transcribe(
        audio,
        Window(
            window.index,
            window.channel,
            window.start_s,
            window.end_s,
            tuple(SpeechRegion(start_s, end_s) for start_s, end_s in window.regions),
        ),
    )
    return WindowWords(
        index=window.index,
        words=heard.words,
        engine=heard.engine,
        language=heard.language,
        cautions=tuple(Caution(notice.code, notice.message) for notice in heard.warnings),
    )
