"""Values that travel between functions, threads and retries cannot be changed by whoever is given them."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from auricle.processing.fetching_audio import Bounds, FetchedAudio
from auricle.processing.publish import Announced
from auricle.processing.run_files import Plan, PlannedWindow, Turns, WindowWords
from auricle.recordings.capture import NewCapture
from auricle.recordings.chunk_uploads import ChunkUpload
from auricle.recordings.chunks import Chunk, Chunks, ChunksChange
from auricle.recordings.edits import Edit
from auricle.recordings.intake import Intake
from auricle.recordings.job import Job
from auricle.recordings.upload_slots import Described, UploadSlot
from auricle.recordings.uploads import NewRecording, Upload


@pytest.mark.parametrize(
    "kind",
    [
        Announced,
        Bounds,
        Chunk,
        ChunkUpload,
        Chunks,
        ChunksChange,
        Described,
        Edit,
        FetchedAudio,
        Intake,
        Job,
        NewCapture,
        NewRecording,
        Plan,
        PlannedWindow,
        UploadSlot,
        Turns,
        Upload,
        WindowWords,
    ],
)
def test_no_field_is_changed_and_none_added(kind: Any) -> None:
    value = kind.__new__(kind)
    with pytest.raises(FrozenInstanceError):
        setattr(value, fields(kind)[0].name, None)
    assert not hasattr(value, "__dict__"), "a misspelt name would be kept there"
