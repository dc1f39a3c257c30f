"""Prepare: makes working audio, a waveform outline and a plan of windows from the upload."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from auricle.domain_events import EventType
from auricle.errors import NotFound, SupersededRun
from auricle.ports import ObjectStore, RecordingStore
from auricle.processing import gate
from auricle.processing.fetching_audio import Bounds, fetch_audio
from auricle.processing.run_files import Plan, PlannedWindow, Region, read_plan, write_plan
from auricle.processing_warnings import ProcessingWarning
from auricle.recordings.chunks import ChunksChange
from auricle.recordings.events import recording_event
from auricle.recordings.job import Job
from auricle.recordings.recording import Audio, Recording, Stage, StageState, Status
from auricle.records import until_written
from auricle.speech.decode import AudioFacts
from auricle.speech.flac import FlacIndex
from auricle.speech.vad import VoiceActivityModel, VoiceTrack, speech_regions
from auricle.speech.windows import Window, cut_windows
from auricle.speech.working_copy import WorkingCopy, write_sound

MAX_WINDOWS = 1500
"""More would outgrow an execution's history (25,000 events): such recordings are cut without regard to pauses."""

TURN_PADDING_S = 0.05
TURN_SILENCE_S = 0.3


def prepare_recording(
    job: Job,
    *,
    recordings: RecordingStore,
    objects: ObjectStore,
    voice_model: VoiceActivityModel,
    bounds: Bounds,
    workspace: Path,
    now: datetime,
) -> Mapping[str, Any]:
    """Writes `audio.flac`, `peaks.json` and the run's plan; returns what the workflow maps over.

    Preparing a run again (a retry, or a restart in the middle) finds the plan and goes on from it.

    Raises:
        UnusableRecording: the upload is empty, no audio, damaged, too large or too long.
        SupersededRun, ConsentRequired: the run may not go on.
    """
    recording = _begin(job, recordings, now)
    try:
        plan = read_plan(job, objects)
    except NotFound:
        plan = _prepare(job, recording, recordings, objects, voice_model, bounds, workspace)
    if recording.chunked:
        recordings.change_chunks(job.org, job.recording, ChunksChange(processed=frozenset(recording.chunk_numbers)))
    recordings.note_windows(job, len(plan.windows))
    recordings.note_stage(job, Stage.PREPARE, StageState.COMPLETE)
    if plan.windows:
        for stage in (Stage.TRANSCRIBE, Stage.DIARIZE):
            recordings.note_stage(job, stage, StageState.IN_PROGRESS)
    return {
        "windows": [{"index": window.index} for window in plan.windows],
        "duration_s": plan.audio.duration_s,
        "channels": plan.channels,
        "has_speech": bool(plan.windows),
    }


def _begin(job: Job, recordings: RecordingStore, now: datetime) -> Recording:
    """The recording, being transcribed by this run. A run that has begun already goes on."""

    def attempt() -> Recording | None:
        before = gate.enter(job, recordings).recording
        if before.status is Status.TRANSCRIBING:
            return before
        if before.status is not Status.UPLOADED:
            raise SupersededRun(f"Run {job.run} has already ended: the recording is {before.status}.")
        after = before.to(Status.TRANSCRIBING, at=now)
        event = recording_event(EventType.RECORDING_PROCESSING, after)
        return before if recordings.begin_run(after, expected=before, events=[event]) else None

    begun = until_written(attempt, "The recording kept changing while its processing was to begin.")
    recordings.note_stage(job, Stage.PREPARE, StageState.IN_PROGRESS)
    return begun


def _prepare(
    job: Job,
    recording: Recording,
    recordings: RecordingStore,
    objects: ObjectStore,
    voice_model: VoiceActivityModel,
    bounds: Bounds,
    workspace: Path,
) -> Plan:
    fetched, audio = workspace / "fetched", workspace / "audio.flac"
    fetched.mkdir(exist_ok=True)
    fetched_audio = fetch_audio(job, recording, recordings=recordings, objects=objects, bounds=bounds, folder=fetched)
    copy = write_sound(fetched_audio.sound, audio, voice_activity=voice_model)
    shutil.rmtree(fetched)
    objects.upload(audio, job.keys.audio, content_type="audio/flac")
    objects.write(job.keys.peaks, orjson.dumps(asdict(copy.peaks)), content_type="application/json")
    plan = _plan(copy, fetched_audio.warnings)
    write_plan(job, plan, objects)
    return plan


def _plan(copy: WorkingCopy, warnings: Sequence[ProcessingWarning]) -> Plan:
    windows: Sequence[Window] = copy.windows
    if len(windows) > MAX_WINDOWS:
        windows = cut_windows(copy.tracks, max_pause_s=math.inf)
    facts = copy.facts
    return Plan(
        audio=Audio(
            format=facts.format,
            codec=facts.codec,
            channels=facts.channels,
            sample_rate_hz=facts.sample_rate_hz,
            duration_s=round(facts.duration_s, 3),
            is_video=facts.is_video,
        ),
        channels=copy.index.channels,
        stream_info=copy.index.stream_info,
        windows=tuple(_planned(window, copy.index) for window in windows),
        speech=tuple(_speech(track) for track in copy.tracks),
        warnings=(*warnings, *_warnings(facts, windows)),
    )


def _planned(window: Window, index: FlacIndex) -> PlannedWindow:
    bytes_of = index.window_byte_range(window.start_s, window.end_s)
    return PlannedWindow(
        index=window.index,
        channel=window.channel,
        start_s=window.start_s,
        end_s=window.end_s,
        regions=tuple((region.start_s, region.end_s) for region in window.regions),
        start_byte=bytes_of.start_byte,
        end_byte=bytes_of.end_byte,
        start_sample=bytes_of.start_sample,
        end_sample=bytes_of.end_sample,
    )


def _speech(track: VoiceTrack) -> tuple[Region, ...]:
    regions = speech_regions(track, min_silence_s=TURN_SILENCE_S, padding_s=TURN_PADDING_S)
    return tuple((round(region.start_s, 3), round(region.end_s, 3)) for region in regions)


def _warnings(facts: AudioFacts, windows: Sequence[Window]) -> tuple[ProcessingWarning, ...]:
    warnings = list(facts.warnings)
    if not windows:
        warnings.append(
            ProcessingWarning("no-speech", "No speech was found in this recording, so its transcript is empty.")
        )
    return tuple(warnings)
