"""The stored transcript as surfaces need it, or why there is none."""

from __future__ import annotations

from typing import Any

from auricle.ports import ObjectStore
from auricle.recordings.consent import check_content_may_be_shown
from auricle.recordings.recording import RecordingDetail, Stage, StageState, Status
from auricle.transcripts import storage as transcript_file


def has_transcript(detail: RecordingDetail) -> bool:
    """Whether this run's transcript is there, whatever later stages did."""
    if detail.recording.status in {Status.COMPLETE, Status.RAW_SPLIT}:
        return True
    return detail.run is not None and detail.run.stage(Stage.ASSEMBLE).state is StageState.COMPLETE


def read_transcript(detail: RecordingDetail, objects: ObjectStore) -> dict[str, Any] | None:
    """The stored transcript (the layout is `auricle.transcripts.storage`'s); None while there is none.

    Raises:
        ConsentRequired: it may not be shown.
    """
    recording = detail.recording
    check_content_may_be_shown(recording)
    # While a recording is processed again, and where that failed, what an earlier run heard is still there.
    found_earlier = recording.run > 1 and recording.word_count > 0
    if not has_transcript(detail) and not found_earlier:
        return None
    return transcript_file.load(objects.read(recording.keys.transcript))
