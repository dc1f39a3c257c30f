"""What is fetched of one file, of chunks and of other recordings, and with which bounds it is decoded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auricle.errors import ConsentRequired, UnusableRecording
from auricle.processing import fetching_audio as gathering
from auricle.processing.fetching_audio import Bounds, FetchedAudio
from auricle.processing_warnings import ProcessingWarning
from auricle.recordings.chunks import Chunk, ChunksChange
from auricle.recordings.consent import Consent
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.recording import Excerpt, Recording, Status
from auricle.speech.excerpts import FlacExcerpt
from tests.fakes import Fakes
from tests.fakes.contract import NOW, a_recording


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, dict[str, Any]]]:
    """What was to be decoded, and how; nothing is."""
    asked: list[tuple[Any, dict[str, Any]]] = []

    def decode(what: Any, **how: Any) -> str:
        asked.append((what, how))
        return "sound"

    for name in ("decode", "decode_pieces", "Excerpts"):
        monkeypatch.setattr(gathering, name, decode)
    return asked


def put(fakes: Fakes, recording_id: str = "rec_1", **given: Any) -> Recording:
    recording = a_recording("acme", recording_id, **{"status": Status.UPLOADED, "version": "v1", **given})
    fakes.recordings.create(recording, [])
    return recording


def gathered(fakes: Fakes, recording: Recording, folder: Path) -> FetchedAudio:
    return gathering.fetch_audio(
        recording.current_job(),
        recording,
        recordings=fakes.recordings,
        objects=fakes.objects,
        bounds=Bounds(600.0, 5000),
        folder=folder,
    )


def write(fakes: Fakes, key: str, content: bytes) -> None:
    fakes.objects.write(key, content, content_type="audio/wav")


def test_of_a_file_the_version_that_is_processed_is_fetched(fakes: Fakes, decoded: Any, tmp_path: Path) -> None:
    recording = put(fakes)
    for content in (b"first", b"later"):
        write(fakes, RecordingKeys("acme", "rec_1").source, content)
    found = gathered(fakes, recording, tmp_path)
    assert not found.warnings
    assert (tmp_path / "source").read_bytes() == b"first"
    assert decoded == [(tmp_path / "source", {"max_duration_s": 600.0, "max_size_bytes": 5000})]


def test_of_chunks_those_that_were_settled_are_fetched_in_their_versions(
    fakes: Fakes, decoded: Any, tmp_path: Path
) -> None:
    recording = put(fakes, chunked=True, chunk_numbers=(0, 2))
    arrived = {}
    for number in (0, 2, 3):
        key = recording.keys.chunk(number)
        write(fakes, key, f"chunk {number}".encode())
        first = fakes.objects.first_version(key)
        assert first is not None
        arrived[number] = Chunk(first.version, 7, NOW)
        write(fakes, key, b"sent again")
    fakes.recordings.change_chunks("acme", "rec_1", ChunksChange(arrived=arrived, expected=4))
    found = gathered(fakes, recording, tmp_path)
    assert found.warnings == [
        ProcessingWarning(
            "chunks-missing", "Of this recording chunks 1 and 3 are missing, and with it what was said then."
        )
    ]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"00000": b"chunk 0", "00002": b"chunk 2"}
    assert decoded == [
        (
            {0: tmp_path / "00000", 2: tmp_path / "00002"},
            {"max_duration_s": 600.0, "max_size_bytes": 5000},
        )
    ]


def test_where_no_chunk_is_missing_nothing_is_said(fakes: Fakes, decoded: Any, tmp_path: Path) -> None:
    recording = put(fakes, chunked=True, chunk_numbers=(0,))
    write(fakes, recording.keys.chunk(0), b"chunk")
    fakes.recordings.change_chunks("acme", "rec_1", ChunksChange(arrived={0: Chunk("v1", 5, NOW)}))
    assert gathered(fakes, recording, tmp_path).warnings == []


def test_where_nobody_said_how_many_chunks_there_are_none_is_missing(
    fakes: Fakes, decoded: Any, tmp_path: Path
) -> None:
    recording = put(fakes, chunked=True, chunk_numbers=(1,))
    write(fakes, recording.keys.chunk(1), b"chunk")
    fakes.recordings.change_chunks("acme", "rec_1", ChunksChange(arrived={1: Chunk("v1", 5, NOW)}))
    assert gathered(fakes, recording, tmp_path).warnings == []


def test_of_others_each_is_fetched_once_and_cut_where_it_is_said(fakes: Fakes, decoded: Any, tmp_path: Path) -> None:
    for recording_id in ("rec_2", "rec_3"):
        put(fakes, recording_id)
        write(fakes, RecordingKeys("acme", recording_id).audio, recording_id.encode())
    made_of = (Excerpt("rec_2", 500, 1750), Excerpt("rec_3"), Excerpt("rec_2", 3000))
    recording = put(fakes, made_of=made_of)
    assert gathered(fakes, recording, tmp_path).warnings == ()
    two, three = tmp_path / "rec_2.flac", tmp_path / "rec_3.flac"
    assert (two.read_bytes(), three.read_bytes()) == (b"rec_2", b"rec_3")
    assert decoded == [
        (
            [FlacExcerpt(two, 500, 1750), FlacExcerpt(three, 0, None), FlacExcerpt(two, 3000, None)],
            {"max_duration_s": 600.0},
        )
    ]


def test_its_own_copy_is_taken_before_what_it_was_made_of(fakes: Fakes, decoded: Any, tmp_path: Path) -> None:
    recording = put(fakes, made_of=(Excerpt("rec_2", 500, 1750),))
    write(fakes, recording.keys.audio, b"own")
    gathered(fakes, recording, tmp_path)
    assert decoded == [([FlacExcerpt(tmp_path / "own.flac", 0, None)], {"max_duration_s": 600.0})]
    assert (tmp_path / "own.flac").read_bytes() == b"own"


def test_what_is_gone_makes_it_unusable(fakes: Fakes, decoded: Any, tmp_path: Path) -> None:
    with pytest.raises(UnusableRecording) as refused:
        gathered(fakes, put(fakes, made_of=(Excerpt("rec_2"),)), tmp_path)
    assert refused.value.message == ("A recording this one is made of was removed before its audio could be taken.")
    assert decoded == []


@pytest.mark.parametrize("consent", [Consent.PENDING, Consent.WITHDRAWN])
def test_without_the_consent_of_one_nothing_of_it_is_fetched(
    fakes: Fakes, decoded: Any, tmp_path: Path, consent: Consent
) -> None:
    put(fakes, "rec_2", consent=consent)
    write(fakes, RecordingKeys("acme", "rec_2").audio, b"rec_2")
    with pytest.raises(ConsentRequired):
        gathered(fakes, put(fakes, made_of=(Excerpt("rec_2"),)), tmp_path)
    assert (decoded, list(tmp_path.iterdir())) == ([], [])
