"""The stages of the workflow one after the other, with real engines, over stores in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from auricle.errors import (
    ConsentRequired,
    EmptyAudio,
    NotFound,
    SupersededRun,
    TransientError,
    UnsupportedAudio,
    UnusableRecording,
)
from auricle.processing.assemble import assemble_transcript
from auricle.processing.diarize import diarize_recording
from auricle.processing.failure_reporting import failure_reported
from auricle.processing.fetching_audio import Bounds
from auricle.processing.finish import finish_recording
from auricle.processing.prepare import prepare_recording
from auricle.processing.run_files import read_plan, read_window, write_window
from auricle.processing.summarize import summarize_transcript
from auricle.processing.transcribe import transcribe_all, transcribe_window
from auricle.recordings.chunk_uploads import accept_chunk, finish, skip
from auricle.recordings.chunks import ChunksChange
from auricle.recordings.consent import Consent
from auricle.recordings.intake import Accepted, accept_upload, process, remove
from auricle.recordings.job import Job
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.recording import Excerpt, Recording, Stage, StageState, Status
from auricle.settings import settings
from auricle.speech.diarization.pipeline import DiarizationModels
from auricle.speech.models import ensure_models, model_path
from auricle.speech.transcribe_pocketsphinx import PocketsphinxTranscription
from auricle.speech.transcription import WindowTranscript
from auricle.speech.vad import VoiceActivityModel
from auricle.transcripts import storage as transcript_file
from tests.fakes import Fakes
from tests.fixtures import odd_audio

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
DONE = {"state": "complete"}


@pytest.fixture(scope="module")
def models() -> Path:
    ensure_models(settings().models_path)
    return settings().models_path


ENGINE = cache(PocketsphinxTranscription)


class Pipeline:
    """What the workflow does, without the workflow."""

    def __init__(self, fakes: Fakes, models: Path, workspace: Path) -> None:
        self.fakes = fakes
        self.stores: dict[str, Any] = {"recordings": fakes.recordings, "objects": fakes.objects}
        self.intake = fakes.intake(max_upload_bytes=10**9)
        self.models = models
        self.workspace = workspace

    def upload(self, content: bytes, *, consent: Consent = Consent.ALL_CONSENTED) -> Job:
        recording = Recording("acme", "rec_1", NOW, NOW, Status.UPLOADING, "call.wav", consent=consent)
        self.fakes.recordings.create(recording, [])
        self.fakes.objects.write(RecordingKeys("acme", "rec_1").source, content, content_type="audio/wav")
        self.accept()
        return self.recording.current_job()

    def accept(self) -> Accepted:
        return accept_upload("acme", "rec_1", intake=self.intake, now=NOW)

    @property
    def recording(self) -> Recording:
        return self.fakes.recordings.get("acme", "rec_1")

    def prepare(self, job: Job) -> Any:
        return prepare_recording(
            job,
            **self.stores,
            voice_model=VoiceActivityModel(model_path("voice-activity", self.models)),
            bounds=Bounds(600, 10**9),
            workspace=self.workspace,
            now=NOW,
        )

    def diarize(self, job: Job) -> Any:
        return diarize_recording(
            job, **self.stores, load_models=lambda: DiarizationModels.load(self.models), workspace=self.workspace
        )

    def transcribe(self, job: Job) -> Any:
        return transcribe_all(job, **self.stores, engine=ENGINE())

    def finish(self, job: Job, **stages: Any) -> Any:
        return finish_recording(job, stages, **self.stores, now=NOW)

    def state_of(self, stage: Stage) -> StageState:
        run = self.fakes.recordings.detail("acme", "rec_1").run
        assert run is not None
        return run.stage(stage).state


@pytest.fixture
def pipeline(models: Path, tmp_path: Path) -> Pipeline:
    return Pipeline(Fakes(), models, tmp_path)


@pytest.fixture(scope="module")
def short_call(demo_call: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The first two turns of the demo call."""
    from auricle.speech.flac import FlacWriter
    from auricle.speech.working_copy import read_blocks

    path = tmp_path_factory.mktemp("call") / "short.flac"
    writer = FlacWriter(path, channels=1)
    for block in islice(read_blocks(demo_call), 12):
        writer.write(block)
    writer.close()
    return path.read_bytes()


