"""What preparing plans and notes, with sound made by hand and no model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from auricle.errors import SupersededRun, TransientError
from auricle.processing import prepare
from auricle.processing.fetching_audio import Bounds, FetchedAudio
from auricle.processing.run_files import PlannedWindow, read_plan
from auricle.processing_warnings import ProcessingWarning
from auricle.recordings.chunks import Chunk, ChunksChange
from auricle.recordings.job import Job
from auricle.recordings.recording import Audio, Recording, Stage, StageState, Status
from auricle.speech.decode import AudioFacts
from auricle.speech.flac import FlacIndex
from auricle.speech.peaks import Peaks
from auricle.speech.vad import SpeechRegion, VoiceTrack
from auricle.speech.windows import Window
from auricle.speech.working_copy import WorkingCopy
from tests.fakes import Fakes
from tests.fakes.contract import NOW, a_recording

FRAME_S = 0.032
FACTS = AudioFacts(
    format="mp3",
    codec="mp3float",
    channels=2,
    sample_rate_hz=44100,
    duration_s=20.00049,
    is_video=True,
    channels_kept=1,
    fold=None,
    warnings=(ProcessingWarning("truncated", "The file ends early."),),
)
GATHERED = (ProcessingWarning("chunks-missing", "Chunk 1 is missing."),)


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def spoken(seconds: float, *stretches: tuple[float, float]) -> VoiceTrack:
    """A channel on which somebody speaks in those stretches, in seconds."""
    probabilities = np.zeros(int(seconds / FRAME_S), np.float32)
    for start_s, end_s in stretches:
        probabilities[int(start_s / FRAME_S) : int(end_s / FRAME_S)] = 1.0
    return VoiceTrack(probabilities, np.full(len(probabilities), -20.0, np.float32), seconds)


def copied(seconds: float, windows: Sequence[Window], *tracks: VoiceTrack) -> WorkingCopy:
    frames = int(seconds * 16000 / 4096) + 2
    index = FlacIndex(b"\x01\x02", tuple(range(100, 100 + 10 * frames, 10)), int(seconds * 16000), len(tracks))
    return WorkingCopy(FACTS, index, Peaks(100, ((1, 2),)), tracks, tuple(windows))


def uploaded(fakes: Fakes, **given: Any) -> Job:
    recording = a_recording("acme", **{"status": Status.UPLOADED, "version": "v1", **given})
    fakes.recordings.create(recording, [])
    return recording.current_job()


def prepared(
    fakes: Fakes,
    job: Job,
    copy: WorkingCopy,
    folder: Path,
    patched: pytest.MonkeyPatch,
    warnings: Sequence[ProcessingWarning] = (),
) -> Any:
    def fetch_audio(*_: Any, **__: Any) -> FetchedAudio:
        return FetchedAudio(iter(()), warnings)  # type: ignore[arg-type]  # nobody listens

    def write_sound(_sound: Any, target: Path, **_: Any) -> WorkingCopy:
        target.write_bytes(b"fLaC")
        return copy

    patched.setattr(prepare, "fetch_audio", fetch_audio)
    patched.setattr(prepare, "write_sound", write_sound)
    return prepare.prepare_recording(
        job,
        recordings=fakes.recordings,
        objects=fakes.objects,
        voice_model=None,  # type: ignore[arg-type]  # nobody listens
        bounds=Bounds(600, 10**9),
        workspace=folder,
        now=NOW,
    )


def stored(fakes: Fakes) -> Recording:
    return fakes.recordings.get("acme", "rec_1")


def states(fakes: Fakes) -> dict[str, str]:
    run = fakes.recordings.detail("acme", "rec_1").run
    assert run is not None
    return {stage.value: run.stage(stage).state.value for stage in (Stage.PREPARE, Stage.TRANSCRIBE, Stage.DIARIZE)}


WINDOWS = (
    Window(0, 0, 0.5, 4.0, (SpeechRegion(0.5, 2.0), SpeechRegion(3.0, 4.0))),
    Window(1, 0, 10.0, 12.0, (SpeechRegion(10.0, 12.0),)),
)
SPEECH = spoken(20.0, (1.024, 2.048), (10.24, 12.288))


def test_the_plan_says_what_was_found_and_where_its_bytes_lie(
    fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = uploaded(fakes)
    said = prepared(fakes, job, copied(20.0, WINDOWS, SPEECH), tmp_path, monkeypatch, GATHERED)
    assert said == {"windows": [{"index": 0}, {"index": 1}], "duration_s": 20.0, "channels": 1, "has_speech": True}
    plan = read_plan(job, fakes.objects)
    assert plan.audio == Audio("mp3", "mp3float", 2, 44100, 20.0, is_video=True)
    assert (plan.channels, plan.stream_info) == (1, b"\x01\x02")
    assert plan.windows == (
        PlannedWindow(0, 0, 0.5, 4.0, ((0.5, 2.0), (3.0, 4.0)), 110, 260, 8000, 64000),
        PlannedWindow(1, 0, 10.0, 12.0, ((10.0, 12.0),), 490, 570, 160000, 192000),
    )
    assert plan.speech == (((0.974, 2.098), (10.19, 12.338)),), "widened by 50 ms, to milliseconds"
    assert plan.warnings == (
        ProcessingWarning("chunks-missing", "Chunk 1 is missing."),
        ProcessingWarning("truncated", "The file ends early."),
    )
    assert fakes.objects.read(job.keys.audio) == b"fLaC"
    assert orjson.loads(fakes.objects.read(job.keys.peaks)) == {"interval_ms": 100, "levels": [[1, 2]]}
    assert not list(tmp_path.glob("fetched"))


def test_speech_is_told_apart_at_shorter_pauses_than_windows_are(
    fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = uploaded(fakes)
    track = spoken(20.0, (1.024, 2.048), (2.4, 3.2))
    prepared(fakes, job, copied(20.0, WINDOWS, track), tmp_path, monkeypatch)
    assert len(read_plan(job, fakes.objects).speech[0]) == 2


def test_the_run_begins_and_the_engines_are_under_way(
    fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = uploaded(fakes)
    prepared(fakes, job, copied(20.0, WINDOWS, SPEECH), tmp_path, monkeypatch)
    assert (stored(fakes).status, stored(fakes).updated_at) == (Status.TRANSCRIBING, NOW)
    assert [event.type.value for event in fakes.recordings.announced] == ["recording.processing"]
    assert states(fakes) == {"prepare": "complete", "transcribe": "in-progress", "diarize": "in-progress"}
    run = fakes.recordings.detail("acme", "rec_1").run
    assert run is not None
    assert (run.windows_total, run.version) == (2, "v1")


def test_of_silence_nothing_further_is_under_way(fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = uploaded(fakes)
    said = prepared(fakes, job, copied(20.0, (), spoken(20.0)), tmp_path, monkeypatch)
    assert (said["windows"], said["has_speech"]) == ([], False)
    assert states(fakes) == {"prepare": "complete", "transcribe": "not-started", "diarize": "not-started"}
    assert read_plan(job, fakes.objects).warnings == (
        ProcessingWarning("truncated", "The file ends early."),
        ProcessingWarning("no-speech", "No speech was found in this recording, so its transcript is empty."),
    )


@pytest.mark.parametrize(("count", "planned"), [(1500, 1500), (1501, 301)])
def test_more_than_1500_windows_are_cut_anew_without_regard_to_pauses(
    fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, planned: int
) -> None:
    """An execution has a history of 25,000 events at most."""
    step_s = 6.4
    seconds = count * step_s
    stretches = [(number * step_s, number * step_s + 0.64) for number in range(count)]
    windows = [
        Window(number, 0, start_s, end_s, (SpeechRegion(start_s, end_s),))
        for number, (start_s, end_s) in enumerate(stretches)
    ]
    job = uploaded(fakes)
    said = prepared(fakes, job, copied(seconds, windows, spoken(seconds, *stretches)), tmp_path, monkeypatch)
    assert len(said["windows"]) == planned
    plan = read_plan(job, fakes.objects)
    assert [window.index for window in plan.windows] == list(range(planned))
    assert sum(len(window.regions) for window in plan.windows) == count, "no speech is lost"
    assert max(window.end_s - window.start_s for window in plan.windows) <= 30.0


def test_preparing_again_goes_on_from_the_plan(fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = uploaded(fakes)
    first = prepared(fakes, job, copied(20.0, WINDOWS, SPEECH), tmp_path, monkeypatch)
    fakes.recordings.note_stage(job, Stage.TRANSCRIBE, StageState.COMPLETE)
    assert prepared(fakes, job, copied(20.0, (), spoken(20.0)), tmp_path, monkeypatch) == first
    assert len(fakes.recordings.announced) == 1


def test_chunks_that_went_into_it_are_noted(fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = uploaded(fakes, chunked=True, chunk_numbers=(0, 2))
    arrived = {number: Chunk(f"v{number}", 1, NOW) for number in (0, 2, 3)}
    fakes.recordings.change_chunks("acme", "rec_1", ChunksChange(arrived=arrived))
    prepared(fakes, job, copied(20.0, WINDOWS, SPEECH), tmp_path, monkeypatch)
    assert fakes.recordings.chunks["acme", "rec_1"].processed == {0, 2}


def test_a_recording_in_one_file_has_no_chunks_afterwards_either(
    fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(fakes, uploaded(fakes), copied(20.0, WINDOWS, SPEECH), tmp_path, monkeypatch)
    assert fakes.recordings.chunks == {}


def test_a_run_that_has_ended_is_not_begun_again(fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = uploaded(fakes, status=Status.COMPLETE)
    with pytest.raises(SupersededRun) as refused:
        prepared(fakes, job, copied(20.0, WINDOWS, SPEECH), tmp_path, monkeypatch)
    assert refused.value.message == "Run 1 has already ended: the recording is COMPLETE."
    assert len(fakes.objects) == 0


@pytest.mark.parametrize("rivals", [7, 8])
def test_a_recording_that_keeps_changing_is_begun_later(
    fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rivals: int
) -> None:
    job = uploaded(fakes)
    left = list(range(rivals))

    def write() -> None:
        if left:
            fakes.recordings.add_later_version("acme", "rec_1", f"w{left.pop()}")

    fakes.recordings.before_save = write
    if rivals == 7:
        assert prepared(fakes, job, copied(20.0, WINDOWS, SPEECH), tmp_path, monkeypatch)["has_speech"]
    else:
        with pytest.raises(TransientError) as refused:
            prepared(fakes, job, copied(20.0, WINDOWS, SPEECH), tmp_path, monkeypatch)
        assert refused.value.message == "The recording kept changing while its processing was to begin."
