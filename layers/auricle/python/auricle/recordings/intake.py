"""Starting: an upload begins its processing exactly once, whoever tells of it, in whatever order, however often.

Three tell: the bucket's event, `POST …/process`, and the sweep for events that were lost. Each comes to
`accept_upload`, and so does whatever may make a recording in chunks whole. Once is ensured twice: the store's
conditional write settles the version and the run, and the execution's name follows from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from auricle.domain_events import DomainEvent, EventType
from auricle.errors import (
    Conflict,
    ConsentRequired,
    EmptyAudio,
    NotReady,
    RecordingNotFound,
    TooLarge,
    TransientError,
    UnusableRecording,
)
from auricle.ports import ObjectStore, RecordingStore, Workflow
from auricle.processing_warnings import describe_chunks
from auricle.recordings.chunks import Chunks
from auricle.recordings.consent import ObjectAccess
from auricle.recordings.events import recording_event
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.recording import MAX_LATER_VERSIONS, OPEN, Failure, Recording, RecordingDetail, Stage, Status
from auricle.recordings.stalled_runs import STOPPED, mark_stalled
from auricle.recordings.stores import StoresOfRecording, erase_everywhere
from auricle.records import check_revision, until_written

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Intake:
    """What accepting uploads needs from outside: the stores, the workflow, and the bound on a file's size."""

    recordings: RecordingStore
    objects: ObjectStore
    workflow: Workflow
    max_upload_bytes: int


class Accepted(StrEnum):
    """What became of an upload."""

    STARTED = "started"
    HELD = "held"
    """Kept, and not processed until consent is recorded."""
    POSTPONED = "postponed"
    """Consent was recorded again just now: the sweep starts it once the bucket gives it out."""
    UNUSABLE = "unusable"
    """Empty or too large: the recording has failed for good."""
    KNOWN = "known"
    """It was told of before; versions that came after the first are noted now."""
    ABSENT = "absent"
    """The bytes have not arrived, or not all of the chunks, or more are still being recorded."""
    REMOVED = "removed"
    """The recording was removed, and what arrived after that was erased."""
    UNKNOWN = "unknown"


def accept_upload(org: str, recording_id: str, *, intake: Intake, now: datetime) -> Accepted:
    """The first version of the source is the one to process; its processing starts where nothing holds it.

    In the source's place stand, of a recording in chunks, the first versions of all of them.

    Raises:
        TransientError: something did not answer, or the recording kept changing.
    """
    recordings, objects = intake.recordings, intake.objects
    source_key = RecordingKeys(org, recording_id).source

    def attempt() -> Accepted | None:
        try:
            detail = recordings.detail(org, recording_id, with_trashed=True)
            _block_what_arrived(detail.recording, recordings, objects)
        except RecordingNotFound:
            return _without_recording(org, recording_id, recordings, objects)
        before = detail.recording
        if before.status in {Status.RECORDING, Status.UPLOADING}:
            arrived = _put_together(detail.chunks, now) if before.chunked else _first(objects, source_key)
            if arrived is None:
                return Accepted.ABSENT
            after, events = _uploaded(before, arrived, intake.max_upload_bytes, now)
            if not recordings.save(after, expected=before, events=events):
                return None
            _note_later_versions(after, recordings, objects)
            return Accepted.UNUSABLE if after.failure else _start(after, intake.workflow)
        _note_later_versions(before, recordings, objects)
        return _start(before, intake.workflow) if before.status is Status.UPLOADED else Accepted.KNOWN

    return until_written(attempt, "The recording kept changing while its upload was being accepted.")