def test_a_call_becomes_a_record(pipeline: Pipeline, short_call: bytes) -> None:
    job = pipeline.upload(short_call)
    plan = pipeline.prepare(job)
    assert plan["has_speech"]
    assert plan["channels"] == 1
    assert pipeline.recording.status is Status.TRANSCRIBING
    pipeline.transcribe(job)
    assert pipeline.diarize(job)["speakers"] == 2
    counts = assemble_transcript(job, {"transcribe": DONE, "diarize": DONE}, **pipeline.stores)
    summarize_transcript(job, **pipeline.stores)
    done = {stage.value: DONE for stage in Stage if stage is not Stage.REDACT}
    assert pipeline.finish(job, **done) == {"status": "COMPLETE"}

    recording = pipeline.recording
    assert recording.duration_s == pytest.approx(12.288, abs=0.001)
    assert recording.word_count == counts["words"] > 20
    assert [talk.speaker for talk in recording.speakers] == ["speaker_0", "speaker_1"]
    assert recording.highlights
    assert {stage: engine.name for stage, engine in recording.engines.items()} == {
        "transcribe": "pocketsphinx",
        "diarize": "auricle-diarization",
        "summarize": "highlights",
    }
    assert pipeline.state_of(Stage.SUMMARIZE) is StageState.COMPLETE
    assert pipeline.state_of(Stage.REDACT) is StageState.SKIPPED
    transcript = transcript_file.load_transcript(pipeline.fakes.objects.read(job.keys.transcript))
    assert "thank you for calling" in transcript.text
    assert all(0 <= word.start_s < word.end_s <= 12.288 for word in transcript.words)
    assert not pipeline.fakes.objects.keys(job.run_keys.prefix), "what only the run needed is gone"


def test_what_a_cut_off_run_had_finished_is_not_done_again(pipeline: Pipeline, short_call: bytes) -> None:
    job = pipeline.upload(short_call)
    first = pipeline.prepare(job)
    engine = _Counting()
    transcribe_window(job, 0, **pipeline.stores, engine=engine)
    assert pipeline.prepare(job) == first
    transcribe_window(job, 0, **pipeline.stores, engine=engine)
    assert engine.asked == 1
    assert read_window(job, 0, pipeline.fakes.objects) is not None


def test_without_turns_every_word_is_kept(pipeline: Pipeline, short_call: bytes) -> None:
    job = pipeline.upload(short_call)
    pipeline.prepare(job)
    pipeline.transcribe(job)
    failed = {"state": "failed", "error": "MemoryError", "cause": ""}
    assemble_transcript(job, {"transcribe": DONE, "diarize": failed}, **pipeline.stores)
    pipeline.finish(job, prepare=DONE, transcribe=DONE, diarize=failed, assemble=DONE, summarize=DONE)
    assert pipeline.recording.status is Status.COMPLETE
    assert pipeline.recording.word_count > 20
    assert pipeline.state_of(Stage.DIARIZE) is StageState.FAILED


def test_without_words_the_turns_are_kept_and_a_new_run_may_begin(pipeline: Pipeline, short_call: bytes) -> None:
    job = pipeline.upload(short_call)
    pipeline.prepare(job)
    pipeline.diarize(job)
    failed = {"state": "failed", "error": "EngineFailed", "cause": '{"errorMessage": "whisper is out of memory"}'}
    assemble_transcript(job, {"transcribe": failed, "diarize": DONE}, **pipeline.stores)
    pipeline.finish(job, prepare=DONE, transcribe=failed, diarize=DONE, assemble=DONE)
    recording = pipeline.recording
    assert recording.status is Status.ERROR
    assert recording.failure is not None
    assert (recording.failure.stage, recording.failure.message) == (Stage.TRANSCRIBE, "whisper is out of memory")
    assert len(recording.speakers) == 2
    again = process(
        "acme",
        "rec_1",
        reprocess=False,
        intake=pipeline.intake,
        now=NOW,
    )
    assert (again.run, again.status) == (2, Status.UPLOADED)


def test_a_job_that_failed_elsewhere_leaves_its_own_words(pipeline: Pipeline, short_call: bytes) -> None:
    job = pipeline.upload(short_call)
    pipeline.prepare(job)
    with pytest.raises(EmptyAudio), failure_reported(job, Stage.TRANSCRIBE, pipeline.fakes.recordings):
        raise EmptyAudio("The GPU found nothing to listen to.")
    pipeline.finish(job, prepare=DONE, transcribe={"state": "failed", "error": "States.TaskFailed", "cause": "{}"})
    assert pipeline.recording.failure is not None
    assert pipeline.recording.failure.message == "The GPU found nothing to listen to."


