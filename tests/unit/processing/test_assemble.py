"""What assembling makes of windows and turns, and when an earlier transcript stays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from auricle.errors import SupersededRun
from auricle.processing.assemble import assemble_transcript
from auricle.processing.run_files import Turns, WindowWords, write_turns, write_window
from auricle.processing_warnings import ProcessingWarning
from auricle.recordings.job import Job
from auricle.recordings.recording import Failure, Stage, StageResult, StageState, Status
from auricle.transcripts import storage as transcript_file
from auricle.transcripts.transcript import Engine, Segment, SpeakerTurn, Transcript, Word
from tests.fakes import Fakes
from tests.fakes.contract import NOW, a_recording

DONE = {"state": "complete"}
BOTH = {"transcribe": DONE, "diarize": DONE}
FAILED = {"state": "failed", "error": "EngineFailed", "cause": '{"errorMessage": "whisper is out of memory"}'}
WHISPER = Engine("whisper", "1.2", "small")
EMBEDDED = Engine("embedded", "1")
HELLO, THERE, HI = Word("hello", 0.5, 0.75, 0.9), Word("there", 1.0, 1.5, 0.8), Word("hi", 3.0, 3.5)
TURNS = Turns((SpeakerTurn("speaker_0", 0.5, 2.0), SpeakerTurn("speaker_1", 3.0, 4.0)), EMBEDDED)


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
def job(fakes: Fakes) -> Job:
    before = a_recording("acme", status=Status.UPLOADED, version="v1", run=2)
    fakes.recordings.create(before, [])
    assert fakes.recordings.begin_run(before.to(Status.TRANSCRIBING, at=NOW), expected=before, events=[])
    return before.current_job()


def heard(fakes: Fakes, job: Job, *windows: WindowWords) -> None:
    for window in windows:
        write_window(job, window, fakes.objects)


def assembled(fakes: Fakes, job: Job, stages: Any = BOTH) -> Any:
    return assemble_transcript(job, stages, recordings=fakes.recordings, objects=fakes.objects)


def transcript(fakes: Fakes, job: Job) -> Transcript:
    return transcript_file.load_transcript(fakes.objects.read(job.keys.transcript))


def engines(fakes: Fakes, job: Job) -> Any:
    return transcript_file.load(fakes.objects.read(job.keys.transcript))["engines"]


def results(fakes: Fakes) -> Any:
    run = fakes.recordings.detail("acme", "rec_1").run
    assert run is not None
    return run.stages


def test_words_of_all_windows_go_to_who_speaks_then(fakes: Fakes, job: Job) -> None:
    heard(fakes, job, WindowWords(1, (HI,), WHISPER, "en"), WindowWords(0, (HELLO, THERE), WHISPER, "en"))
    write_turns(job, TURNS, fakes.objects)
    assert assembled(fakes, job) == {"segments": 2, "words": 3}
    assert transcript(fakes, job) == Transcript(
        (Segment(0, "speaker_0", (HELLO, THERE)), Segment(1, "speaker_1", (HI,))), TURNS.turns, "en"
    )
    assert engines(fakes, job) == {
        "transcribe": {"name": "whisper", "version": "1.2", "model": "small"},
        "diarize": {"name": "embedded", "version": "1", "model": None},
    }
    assert results(fakes) == {
        Stage.TRANSCRIBE: StageResult(StageState.COMPLETE),
        Stage.DIARIZE: StageResult(StageState.COMPLETE),
        Stage.ASSEMBLE: StageResult(StageState.COMPLETE),
    }


def test_without_turns_every_word_is_kept_and_no_engine_is_named_for_them(fakes: Fakes, job: Job) -> None:
    heard(fakes, job, WindowWords(0, (HELLO, THERE), WHISPER, "en"))
    memory = {"state": "failed", "error": "MemoryError", "cause": ""}
    assert assembled(fakes, job, {"transcribe": DONE, "diarize": memory}) == {"segments": 1, "words": 2}
    assert transcript(fakes, job) == Transcript((Segment(0, None, (HELLO, THERE)),), (), "en")
    assert set(engines(fakes, job)) == {"transcribe"}
    assert results(fakes)[Stage.DIARIZE].failure.code == "out-of-memory"


def test_a_transcript_nobody_spoke_in_is_written_without_engines(fakes: Fakes, job: Job) -> None:
    skipped = {"state": "skipped"}
    assert assembled(fakes, job, {"transcribe": skipped, "diarize": skipped}) == {"segments": 0, "words": 0}
    assert transcript(fakes, job) == Transcript(())
    assert engines(fakes, job) == {}
    assert results(fakes)[Stage.TRANSCRIBE] == StageResult(StageState.SKIPPED)


def test_the_words_a_job_left_of_its_failure_are_kept(fakes: Fakes, job: Job) -> None:
    noted = Failure(Stage.TRANSCRIBE, "gpu-unavailable", "The job's own words.")
    fakes.recordings.note_stage(job, Stage.TRANSCRIBE, StageState.FAILED, noted)
    caught = {"state": "failed", "error": "States.TaskFailed", "cause": "{}"}
    assembled(fakes, job, {"transcribe": caught, "diarize": DONE})
    assert results(fakes)[Stage.TRANSCRIBE] == StageResult(StageState.FAILED, noted)


def test_the_language_is_that_of_most_words(fakes: Fakes, job: Job) -> None:
    two, three = (HELLO, THERE), (HELLO, THERE, HI)
    heard(
        fakes,
        job,
        WindowWords(0, two, WHISPER, "de"),
        WindowWords(1, three, WHISPER, "en"),
        WindowWords(2, two, WHISPER, "de"),
        WindowWords(3, three * 2, WHISPER, None),
    )
    assembled(fakes, job)
    assert transcript(fakes, job).language == "de"


@pytest.mark.parametrize(
    ("models", "named"),
    [
        (("small", "small"), "small"),
        (("large-v3", "small"), "large-v3, small"),
        (("small", None), "small"),
        ((None, None), None),
    ],
)
def test_every_model_is_named_once(fakes: Fakes, job: Job, models: tuple[str | None, ...], named: str | None) -> None:
    for index, model in enumerate(models):
        heard(fakes, job, WindowWords(index, (HELLO,), replace(WHISPER, model=model)))
    assembled(fakes, job)
    assert engines(fakes, job)["transcribe"] == {"name": "whisper", "version": "1.2", "model": named}


# --- an earlier run's transcript ---------------------------------------------------------------------------


def earlier(fakes: Fakes, job: Job, *words: Word) -> bytes:
    stored = transcript_file.dump(Transcript((Segment(0, None, words),) if words else ()), {})
    fakes.objects.write(job.keys.transcript, stored, content_type="application/zstd")
    return stored


@pytest.mark.parametrize("words", [(HELLO, THERE), (HELLO,)])
def test_where_transcription_failed_an_earlier_transcript_with_as_many_words_stays(
    fakes: Fakes, job: Job, words: tuple[Word, ...]
) -> None:
    stored = earlier(fakes, job, *words)
    heard(fakes, job, WindowWords(0, (HI,), WHISPER))
    assert assembled(fakes, job, {"transcribe": FAILED, "diarize": DONE}) == {"segments": 1, "words": len(words)}
    assert fakes.objects.read(job.keys.transcript) == stored
    assert results(fakes)[Stage.ASSEMBLE] == StageResult(StageState.COMPLETE)


def test_one_with_fewer_words_does_not(fakes: Fakes, job: Job) -> None:
    earlier(fakes, job, HI)
    heard(fakes, job, WindowWords(0, (HELLO, THERE), WHISPER))
    assert assembled(fakes, job, {"transcribe": FAILED, "diarize": DONE}) == {"segments": 1, "words": 2}
    assert transcript(fakes, job).words == (HELLO, THERE)


def test_where_transcription_succeeded_a_shorter_transcript_takes_its_place(fakes: Fakes, job: Job) -> None:
    earlier(fakes, job, HELLO, THERE)
    heard(fakes, job, WindowWords(0, (HI,), WHISPER))
    assembled(fakes, job)
    assert transcript(fakes, job).words == (HI,)


def test_a_first_run_without_words_keeps_its_turns(fakes: Fakes, job: Job) -> None:
    write_turns(job, TURNS, fakes.objects)
    assert assembled(fakes, job, {"transcribe": FAILED, "diarize": DONE}) == {"segments": 0, "words": 0}
    assert transcript(fakes, job) == Transcript((), TURNS.turns)
    assert set(engines(fakes, job)) == {"diarize"}


def test_a_stale_run_writes_no_transcript_over_its_successor_s(fakes: Fakes, job: Job) -> None:
    stored = earlier(fakes, job, HELLO)
    with pytest.raises(SupersededRun):
        assembled(fakes, replace(job, run=1))
    assert fakes.objects.read(job.keys.transcript) == stored
    assert results(fakes) == {}


def test_what_windows_warned_of_is_kept_with_the_transcript_each_once(fakes: Fakes, job: Job) -> None:
    first, second = ProcessingWarning("no-gpu", "Window 0."), ProcessingWarning("no-gpu", "Window 2.")
    loud = ProcessingWarning("loud", "Of window 2.")
    heard(
        fakes,
        job,
        WindowWords(0, (HELLO,), WHISPER, "en", (first,)),
        WindowWords(1, (THERE,), WHISPER),
        WindowWords(2, (HI,), WHISPER, "en", (second, loud)),
    )
    assembled(fakes, job)
    stored = transcript_file.load_whole(fakes.objects.read(job.keys.transcript))
    assert stored.warnings == (second, loud)