def process(org: str, recording_id: str, *, reprocess: bool, intake: Intake, now: datetime) -> Recording:
    """Sees to it that the recording is processed; returns it as it then stands.

    What has not started is started, what failed begins a new run, what is under way or complete stays as it is;
    `reprocess` begins a new run of a complete one. Asking several times at once begins one run. Where consent was
    recorded again and the bucket does not give the recording out yet, the sweep starts the run.

    Raises:
        RecordingNotFound: unknown, removed, or in the trash.
        NotReady: nothing has been uploaded yet.
        ConsentRequired: it is held.
        Conflict: its bytes cannot be processed however often.
        TransientError: something did not answer, or the recording kept changing.
    """
    recordings = intake.recordings
    recording = recordings.get(org, recording_id)
    if recording.status in {Status.RECORDING, Status.UPLOADING}:
        accepted = accept_upload(org, recording_id, intake=intake, now=now)
        if accepted is Accepted.ABSENT:
            raise NotReady(_awaited(recordings.detail(org, recording_id)))
        recording = recordings.get(org, recording_id)
    asked_of = recording.run

    def attempt() -> Recording | None:
        nonlocal recording
        if recording.status is Status.UNRECOVERABLE_ERROR:
            raise Conflict(_useless(recording))
        if not _wants_work(recording, reprocess=reprocess and recording.run == asked_of):
            return recording
        if not recording.consent.allows_processing:
            raise ConsentRequired("This recording is held until consent is recorded, and is not processed.")
        if recording.status in OPEN:
            if not _has_stopped(recording, intake.workflow):
                return recording
            mark_stalled(recording, recordings=recordings, now=now)
        else:
            anew = _with_late_chunks(recording.new_run(at=now), recordings)
            if recordings.save(anew, expected=recording):
                _start(anew, intake.workflow)
                return anew
        recording = recordings.get(org, recording_id)
        return None

    return until_written(attempt, "The recording kept changing while its processing was asked for. Try again.")


def remove(
    org: str,
    recording_id: str,
    *,
    recordings: RecordingStore,
    objects: ObjectStore,
    now: datetime,
    with_trashed: bool = False,
    if_revision: int | None = None,
) -> None:
    """Removes the recording: nothing of its content stays in the table, nor in the bucket, in any version.

    `with_trashed` accepts one that is in the trash.

    Raises:
        RecordingNotFound: unknown, removed already, or in the trash.
        PreconditionFailed: it is not at `if_revision` (any more).
        Conflict: it is locked, protected from deletion, or being split.
        TransientError: the recording kept changing.
    """

    def attempt() -> Recording | None:
        before = recordings.get(org, recording_id, with_trashed=with_trashed)
        check_revision(
            before.revision, if_revision, "The recording was changed meanwhile. Read it again before removing it."
        )
        before.check_deletable()
        if before.half_split:
            raise Conflict("The recording is being split. Delete it when its transcriptionStatus is RAW_SPLIT.")
        after = before.removed(at=now)
        announced = [recording_event(EventType.RECORDING_REMOVED, after)]
        return after if recordings.save(after, expected=before, events=announced) else None

    removed = until_written(attempt, "The recording kept changing while it was being removed. Try again.")
    with suppress(TransientError):  # it is removed: the sweep erases what is left, and what running stages still write
        erase_everywhere(removed, StoresOfRecording(recordings, objects, now))


@dataclass(frozen=True, slots=True)
class _Arrived:
    """What there is to process: one object, or chunks that together stand for one."""

    version: str
    size_bytes: int
    at: datetime
    """When all of it was there."""
    chunk_numbers: tuple[int, ...] = ()


def _first(objects: ObjectStore, source_key: str) -> _Arrived | None:
    found = objects.first_version(source_key)
    return _Arrived(found.version, found.size_bytes, found.created_at) if found else None


def _put_together(chunks: Chunks | None, now: datetime) -> _Arrived | None:
    """The chunks, once recording has finished and none of them is waited for."""
    if chunks is None or chunks.finished_at is None or not chunks.complete:
        return None
    numbers = chunks.usable
    used = [chunks.arrived[each] for each in numbers]
    return _Arrived(
        chunks.version_of(numbers),
        sum(chunk.size_bytes for chunk in used),
        # When a missing one was given up is not noted: it is what makes them complete now.
        now if chunks.skippable else max(chunks.finished_at, *(chunk.arrived_at for chunk in used)),
        numbers,
    )


def _with_late_chunks(recording: Recording, recordings: RecordingStore) -> Recording:
    """A new run takes in what was skipped and has come after all."""
    if not recording.chunked:
        return recording
    arrived = _put_together(recordings.detail(recording.org, recording.id).chunks, recording.updated_at)
    if arrived is None:
        return recording
    return replace(
        recording, version=arrived.version, size_bytes=arrived.size_bytes, chunk_numbers=arrived.chunk_numbers
    )


def _awaited(detail: RecordingDetail) -> str:
    """What is missing before processing can begin, in words."""
    if not detail.recording.chunked:
        return "Nothing has been uploaded to this recording yet. PUT the file to its upload URL first."
    chunks = detail.chunks or Chunks()
    if chunks.finished_at is None:
        return "This recording is not finished yet: processing starts when it is, and all of its chunks are here."
    return f"Not all chunks of this recording are here yet: {describe_chunks(chunks.outstanding)} missing."