def test_a_transient_error_ends_a_job_with_the_code_that_is_tried_again(pipeline: Pipeline, short_call: bytes) -> None:
    job = pipeline.upload(short_call)
    pipeline.prepare(job)
    for stage in (Stage.TRANSCRIBE, Stage.DIARIZE):
        with pytest.raises(SystemExit) as ended, failure_reported(job, stage, pipeline.fakes.recordings):
            raise TransientError("The bucket did not answer.")
        assert ended.value.code == 75
        assert pipeline.state_of(stage) is not StageState.FAILED, "the next attempt may succeed"


def test_a_job_that_cannot_say_why_it_failed_is_tried_again(pipeline: Pipeline, short_call: bytes) -> None:
    job = pipeline.upload(short_call)

    class Unreachable:
        def note_stage(self, *_: object) -> None:
            raise TransientError("The table did not answer.")

    store: Any = Unreachable()
    with pytest.raises(SystemExit) as ended, failure_reported(job, Stage.TRANSCRIBE, store):
        raise EmptyAudio("There is nothing to listen to.")
    assert ended.value.code == 75


def test_what_was_transcribed_without_a_gpu_says_so(pipeline: Pipeline, short_call: bytes) -> None:
    job = pipeline.upload(short_call)
    pipeline.prepare(job)
    for window in read_plan(job, pipeline.fakes.objects).windows:
        pipeline.fakes.objects.reads.clear()
        transcribe_window(job, window.index, **pipeline.stores, engine=ENGINE(), instead_of_gpu=True)
        assert [key.rpartition("/rec_1/")[2] for key in pipeline.fakes.objects.reads] == [
            "runs/1/plan/00000.json",
            f"runs/1/windows/{window.index:05d}.json",
            "audio.flac",
        ], "its part of the plan, whether it is done already, and its stretch of the audio"
    pipeline.diarize(job)
    assemble_transcript(job, {"transcribe": DONE, "diarize": DONE}, **pipeline.stores)
    pipeline.finish(job, **{stage.value: DONE for stage in Stage if stage is not Stage.REDACT})
    (warning,) = pipeline.recording.warnings
    assert warning.code == "transcribed-without-gpu"
    assert str(ENGINE().engine.model) in warning.message


def test_a_summary_under_way_is_in_progress(pipeline: Pipeline, short_call: bytes) -> None:
    job = pipeline.upload(short_call)
    pipeline.prepare(job)
    with pytest.raises(NotFound):  # there is no transcript yet
        summarize_transcript(job, **pipeline.stores)
    assert pipeline.state_of(Stage.SUMMARIZE) is StageState.IN_PROGRESS


def test_an_engine_that_leaves_a_window_out_is_an_error(pipeline: Pipeline, demo_call: Path) -> None:
    """The words of the window would be missing, and nobody would know."""

    class Forgetful(_Counting):
        def transcribe_together(self, heard: Any) -> Any:
            return super().transcribe_together(heard)[:-1]

        def transcribe(self, audio: Any, window: Any) -> Any:
            return WindowTranscript((), None, self.engine)

    job = pipeline.upload(demo_call.read_bytes())
    pipeline.prepare(job)
    assert len(read_plan(job, pipeline.fakes.objects).windows) > 1
    with pytest.raises(ValueError, match="shorter"):
        transcribe_all(job, **pipeline.stores, engine=Forgetful())


def test_a_transcript_of_two_models_names_both(pipeline: Pipeline, short_call: bytes) -> None:
    """A job may lose its machine half-way; what it had done is kept, and functions do the rest."""
    job = pipeline.upload(short_call)
    pipeline.prepare(job)
    pipeline.transcribe(job)
    first = read_window(job, 0, pipeline.fakes.objects)
    assert first is not None
    write_window(job, replace(first, index=1, engine=replace(first.engine, model="another")), pipeline.fakes.objects)
    assemble_transcript(job, {"transcribe": DONE, "diarize": DONE}, **pipeline.stores)
    engine = transcript_file.load(pipeline.fakes.objects.read(job.keys.transcript))["engines"]["transcribe"]
    assert engine["model"] == f"{first.engine.model}, another"


