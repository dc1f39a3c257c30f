"""Recording in chunks: what is asked for, awaited, skipped, counted, and when processing begins."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from auricle.errors import Conflict, InvalidRequest, RecordingNotFound
from auricle.processing.sweep import sweep
from auricle.recordings.chunk_uploads import (
    ChunkUpload,
    accept_chunk,
    chunks_in_bucket,
    expect,
    finish,
    note_arrived,
    request_chunks,
    skip,
)
from auricle.recordings.chunks import Chunk, Chunks, ChunksChange
from auricle.recordings.intake import Accepted, Intake, process, remove
from auricle.recordings.job import Job
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.recording import Failure, Recording, Stage, Status
from tests.fakes import Fakes
from tests.fakes.contract import NOW, a_recording

LATER = NOW + timedelta(minutes=1)
JOB = Job("acme", "rec_1", 1)
MISSING = Failure(Stage.PREPARE, "chunk-missing", "The recording is finished, but chunk 1 is missing.")


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def begun(fakes: Fakes, **given: Any) -> None:
    fakes.recordings.create(a_recording("acme", **{"status": Status.RECORDING, "chunked": True, **given}), [])


def put(fakes: Fakes, *numbers: int, told: bool = True, at: datetime = NOW) -> list[Accepted]:
    """Chunks of so many bytes that each has another size: number 0 has one."""
    for number in numbers:
        fakes.objects.write(JOB.keys.chunk(number), b"x" * (number + 1), content_type="audio/wav")
    return [accept_chunk("acme", "rec_1", number, intake=intake(fakes), now=at) for number in numbers if told]


def intake(fakes: Fakes) -> Intake:
    return fakes.intake(max_upload_bytes=1000)


def requested(
    fakes: Fakes, *numbers: int, content_type: str | None = None, seconds: int = 600
) -> tuple[ChunkUpload, ...]:
    return tuple(
        request_chunks(
            "acme",
            "rec_1",
            numbers,
            content_type=content_type,
            recordings=fakes.recordings,
            objects=fakes.objects,
            url_seconds=seconds,
            now=LATER,
        )
    )


def skipped(fakes: Fakes, *numbers: int) -> Any:
    return skip("acme", "rec_1", numbers, intake=intake(fakes), now=LATER)


def expected(fakes: Fakes, count: int) -> Any:
    return expect("acme", "rec_1", count, intake=intake(fakes), now=LATER)


def finished(fakes: Fakes, count: int | None = None, at: datetime = LATER) -> Any:
    return finish("acme", "rec_1", count, intake=intake(fakes), now=at)


def chunks(fakes: Fakes) -> Chunks:
    return fakes.recordings.detail("acme", "rec_1", with_trashed=True).chunks or Chunks()


def stored(fakes: Fakes) -> Recording:
    return fakes.recordings.get("acme", "rec_1", with_trashed=True)


# --- asking for URLs ---------------------------------------------------------------------------------------


def test_each_number_gets_a_url_once_and_uploading_has_begun(fakes: Fakes) -> None:
    begun(fakes)
    uploads = requested(fakes, 2, 0, 2, content_type="audio/aac")
    assert [upload.number for upload in uploads] == [2, 0]
    assert "chunks/00002?" in uploads[0].url
    assert "type=audio%2Faac" in uploads[0].url
    assert "seconds=600" in uploads[0].url
    assert uploads[0].expires_at == LATER + timedelta(seconds=600)
    assert chunks(fakes).requested == {0, 2}
    assert (stored(fakes).status, stored(fakes).updated_at) == (Status.UPLOADING, LATER)


def test_no_url_holds_longer_than_a_quarter_of_an_hour(fakes: Fakes) -> None:
    begun(fakes)
    (upload,) = requested(fakes, 0, seconds=86_400)
    assert (upload.expires_at, "seconds=900" in upload.url) == (LATER + timedelta(seconds=900), True)
    assert "type=" not in upload.url


def test_asking_again_forgets_what_was_named_as_missing(fakes: Fakes) -> None:
    begun(fakes, status=Status.UPLOADING, failure=MISSING)
    requested(fakes, 1)
    assert (stored(fakes).status, stored(fakes).failure) == (Status.UPLOADING, None)


@pytest.mark.parametrize("number", [-1, 2000])
def test_chunks_are_numbered_from_0_to_1999(fakes: Fakes, number: int) -> None:
    begun(fakes)
    for ask in (requested, skipped):
        with pytest.raises(InvalidRequest) as refused:
            ask(fakes, 0, number)
        assert (refused.value.message, refused.value.field) == (
            "Chunks are numbered from 0 to 1999.",
            "chunkNumbers",
        )
    assert chunks(fakes) == Chunks()
    requested(fakes, 0, 1999)


def test_numbers_beyond_the_last_expected_are_refused(fakes: Fakes) -> None:
    begun(fakes)
    expected(fakes, 3)
    for ask in (requested, skipped):
        with pytest.raises(InvalidRequest) as refused:
            ask(fakes, 3, 0)
        assert refused.value.message == "This recording has 3 chunks, numbered from 0: there is no chunk 3."
        assert refused.value.field == "chunkNumbers"
    assert (chunks(fakes).requested, chunks(fakes).skippable) == (frozenset(), frozenset())
    assert [upload.number for upload in requested(fakes, 2)] == [2]


# --- how many there are to be ------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [-1, 0, 2001])
def test_a_count_is_from_1_to_2000(fakes: Fakes, count: int) -> None:
    begun(fakes)
    with pytest.raises(InvalidRequest) as refused:
        expected(fakes, count)
    assert refused.value.message == "A recording has from 1 to 2000 chunks: say how many."
    assert refused.value.field == "numberOfExpectedChunks"
    assert expected(fakes, 2000).chunks.expected == 2000
    assert expected(fakes, 1).chunks.expected == 1


def test_a_count_below_what_is_here_is_refused(fakes: Fakes) -> None:
    begun(fakes)
    put(fakes, 0, 2, 3)
    for say in (expected, finished):
        with pytest.raises(InvalidRequest) as refused:
            say(fakes, 2)
        assert refused.value.message == "There are more than 2 chunks: chunks 2 and 3 are here already."
        assert refused.value.field == "numberOfExpectedChunks"
    assert expected(fakes, 4).chunks.outstanding == (1,)


def test_finishing_goes_by_the_count_that_was_said_before(fakes: Fakes) -> None:
    begun(fakes)
    put(fakes, 0, 1)
    expected(fakes, 4)
    detail = finished(fakes)
    assert (detail.chunks.expected, detail.chunks.outstanding) == (4, (2, 3))
    assert (detail.recording.status, len(fakes.workflow)) == (Status.UPLOADING, 0)


def test_a_count_that_was_said_holds_though_more_was_asked_for(fakes: Fakes) -> None:
    begun(fakes)
    requested(fakes, 6)
    expected(fakes, 2)
    put(fakes, 0, 1)
    detail = finished(fakes)
    assert (detail.chunks.expected, detail.recording.status) == (2, Status.UPLOADED)
    assert detail.recording.chunk_numbers == (0, 1)


def test_finishing_with_a_count_goes_by_that(fakes: Fakes) -> None:
    begun(fakes)
    put(fakes, 0, 1)
    expected(fakes, 4)
    detail = finished(fakes, 2)
    assert (detail.chunks.expected, detail.chunks.finished_at) == (2, LATER)
    assert detail.recording.status is Status.UPLOADED


def test_finishing_without_any_count_goes_by_the_highest_number(fakes: Fakes) -> None:
    begun(fakes)
    put(fakes, 0)
    requested(fakes, 2)
    assert finished(fakes).chunks.expected == 3


def test_finishing_with_nothing_to_count_is_refused(fakes: Fakes) -> None:
    begun(fakes)
    with pytest.raises(InvalidRequest, match="from 1 to 2000"):
        finished(fakes)
    assert chunks(fakes).finished_at is None


def test_finishing_again_changes_nothing_but_the_count_that_is_said(fakes: Fakes) -> None:
    begun(fakes)
    put(fakes, 0)
    finished(fakes, 3)
    before = stored(fakes)
    for count in (None, 3):
        detail = finished(fakes, count, at=LATER + timedelta(minutes=1))
        assert (detail.recording, detail.chunks.finished_at) == (before, LATER)
    again = finished(fakes, 2, at=LATER + timedelta(minutes=1))
    assert (again.chunks.expected, again.chunks.finished_at) == (2, LATER)


# --- when processing begins --------------------------------------------------------------------------------


def test_the_last_chunk_begins_processing_with_all_of_them_in_order(fakes: Fakes) -> None:
    begun(fakes)
    assert put(fakes, 2, 0) == [Accepted.ABSENT, Accepted.ABSENT]
    finished(fakes, 3)
    assert put(fakes, 1, at=LATER) == [Accepted.STARTED]
    recording = stored(fakes)
    assert (recording.status, recording.chunk_numbers, recording.size_bytes) == (Status.UPLOADED, (0, 1, 2), 6)
    assert recording.queued_at == LATER
    assert recording.version == chunks(fakes).version_of((0, 1, 2))
    assert [job.version for job in fakes.workflow.jobs] == [recording.version]


def test_chunks_that_are_here_wait_until_recording_has_finished(fakes: Fakes) -> None:
    begun(fakes)
    put(fakes, 0, 1)
    expected(fakes, 2)
    assert (stored(fakes).status, len(fakes.workflow)) == (Status.RECORDING, 0)
    assert finished(fakes).recording.status is Status.UPLOADED


def test_a_chunk_beyond_the_end_is_not_taken_in(fakes: Fakes) -> None:
    begun(fakes)
    put(fakes, 0)
    finished(fakes, 2)
    assert put(fakes, 2) == [Accepted.ABSENT]
    put(fakes, 1)
    assert stored(fakes).chunk_numbers == (0, 1)


def test_what_is_skipped_is_waited_for_no_more(fakes: Fakes) -> None:
    begun(fakes)
    put(fakes, 0, 2)
    finished(fakes, 3)
    detail = skipped(fakes, 1)
    assert (detail.recording.status, detail.recording.chunk_numbers) == (Status.UPLOADED, (0, 2))
    assert detail.recording.queued_at == LATER, "it was complete when the missing one was given up"
    assert detail.recording.size_bytes == 4
    assert len(fakes.workflow) == 1


@pytest.mark.parametrize("say", [lambda fakes: skipped(fakes, 5), lambda fakes: expected(fakes, 9)])
def test_a_word_on_what_is_missing_lets_the_sweep_look_again(fakes: Fakes, say: Any) -> None:
    begun(fakes, status=Status.UPLOADING, failure=MISSING)
    say(fakes)
    assert (stored(fakes).failure, stored(fakes).updated_at) == (None, LATER)


def test_an_event_of_an_earlier_chunk_changes_nothing(fakes: Fakes) -> None:
    begun(fakes)
    put(fakes, 0)
    first = chunks(fakes).arrived
    assert first == {0: Chunk("v1", 1, NOW)}
    put(fakes, 0, at=LATER)
    assert chunks(fakes).arrived == first


def test_an_event_without_a_chunk_notes_nothing(fakes: Fakes) -> None:
    begun(fakes)
    assert accept_chunk("acme", "rec_1", 4, intake=intake(fakes), now=NOW) is Accepted.ABSENT
    assert chunks(fakes) == Chunks()


def test_a_chunk_of_a_removed_recording_is_erased_and_of_an_unknown_one_left_alone(fakes: Fakes) -> None:
    begun(fakes)
    remove("acme", "rec_1", recordings=fakes.recordings, objects=fakes.objects, now=NOW)
    assert put(fakes, 0) == [Accepted.REMOVED]
    assert len(fakes.objects) == 0
    assert accept_chunk("acme", "rec_none", 0, intake=intake(fakes), now=NOW) is Accepted.UNKNOWN


def test_a_recording_in_one_file_takes_no_chunks(fakes: Fakes) -> None:
    begun(fakes, chunked=False, status=Status.UPLOADING)
    detail = fakes.recordings.detail("acme", "rec_1")
    fakes.objects.write(JOB.keys.chunk(0), b"x", content_type="audio/wav")
    note_arrived(detail, [0], recordings=fakes.recordings, objects=fakes.objects, now=NOW)
    assert chunks(fakes) == Chunks()
    for say in (lambda: requested(fakes, 0), lambda: skipped(fakes, 0), lambda: expected(fakes, 1)):
        with pytest.raises(Conflict) as refused:
            say()
        assert refused.value.message == "This recording is not uploaded in chunks."
    with pytest.raises(Conflict):
        finished(fakes, 1)


def test_what_lies_in_the_bucket_is_found_by_number(fakes: Fakes) -> None:
    begun(fakes)
    put(fakes, 11, 3, told=False)
    fakes.objects.write(f"{JOB.keys.chunks_prefix}notes.txt", b"x", content_type="text/plain")
    fakes.objects.write(RecordingKeys("acme", "rec_10").chunk(7), b"x", content_type="audio/wav")
    assert chunks_in_bucket(stored(fakes), fakes.objects) == [3, 11]


# --- a single one that is lacking --------------------------------------------------------------------------


def test_since_when_a_single_chunk_is_lacking_is_noted(fakes: Fakes) -> None:
    begun(fakes)
    put(fakes, 0)
    assert chunks(fakes).lacking_one_since is None, "nobody has said how many there are to be"
    assert expected(fakes, 3).chunks.lacking_one_since is None
    put(fakes, 1, at=LATER)
    assert chunks(fakes).lacking_one_since == LATER
    put(fakes, 1, at=LATER + timedelta(minutes=1))
    assert chunks(fakes).lacking_one_since == LATER
    assert expected(fakes, 4).chunks.lacking_one_since is None
    assert expected(fakes, 3).chunks.lacking_one_since == LATER


# --- who may not -------------------------------------------------------------------------------------------


def test_one_that_has_all_its_chunks_or_is_locked_takes_none(fakes: Fakes) -> None:
    begun(fakes)
    put(fakes, 0)
    finished(fakes, 1)
    for say in (lambda: requested(fakes, 0), lambda: skipped(fakes, 0), lambda: expected(fakes, 1)):
        with pytest.raises(Conflict, match="This recording has all of its chunks"):
            say()
    assert finished(fakes, 1).recording.status is Status.UPLOADED, "what is finished may be finished again"
    with pytest.raises(Conflict, match="This recording has all of its chunks"):
        finished(fakes, 2)


def test_a_locked_one_takes_none(fakes: Fakes) -> None:
    begun(fakes, locked=True)
    says: list[Any] = [lambda: requested(fakes, 0), lambda: skipped(fakes, 0), lambda: expected(fakes, 1)]
    for say in (*says, lambda: finished(fakes, 1)):
        with pytest.raises(Conflict, match="The recording is locked"):
            say()
    assert chunks(fakes) == Chunks()


def test_one_in_the_bin_is_not_found(fakes: Fakes) -> None:
    begun(fakes, deleted_at=NOW)
    says: list[Any] = [lambda: requested(fakes, 0), lambda: skipped(fakes, 0), lambda: expected(fakes, 1)]
    for say in (*says, lambda: finished(fakes, 1)):
        with pytest.raises(RecordingNotFound, match="There is no recording rec_1"):
            say()
    assert chunks(fakes) == Chunks()
    fakes.recordings.change_chunks("acme", "rec_1", ChunksChange(expected=1, finished_at=NOW))
    with pytest.raises(RecordingNotFound):
        finished(fakes)


# --- what the sweep and later runs make of them ------------------------------------------------------------


def swept(fakes: Fakes, at: datetime) -> Any:
    return sweep(
        untouched=timedelta(0), recordings=fakes.recordings, intake=intake(fakes), metrics=fakes.metrics, now=at
    )


def test_events_that_were_lost_are_made_up_for_by_the_sweep(fakes: Fakes) -> None:
    begun(fakes)
    finished(fakes, 2)
    put(fakes, 0, 1, told=False)
    assert swept(fakes, LATER + timedelta(seconds=1)) == {"started": 1}
    assert stored(fakes).chunk_numbers == (0, 1)
    assert chunks(fakes).arrived[0].arrived_at == LATER + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("here", "count", "said"),
    [
        ((0, 2), 3, "but chunk 1 is missing. Upload what is missing, or skip it."),
        ((), 1, "but chunk 0 is missing. Upload what is missing, or skip it."),
    ],
)
def test_ten_minutes_after_the_end_what_is_missing_is_named(
    fakes: Fakes, here: tuple[int, ...], count: int, said: str
) -> None:
    begun(fakes)
    put(fakes, *here)
    finished(fakes, count)
    assert swept(fakes, LATER + timedelta(minutes=9, seconds=59)) == {"awaited": 1}
    assert stored(fakes).failure is None
    at = LATER + timedelta(minutes=10)
    assert swept(fakes, at) == {"abandoned": 1}
    assert stored(fakes).failure == Failure(Stage.PREPARE, "chunk-missing", f"The recording is finished, {said}")
    assert (stored(fakes).status, stored(fakes).updated_at) == (Status.UPLOADING, at)
    assert swept(fakes, at + timedelta(days=1)) == {}


def test_where_all_were_skipped_one_is_asked_for(fakes: Fakes) -> None:
    begun(fakes)
    skipped(fakes, 0, 1)
    finished(fakes, 2)
    swept(fakes, LATER + timedelta(minutes=10))
    failure = stored(fakes).failure
    assert failure is not None
    assert failure.message == "The recording is finished, but chunks 0 and 1 are missing. Upload at least one."


@pytest.mark.parametrize("last", [NOW, NOW + timedelta(hours=5)])
def test_a_day_after_its_last_chunk_an_unfinished_one_says_so(fakes: Fakes, last: datetime) -> None:
    begun(fakes, status=Status.UPLOADING)
    put(fakes, 0, at=last)
    assert swept(fakes, last + timedelta(hours=23, minutes=59)) == {"awaited": 1}
    assert swept(fakes, last + timedelta(hours=24)) == {"abandoned": 1}
    assert stored(fakes).failure == Failure(
        Stage.PREPARE, "never-finished", "The recording was begun and never finished. Finish it."
    )


def test_one_without_any_chunk_is_awaited_for_a_day_from_its_last_change(fakes: Fakes) -> None:
    begun(fakes, status=Status.UPLOADING, created_at=NOW - timedelta(days=9))
    assert swept(fakes, NOW + timedelta(hours=23)) == {"awaited": 1}
    assert swept(fakes, NOW + timedelta(hours=24)) == {"abandoned": 1}


def test_asking_for_processing_says_what_is_missing(fakes: Fakes) -> None:
    begun(fakes)
    with pytest.raises(Conflict) as refused:
        process("acme", "rec_1", reprocess=False, intake=intake(fakes), now=NOW)
    assert refused.value.message == (
        "This recording is not finished yet: processing starts when it is, and all of its chunks are here."
    )
    finished(fakes, 3)
    put(fakes, 1)
    with pytest.raises(Conflict) as refused:
        process("acme", "rec_1", reprocess=False, intake=intake(fakes), now=NOW)
    assert refused.value.message == "Not all chunks of this recording are here yet: chunks 0 and 2 are missing."


def test_a_new_run_takes_in_what_came_after_all(fakes: Fakes) -> None:
    begun(fakes)
    put(fakes, 0)
    finished(fakes, 2)
    skipped(fakes, 1)
    before = stored(fakes)
    assert fakes.recordings.save(replace(before, status=Status.COMPLETE), expected=before)
    put(fakes, 1)
    again = process("acme", "rec_1", reprocess=True, intake=intake(fakes), now=LATER)
    assert (again.run, again.chunk_numbers, again.size_bytes) == (2, (0, 1), 3)
    assert again.version == chunks(fakes).version_of((0, 1))
    assert again.version != before.version


def test_a_new_run_of_one_whose_chunks_are_not_known_keeps_its_version(fakes: Fakes) -> None:
    begun(fakes, status=Status.COMPLETE, version="chunks-1", chunk_numbers=(0,), size_bytes=4)
    fakes.recordings.change_chunks("acme", "rec_1", ChunksChange(requested=frozenset({0})))
    again = process("acme", "rec_1", reprocess=True, intake=intake(fakes), now=LATER)
    assert (again.run, again.version, again.chunk_numbers, again.size_bytes) == (2, "chunks-1", (0,), 4)
