"""Whose transcript is read while a run has none of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from api.transcripts import read_transcript
from auricle.recordings.recording import Recording, RecordingDetail, Status
from auricle.transcripts import storage
from auricle.transcripts.transcript import Segment, Transcript, Word
from tests.fakes import Fakes

NOW = datetime(2026, 3, 30, 12, 0, tzinfo=UTC)


def read(*, run: int, word_count: int) -> dict[str, Any] | None:
    """Of a recording whose run has not written a transcript yet, where one lies in the bucket."""
    recording = Recording(
        org="acme",
        id="rec_1",
        created_at=NOW,
        updated_at=NOW,
        status=Status.TRANSCRIBING,
        file_name="call.wav",
        run=run,
        word_count=word_count,
    )
    objects = Fakes().objects
    spoken = Transcript((Segment(0, None, (Word("hello", 0.5, 1.0, None),)),), turns=(), language="en")
    objects.write(recording.keys.transcript, storage.dump(spoken, {}), content_type="application/zstd")
    return read_transcript(RecordingDetail(recording, run=None), objects)


@pytest.mark.parametrize(("run", "word_count"), [(1, 0), (1, 4), (2, 0), (3, 0)])
def test_a_run_without_a_transcript_before_it_has_none_until_its_own_is_written(run: int, word_count: int) -> None:
    assert read(run=run, word_count=word_count) is None


@pytest.mark.parametrize(("run", "word_count"), [(2, 1), (2, 4), (3, 4)])
def test_a_later_run_has_the_transcript_of_an_earlier_one_until_its_own_is_written(run: int, word_count: int) -> None:
    found = read(run=run, word_count=word_count)
    assert found is not None
    assert [segment["words"][0][0] for segment in found["segments"]] == ["hello"]