def test_silence_is_a_finished_recording_without_words(pipeline: Pipeline, tmp_path: Path) -> None:
    silence = odd_audio.write(tmp_path / "silence.wav", odd_audio.tones(5.0, 440, level=0.0), codec="pcm_s16le")
    job = pipeline.upload(silence.read_bytes())
    assert not pipeline.prepare(job)["has_speech"]
    skipped = {"state": "skipped"}
    assemble_transcript(job, {"transcribe": skipped, "diarize": skipped}, **pipeline.stores)
    summarize_transcript(job, **pipeline.stores)
    pipeline.finish(job, prepare=DONE, transcribe=skipped, diarize=skipped, assemble=DONE, summarize=DONE)
    assert pipeline.recording.status is Status.COMPLETE
    assert pipeline.recording.word_count == 0
    assert [warning.code for warning in pipeline.recording.warnings] == ["no-speech"]


def test_what_is_no_audio_fails_for_good(pipeline: Pipeline) -> None:
    job = pipeline.upload(b"%PDF-1.7 not a call")
    with pytest.raises(UnsupportedAudio) as refused:
        pipeline.prepare(job)
    cause = f'{{"errorMessage": "{refused.value.message}"}}'
    pipeline.finish(job, prepare={"state": "failed", "error": "UnsupportedAudio", "cause": cause})
    assert pipeline.recording.status is Status.UNRECOVERABLE_ERROR
    assert pipeline.recording.failure is not None
    assert pipeline.recording.failure.message == refused.value.message


def test_consent_withdrawn_stops_the_next_step(pipeline: Pipeline, short_call: bytes) -> None:
    from dataclasses import replace

    job = pipeline.upload(short_call)
    pipeline.prepare(job)
    before = pipeline.recording
    assert pipeline.fakes.recordings.save(replace(before, consent=Consent.WITHDRAWN), expected=before)
    for step in (pipeline.transcribe, pipeline.diarize):
        with pytest.raises(ConsentRequired):
            step(job)


def test_a_removed_recording_ends_its_run_quietly(pipeline: Pipeline, short_call: bytes) -> None:
    job = pipeline.upload(short_call)
    pipeline.prepare(job)
    remove("acme", "rec_1", **pipeline.stores, now=NOW)
    steps: tuple[Callable[[Job], Any], ...] = (
        pipeline.prepare,
        pipeline.diarize,
        lambda of: assemble_transcript(of, {}, **pipeline.stores),
        lambda of: summarize_transcript(of, **pipeline.stores),
        pipeline.finish,
    )
    for step in steps:
        with pytest.raises(SupersededRun):
            step(job)
    assert not pipeline.fakes.objects.keys(job.keys.prefix), "nothing was written for it after its removal"


def test_finishing_twice_changes_nothing(pipeline: Pipeline, short_call: bytes) -> None:
    job = pipeline.upload(short_call)
    pipeline.prepare(job)
    assert read_plan(job, pipeline.fakes.objects).audio.format == "flac"
    stages = {"prepare": DONE, "transcribe": {"state": "failed", "error": "MemoryError", "cause": ""}}
    pipeline.finish(job, **stages)
    revision = pipeline.recording.revision
    assert pipeline.finish(job, **stages) == {"status": "ERROR"}
    assert pipeline.recording.revision == revision


class _Counting:
    """pocketsphinx, and how often it was asked."""

    def __init__(self) -> None:
        self._real = ENGINE()
        self.engine = self._real.engine
        self.asked = 0

    def transcribe(self, audio: Any, window: Any) -> Any:
        self.asked += 1
        return self._real.transcribe(audio, window)

    def transcribe_together(self, heard: Any) -> Any:
        return tuple(self.transcribe(audio, window) for audio, window in heard)


