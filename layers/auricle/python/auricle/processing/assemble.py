"""Assemble: joins the words of all windows and the speaker turns into the transcript."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from auricle.errors import NotFound
from auricle.ports import ObjectStore, RecordingStore
from auricle.processing import gate
from auricle.processing.failures import result_with_own_failure
from auricle.processing.run_files import WindowWords, read_turns, read_windows
from auricle.processing_warnings import ProcessingWarning
from auricle.recordings.job import Job
from auricle.recordings.recording import Stage, StageState
from auricle.transcripts import storage as transcript_file
from auricle.transcripts.transcript import Engine, Transcript, assemble

PARALLEL_STAGES = (Stage.TRANSCRIBE, Stage.DIARIZE)


def assemble_transcript(
    job: Job,
    stages: Mapping[str, Mapping[str, Any]],
    *,
    recordings: RecordingStore,
    objects: ObjectStore,
) -> Mapping[str, Any]:
    """Writes the transcript and returns `{"segments", "words"}` as counts.

    Whatever either branch finished is used: without turns every word is kept with its speaker unknown, and
    without words the turns are kept. But where transcription failed, an earlier run's transcript with as many words
    stays: processing a recording again must not take away what is there.
    """
    run = gate.enter(job, recordings).run
    results = {stage: result_with_own_failure(stage, stages.get(stage.value), run) for stage in PARALLEL_STAGES}
    for stage, result in results.items():
        recordings.note_stage(job, stage, result.state, result.failure)
    recordings.note_stage(job, Stage.ASSEMBLE, StageState.IN_PROGRESS)
    windows = read_windows(job, objects)
    diarized = read_turns(job, objects)
    words = [word for window in windows for word in window.words]
    transcript = Transcript(
        segments=assemble(words, diarized.turns),
        turns=diarized.turns,
        language=_language(windows),
    )
    if results[Stage.TRANSCRIBE].state is StageState.FAILED:
        earlier = _earlier(job, objects)
        if earlier and len(earlier.words) >= len(words):
            recordings.note_stage(job, Stage.ASSEMBLE, StageState.COMPLETE)
            return {"segments": len(earlier.segments), "words": len(earlier.words)}
    engines = {}
    if windows:
        engines[Stage.TRANSCRIBE.value] = _engine(windows)
    if diarized.engine:
        engines[Stage.DIARIZE.value] = diarized.engine
    objects.write(
        job.keys.transcript,
        transcript_file.dump(transcript, engines, _warnings(windows)),
        content_type="application/zstd",
    )
    recordings.note_stage(job, Stage.ASSEMBLE, StageState.COMPLETE)
    return {"segments": len(transcript.segments), "words": len(words)}


def _earlier(job: Job, objects: ObjectStore) -> Transcript | None:
    """The transcript that is there already, an earlier run's or this one's before a retry."""
    try:
        return transcript_file.load_transcript(objects.read(job.keys.transcript))
    except NotFound:
        return None


def _warnings(windows: list[WindowWords]) -> list[ProcessingWarning]:
    """What the engines warned of, each once."""
    return list({warning.code: warning for window in windows for warning in window.warnings}.values())


def _engine(windows: list[WindowWords]) -> Engine:
    """The engine of all windows; where some were done by another model, with the names of both."""
    models = dict.fromkeys(window.engine.model for window in windows if window.engine.model)
    return replace(windows[0].engine, model=", ".join(models) or None)


def _language(windows: list[WindowWords]) -> str | None:
    """The language of most words."""
    words: dict[str, int] = {}
    for window in windows:
        if window.language:
            words[window.language] = words.get(window.language, 0) + len(window.words)
    return max(words, key=lambda language: words[language]) if words else None
