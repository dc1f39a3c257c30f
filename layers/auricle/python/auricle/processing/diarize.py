"""Diarize: who spoke when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from auricle.ports import ObjectStore, RecordingStore
from auricle.processing import gate
from auricle.processing.run_files import Region, Turns, read_plan, write_turns
from auricle.recordings.job import Job
from auricle.recordings.recording import Stage, StageState
from auricle.speech.diarization.pipeline import DiarizationModels, diarize
from auricle.speech.working_copy import read_blocks
from auricle.transcripts.transcript import Engine, SpeakerTurn

CHANNELS = Engine(name="channels", version="1", model="silero-vad 6.2.3")
"""Where each channel of a call holds one speaker, the speech on a channel is that speaker's."""


def diarize_recording(
    job: Job,
    *,
    recordings: RecordingStore,
    objects: ObjectStore,
    load_models: Callable[[], DiarizationModels],
    workspace: Path,
) -> Mapping[str, Any]:
    """Writes the run's speaker turns and returns `{"speakers", "turns"}` as counts.

    Where each channel holds a speaker of its own, the turns are the speech on each channel. Otherwise the embedded
    pipeline finds them in the audio, with the models that `load_models` loads.
    """
    gate.enter(job, recordings)
    plan = read_plan(job, objects)
    if plan.channels > 1:
        found = Turns(_turns_of_channels(plan.speech), CHANNELS)
    else:
        found = _turns_by_voice(job, objects, load_models(), workspace)
    write_turns(job, found, objects)
    recordings.note_stage(job, Stage.DIARIZE, StageState.COMPLETE)
    return {"speakers": len({turn.speaker for turn in found.turns}), "turns": len(found.turns)}


def _turns_of_channels(speech: Sequence[Sequence[Region]]) -> tuple[SpeakerTurn, ...]:
    turns = (
        SpeakerTurn(f"speaker_{channel}", start_s, end_s, channel)
        for channel, regions in enumerate(speech)
        for start_s, end_s in regions
    )
    return tuple(sorted(turns, key=lambda turn: turn.start_s))


def _turns_by_voice(job: Job, objects: ObjectStore, models: DiarizationModels, workspace: Path) -> Turns:
    audio = workspace / "audio.flac"
    objects.download(job.keys.audio, audio)
    result = diarize((block[0] for block in read_blocks(audio)), models)
    return Turns(result.turns, result.engine)
