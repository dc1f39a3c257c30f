from __future__ import annotations

import pytest
import zstandard

from auricle.errors import UnknownVersion
from auricle.processing_warnings import ProcessingWarning
from auricle.transcripts.storage import dump, load, load_transcript, load_whole
from auricle.transcripts.transcript import Engine, Segment, SpeakerTurn, Transcript, Word

TRANSCRIPT = Transcript(
    segments=(
        Segment(0, "speaker_0", (Word("hello", 0.5016, 0.8006, 0.93333), Word("there", 0.9, 1.25))),
        Segment(1, None, (Word("yes", 2.0, 2.5),)),
    ),
    turns=(SpeakerTurn("speaker_0", 0.1236, 1.3456), SpeakerTurn("speaker_1", 2.0, 2.5)),
    language="en",
)
ENGINES = {"transcribe": Engine("whisper", "1.2", "small"), "diarize": Engine("auricle-diarization", "1")}


def test_the_stored_form_is_version_1_with_times_in_milliseconds() -> None:
    assert load(dump(TRANSCRIPT, ENGINES)) == {
        "version": 1,
        "language": "en",
        "engines": {
            "transcribe": {"name": "whisper", "version": "1.2", "model": "small"},
            "diarize": {"name": "auricle-diarization", "version": "1", "model": None},
        },
        "segments": [
            {
                "index": 0,
                "speaker": "speaker_0",
                "start_s": 0.502,
                "end_s": 1.25,
                "text": "hello there",
                "confidence": 0.933,
                "words": [["hello", 0.502, 0.801, 0.933], ["there", 0.9, 1.25, None]],
            },
            {
                "index": 1,
                "speaker": None,
                "start_s": 2.0,
                "end_s": 2.5,
                "text": "yes",
                "confidence": None,
                "words": [["yes", 2.0, 2.5, None]],
            },
        ],
        "turns": [["speaker_0", 0.124, 1.346], ["speaker_1", 2.0, 2.5]],
    }


def test_segment_times_are_rounded_to_milliseconds() -> None:
    segment = Segment(0, None, (Word("a", 1.23456, 2.34567, 0.5),))
    (stored,) = load(dump(Transcript((segment,)), {}))["segments"]
    assert (stored["start_s"], stored["end_s"]) == (1.235, 2.346)


def test_a_stored_transcript_is_read_back() -> None:
    read = load_transcript(dump(TRANSCRIPT, ENGINES))
    assert read == Transcript(
        segments=(
            Segment(0, "speaker_0", (Word("hello", 0.502, 0.801, 0.933), Word("there", 0.9, 1.25))),
            Segment(1, None, (Word("yes", 2.0, 2.5),)),
        ),
        turns=(SpeakerTurn("speaker_0", 0.124, 1.346), SpeakerTurn("speaker_1", 2.0, 2.5)),
        language="en",
    )


def test_warnings_and_engines_are_read_back_beside_the_transcript() -> None:
    warning = ProcessingWarning("transcribed-without-gpu", "A smaller model.")
    stored = dump(TRANSCRIPT, ENGINES, [warning])
    assert load(stored)["warnings"] == [{"code": "transcribed-without-gpu", "message": "A smaller model."}]
    whole = load_whole(stored)
    assert (whole.transcript, whole.engines, whole.warnings) == (load_transcript(stored), ENGINES, (warning,))


def test_a_file_from_before_warnings_were_noted_has_none() -> None:
    assert "warnings" not in load(dump(TRANSCRIPT, ENGINES))
    assert load_whole(dump(TRANSCRIPT, ENGINES)).warnings == ()


def test_an_empty_transcript_is_read_back() -> None:
    assert load_transcript(dump(Transcript(()), {})) == Transcript(())


def test_a_transcript_of_another_version_is_refused_and_the_version_named() -> None:
    newer = zstandard.ZstdCompressor().compress(b'{"version": 2, "segments": [], "turns": [], "language": null}')
    for read in (load, load_transcript):
        with pytest.raises(UnknownVersion, match=r"^A stored transcript has version 2. This release reads version 1.$"):
            read(newer)


def test_it_is_one_zstd_frame_that_names_its_length() -> None:
    stored = dump(TRANSCRIPT, ENGINES)
    assert stored[:4] == bytes.fromhex("28b52ffd")
    assert zstandard.frame_content_size(stored) == len(zstandard.ZstdDecompressor().decompress(stored))
