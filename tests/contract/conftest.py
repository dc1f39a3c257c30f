"""The API over the fakes, and recordings in the states clients meet them in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from api.dependencies import Services
from auricle.processing_warnings import ProcessingWarning
from auricle.recordings.recording import Audio, Failure, Recording, Stage, StageResult, StageState, Status
from auricle.transcripts import storage as transcript_file
from auricle.transcripts.highlights import Highlight
from auricle.transcripts.transcript import Engine, Segment, SpeakerTurn, Transcript, Word
from tests.contract.gateway import Gateway, Identity
from tests.fakes import Fakes

NOW = datetime(2026, 3, 30, 12, 0, 0, 123456, tzinfo=UTC)
ENGINES = {
    "transcribe": Engine("pocketsphinx", "5.1.1", "en-us"),
    "diarize": Engine("embedded", "1"),
}
SPOKEN = Transcript(
    segments=(
        Segment(0, "speaker_0", (Word("thank", 0.51, 0.92, 0.91), Word("you", 0.92, 1.32, 0.83))),
        Segment(1, "speaker_1", (Word("hello", 1.6, 2.0, None),)),
        Segment(2, None, (Word("mm", 2.2, 2.4, 0.4),)),
        Segment(3, "speaker_0", (Word("bye", 3.0, 3.4, 0.9),)),
    ),
    turns=(SpeakerTurn("speaker_0", 0.5, 1.4), SpeakerTurn("speaker_1", 1.5, 2.1), SpeakerTurn("speaker_0", 2.9, 3.5)),
    language="en",
)


class Archive:
    """Puts recordings where the API finds them, in the state a test needs."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def put(self, recording_id: str = "rec_1", *, org: str = "acme", **given: object) -> Recording:
        """A recording in any state, without a run."""
        usual = Recording(
            org=org,
            id=recording_id,
            created_at=NOW,
            updated_at=NOW,
            status=Status.UPLOADING,
            file_name="call.wav",
        )
        recording = replace(usual, **given)  # type: ignore[arg-type]  # a test says what it means
        self._services.recordings.create(recording, [])
        return recording

    def uploaded(self, recording_id: str = "rec_1", **given: object) -> Recording:
        """One whose bytes have arrived."""
        arrived: dict[str, object] = {"status": Status.UPLOADED, "version": "v1", "size_bytes": 4}
        recording = self.put(recording_id, **(arrived | given))  # type: ignore[arg-type]  # a test says what it means
        self._services.objects.write(recording.keys.source, b"RIFF", content_type="audio/wav")
        return recording

    def transcribing(self, recording_id: str = "rec_1", *, done: int = 1, **given: object) -> Recording:
        """One in the middle of its run: so many of four windows are transcribed."""
        before = self.uploaded(recording_id, **given)
        recording = before.to(Status.TRANSCRIBING, at=NOW)
        recordings, job = self._services.recordings, recording.current_job()
        assert recordings.begin_run(recording, expected=before, events=[])
        recordings.note_stage(job, Stage.PREPARE, StageState.COMPLETE)
        recordings.note_stage(job, Stage.TRANSCRIBE, StageState.IN_PROGRESS)
        recordings.note_windows(job, 4)
        for index in range(done):
            recordings.note_window_done(job, index)
        return recordings.get(recording.org, recording.id, with_trashed=True)

    def evaluating(self, recording_id: str = "rec_1") -> Recording:
        """One whose transcript is there while its highlights are being picked."""
        recording = self.transcribing(recording_id, done=4)
        self._write_transcript(recording)
        self._services.recordings.note_stage(recording.current_job(), Stage.ASSEMBLE, StageState.COMPLETE)
        return recording

    def complete(self, recording_id: str = "rec_1", *, diarized: bool = True, **given: object) -> Recording:
        """One that went through, though perhaps without telling its speakers apart."""
        before = self.transcribing(recording_id, done=4, **given)
        self._services.objects.write(before.keys.audio, b"fLaC", content_type="audio/flac")
        self._write_transcript(before)
        after = replace(
            before.to(Status.COMPLETE, at=NOW + timedelta(seconds=70)),
            audio=Audio("wav", "pcm_s16le", 1, 16000, 61.2),
            language="en",
            engines=ENGINES,
            highlights=(Highlight("thank you", "speaker_0", 0, 0.51, 1.32),),
            speakers=SPOKEN.talk(),
            word_count=len(SPOKEN.words),
            warnings=(ProcessingWarning("cut-off", "The file ends in the middle."),),
        )
        stages = dict.fromkeys(Stage, StageResult(StageState.COMPLETE))
        stages[Stage.REDACT] = StageResult(StageState.SKIPPED)
        if not diarized:
            failure = Failure(Stage.DIARIZE, "engine-failed", "The speakers could not be told apart.")
            stages[Stage.DIARIZE] = StageResult(StageState.FAILED, failure)
        assert self._services.recordings.save(after, expected=before, finished_stages=stages)
        return after

    def failed(self, recording_id: str = "rec_1", *, code: str = "transcribe-failed", final: bool = False) -> Recording:
        """One whose transcription failed, or whose bytes were no audio."""
        stage = Stage.PREPARE if final else Stage.TRANSCRIBE
        failure = Failure(stage, code, "That did not work.")
        before = self.transcribing(recording_id, done=0)
        status = Status.UNRECOVERABLE_ERROR if final else Status.ERROR
        after = replace(before.to(status, at=NOW), failure=failure)
        stages = dict.fromkeys(Stage, StageResult(StageState.SKIPPED))
        stages[stage] = StageResult(StageState.FAILED, failure)
        assert self._services.recordings.save(after, expected=before, finished_stages=stages)
        return after

    def _write_transcript(self, recording: Recording) -> None:
        stored = transcript_file.dump(SPOKEN, ENGINES)
        self._services.objects.write(recording.keys.transcript, stored, content_type="application/zstd")


@pytest.fixture(scope="session")
def identity() -> Identity:
    return Identity()


@pytest.fixture
def services() -> Services:
    return Fakes()


@pytest.fixture
def api(services: Services, identity: Identity) -> Gateway:
    gateway = Gateway(services, identity)
    gateway.now = NOW
    return gateway


@pytest.fixture
def archive(services: Services) -> Archive:
    return Archive(services)
