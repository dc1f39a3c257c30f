from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from auricle.errors import (
    Conflict,
    ConsentRequired,
    NotReady,
    PreconditionFailed,
    RecordingNotFound,
    TransientError,
)
from auricle.recordings.chunks import ChunksChange
from auricle.recordings.consent import Consent
from auricle.recordings.intake import Accepted, accept_upload, process, remove
from auricle.recordings.job import Job
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.recording import (
    MAX_LATER_VERSIONS,
    Excerpt,
    Failure,
    Recording,
    Split,
    Stage,
    StageState,
    Status,
)
from tests.fakes import Fakes
from tests.fakes.contract import NOW, a_recording

LATER = NOW + timedelta(minutes=1)
MAX_BYTES = 100


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def awaited(fakes: Fakes, *contents: bytes, **given: Any) -> Recording:
    """A recording whose upload is awaited, and the uploads that came."""
    recording = a_recording("acme", **given)
    fakes.recordings.create(recording, [])
    upload(fakes, recording, *contents)
    return recording


def upload(fakes: Fakes, recording: Recording, *contents: bytes) -> None:
    for content in contents:
        fakes.objects.write(recording.keys.source, content, content_type="audio/wav")


def accepted(fakes: Fakes, recording_id: str = "rec_1") -> Accepted:
    return accept_upload(
        "acme",
        recording_id,
        intake=fakes.intake(max_upload_bytes=MAX_BYTES),
        now=LATER,
    )


def processed(fakes: Fakes, *, reprocess: bool = False) -> Recording:
    return process(
        "acme",
        "rec_1",
        reprocess=reprocess,
        intake=fakes.intake(max_upload_bytes=MAX_BYTES),
        now=LATER,
    )


def became(fakes: Fakes, status: Status, **given: Any) -> Recording:
    """The recording goes on to that status."""
    before = fakes.recordings.get("acme", "rec_1")
    assert fakes.recordings.save(replace(before, **given).to(status, at=NOW), expected=before)
    return fakes.recordings.get("acme", "rec_1")


def told(fakes: Fakes) -> list[str]:
    return [event.type.value for event in fakes.recordings.announced]


# --- accept_upload ----------------------------------------------------------------------------------------


def test_an_upload_begins_its_processing(fakes: Fakes) -> None:
    awaited(fakes, b"RIFF")
    assert accepted(fakes) is Accepted.STARTED
    recording = fakes.recordings.get("acme", "rec_1")
    assert (recording.status, recording.version, recording.size_bytes) == (Status.UPLOADED, "v1", 4)
    assert recording.updated_at == LATER
    assert fakes.workflow.jobs == [Job("acme", "rec_1", 1, "v1")]
    assert told(fakes) == ["recording.uploaded"]


def test_events_that_repeat_begin_nothing_more(fakes: Fakes) -> None:
    awaited(fakes, b"RIFF")
    assert [accepted(fakes) for _ in range(5)] == [Accepted.STARTED, *[Accepted.KNOWN] * 4]
    assert len(fakes.workflow) == 1
    assert told(fakes) == ["recording.uploaded"]


@pytest.mark.parametrize("seed", range(5))
def test_the_first_version_is_processed_in_whatever_order_events_come(fakes: Fakes, seed: int) -> None:
    """Two uploads to one URL, five events of them between the uploads and after, in any order."""
    recording = awaited(fakes)
    order = ["upload", "upload", *["event"] * 5]
    random.Random(seed).shuffle(order)
    for number, step in enumerate([*order, "event"]):
        if step == "upload":
            upload(fakes, recording, b"x" * (number + 1))
        else:
            accepted(fakes)
    stored = fakes.recordings.get("acme", "rec_1")
    assert (stored.version, stored.later_versions) == ("v1", ("v2",))
    assert [job.version for job in fakes.workflow.jobs] == ["v1"]


def test_an_event_before_the_bytes_changes_nothing(fakes: Fakes) -> None:
    before = awaited(fakes)
    assert accepted(fakes) is Accepted.ABSENT
    assert fakes.recordings.get("acme", "rec_1") == before


