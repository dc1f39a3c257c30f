from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from auricle.errors import Conflict, IllegalTransition
from auricle.recordings.consent import Consent, ConsentChange, ObjectAccess, Withdrawal
from auricle.recordings.recording import (
    NOTHING_FOUND,
    TRANSITIONS,
    Audio,
    Failure,
    Recording,
    Run,
    Split,
    Stage,
    StageResult,
    StageState,
    Status,
)
from tests.fakes import FakeContacts, FakeRecordings
from tests.fakes.contract import a_finished_recording, a_recording

NOW = datetime(2026, 11, 21, tzinfo=UTC)
CHANGED = ConsentChange(Consent.WITHDRAWN, Consent.ALL_CONSENTED, NOW, "user_1")
WITHDRAWN = Withdrawal(NOW, NOW + timedelta(days=30))

RANK = {
    Status.RECORDING: 0,
    Status.UPLOADING: 1,
    Status.UPLOADED: 2,
    Status.TRANSCRIBING: 3,
    Status.AWAITING_REDACTION: 4,
    Status.REDACTING: 5,
    Status.COMPLETE: 6,
    Status.ERROR: 6,
    Status.UNRECOVERABLE_ERROR: 6,
    Status.RAW_SPLIT: 7,
    Status.REMOVED: 8,
}
"""How far along each status is: written here by hand, so that the table in the source is checked against it."""


ALLOWED = {
    "RECORDING": "UPLOADING REMOVED",
    "UPLOADING": "UPLOADED REMOVED",
    "UPLOADED": "TRANSCRIBING ERROR UNRECOVERABLE_ERROR REMOVED",
    "TRANSCRIBING": "AWAITING_REDACTION COMPLETE ERROR UNRECOVERABLE_ERROR REMOVED",
    "AWAITING_REDACTION": "REDACTING COMPLETE ERROR REMOVED",
    "REDACTING": "COMPLETE ERROR REMOVED",
    "COMPLETE": "RAW_SPLIT REMOVED",
    "ERROR": "REMOVED",
    "UNRECOVERABLE_ERROR": "REMOVED",
    "RAW_SPLIT": "REMOVED",
    "REMOVED": "",
}
"""What may follow what within one run, likewise by hand."""
ENDED = {Status.COMPLETE, Status.ERROR}
IN_WORK = {
    Status.UPLOADING,
    Status.UPLOADED,
    Status.TRANSCRIBING,
    Status.AWAITING_REDACTION,
    Status.REDACTING,
}


def test_every_status_has_its_transitions() -> None:
    assert set(TRANSITIONS) == set(Status) == set(RANK)
    assert {before.value: set(after) for before, after in TRANSITIONS.items()} == {
        before: {Status(name) for name in after.split()} for before, after in ALLOWED.items()
    }


def test_no_transition_leads_back() -> None:
    backwards = [(a, b) for a, targets in TRANSITIONS.items() for b in targets if RANK[b] <= RANK[a]]
    assert backwards == []


def test_everything_but_removed_can_be_removed() -> None:
    assert {before for before, targets in TRANSITIONS.items() if Status.REMOVED in targets} == set(Status) - {
        Status.REMOVED
    }


@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", Status)
def test_what_the_table_does_not_allow_is_refused(before: Status, after: Status) -> None:
    recording = a_recording("acme", status=before)
    if after.value in ALLOWED[before.value].split():
        moved = recording.to(after, at=NOW)
        assert (moved.status, moved.updated_at) == (after, NOW)
    else:
        with pytest.raises(IllegalTransition, match=before.value):
            recording.to(after, at=NOW)


@pytest.mark.parametrize("status", Status)
def test_a_new_run_begins_only_where_one_has_ended(status: Status) -> None:
    failed = a_recording("acme", status=status, run=2, version="v1", failure=Failure(Stage.PREPARE, "x", "y"))
    if status in ENDED:
        anew = failed.new_run(at=NOW)
        assert (anew.status, anew.run, anew.version, anew.failure) == (Status.UPLOADED, 3, "v1", None)
        assert (anew.queued_at, anew.updated_at) == (NOW, NOW)
    else:
        with pytest.raises(IllegalTransition):
            failed.new_run(at=NOW)


