"""Whether the bucket gives a recording's objects out, brought in line with what its record says."""

from __future__ import annotations

from dataclasses import replace

from auricle.ports import ObjectStore, RecordingStore
from auricle.recordings.consent import ObjectAccess
from auricle.recordings.recording import Recording
from auricle.records import until_written


def settle_object_access(
    recording: Recording, *, recordings: RecordingStore, objects: ObjectStore, may_be_written: bool
) -> Recording:
    """Blocks or unblocks the recording's objects, where the record says that it is to be done; returns it settled.

    While more of it may be written, by a stage or an upload under way, blocking goes on: it is done again by the
    sweep. Consent may change meanwhile: what is done last is what the record then says.

    Raises:
        RecordingNotFound: it was removed meanwhile.
        TransientError: the bucket did not answer, or the recording kept changing; the sweep goes on.
    """
    prefix = recording.keys.prefix
    if recording.object_access.is_settled:
        return recording

    def attempt() -> Recording | None:
        nonlocal recording
        block = recording.object_access.is_to_be_blocked
        if block:
            objects.block_reading(prefix)
        else:
            objects.allow_reading(prefix)
        after = recording
        if not recording.object_access.is_settled:
            settled = ObjectAccess.BLOCKED if block else ObjectAccess.OPEN
            after = recording if block and may_be_written else replace(recording, object_access=settled)
        if after is not recording and recordings.save(after, expected=recording):
            return replace(after, revision=recording.revision + 1)
        now_stored = recordings.get(recording.org, recording.id, with_trashed=True)
        if now_stored.object_access.is_to_be_blocked == block and after is recording:
            return now_stored
        recording = now_stored
        return None

    return until_written(attempt, "Consent to the recording kept changing while the bucket was told of it. Try again.")