def test_what_nobody_knows_is_left_alone(fakes: Fakes) -> None:
    key = RecordingKeys("acme", "rec_none").source
    fakes.objects.write(key, b"RIFF", content_type="audio/wav")
    assert accepted(fakes, "rec_none") is Accepted.UNKNOWN
    assert key in fakes.objects
    assert len(fakes.workflow) == 0


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [(b"", "empty-audio", "empty"), (b"x" * (MAX_BYTES + 1), "too-large", "most")],
)
def test_bytes_that_cannot_be_audio_end_the_recording(fakes: Fakes, content: bytes, code: str, words: str) -> None:
    awaited(fakes, content, b"a good file, later")
    assert accepted(fakes) is Accepted.UNUSABLE
    recording = fakes.recordings.get("acme", "rec_1")
    assert recording.status is Status.UNRECOVERABLE_ERROR
    assert recording.failure is not None
    assert (recording.failure.stage, recording.failure.code) == (Stage.PREPARE, code)
    assert words in recording.failure.message
    assert told(fakes) == ["recording.uploaded", "recording.failed"]
    assert accepted(fakes) is Accepted.KNOWN
    assert len(fakes.workflow) == 0


def test_a_file_of_just_the_bound_is_taken(fakes: Fakes) -> None:
    awaited(fakes, b"x" * MAX_BYTES)
    assert accepted(fakes) is Accepted.STARTED


@pytest.mark.parametrize("consent", [Consent.PENDING, Consent.WITHDRAWN])
def test_without_consent_the_upload_is_held(fakes: Fakes, consent: Consent) -> None:
    awaited(fakes, b"RIFF", consent=consent)
    assert [accepted(fakes), accepted(fakes)] == [Accepted.HELD, Accepted.HELD]
    held = fakes.recordings.get("acme", "rec_1")
    assert (held.status, len(fakes.workflow)) == (Status.UPLOADED, 0)
    assert fakes.recordings.save(replace(held, consent=Consent.ONE_PARTY), expected=held)
    assert accepted(fakes) is Accepted.STARTED


def test_a_start_that_failed_is_made_up_for_by_the_next_event(fakes: Fakes) -> None:
    awaited(fakes, b"RIFF")
    fakes.workflow.unreachable = True
    with pytest.raises(TransientError):
        accepted(fakes)
    fakes.workflow.unreachable = False
    assert accepted(fakes) is Accepted.STARTED
    assert told(fakes) == ["recording.uploaded"]


def test_a_rival_that_writes_in_between_is_seen(fakes: Fakes) -> None:
    awaited(fakes, b"RIFF")

    def link_once() -> None:
        fakes.recordings.before_save = lambda: None
        before = fakes.recordings.get("acme", "rec_1")
        assert fakes.recordings.save(replace(before, deal_id="deal-1"), expected=before)

    fakes.recordings.before_save = link_once
    assert accepted(fakes) is Accepted.STARTED
    recording = fakes.recordings.get("acme", "rec_1")
    assert (recording.status, recording.deal_id) == (Status.UPLOADED, "deal-1")


def test_one_that_never_stops_changing_is_tried_again_later(fakes: Fakes) -> None:
    awaited(fakes, b"RIFF")

    def always() -> None:
        fakes.recordings.add_later_version("acme", "rec_1", f"w{len(versions)}")
        versions.append("")

    versions: list[str] = []
    fakes.recordings.before_save = always
    with pytest.raises(TransientError):
        accepted(fakes)
    assert len(fakes.workflow) == 0


def test_a_flood_of_later_uploads_is_noted_in_part(fakes: Fakes) -> None:
    awaited(fakes, *[b"RIFF"] * (MAX_LATER_VERSIONS + 10))
    assert accepted(fakes) is Accepted.STARTED
    recording = fakes.recordings.get("acme", "rec_1")
    assert recording.later_versions == tuple(f"v{number}" for number in range(2, MAX_LATER_VERSIONS + 2))