def test_there_is_no_job_before_an_upload() -> None:
    with pytest.raises(IllegalTransition, match="uploaded"):
        a_recording("acme").current_job()
    job = a_recording("acme", version="v1", run=2).current_job()
    assert (job.org, job.recording, job.run, job.version) == ("acme", "rec_1", 2, "v1")


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("consent", Consent)
def test_what_awaits_work(status: Status, consent: Consent) -> None:
    recording = a_recording("acme", status=status, consent=consent)
    held = status is Status.UPLOADED and consent in {Consent.PENDING, Consent.WITHDRAWN}
    assert recording.awaits_work is (status in IN_WORK and not held)
    assert not replace(recording, failure=Failure(Stage.PREPARE, "x", "y")).awaits_work


def test_a_removed_recording_keeps_nothing_of_its_content() -> None:
    kept = {"org", "id", "created_at", "run", "revision", "version"}
    full, bare = a_finished_recording("acme"), a_recording("acme", file_name="")
    left = full.removed(at=NOW)
    assert (left.status, left.updated_at) == (Status.REMOVED, NOW)
    for field in fields(Recording):
        if field.name not in kept | {"status", "updated_at"}:
            assert getattr(left, field.name) == getattr(bare, field.name), field.name


def test_a_removed_recording_keeps_what_later_work_needs() -> None:
    """What is made of it may still fetch its audio, and a private recording does not become visible by its removal."""
    full = replace(
        a_finished_recording("acme"), made_into=("rec_2",), private=True, discoverable=False, revision=7, run=3
    )
    left = full.removed(at=NOW)
    assert (left.made_into, left.private, left.discoverable, left.revision, left.run) == (("rec_2",), True, False, 7, 3)
    assert (left.version, left.created_at) == (full.version, full.created_at)


def test_an_erased_recording_keeps_the_history_of_its_consent_alone() -> None:
    full = replace(
        a_finished_recording("acme"),
        consent=Consent.WITHDRAWN,
        consent_changes=(CHANGED,),
        withdrawal=WITHDRAWN,
        made_into=("rec_2",),
    )
    left = full.erased(at=NOW)
    assert left.status is Status.REMOVED
    assert (left.consent, left.consent_changes, left.withdrawal) == (Consent.WITHDRAWN, (CHANGED,), WITHDRAWN)
    assert (left.consent_basis, left.parties) == (full.consent_basis, full.parties)
    assert (left.made_into, left.highlights, left.title, left.file_name) == ((), (), None, "")


def test_what_may_not_be_shown_is_kept_apart_and_comes_back() -> None:
    full = replace(a_finished_recording("acme"), language="en", word_count=9, confidence=0.5)
    hidden = replace(full, consent=Consent.WITHDRAWN).as_consented()
    assert (hidden.language, hidden.word_count, hidden.confidence, hidden.highlights) == (None, 0, None, ())
    assert hidden.withheld is not None
    assert (hidden.withheld.language, hidden.withheld.word_count) == ("en", 9)
    assert hidden.as_consented() == hidden, "what was kept apart stays apart"
    shown = replace(hidden, consent=full.consent).as_consented()
    assert (shown, shown.withheld) == (full, None)
    assert hidden.with_findings() == replace(full, consent=Consent.WITHDRAWN)
    empty = a_recording("acme", consent=Consent.WITHDRAWN)
    assert (empty.as_consented(), empty.withheld) == (empty, None), "nothing was found yet"
    assert replace(NOTHING_FOUND) == NOTHING_FOUND


def test_a_locked_or_protected_recording_is_not_deleted() -> None:
    a_recording("acme").check_deletable()
    with pytest.raises(Conflict, match="lock"):
        a_recording("acme", locked=True).check_deletable()
    with pytest.raises(Conflict, match="doNotDelete"):
        a_recording("acme", do_not_delete=True).check_deletable()


def test_two_hundred_recordings_are_made_of_one_at_most() -> None:
    full = a_recording("acme").noted_made_into(f"rec_{number}" for number in range(200))
    assert len(full.made_into) == 200
    assert full.noted_made_into(["rec_199", "rec_0"]) == full, "those are noted already"
    with pytest.raises(Conflict, match="200"):
        full.noted_made_into(["rec_200"])


def test_what_is_half_split_awaits_work_but_in_the_bin() -> None:
    cut = a_recording("acme", status=Status.COMPLETE, splits=(Split(1000, "rec_2", NOW),))
    assert (cut.half_split, cut.split_in_progress, cut.awaits_work) == (True, True, True)
    trashed = replace(cut, deleted_at=NOW)
    assert (trashed.half_split, trashed.split_in_progress, trashed.awaits_work) == (False, True, False)
    done = replace(cut, status=Status.RAW_SPLIT)
    assert (done.half_split, done.split_in_progress, done.awaits_work) == (False, False, False)
    whole = replace(cut, splits=())
    assert (whole.half_split, whole.split_in_progress, whole.awaits_work) == (False, False, False)
    assert not replace(cut, withdrawal=WITHDRAWN).awaits_work


