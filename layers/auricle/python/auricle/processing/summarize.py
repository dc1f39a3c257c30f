"""Summarize: the embedded summary is extractive highlights, and is called so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auricle.ports import ObjectStore, RecordingStore
from auricle.processing import gate
from auricle.processing.run_files import write_highlights
from auricle.recordings.job import Job
from auricle.recordings.recording import Stage, StageState
from auricle.transcripts import storage as transcript_file
from auricle.transcripts.highlights import pick_highlights


def summarize_transcript(job: Job, *, recordings: RecordingStore, objects: ObjectStore) -> Mapping[str, Any]:
    """Picks highlights from the assembled transcript; returns `{"lines"}`."""
    gate.enter(job, recordings)
    recordings.note_stage(job, Stage.SUMMARIZE, StageState.IN_PROGRESS)
    transcript = transcript_file.load_transcript(objects.read(job.keys.transcript))
    highlights = pick_highlights(transcript.segments)
    write_highlights(job, highlights, objects)
    recordings.note_stage(job, Stage.SUMMARIZE, StageState.COMPLETE)
    return {"lines": len(highlights)}