def test_an_upload_after_a_flagged_absence_counts(fakes: Fakes) -> None:
    missing = Failure(Stage.PREPARE, "upload-missing", "The file never arrived.")
    awaited(fakes, b"RIFF", failure=missing)
    assert accepted(fakes) is Accepted.STARTED
    assert fakes.recordings.get("acme", "rec_1").failure is None


# --- process ----------------------------------------------------------------------------------------------


def test_nothing_uploaded_is_not_ready(fakes: Fakes) -> None:
    awaited(fakes)
    with pytest.raises(NotReady, match="upload URL"):
        processed(fakes)


def test_an_upload_whose_event_is_late_is_started(fakes: Fakes) -> None:
    awaited(fakes, b"RIFF")
    assert processed(fakes).status is Status.UPLOADED
    assert accepted(fakes) is Accepted.KNOWN
    assert len(fakes.workflow) == 1


@pytest.mark.parametrize("consent", [Consent.PENDING, Consent.WITHDRAWN])
def test_a_held_recording_says_so(fakes: Fakes, consent: Consent) -> None:
    awaited(fakes, b"RIFF", consent=consent)
    with pytest.raises(ConsentRequired):
        processed(fakes)
    assert len(fakes.workflow) == 0


@pytest.mark.parametrize("status", [Status.UPLOADED, Status.TRANSCRIBING])
@pytest.mark.parametrize("reprocess", [True, False])
def test_what_is_under_way_stays_as_it_is(fakes: Fakes, status: Status, reprocess: bool) -> None:
    awaited(fakes, b"RIFF")
    accepted(fakes)
    before = became(fakes, status) if status is Status.TRANSCRIBING else fakes.recordings.get("acme", "rec_1")
    assert processed(fakes, reprocess=reprocess) == before
    assert len(fakes.workflow) == 1


def test_a_failed_one_begins_a_new_run(fakes: Fakes) -> None:
    awaited(fakes, b"RIFF")
    accepted(fakes)
    became(fakes, Status.TRANSCRIBING)
    became(fakes, Status.ERROR, failure=Failure(Stage.TRANSCRIBE, "transcribe-failed", "No."))
    anew = processed(fakes)
    assert (anew.status, anew.run, anew.failure) == (Status.UPLOADED, 2, None)
    assert fakes.workflow.jobs[1:] == [Job("acme", "rec_1", 2, "v1")]
    assert (processed(fakes).run, len(fakes.workflow)) == (2, 2)


def test_a_complete_one_is_processed_again_only_when_asked(fakes: Fakes) -> None:
    awaited(fakes, b"RIFF")
    accepted(fakes)
    became(fakes, Status.TRANSCRIBING)
    before = became(fakes, Status.COMPLETE, word_count=7)
    assert processed(fakes) == before
    assert len(fakes.workflow) == 1
    anew = processed(fakes, reprocess=True)
    assert (anew.status, anew.run, anew.word_count) == (Status.UPLOADED, 2, 7)
    assert Job("acme", "rec_1", 2, "v1") in fakes.workflow


def test_of_two_requests_the_one_that_lost_sees_the_new_run(fakes: Fakes) -> None:
    """Even where the winner's run is over before the loser looks again."""
    awaited(fakes, b"RIFF")
    accepted(fakes)
    became(fakes, Status.TRANSCRIBING)
    became(fakes, Status.COMPLETE)

    def rival() -> None:
        fakes.recordings.before_save = lambda: None
        processed(fakes, reprocess=True)
        became(fakes, Status.TRANSCRIBING)
        became(fakes, Status.COMPLETE)

    fakes.recordings.before_save = rival
    answer = processed(fakes, reprocess=True)
    assert (answer.status, answer.run, len(fakes.workflow)) == (Status.COMPLETE, 2, 2)