def test_work_for_consent_is_due_at_once_or_when_the_grace_period_ends() -> None:
    recording = a_recording("acme", status=Status.COMPLETE)
    assert recording.consent_work_at is None
    withdrawn = replace(recording, withdrawal=WITHDRAWN, updated_at=NOW)
    assert withdrawn.consent_work_at == WITHDRAWN.erase_at
    assert replace(withdrawn, object_access=ObjectAccess.BLOCKING).consent_work_at == NOW
    assert replace(withdrawn, status=Status.REMOVED).consent_work_at is None


def test_waiting_for_a_transcript_begins_with_the_upload_or_the_consent() -> None:
    recording = a_recording("acme", queued_at=NOW)
    assert a_recording("acme").awaited_since is None
    assert recording.awaited_since == NOW
    later = NOW + timedelta(hours=1)
    for change, since in (
        (replace(CHANGED, at=later, before=Consent.PENDING, consent=Consent.ONE_PARTY), later),
        (replace(CHANGED, at=later, before=Consent.ONE_PARTY, consent=Consent.ALL_CONSENTED), NOW),
        (replace(CHANGED, at=later, before=Consent.ONE_PARTY, consent=Consent.WITHDRAWN), NOW),
        (replace(CHANGED, at=NOW - timedelta(hours=1), before=Consent.PENDING, consent=Consent.ONE_PARTY), NOW),
    ):
        assert replace(recording, consent_changes=(change,)).awaited_since == since


def test_a_recording_has_the_length_of_its_audio() -> None:
    assert a_recording("acme").duration_s is None
    assert a_recording("acme", audio=Audio("wav", "pcm_s16le", 1, 16_000, 61.2)).duration_s == 61.2


def test_a_stage_nothing_is_known_of_has_not_started() -> None:
    done = StageResult(StageState.COMPLETE)
    run = Run(1, "v1", NOW, stages={Stage.PREPARE: done})
    assert (run.stage(Stage.PREPARE), run.stage(Stage.DIARIZE)) == (done, StageResult(StageState.NOT_STARTED))


class Life(RuleBasedStateMachine):
    """Writers with old and new views of one recording: whatever gets through, it never goes back within a run."""

    def __init__(self) -> None:
        super().__init__()
        self.store = FakeRecordings(FakeContacts())
        self.now = NOW
        first = a_recording("acme", version="v1")
        self.store.create(first, [])
        self.views = [first]
        self.seen = [first]

    @rule(status=st.sampled_from(Status), age=st.integers(0, 3))
    def move(self, status: Status, age: int) -> None:
        view = self.views[-1 - min(age, len(self.views) - 1)]
        try:
            after = view.to(status, at=self._later())
        except IllegalTransition:
            return
        self._save(after, view)

    @rule(age=st.integers(0, 3))
    def process_anew(self, age: int) -> None:
        view = self.views[-1 - min(age, len(self.views) - 1)]
        if view.status in ENDED:
            self._save(view.new_run(at=self._later()), view)

    @precondition(lambda self: ("acme", "rec_1") in self.store)
    @rule()
    def note_a_later_version(self) -> None:
        self.store.add_later_version("acme", "rec_1", f"v{len(self.seen) + 1}")
        noted = self.store.get("acme", "rec_1")
        if noted.later_versions != self.seen[-1].later_versions:
            self.views.append(noted)
            self.seen.append(noted)

    @invariant()
    def it_never_goes_back(self) -> None:
        for before, after in zip(self.seen, self.seen[1:], strict=False):
            assert after.revision > before.revision
            assert after.run in {before.run, before.run + 1}
            if after.run == before.run:
                assert RANK[after.status] >= RANK[before.status]
            else:
                assert (before.status in ENDED, after.status) == (True, Status.UPLOADED)

    def _save(self, after: Recording, expected: Recording) -> None:
        newest = self.seen[-1]
        if self.store.save(after, expected=expected):
            assert expected.revision == newest.revision, "a stale view was let through"
            stored = replace(after, revision=expected.revision + 1)
            self.views.append(stored)
            self.seen.append(stored)
        else:
            assert expected.revision < newest.revision

    def _later(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, deadline=None)
