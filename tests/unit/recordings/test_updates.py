"""Updating a recording: one conditional write of everything, or none of it, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from auricle.directory.visibility import Viewer
from auricle.errors import (
    Conflict,
    IllegalTransition,
    InvalidRequest,
    NotYours,
    PreconditionFailed,
    RecordingNotFound,
    TransientError,
)
from auricle.recordings.chunk_uploads import accept_chunk, finish
from auricle.recordings.chunks import Chunk, Chunks, ChunksChange
from auricle.recordings.consent import Consent, ObjectAccess, Parties
from auricle.recordings.edits import Edit
from auricle.recordings.job import Job
from auricle.recordings.recording import Capture, Failure, Recording, Result, Stage, Status
from auricle.recordings.updates import AttestedConsent, Update, update_recording
from tests.fakes import Fakes
from tests.fakes.contract import NOW, a_recording

LATER = NOW + timedelta(minutes=1)
JOB = Job("acme", "rec_1", 1)
OWNER, OTHER = Viewer(frozenset({"ann"})), Viewer(frozenset({"bob"}))
EVERYTHING = Update(
    Edit({"title": "New", "private": True, "result": Result.CLOSED}, {"latitude": 1.5}),
    status="UPLOADING",
    chunk_count=2,
    consent=AttestedConsent(Parties(customer=True), by="ann", grace=timedelta(days=30)),
    consent_signature=b"a name",
)


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def put(fakes: Fakes, **given: Any) -> Recording:
    """A recording that a phone is making."""
    about = {"status": Status.RECORDING, "chunked": True, "user_id": "ann", "consent": Consent.PENDING, **given}
    fakes.recordings.create(a_recording("acme", **about), [])
    return stored(fakes)


def stored(fakes: Fakes) -> Recording:
    return fakes.recordings.get("acme", "rec_1", with_trashed=True)


def chunks(fakes: Fakes) -> Chunks | None:
    return fakes.recordings.detail("acme", "rec_1", with_trashed=True).chunks


def update(fakes: Fakes, wanted: Update, viewer: Viewer = OWNER, if_revision: int | None = None) -> Recording:
    update_recording(
        "acme",
        "rec_1",
        wanted,
        viewer=viewer,
        intake=fakes.intake(max_upload_bytes=1000),
        all_recordings=fakes.recordings,
        now=LATER,
        if_revision=if_revision,
    )
    return stored(fakes)


def consenting(**parties: bool) -> Update:
    return Update(consent=AttestedConsent(Parties(**parties), by="ann", grace=timedelta(days=30)))


def arrived(fakes: Fakes, *numbers: int) -> None:
    for number in numbers:
        fakes.objects.write(JOB.keys.chunk(number), b"xx", content_type="audio/wav")
        accept_chunk("acme", "rec_1", number, intake=fakes.intake(max_upload_bytes=1000), now=NOW)


def test_everything_is_one_write(fakes: Fakes) -> None:
    before = put(fakes)
    saves = 0

    def count() -> None:
        nonlocal saves
        saves += 1

    fakes.recordings.before_save = count
    after = update(fakes, EVERYTHING, if_revision=before.revision)
    assert (saves, after.revision) == (1, before.revision + 1)
    assert (after.title, after.private, after.result) == ("New", True, Result.CLOSED)
    assert (after.capture, after.status, after.updated_at) == (Capture(latitude=1.5), Status.UPLOADING, LATER)
    assert (after.consent, after.parties) == (Consent.ALL_CONSENTED, Parties(customer=True))
    assert chunks(fakes) == Chunks(expected=2, finished_at=LATER)
    assert fakes.objects.read(JOB.keys.consent_signature) == b"a name"
    assert [event.type.value for event in fakes.recordings.announced] == ["recording.consent_recorded"]


@pytest.mark.parametrize(
    ("given", "wanted", "viewer", "if_revision", "refusal"),
    [
        ({}, EVERYTHING, OWNER, 7, PreconditionFailed),
        ({}, EVERYTHING, OTHER, None, NotYours),
        ({}, replace(EVERYTHING, status="COMPLETE"), OWNER, None, IllegalTransition),
        ({}, replace(EVERYTHING, status=None, chunk_count=0), OWNER, None, InvalidRequest),
        ({}, replace(EVERYTHING, chunk_count=2001), OWNER, None, InvalidRequest),
        ({}, replace(EVERYTHING, edit=Edit({"created_at": NOW.replace(year=1989)})), OWNER, None, InvalidRequest),
        ({"locked": True}, EVERYTHING, OWNER, None, Conflict),
        ({"locked": True}, replace(EVERYTHING, status=None, chunk_count=None), OWNER, None, Conflict),
        ({"chunked": False}, EVERYTHING, OWNER, None, Conflict),
        ({"chunked": False}, replace(EVERYTHING, status=None), OWNER, None, Conflict),
        ({"status": Status.UPLOADED}, replace(EVERYTHING, status=None), OWNER, None, Conflict),
        ({"deleted_at": NOW}, EVERYTHING, OWNER, None, RecordingNotFound),
    ],
)
def test_what_refuses_a_part_refuses_all(
    given: dict[str, Any],
    wanted: Update,
    viewer: Viewer,
    if_revision: int | None,
    refusal: type[Exception],
    fakes: Fakes,
) -> None:
    before = put(fakes, **given)
    with pytest.raises(refusal):
        update(fakes, wanted, viewer, if_revision)
    assert (stored(fakes), chunks(fakes)) == (before, None)
    assert JOB.keys.consent_signature not in fakes.objects
    assert fakes.recordings.announced == []


def test_a_count_below_what_is_here_refuses_all(fakes: Fakes) -> None:
    put(fakes)
    fakes.recordings.change_chunks("acme", "rec_1", ChunksChange(arrived={5: Chunk("v1", 4, NOW)}))
    before = stored(fakes), chunks(fakes)
    with pytest.raises(InvalidRequest, match="more than 2 chunks"):
        update(fakes, EVERYTHING)
    assert (stored(fakes), chunks(fakes)) == before


def rival(fakes: Fakes, write: Callable[[Recording], Recording]) -> None:
    """Somebody else writes between the reading and the writing."""

    def before_save() -> None:
        fakes.recordings.before_save = lambda: None
        read = stored(fakes)
        assert fakes.recordings.save(write(read), expected=read)

    fakes.recordings.before_save = before_save


def test_what_was_written_meanwhile_refuses_all_where_a_revision_is_named(fakes: Fakes) -> None:
    before = put(fakes)
    rival(fakes, lambda read: replace(read, notes="Theirs"))
    with pytest.raises(PreconditionFailed):
        update(fakes, EVERYTHING, if_revision=before.revision)
    assert stored(fakes) == replace(before, notes="Theirs", revision=before.revision + 1)
    assert chunks(fakes) is None
    assert JOB.keys.consent_signature not in fakes.objects


def test_what_was_written_meanwhile_is_kept_where_none_is(fakes: Fakes) -> None:
    put(fakes)
    rival(fakes, lambda read: replace(read, notes="Theirs", title="Theirs"))
    after = update(fakes, EVERYTHING)
    assert (after.notes, after.title) == ("Theirs", "New")
    assert chunks(fakes) == Chunks(expected=2, finished_at=LATER)


def test_what_a_rival_makes_impossible_refuses_all(fakes: Fakes) -> None:
    put(fakes)
    rival(fakes, lambda read: replace(read, locked=True))
    with pytest.raises(Conflict, match="locked"):
        update(fakes, EVERYTHING)
    assert (stored(fakes).title, stored(fakes).status, chunks(fakes)) == (None, Status.RECORDING, None)


def test_one_that_keeps_changing_is_updated_later(fakes: Fakes) -> None:
    put(fakes)
    fakes.recordings.before_save = lambda: fakes.recordings.add_later_version(
        "acme", "rec_1", f"v{stored(fakes).revision}"
    )
    with pytest.raises(TransientError, match="kept changing"):
        update(fakes, EVERYTHING)
    assert chunks(fakes) is None


def test_an_update_that_changes_nothing_writes_nothing(fakes: Fakes) -> None:
    put(fakes)
    update(fakes, EVERYTHING)
    before = stored(fakes), chunks(fakes)
    fakes.recordings.before_save = lambda: pytest.fail("nothing is to be written")
    update(fakes, EVERYTHING)
    update(fakes, Update())
    update(fakes, Update(chunk_count=2))
    assert (stored(fakes), chunks(fakes)) == before


def test_a_count_of_chunks_alone_leaves_the_revision_as_it_is(fakes: Fakes) -> None:
    before = put(fakes, status=Status.UPLOADING, failure=Failure(Stage.PREPARE, "chunk-missing", "Chunk 1 is missing."))
    after = update(fakes, Update(chunk_count=3), if_revision=before.revision)
    assert after == replace(before, failure=None, revision=before.revision + 1, updated_at=LATER)
    assert update(fakes, Update(chunks_to_come=[3, 0]), if_revision=after.revision) == after
    assert chunks(fakes) == Chunks(expected=4)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Update(), None),
        (Update(chunk_count=3), 3),
        (Update(chunks_to_come=[0, 4]), 5),
        (Update(chunk_count=3, chunks_to_come=[0]), 3),
        (Update(chunk_count=3, chunks_to_come=[3]), 4),
    ],
)
def test_chunks_that_are_to_come_are_expected(wanted: Update, expected: int | None) -> None:
    assert wanted.expected_chunks == expected


def test_processing_starts_with_the_end_where_consent_comes_with_it(fakes: Fakes) -> None:
    put(fakes)
    arrived(fakes, 0, 1)
    assert update(fakes, Update(status="UPLOADING", chunk_count=2)).status is Status.UPLOADED
    assert fakes.workflow.jobs == []
    assert update(fakes, consenting(customer=True)).consent is Consent.ALL_CONSENTED
    assert [job.recording for job in fakes.workflow.jobs] == ["rec_1"]


def test_consent_and_the_end_in_one_update_start_processing(fakes: Fakes) -> None:
    put(fakes, consent=Consent.WITHDRAWN, object_access=ObjectAccess.BLOCKED)
    arrived(fakes, 0, 1)
    assert update(fakes, EVERYTHING).status is Status.UPLOADED
    assert stored(fakes).object_access is ObjectAccess.OPEN
    assert [job.recording for job in fakes.workflow.jobs] == ["rec_1"]


def test_a_refusal_and_the_end_in_one_update_hold_it(fakes: Fakes) -> None:
    put(fakes, consent=Consent.ALL_CONSENTED)
    arrived(fakes, 0, 1)
    refused = replace(EVERYTHING, consent=consenting(rep=False).consent)
    assert update(fakes, refused).consent is Consent.WITHDRAWN
    assert (stored(fakes).status, fakes.workflow.jobs) == (Status.UPLOADED, [])


def test_the_end_is_told_again_while_chunks_are_awaited(fakes: Fakes) -> None:
    put(fakes)
    finish("acme", "rec_1", 2, intake=fakes.intake(max_upload_bytes=1000), now=NOW)
    before = stored(fakes)
    assert update(fakes, Update(status="UPLOADING")) == before
    assert update(fakes, Update(status="UPLOADING", chunk_count=3)) == before
    assert chunks(fakes) == Chunks(expected=3, finished_at=NOW)


@pytest.mark.parametrize("status", [Status.UPLOADED, Status.COMPLETE])
def test_the_status_it_has_may_be_named(status: Status, fakes: Fakes) -> None:
    before = put(fakes, status=status, chunked=False, version="v1")
    assert update(fakes, Update(status=status.value)) == before
    with pytest.raises(IllegalTransition):
        update(fakes, Update(status="UPLOADING"))


def test_a_locked_one_takes_what_unlocks_it_and_consent(fakes: Fakes) -> None:
    put(fakes, locked=True)
    assert update(fakes, consenting(customer=True)).consent is Consent.ALL_CONSENTED
    assert update(fakes, Update(Edit({"locked": True}))).locked
    assert update(fakes, Update(Edit({"locked": False, "title": "New"}))).title == "New"


def test_who_sees_it_is_the_owners_to_say_and_the_same_is_everybodys(fakes: Fakes) -> None:
    put(fakes)
    same = Update(Edit({"title": "Ours", "private": False, "discoverable": True}))
    assert update(fakes, same, OTHER).title == "Ours"
    for flags in ({"private": True}, {"discoverable": False}):
        with pytest.raises(NotYours):
            update(fakes, Update(Edit(flags)), OTHER)
