"""What finishing makes of a run: the record, the event that announces it, and what is cleared away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from auricle.errors import SupersededRun, TransientError
from auricle.processing.finish import finish_recording
from auricle.processing.run_files import Plan, WindowWords, write_highlights, write_plan, write_window
from auricle.processing_warnings import ProcessingWarning
from auricle.recordings.intake import remove
from auricle.recordings.job import Job
from auricle.recordings.recording import Audio, Failure, Recording, Stage, StageResult, StageState, Status
from auricle.transcripts import storage as transcript_file
from auricle.transcripts.highlights import Highlight
from auricle.transcripts.transcript import Engine, Segment, SpeakerTalk, SpeakerTurn, Transcript, Word
from tests.fakes import Fakes
from tests.fakes.contract import NOW, a_recording

LATER = NOW + timedelta(minutes=5)
DONE = {"state": "complete"}
ALL_DONE = dict.fromkeys(("prepare", "transcribe", "diarize", "assemble", "summarize"), DONE)
WHISPER = Engine("whisper", "1.2", "small")
OLD_HIGHLIGHT = Highlight("said in the run before", "speaker_0", 7, 1.0, 2.0)
OLD_WARNING = ProcessingWarning("likely-not-english", "Of the run before.")
EARLIER: dict[str, Any] = {
    "audio": Audio("wav", "pcm_s16le", 1, 8000, 1.0),
    "language": "de",
    "engines": {"transcribe": Engine("pocketsphinx", "5")},
    "warnings": (OLD_WARNING,),
    "highlights": (OLD_HIGHLIGHT,),
    "speakers": (SpeakerTalk("speaker_0", 1.0, 3),),
    "word_count": 3,
    "confidence": 0.5,
}
"""What the run before found."""
AUDIO = Audio("mp3", "mp3", 2, 44100, 12.5)
TRANSCRIPT = Transcript(
    segments=(
        Segment(0, "speaker_0", (Word("hello", 0.5, 0.75, 0.9), Word("there", 1.0, 1.5, 0.8))),
        Segment(1, "speaker_1", (Word("hi", 3.0, 3.5, 0.9), Word("um", 3.5, 3.75))),
    ),
    turns=(SpeakerTurn("speaker_0", 0.5, 2.0), SpeakerTurn("speaker_1", 3.0, 4.0)),
    language="en",
)
HIGHLIGHTS = (Highlight("hello there", "speaker_0", 0, 0.5, 1.5),)
FAILED = {"state": "failed", "error": "RuntimeError", "cause": ""}


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def transcribing(fakes: Fakes, **given: Any) -> Job:
    """A recording whose first run has begun."""
    before = a_recording("acme", **{"status": Status.UPLOADED, "version": "v1", **given})
    fakes.recordings.create(before, [])
    assert fakes.recordings.begin_run(before.to(Status.TRANSCRIBING, at=NOW), expected=before, events=[])
    return before.current_job()


def planned(fakes: Fakes, job: Job, *warnings: ProcessingWarning) -> None:
    write_plan(job, Plan(AUDIO, 1, b"", (), ((),), warnings), fakes.objects)


def transcribed(
    fakes: Fakes, job: Job, transcript: Transcript = TRANSCRIPT, warnings: Sequence[ProcessingWarning] = ()
) -> None:
    engines = {"transcribe": WHISPER, "diarize": Engine("embedded", "1")}
    fakes.objects.write(
        job.keys.transcript, transcript_file.dump(transcript, engines, warnings), content_type="application/zstd"
    )


def whole(fakes: Fakes, **given: Any) -> Job:
    """A run of which every stage has left its files."""
    job = transcribing(fakes, **given)
    planned(fakes, job)
    transcribed(fakes, job)
    write_highlights(job, HIGHLIGHTS, fakes.objects)
    return job


def finish(fakes: Fakes, job: Job, stages: Any = ALL_DONE) -> Any:
    return finish_recording(job, stages, recordings=fakes.recordings, objects=fakes.objects, now=LATER)


def stored(fakes: Fakes) -> Recording:
    return fakes.recordings.get("acme", "rec_1")


# --- what is written ---------------------------------------------------------------------------------------


def test_a_finished_run_writes_all_that_it_found_over_what_an_earlier_one_found(fakes: Fakes) -> None:
    job = whole(fakes, title="Renewal", failure=Failure(Stage.PREPARE, "x", "Of an earlier run."), **EARLIER)
    assert finish(fakes, job) == {"status": "COMPLETE"}
    recording = stored(fakes)
    assert (recording.status, recording.updated_at, recording.failure) == (Status.COMPLETE, LATER, None)
    assert (recording.title, recording.run, recording.version) == ("Renewal", 1, "v1")
    assert recording.audio == AUDIO
    assert recording.language == "en"
    assert recording.speakers == (SpeakerTalk("speaker_0", 1.5, 2), SpeakerTalk("speaker_1", 1.0, 2))
    assert recording.word_count == 4
    assert recording.confidence == 0.8667
    assert recording.highlights == HIGHLIGHTS
    assert recording.warnings == ()
    assert recording.engines == {
        "transcribe": WHISPER,
        "diarize": Engine("embedded", "1"),
        "summarize": Engine("highlights", "1"),
    }


def test_highlights_of_an_earlier_run_go_when_this_one_picked_none(fakes: Fakes) -> None:
    """They would point into another transcript."""
    job = transcribing(fakes, **EARLIER)
    planned(fakes, job)
    transcribed(fakes, job)
    finish(fakes, job, ALL_DONE | {"summarize": FAILED})
    recording = stored(fakes)
    assert (recording.status, recording.highlights) == (Status.COMPLETE, ())
    assert set(recording.engines) == {"transcribe", "diarize"}


def test_warnings_are_those_of_the_plan_and_of_every_window_and_each_is_said_once(fakes: Fakes) -> None:
    job = transcribing(fakes, **EARLIER)
    planned(
        fakes, job, ProcessingWarning("truncated", "The file ends early."), ProcessingWarning("loud", "Of the plan.")
    )
    transcribed(
        fakes,
        job,
        warnings=[ProcessingWarning("no-gpu", "Window 2."), ProcessingWarning("loud", "Of window 2.")],
    )
    finish(fakes, job)
    assert stored(fakes).warnings == (
        ProcessingWarning("truncated", "The file ends early."),
        ProcessingWarning("loud", "Of window 2."),
        ProcessingWarning("no-gpu", "Window 2."),
    )


def test_the_plan_the_transcript_and_the_highlights_are_each_read_once_and_no_window(fakes: Fakes) -> None:
    job = whole(fakes)
    for index in range(3):
        write_window(job, WindowWords(index, (), WHISPER), fakes.objects)
    fakes.objects.reads.clear()
    finish(fakes, job)
    assert fakes.objects.reads == [
        "orgs/acme/recordings/rec_1/runs/1/plan.json",
        "orgs/acme/recordings/rec_1/transcript.json.zst",
        "orgs/acme/recordings/rec_1/runs/1/highlights.json",
    ]


def test_words_without_confidence_give_the_recording_none(fakes: Fakes) -> None:
    job = transcribing(fakes, confidence=0.5)
    planned(fakes, job)
    transcribed(fakes, job, Transcript((Segment(0, None, (Word("hello", 0.5, 0.75),)),)))
    finish(fakes, job)
    assert (stored(fakes).word_count, stored(fakes).confidence, stored(fakes).language) == (1, None, None)


def test_a_run_that_was_never_prepared_leaves_what_an_earlier_one_found(fakes: Fakes) -> None:
    job = transcribing(fakes, **EARLIER)
    assert finish(fakes, job, {"prepare": FAILED}) == {"status": "ERROR"}
    assert {name: getattr(stored(fakes), name) for name in EARLIER} == EARLIER


def test_a_run_without_a_transcript_writes_what_preparing_found_and_leaves_the_rest(fakes: Fakes) -> None:
    job = transcribing(fakes, **EARLIER)
    planned(fakes, job, ProcessingWarning("truncated", "The file ends early."))
    transcribed(fakes, job)
    write_window(job, WindowWords(0, (), WHISPER, warnings=(ProcessingWarning("no-gpu", "Window 0."),)), fakes.objects)
    finish(fakes, job, {"prepare": DONE, "transcribe": DONE, "assemble": FAILED})
    recording = stored(fakes)
    assert (recording.audio, recording.warnings) == (AUDIO, (ProcessingWarning("truncated", "The file ends early."),))
    unchanged = ("language", "engines", "highlights", "speakers", "word_count", "confidence")
    assert {name: getattr(recording, name) for name in unchanged} == {name: EARLIER[name] for name in unchanged}


def test_what_runs_left_under_way_is_cleared_away_and_the_rest_stays(fakes: Fakes) -> None:
    job = whole(fakes, run=2)
    write_plan(replace(job, run=1), Plan(AUDIO, 1, b"", (), ((),)), fakes.objects)
    for key in (job.keys.source, job.keys.audio):
        fakes.objects.write(key, b"sound", content_type="audio/flac")
    finish(fakes, job)
    assert [key.removeprefix(job.keys.prefix) for key in fakes.objects.keys(job.keys.prefix)] == [
        "audio.flac",
        "source",
        "transcript.json.zst",
    ]


def test_the_end_is_announced_once_with_what_the_record_says(fakes: Fakes) -> None:
    job = whole(fakes, queued_at=NOW)
    finish(fakes, job)
    finish(fakes, job)
    (event,) = fakes.recordings.announced
    assert event.envelope() == {
        "id": "evt_rec_1_1_completed",
        "version": "1",
        "org": "acme",
        "recordingId": "rec_1",
        "occurredAt": "2026-11-21T09:35:00.123456+00:00",
        "status": "COMPLETE",
        "run": 1,
        "durationSeconds": 12.5,
        "secondsToTranscript": 300.0,
    }


# --- how stages ended --------------------------------------------------------------------------------------


def test_every_stage_keeps_its_own_end_and_what_was_never_reached_is_skipped(fakes: Fakes) -> None:
    job = whole(fakes)
    noted = Failure(Stage.DIARIZE, "out-of-memory", "The job's own words.")
    fakes.recordings.note_stage(job, Stage.DIARIZE, StageState.FAILED, noted)
    finish(fakes, job, {"prepare": DONE, "transcribe": DONE, "diarize": FAILED, "assemble": DONE})
    run = fakes.recordings.detail("acme", "rec_1").run
    assert run is not None
    assert run.finished_at == LATER
    assert run.stages == {
        Stage.PREPARE: StageResult(StageState.COMPLETE),
        Stage.TRANSCRIBE: StageResult(StageState.COMPLETE),
        Stage.DIARIZE: StageResult(StageState.FAILED, noted),
        Stage.ASSEMBLE: StageResult(StageState.COMPLETE),
        Stage.REDACT: StageResult(StageState.SKIPPED),
        Stage.SUMMARIZE: StageResult(StageState.SKIPPED),
    }


@pytest.mark.parametrize("stage", ["diarize", "summarize", "redact"])
def test_a_stage_that_is_not_essential_may_fail_alone(fakes: Fakes, stage: str) -> None:
    job = whole(fakes)
    assert finish(fakes, job, ALL_DONE | {stage: FAILED}) == {"status": "COMPLETE"}
    assert stored(fakes).failure is None


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ("prepare", "Reading the audio failed. Ask for processing again to retry; what succeeded is kept."),
        ("transcribe", "Transcription failed. Ask for processing again to retry; what succeeded is kept."),
        (
            "assemble",
            "Putting the transcript together failed. Ask for processing again to retry; what succeeded is kept.",
        ),
    ],
)
def test_without_an_essential_stage_the_recording_is_in_error(fakes: Fakes, stage: str, message: str) -> None:
    job = whole(fakes)
    assert finish(fakes, job, ALL_DONE | {stage: FAILED}) == {"status": "ERROR"}
    assert stored(fakes).failure == Failure(Stage(stage), f"{stage}-failed", message)
    assert [event.type.value for event in fakes.recordings.announced] == ["recording.failed"]


def test_of_several_failures_the_first_is_the_recording_s(fakes: Fakes) -> None:
    job = whole(fakes)
    finish(fakes, job, {"prepare": DONE, "transcribe": FAILED, "diarize": FAILED, "assemble": FAILED})
    failure = stored(fakes).failure
    assert failure is not None
    assert failure.stage is Stage.TRANSCRIBE


def test_bytes_that_can_never_be_processed_end_it_for_good(fakes: Fakes) -> None:
    job = transcribing(fakes)
    cause = '{"errorMessage": "This looks like a PDF."}'
    stages = {"prepare": {"state": "failed", "error": "UnsupportedAudio", "cause": cause}}
    assert finish(fakes, job, stages) == {"status": "UNRECOVERABLE_ERROR"}
    assert stored(fakes).failure == Failure(Stage.PREPARE, "unsupported-audio", "This looks like a PDF.")


def test_a_run_that_never_began_is_no_finished_one(fakes: Fakes) -> None:
    before = a_recording("acme", status=Status.UPLOADED, version="v1")
    fakes.recordings.create(before, [])
    assert finish(fakes, before.current_job(), {}) == {"status": "ERROR"}
    assert stored(fakes).failure == Failure(
        Stage.PREPARE, "prepare-failed", "Processing ended before it began. Ask for it again to retry."
    )


# --- whose run it is ---------------------------------------------------------------------------------------


def test_what_has_ended_already_stays_and_nothing_is_cleared_away(fakes: Fakes) -> None:
    job = whole(fakes)
    before = stored(fakes)
    assert fakes.recordings.save(before.to(Status.COMPLETE, at=NOW), expected=before)
    ended = stored(fakes)
    assert finish(fakes, job, {"prepare": FAILED}) == {"status": "COMPLETE"}
    assert (stored(fakes), fakes.recordings.announced) == (ended, [])
    assert job.run_keys.plan in fakes.objects


def test_a_run_that_was_superseded_writes_nothing_into_its_successor(fakes: Fakes) -> None:
    job = whole(fakes, run=2)
    before = stored(fakes)
    with pytest.raises(SupersededRun, match="Run 1 was superseded by run 2"):
        finish(fakes, replace(job, run=1))
    assert stored(fakes) == before
    assert job.run_keys.plan in fakes.objects


def test_a_removed_recording_is_not_finished(fakes: Fakes) -> None:
    job = whole(fakes)
    remove("acme", "rec_1", recordings=fakes.recordings, objects=fakes.objects, now=NOW)
    with pytest.raises(SupersededRun, match="removed while it was being processed"):
        finish(fakes, job)


def rival(fakes: Fakes, times: int) -> Callable[[], None]:
    """Somebody else who writes so often, each time just before the write in question."""
    left = list(range(times))

    def write() -> None:
        if left:
            fakes.recordings.add_later_version("acme", "rec_1", f"w{left.pop()}")

    return write


def test_what_others_write_in_between_is_kept(fakes: Fakes) -> None:
    job = whole(fakes)
    fakes.recordings.before_save = rival(fakes, 4)
    assert finish(fakes, job) == {"status": "COMPLETE"}
    assert (stored(fakes).word_count, stored(fakes).later_versions) == (4, ("w3", "w2", "w1", "w0"))


def test_one_that_never_stops_changing_is_finished_later(fakes: Fakes) -> None:
    job = whole(fakes)
    fakes.recordings.before_save = rival(fakes, 8)
    with pytest.raises(TransientError) as raised:
        finish(fakes, job)
    assert raised.value.message == "The recording kept changing while its results were being written."
    assert stored(fakes).status is Status.TRANSCRIBING
    assert job.run_keys.plan in fakes.objects, "the next attempt needs it"