def _uploaded(
    before: Recording, arrived: _Arrived, max_upload_bytes: int, now: datetime
) -> tuple[Recording, Sequence[DomainEvent]]:
    waiting = before.to(Status.UPLOADING, at=now) if before.status is Status.RECORDING else before
    known = replace(
        waiting,
        version=arrived.version,
        size_bytes=arrived.size_bytes,
        chunk_numbers=arrived.chunk_numbers,
        queued_at=arrived.at,
        failure=None,
    )
    uploaded = known.to(Status.UPLOADED, at=now)
    event = recording_event(EventType.RECORDING_UPLOADED, uploaded)
    fault = _unusable(arrived, max_upload_bytes)
    if fault is None:
        return uploaded, [event]
    failed = replace(uploaded, failure=Failure(Stage.PREPARE, fault.code, fault.message))
    failed = failed.to(Status.UNRECOVERABLE_ERROR, at=now)
    return failed, [event, recording_event(EventType.RECORDING_FAILED, failed)]


def _unusable(arrived: _Arrived, max_upload_bytes: int) -> UnusableRecording | None:
    """What is wrong with the bytes before they are looked into."""
    if arrived.size_bytes == 0:
        return EmptyAudio("The uploaded file is empty. Upload the whole file as a new recording.")
    if arrived.size_bytes > max_upload_bytes:
        return TooLarge(
            f"The file has {arrived.size_bytes / _MIB:.0f} MiB, and {max_upload_bytes / _MIB:.0f} MiB is the most "
            "that is processed here. Upload it in parts, or compressed, as new recordings.",
        )
    return None


def _start(recording: Recording, workflow: Workflow) -> Accepted:
    if not recording.consent.allows_processing:
        return Accepted.HELD
    if recording.object_access is ObjectAccess.UNBLOCKING:
        return Accepted.POSTPONED
    return Accepted.STARTED if workflow.start(recording.current_job()) else Accepted.KNOWN


def _has_stopped(recording: Recording, workflow: Workflow) -> bool:
    """Whether the run of an open recording came to an end of which it does not know; starts one that never began."""
    if recording.status is Status.UPLOADED and _start(recording, workflow) is Accepted.STARTED:
        return False
    return workflow.outcome(recording.current_job()) in STOPPED


def _wants_work(recording: Recording, *, reprocess: bool) -> bool:
    """Whether there is anything to do for who asks for processing."""
    if recording.status is Status.COMPLETE:
        return reprocess
    return recording.status in OPEN or recording.status is Status.ERROR


def _block_what_arrived(recording: Recording, recordings: RecordingStore, objects: ObjectStore) -> None:
    """Without consent nobody reads what was uploaded after the rest was blocked.

    Consent may be recorded meanwhile: what is done last is what the record then says.

    Raises:
        RecordingNotFound: it was removed meanwhile.
        TransientError: the bucket did not answer.
    """
    if not recording.object_access.is_to_be_blocked:
        return
    prefix = recording.keys.prefix
    objects.block_reading(prefix)
    if not recordings.get(recording.org, recording.id, with_trashed=True).object_access.is_to_be_blocked:
        objects.allow_reading(prefix)


def _note_later_versions(recording: Recording, recordings: RecordingStore, objects: ObjectStore) -> None:
    if recording.chunked or recording.made_of:
        return
    room = MAX_LATER_VERSIONS - len(recording.later_versions)
    later = objects.versions_after_first(recording.keys.source) if room else ()
    for version in [version for version in later if version not in recording.later_versions][:room]:
        recordings.add_later_version(recording.org, recording.id, version)


def _without_recording(org: str, recording_id: str, recordings: RecordingStore, objects: ObjectStore) -> Accepted:
    """An upload can outlive its recording. What nobody ever knew of is left alone: it may be another table's."""
    if not recordings.was_removed(org, recording_id):
        return Accepted.UNKNOWN
    # What is made of it may still fetch its audio: the sweep knows, and erases that.
    keys = RecordingKeys(org, recording_id)
    objects.erase(keys.prefix, keep=keys.audio)
    return Accepted.REMOVED


def _useless(recording: Recording) -> str:
    reason = recording.failure.message if recording.failure else "Its bytes cannot be processed."
    return f"Processing this recording again cannot help: {reason} Upload the file anew as a new recording."