class TestPutTogether:
    """Recordings that come in chunks, or are made of others."""

    def chunked(self, pipeline: Pipeline, *contents: bytes, skipped: tuple[int, ...] = ()) -> Job:
        recording = Recording("acme", "rec_1", NOW, NOW, Status.RECORDING, "call.wav", chunked=True)
        pipeline.fakes.recordings.create(recording, [])
        for number, content in enumerate(contents):
            if number not in skipped:
                key = RecordingKeys("acme", "rec_1").chunk(number)
                pipeline.fakes.objects.write(key, content, content_type="audio/wav")
                pipeline.fakes.objects.write(key, b"sent again", content_type="audio/wav")
                accept_chunk("acme", "rec_1", number, intake=pipeline.intake, now=NOW)
        if skipped:
            skip("acme", "rec_1", skipped, intake=pipeline.intake, now=NOW)
        finish("acme", "rec_1", len(contents), intake=pipeline.intake, now=NOW)
        return pipeline.recording.current_job()

    def made(self, pipeline: Pipeline, *excerpts: Excerpt) -> Job:
        recording = Recording("acme", "rec_1", NOW, NOW, Status.UPLOADED, "a.flac", version="made-1", made_of=excerpts)
        pipeline.fakes.recordings.create(recording, [])
        return recording.current_job()

    def copied(self, pipeline: Pipeline, tmp_path: Path, seconds: float, recording_id: str = "rec_0") -> bytes:
        """Another recording's working copy."""
        path = tmp_path / f"{recording_id}.flac"
        odd_audio.write(path, odd_audio.tones(seconds, 440, level=0.0), codec="flac")
        pipeline.fakes.objects.upload(path, RecordingKeys("acme", recording_id).audio, content_type="audio/flac")
        return path.read_bytes()

    def test_chunks_become_one_recording(self, pipeline: Pipeline, short_call: bytes) -> None:
        third = len(short_call) // 3
        parts = (short_call[:third], short_call[third : 2 * third], short_call[2 * third :])
        job = self.chunked(pipeline, *parts)
        assert pipeline.prepare(job)["duration_s"] == pytest.approx(12.288, abs=0.001)
        chunks = pipeline.fakes.recordings.detail("acme", "rec_1").chunks
        assert chunks is not None
        assert chunks.processed == {0, 1, 2}
        plan = read_plan(job, pipeline.fakes.objects)
        assert (plan.audio.format, plan.warnings) == ("flac", ())
        assert not list(pipeline.workspace.glob("fetched/*")), "nothing but the copy stays"

    def test_what_was_skipped_is_said(self, pipeline: Pipeline, tmp_path: Path) -> None:
        part = odd_audio.write(tmp_path / "part.wav", odd_audio.tones(1.0, 440), codec="pcm_s16le").read_bytes()
        job = self.chunked(pipeline, part, part, part, part, skipped=(1, 2))
        assert pipeline.prepare(job)["duration_s"] == 2.0
        missing = read_plan(job, pipeline.fakes.objects).warnings[0]
        assert (missing.code, "chunks 1 and 2 are missing" in missing.message) == ("chunks-missing", True)

    def test_a_retry_notes_what_was_processed_though_the_plan_is_there(
        self, pipeline: Pipeline, short_call: bytes
    ) -> None:
        job = self.chunked(pipeline, short_call)
        pipeline.prepare(job)
        pipeline.fakes.recordings.change_chunks("acme", "rec_1", ChunksChange(processed=frozenset()))
        pipeline.prepare(job)
        chunks = pipeline.fakes.recordings.detail("acme", "rec_1").chunks
        assert chunks is not None
        assert chunks.processed == {0}

    def test_a_mixture_of_chunks_fails_for_good(self, pipeline: Pipeline, tmp_path: Path) -> None:
        part = odd_audio.write(tmp_path / "part.wav", odd_audio.tones(1.0, 440), codec="pcm_s16le").read_bytes()
        with pytest.raises(UnusableRecording, match="Chunk 2 is a slice"):
            pipeline.prepare(self.chunked(pipeline, part, part, part[500:], part))

    def test_excerpts_become_one_recording(self, pipeline: Pipeline, tmp_path: Path) -> None:
        self.copied(pipeline, tmp_path, 3.0)
        self.copied(pipeline, tmp_path, 2.0, "rec_2")
        job = self.made(pipeline, Excerpt("rec_2"), Excerpt("rec_0", 500, 1750), Excerpt("rec_0", 2999))
        assert pipeline.prepare(job)["duration_s"] == 3.251
        assert read_plan(job, pipeline.fakes.objects).audio.format == "flac"

    def test_a_second_run_takes_its_own_copy(self, pipeline: Pipeline, tmp_path: Path) -> None:
        from dataclasses import replace

        self.copied(pipeline, tmp_path, 3.0)
        job = self.made(pipeline, Excerpt("rec_0", 500, 1750))
        pipeline.prepare(job)
        pipeline.fakes.objects.erase(RecordingKeys("acme", "rec_0").prefix)
        pipeline.fakes.objects.erase(job.keys.runs_prefix)
        failed = pipeline.recording
        assert pipeline.fakes.recordings.save(failed.to(Status.ERROR, at=NOW), expected=failed)
        failed = pipeline.recording
        assert pipeline.fakes.recordings.save(failed.new_run(at=NOW), expected=failed)
        assert pipeline.prepare(replace(job, run=2))["duration_s"] == 1.25

    def test_what_it_was_made_of_may_be_gone(self, pipeline: Pipeline) -> None:
        with pytest.raises(UnusableRecording, match="removed"):
            pipeline.prepare(self.made(pipeline, Excerpt("rec_0")))