def test_what_cannot_help_is_refused_with_the_reason(fakes: Fakes) -> None:
    awaited(fakes, b"")
    accepted(fakes)
    with pytest.raises(Conflict, match=r"empty.*new recording"):
        processed(fakes, reprocess=True)
    assert len(fakes.workflow) == 0


@pytest.mark.parametrize("outcome", ["FAILED", "TIMED_OUT", "ABORTED"])
@pytest.mark.parametrize("begun", [True, False])
def test_a_run_that_died_is_followed_by_another(fakes: Fakes, outcome: str, begun: bool) -> None:
    awaited(fakes, b"RIFF")
    accepted(fakes)
    job = fakes.workflow.jobs[0]
    if begun:
        before = fakes.recordings.get("acme", "rec_1")
        assert fakes.recordings.begin_run(before.to(Status.TRANSCRIBING, at=NOW), expected=before, events=[])
        fakes.recordings.note_stage(job, Stage.DIARIZE, StageState.IN_PROGRESS)
    fakes.workflow.end(job, outcome)
    anew = processed(fakes)
    assert (anew.run, anew.status) == (2, Status.UPLOADED)
    assert fakes.workflow.jobs[1:] == [replace(job, run=2)]
    assert told(fakes)[-1] == "recording.failed"


def test_processing_what_is_unknown_or_removed_is_not_found(fakes: Fakes) -> None:
    with pytest.raises(RecordingNotFound):
        processed(fakes)
    awaited(fakes, b"RIFF")
    remove("acme", "rec_1", recordings=fakes.recordings, objects=fakes.objects, now=LATER)
    with pytest.raises(RecordingNotFound):
        processed(fakes)


# --- remove -----------------------------------------------------------------------------------------------


def test_removing_erases_every_version_and_tells_of_it(fakes: Fakes) -> None:
    recording = awaited(fakes, b"one", b"two", title="private", contact_ids=("ann",))
    accepted(fakes)
    remove("acme", "rec_1", recordings=fakes.recordings, objects=fakes.objects, now=LATER)
    assert ("acme", "rec_1") not in fakes.recordings
    assert fakes.objects.erase(f"orgs/acme/recordings/{recording.id}/") == 0
    assert fakes.contacts.timeline("acme", "ann").entries == ()
    assert told(fakes)[-1] == "recording.removed"
    with pytest.raises(RecordingNotFound):
        remove("acme", "rec_1", recordings=fakes.recordings, objects=fakes.objects, now=LATER)


def test_an_upload_after_the_removal_is_erased(fakes: Fakes) -> None:
    recording = awaited(fakes)
    remove("acme", "rec_1", recordings=fakes.recordings, objects=fakes.objects, now=LATER)
    upload(fakes, recording, b"RIFF")
    assert accepted(fakes) is Accepted.REMOVED
    assert (len(fakes.objects), len(fakes.workflow)) == (0, 0)


