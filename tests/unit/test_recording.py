from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from auricle.consent import Consent
from auricle.errors import IllegalTransition
from auricle.recording import NEW_RUN_FROM, OPEN, TRANSITIONS, Failure, Recording, Stage, Status, sources_of
from tests.fakes import FakeContacts, FakeRecordings
from tests.fakes.contract import a_finished_recording, a_recording

NOW = datetime(2026, 11, 21, tzinfo=UTC)

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


def test_every_status_has_its_transitions() -> None:
    assert set(TRANSITIONS) == set(Status) == set(RANK)


def test_no_transition_leads_back() -> None:
    backwards = [(a, b) for a, targets in TRANSITIONS.items() for b in targets if RANK[b] <= RANK[a]]
    assert backwards == []


def test_everything_but_removed_can_be_removed() -> None:
    assert sources_of(Status.REMOVED) == set(Status) - {Status.REMOVED}


@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", Status)
def test_what_the_table_does_not_allow_is_refused(before: Status, after: Status) -> None:
    recording = a_recording("acme", status=before)
    if after in TRANSITIONS[before]:
        moved = recording.to(after, at=NOW)
        assert (moved.status, moved.updated_at) == (after, NOW)
    else:
        with pytest.raises(IllegalTransition, match=before.value):
            recording.to(after, at=NOW)


@pytest.mark.parametrize("status", Status)
def test_a_new_run_begins_only_where_one_has_ended(status: Status) -> None:
    failed = a_recording("acme", status=status, run=2, version="v1", failure=Failure(Stage.PREPARE, "x", "y"))
    if status in NEW_RUN_FROM:
        anew = failed.new_run(at=NOW)
        assert (anew.status, anew.run, anew.version, anew.failure) == (Status.UPLOADED, 3, "v1", None)
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
    assert recording.awaits_work is (status in OPEN and not held)
    assert not replace(recording, failure=Failure(Stage.PREPARE, "x", "y")).awaits_work


def test_a_removed_recording_keeps_nothing_of_its_content() -> None:
    kept = {"org", "id", "created_at", "run", "revision", "version"}
    full, bare = a_finished_recording("acme"), a_recording("acme", file_name="")
    left = full.removed(at=NOW)
    assert (left.status, left.updated_at) == (Status.REMOVED, NOW)
    for field in fields(Recording):
        if field.name not in kept | {"status", "updated_at"}:
            assert getattr(left, field.name) == getattr(bare, field.name), field.name


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
        if view.status in NEW_RUN_FROM:
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
                assert (before.status in NEW_RUN_FROM, after.status) == (True, Status.UPLOADED)

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
