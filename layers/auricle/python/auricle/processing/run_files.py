"""The files one run leaves between its stages: the plan, the words of each window, the turns, the highlights.

They lie under the run's own prefix, and are removed when the record is finished.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from auricle.errors import NotFound
from auricle.ports import ObjectStore
from auricle.processing_warnings import ProcessingWarning
from auricle.recordings.job import Job
from auricle.recordings.recording import Audio
from auricle.transcripts.highlights import Highlight
from auricle.transcripts.transcript import Engine, SpeakerTurn, Word

WINDOWS_PER_PART = 50
"""Of the plan, whose windows are also written in parts: the bytes of a part stay under 64 KB, and a recording of four
hours has about twenty."""

Region = tuple[float, float]
"""A stretch of speech, [start, end) in seconds."""


@dataclass(frozen=True, slots=True)
class PlannedWindow:
    """Audio that is transcribed in one go, and the bytes of `audio.flac` that hold it."""

    index: int
    channel: int
    start_s: float
    end_s: float
    regions: tuple[Region, ...]
    start_byte: int
    end_byte: int
    start_sample: int
    end_sample: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The result of preparing: the audio's properties, where speech is, and how the audio is cut into windows."""

    audio: Audio
    channels: int
    """Channels of `audio.flac`: two only where each holds a speaker of its own."""
    stream_info: bytes
    windows: tuple[PlannedWindow, ...]
    speech: tuple[tuple[Region, ...], ...]
    """Speech regions of each channel."""
    warnings: tuple[ProcessingWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class WindowWords:
    """The words of one window."""

    index: int
    words: tuple[Word, ...]
    engine: Engine
    language: str | None = None
    warnings: tuple[ProcessingWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class Turns:
    """Who spoke when; no engine when diarization has not succeeded."""

    turns: tuple[SpeakerTurn, ...] = ()
    engine: Engine | None = None


def write_plan(job: Job, plan: Plan, objects: ObjectStore) -> None:
    """Writes the parts first, so that a plan that can be read is complete."""
    keys = job.run_keys
    content = asdict(plan) | {"stream_info": plan.stream_info.hex()}
    for first in range(0, len(plan.windows), WINDOWS_PER_PART):
        windows = content["windows"][first : first + WINDOWS_PER_PART]
        part = {"stream_info": content["stream_info"], "windows": windows}
        _write(keys.planned_windows(first // WINDOWS_PER_PART), part, objects)
    _write(keys.plan, content, objects)


def read_plan(job: Job, objects: ObjectStore) -> Plan:
    """Raises NotFound before the recording has been prepared."""
    content = orjson.loads(objects.read(job.run_keys.plan))
    return Plan(
        audio=Audio(**content["audio"]),
        channels=content["channels"],
        stream_info=bytes.fromhex(content["stream_info"]),
        windows=tuple(_planned(window) for window in content["windows"]),
        speech=tuple(_regions(channel) for channel in content["speech"]),
        warnings=_warnings(content),
    )


def read_planned_window(job: Job, index: int, objects: ObjectStore) -> tuple[PlannedWindow, bytes]:
    """One window and the stream info of the audio it lies in, without reading the plan of all windows.

    Raises NotFound before the recording has been prepared.
    """
    part, position = divmod(index, WINDOWS_PER_PART)
    try:
        content = orjson.loads(objects.read(job.run_keys.planned_windows(part)))
    except NotFound:  # prepared before plans were written in parts too
        plan = read_plan(job, objects)
        return plan.windows[index], plan.stream_info
    return _planned(content["windows"][position]), bytes.fromhex(content["stream_info"])


def write_window(job: Job, window: WindowWords, objects: ObjectStore) -> None:
    content = {
        "index": window.index,
        "words": [[word.text, word.start_s, word.end_s, word.confidence, word.channel] for word in window.words],
        "engine": asdict(window.engine),
        "language": window.language,
        "warnings": [asdict(warning) for warning in window.warnings],
    }
    _write(job.run_keys.window(window.index), content, objects)


def read_window(job: Job, index: int, objects: ObjectStore) -> WindowWords | None:
    """None until the window has been transcribed."""
    return _window(job.run_keys.window(index), objects)


def read_windows(job: Job, objects: ObjectStore) -> list[WindowWords]:
    """Every window that has been transcribed, in order."""
    windows = (_window(key, objects) for key in objects.keys(job.run_keys.windows_prefix))
    return [window for window in windows if window]


def write_turns(job: Job, turns: Turns, objects: ObjectStore) -> None:
    content = {
        "turns": [[turn.speaker, turn.start_s, turn.end_s, turn.channel] for turn in turns.turns],
        "engine": asdict(turns.engine) if turns.engine else None,
    }
    _write(job.run_keys.turns, content, objects)


def read_turns(job: Job, objects: ObjectStore) -> Turns:
    """No turns where diarization has not succeeded."""
    try:
        content = orjson.loads(objects.read(job.run_keys.turns))
    except NotFound:
        return Turns()
    return Turns(
        turns=tuple(SpeakerTurn(*turn) for turn in content["turns"]),
        engine=Engine(**content["engine"]) if content["engine"] else None,
    )


def write_highlights(job: Job, highlights: Sequence[Highlight], objects: ObjectStore) -> None:
    _write(job.run_keys.highlights, [asdict(highlight) for highlight in highlights], objects)


def read_highlights(job: Job, objects: ObjectStore) -> tuple[Highlight, ...] | None:
    """None where no highlights were picked."""
    try:
        content = orjson.loads(objects.read(job.run_keys.highlights))
    except NotFound:
        return None
    return tuple(Highlight(**highlight) for highlight in content)


def _write(key: str, content: Any, objects: ObjectStore) -> None:
    objects.write(key, orjson.dumps(content), content_type="application/json", of_one_run=True)


def _window(key: str, objects: ObjectStore) -> WindowWords | None:
    try:
        content = orjson.loads(objects.read(key))
    except NotFound:
        return None
    return WindowWords(
        index=content["index"],
        words=tuple(Word(*word) for word in content["words"]),
        engine=Engine(**content["engine"]),
        language=content["language"],
        warnings=_warnings(content),
    )


def _planned(content: dict[str, Any]) -> PlannedWindow:
    return PlannedWindow(**content | {"regions": _regions(content["regions"])})


def _regions(content: Sequence[Sequence[float]]) -> tuple[Region, ...]:
    return tuple((float(start_s), float(end_s)) for start_s, end_s in content)


def _warnings(content: Mapping[str, Any]) -> tuple[ProcessingWarning, ...]:
    """`cautions` is the name that a run may have written which was under way when this version was deployed."""
    found = content["warnings"] if "warnings" in content else content["cautions"]
    return tuple(ProcessingWarning(**warning) for warning in found)
