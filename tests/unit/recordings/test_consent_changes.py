"""Who recorded which consent, and what the record says of it afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from auricle.directory.visibility import Viewer
from auricle.errors import PreconditionFailed, RecordingNotFound
from auricle.recordings.consent import (
    BasisKind,
    Consent,
    ConsentBasis,
    ConsentChange,
    ObjectAccess,
    Parties,
    Withdrawal,
)
from auricle.recordings.consent_changes import consent_history, record_consent
from auricle.recordings.recording import Failure, Recording, Stage, Status
from auricle.recordings.updates import AttestedConsent, Update, update_recording
from tests.fakes import Fakes
from tests.fakes.contract import NOW, a_recording

LATER = NOW + timedelta(hours=1)
GRACE = timedelta(days=30)
ALL, ONE, HELD, NONE = Consent.ALL_CONSENTED, Consent.ONE_PARTY, Consent.PENDING, Consent.WITHDRAWN


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def put(fakes: Fakes, **given: Any) -> Recording:
    recording = a_recording("acme", **{"status": Status.COMPLETE, "version": "v1", "user_id": "u-1", **given})
    fakes.recordings.create(recording, [])
    return recording


def ports(fakes: Fakes, at: datetime = LATER) -> dict[str, Any]:
    return {
        "by": "u-2",
        "grace": GRACE,
        "intake": fakes.intake(max_upload_bytes=1000),
        "all_recordings": fakes.recordings,
        "now": at,
    }


def recorded(
    fakes: Fakes, consent: Consent, *, note: str | None = None, at: datetime = LATER, **given: Any
) -> Recording:
    return record_consent("acme", "rec_1", consent, note=note, **(ports(fakes, at) | given))


def attested(fakes: Fakes, customer: bool | None = None, rep: bool | None = None, at: datetime = LATER) -> Recording:
    given = ports(fakes, at)
    consent = AttestedConsent(Parties(customer, rep), by=given.pop("by"), grace=given.pop("grace"))
    update_recording("acme", "rec_1", Update(consent=consent), viewer=Viewer(frozenset({"u-2"})), **given)
    return fakes.recordings.get("acme", "rec_1")


def test_a_withdrawal_says_who_when_why_and_when_it_is_erased(fakes: Fakes) -> None:
    put(fakes, parties=Parties(customer=True))
    after = recorded(fakes, NONE, note="asked by phone")
    assert after.consent is NONE
    assert after.consent_changes == (ConsentChange(NONE, ALL, LATER, "u-2", "asked by phone"),)
    assert after.consent_basis == ConsentBasis(BasisKind.STATED, LATER)
    assert after.withdrawal == Withdrawal(LATER, LATER + timedelta(days=30))
    assert after.parties == Parties()
    assert after.object_access is ObjectAccess.BLOCKING, "until what was under way can no longer write"
    assert after.updated_at == LATER


def test_consent_that_comes_back_lifts_the_withdrawal(fakes: Fakes) -> None:
    put(fakes)
    recorded(fakes, NONE)
    again = recorded(fakes, ONE, at=LATER + timedelta(days=1))
    assert (again.consent, again.withdrawal, again.object_access) == (ONE, None, ObjectAccess.OPEN)
    assert [(change.before, change.consent) for change in again.consent_changes] == [(ALL, NONE), (NONE, ONE)]


def test_saying_what_holds_notes_nothing_unless_a_note_comes_with_it(fakes: Fakes) -> None:
    before = put(fakes, consent_basis=ConsentBasis(BasisKind.STATED, NOW))
    assert recorded(fakes, ALL) == before
    after = recorded(fakes, ALL, note="heard it myself")
    assert after.consent_changes == (ConsentChange(ALL, ALL, LATER, "u-2", "heard it myself"),)
    withdrawn = recorded(fakes, NONE)
    assert recorded(fakes, NONE, at=LATER + timedelta(days=1)).revision == withdrawn.revision


def test_what_the_policy_assumed_is_replaced_by_the_same_that_somebody_said(fakes: Fakes) -> None:
    put(fakes, consent_basis=ConsentBasis(BasisKind.POLICY, NOW, "legitimate interest"))
    after = recorded(fakes, ALL)
    assert after.consent_basis == ConsentBasis(BasisKind.STATED, LATER)
    assert len(after.consent_changes) == 1


@pytest.mark.parametrize("given", [{"locked": True}, {"deleted_at": NOW}, {"do_not_delete": True}])
def test_neither_a_lock_nor_the_bin_is_a_hindrance(fakes: Fakes, given: dict[str, Any]) -> None:
    put(fakes, **given)
    assert recorded(fakes, NONE).consent is NONE


def test_the_revision_is_asked_for_and_unknown_ones_are_not_found(fakes: Fakes) -> None:
    with pytest.raises(RecordingNotFound):
        recorded(fakes, NONE)
    put(fakes, revision=3)
    with pytest.raises(PreconditionFailed):
        recorded(fakes, NONE, if_revision=2)
    assert recorded(fakes, NONE, if_revision=3).consent is NONE


def test_what_waited_for_consent_alone_is_processed_with_it(fakes: Fakes) -> None:
    before = put(fakes, status=Status.UPLOADED, consent=HELD)
    after = recorded(fakes, ALL)
    assert (after.status, fakes.workflow.jobs) == (Status.UPLOADED, [before.current_job()])


@pytest.mark.parametrize(("code", "run", "jobs"), [("consent-required", 2, 1), ("transcribe-failed", 1, 0)])
def test_of_those_in_error_the_ones_that_were_stopped_for_it_begin_anew(
    fakes: Fakes, code: str, run: int, jobs: int
) -> None:
    put(fakes, status=Status.ERROR, consent=HELD, failure=Failure(Stage.TRANSCRIBE, code, "…"))
    assert (recorded(fakes, ALL).run, len(fakes.workflow)) == (run, jobs)


@pytest.mark.parametrize(
    "given",
    [
        {"status": Status.UPLOADED, "deleted_at": NOW},
        {"status": Status.COMPLETE},
        {"status": Status.ERROR},
        {"status": Status.UPLOADING, "version": None},
    ],
)
def test_nothing_else_is_processed_because_of_it(fakes: Fakes, given: dict[str, Any]) -> None:
    put(fakes, consent=HELD, **given)
    assert recorded(fakes, ALL).consent is ALL
    assert len(fakes.workflow) == 0


@pytest.mark.parametrize(
    ("before", "customer", "rep", "after"),
    [
        (HELD, True, None, ALL),
        (HELD, None, True, ONE),
        (ALL, None, True, ALL),
        (ALL, False, True, NONE),
        (ALL, None, False, NONE),
        (HELD, None, None, HELD),
    ],
)
def test_consent_follows_from_what_those_recorded_say(
    fakes: Fakes, before: Consent, customer: bool | None, rep: bool | None, after: Consent
) -> None:
    put(fakes, consent=before)
    stored = attested(fakes, customer, rep)
    assert (stored.consent, stored.parties) == (after, Parties(customer, rep))


def test_of_whom_nothing_is_said_what_was_said_stays(fakes: Fakes) -> None:
    put(fakes, consent=HELD)
    attested(fakes, rep=True)
    both = attested(fakes, customer=True)
    assert (both.parties, both.consent) == (Parties(customer=True, rep=True), ALL)
    assert attested(fakes, rep=True, at=LATER + timedelta(hours=1)) == both, "it was said before"
    assert attested(fakes, rep=False).parties == Parties(customer=True, rep=False)


def test_of_a_hundred_and_more_changes_the_first_and_the_latest_are_kept(fakes: Fakes) -> None:
    put(fakes)
    for number in range(101):
        after = recorded(fakes, ALL, note=f"note {number}")
    notes = [change.note for change in after.consent_changes]
    assert len(notes) == 100
    assert (notes[:2], notes[-1]) == (["note 0", "note 2"], "note 100")


def test_the_history_begins_with_what_held_at_first(fakes: Fakes) -> None:
    recording = put(fakes, created_at=NOW - timedelta(days=1), consent=HELD)
    first = ConsentChange(HELD, HELD, NOW - timedelta(days=1), "u-1")
    assert consent_history(recording) == (first,)
    after = recorded(fakes, ALL)
    assert consent_history(after) == (first, ConsentChange(ALL, HELD, LATER, "u-2"))
    nobody = a_recording("acme", consent=ONE)
    assert consent_history(nobody) == (ConsentChange(ONE, ONE, NOW, ""),)