def test_a_bucket_that_does_not_answer_does_not_undo_a_removal(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(_prefix: str, *, keep: str | None = None) -> int:
        raise TransientError("Not now.")

    awaited(fakes, b"RIFF")
    monkeypatch.setattr(fakes.objects, "erase", unreachable)
    remove("acme", "rec_1", recordings=fakes.recordings, objects=fakes.objects, now=LATER)
    assert ("acme", "rec_1") not in fakes.recordings
    assert [left.id for left in fakes.recordings.removed_recordings(LATER + timedelta(1), 10)] == ["rec_1"]


# --- bounds and words ---------------------------------------------------------------------------------------


def rivals(fakes: Fakes, times: int) -> None:
    """Somebody else writes so often, each time just before the write in question."""
    left = list(range(times))

    def write() -> None:
        if left:
            fakes.recordings.add_later_version("acme", "rec_1", f"w{left.pop()}")

    fakes.recordings.before_save = write


def removed(fakes: Fakes, **given: Any) -> None:
    remove("acme", "rec_1", recordings=fakes.recordings, objects=fakes.objects, now=LATER, **given)


def complete(fakes: Fakes, **given: Any) -> Recording:
    return awaited(fakes, b"RIFF", **{"status": Status.COMPLETE, "version": "v1", **given})


def test_what_is_known_of_an_upload_is_noted_with_its_event(fakes: Fakes) -> None:
    awaited(fakes, b"RIFF", title="Renewal")
    stored = fakes.objects.first_version(RecordingKeys("acme", "rec_1").source)
    assert stored is not None
    accepted(fakes)
    recording = fakes.recordings.get("acme", "rec_1")
    assert (recording.queued_at, recording.chunk_numbers, recording.title) == (stored.created_at, (), "Renewal")
    (event,) = fakes.recordings.announced
    assert (event.id, event.occurred_at) == ("evt_rec_1_1_uploaded", LATER)
    assert event.detail == {"status": "UPLOADED", "run": 1}


def test_one_that_was_still_being_recorded_is_uploaded_all_the_same(fakes: Fakes) -> None:
    awaited(fakes, b"RIFF", status=Status.RECORDING)
    assert accepted(fakes) is Accepted.STARTED
    assert fakes.recordings.get("acme", "rec_1").status is Status.UPLOADED


def test_the_owner_of_an_unusable_upload_learns_what_to_do(fakes: Fakes) -> None:
    mib = 1024 * 1024
    awaited(fakes, bytes(3 * mib))
    intake = fakes.intake(max_upload_bytes=2 * mib)
    assert accept_upload("acme", "rec_1", intake=intake, now=LATER) is Accepted.UNUSABLE
    recording = fakes.recordings.get("acme", "rec_1")
    message = (
        "The file has 3 MiB, and 2 MiB is the most that is processed here. Upload it in parts, or compressed, as new "
        "recordings."
    )
    assert recording.failure == Failure(Stage.PREPARE, "too-large", message)
    assert (recording.size_bytes, recording.updated_at) == (3 * mib, LATER)
    assert fakes.recordings.announced[1].detail == {
        "status": "UNRECOVERABLE_ERROR",
        "run": 1,
        "error": {"stage": "prepare", "code": "too-large"},
    }
    with pytest.raises(Conflict) as refused:
        processed(fakes)
    assert refused.value.message == (
        f"Processing this recording again cannot help: {message} Upload the file anew as a new recording."
    )


def test_seven_rivals_are_outlasted_by_an_upload(fakes: Fakes) -> None:
    awaited(fakes, b"RIFF")
    rivals(fakes, 7)
    assert accepted(fakes) is Accepted.STARTED


def test_eight_rivals_put_an_upload_off(fakes: Fakes) -> None:
    awaited(fakes, b"RIFF")
    rivals(fakes, 8)
    with pytest.raises(TransientError) as refused:
        accepted(fakes)
    assert refused.value.message == "The recording kept changing while its upload was being accepted."


def test_twenty_later_versions_are_noted_over_any_number_of_events(fakes: Fakes) -> None:
    noted = tuple(f"w{number}" for number in range(18))
    recording = awaited(fakes, b"one", b"two", later_versions=(*noted, "v2"))
    accepted(fakes)
    assert fakes.recordings.get("acme", "rec_1").later_versions == (*noted, "v2")
    upload(fakes, recording, b"three", b"four")
    accepted(fakes)
    assert fakes.recordings.get("acme", "rec_1").later_versions == (*noted, "v2", "v3")


@pytest.mark.parametrize("given", [{"chunked": True}, {"made_of": (Excerpt("rec_0"),)}])
def test_what_is_not_uploaded_in_one_file_has_no_later_versions(fakes: Fakes, given: dict[str, Any]) -> None:
    awaited(fakes, b"one", b"two", status=Status.COMPLETE, version="made-1", **given)
    assert accepted(fakes) is Accepted.KNOWN
    assert fakes.recordings.get("acme", "rec_1").later_versions == ()


def test_one_in_the_bin_is_not_processed(fakes: Fakes) -> None:
    complete(fakes, deleted_at=NOW)
    with pytest.raises(RecordingNotFound) as refused:
        processed(fakes, reprocess=True)
    assert refused.value.message == "There is no recording rec_1."


def test_one_whose_execution_nobody_knows_any_more_is_not_begun_again_by_asking(fakes: Fakes) -> None:
    before = awaited(fakes, b"RIFF", status=Status.TRANSCRIBING, version="v1")
    assert processed(fakes) == before
    assert len(fakes.workflow) == 0


def test_asking_for_one_that_never_began_begins_it(fakes: Fakes) -> None:
    before = awaited(fakes, b"RIFF", status=Status.UPLOADED, version="v1")
    assert processed(fakes) == before
    assert fakes.workflow.jobs == [before.current_job()]


def test_a_new_run_is_queued_when_it_is_asked_for(fakes: Fakes) -> None:
    complete(fakes, queued_at=NOW)
    again = processed(fakes, reprocess=True)
    assert (again.queued_at, again.updated_at, again.version) == (LATER, LATER, "v1")


@pytest.mark.parametrize("times", [7, 8])
def test_a_new_run_of_one_that_keeps_changing_is_put_off(fakes: Fakes, times: int) -> None:
    complete(fakes)
    rivals(fakes, times)
    if times == 7:
        assert processed(fakes, reprocess=True).run == 2
        return
    with pytest.raises(TransientError) as refused:
        processed(fakes, reprocess=True)
    assert refused.value.message == "The recording kept changing while its processing was asked for. Try again."
    assert len(fakes.workflow) == 0


def test_a_split_one_is_not_processed(fakes: Fakes) -> None:
    before = complete(fakes, status=Status.RAW_SPLIT)
    assert processed(fakes, reprocess=True) == before
    assert len(fakes.workflow) == 0


def test_one_in_the_bin_is_removed_when_that_is_admitted(fakes: Fakes) -> None:
    complete(fakes, deleted_at=NOW)
    with pytest.raises(RecordingNotFound) as refused:
        removed(fakes)
    assert refused.value.message == "There is no recording rec_1."
    removed(fakes, with_trashed=True)
    assert ("acme", "rec_1") not in fakes.recordings


@pytest.mark.parametrize("revision", [2, 4])
def test_another_revision_is_not_removed(fakes: Fakes, revision: int) -> None:
    complete(fakes, revision=3)
    with pytest.raises(PreconditionFailed) as refused:
        removed(fakes, if_revision=revision)
    assert refused.value.message == "The recording was changed meanwhile. Read it again before removing it."
    removed(fakes, if_revision=3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"locked": True}, "The recording is locked. Set lock to false first, then delete it."),
        ({"do_not_delete": True}, "The recording is protected. Set doNotDelete to false first, then delete it."),
        (
            {"splits": (Split(1000, "rec_2", NOW),)},
            "The recording is being split. Delete it when its transcriptionStatus is RAW_SPLIT.",
        ),
    ],
)
def test_what_is_locked_protected_or_being_split_is_not_removed(
    fakes: Fakes, given: dict[str, Any], message: str
) -> None:
    before = complete(fakes, **given)
    with pytest.raises(Conflict) as refused:
        removed(fakes)
    assert refused.value.message == message
    assert fakes.recordings.get("acme", "rec_1") == before
    assert len(fakes.objects) == 1


@pytest.mark.parametrize("times", [7, 8])
def test_one_that_keeps_changing_is_removed_later(fakes: Fakes, times: int) -> None:
    complete(fakes)
    rivals(fakes, times)
    if times == 7:
        removed(fakes)
        return
    with pytest.raises(TransientError) as refused:
        removed(fakes)
    assert refused.value.message == "The recording kept changing while it was being removed. Try again."
    assert len(fakes.objects) == 1


def test_with_a_recording_goes_what_lies_with_it(fakes: Fakes) -> None:
    complete(fakes)
    fakes.recordings.change_chunks("acme", "rec_1", ChunksChange(requested=frozenset({0})))
    removed(fakes)
    assert fakes.recordings.chunks == {}
