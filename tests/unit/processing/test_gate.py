"""Who passes the gate before a stage: the current run of a recording that is there and may be processed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from auricle.errors import ConsentRequired, SupersededRun, TransientError
from auricle.processing import gate
from auricle.recordings.consent import Consent, ObjectAccess
from auricle.recordings.intake import remove
from auricle.recordings.job import Job
from auricle.recordings.recording import Stage, StageState, Status
from tests.fakes import Fakes
from tests.fakes.contract import NOW, a_recording

WITHDRAWN = (
    "Consent was withdrawn while the recording was being processed: it is kept and not processed further. Record "
    "consent, and processing goes on."
)


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def in_its_second_run(fakes: Fakes, **given: Any) -> Job:
    before = a_recording("acme", status=Status.UPLOADED, version="v1", run=2, **given)
    fakes.recordings.create(before, [])
    assert fakes.recordings.begin_run(before.to(Status.TRANSCRIBING, at=NOW), expected=before, events=[])
    return before.current_job()


@pytest.mark.parametrize("check", [gate.current, gate.enter])
def test_the_current_run_passes_and_learns_what_is_known_of_it(fakes: Fakes, check: Any) -> None:
    job = in_its_second_run(fakes)
    fakes.recordings.note_stage(job, Stage.PREPARE, StageState.COMPLETE)
    detail = check(job, fakes.recordings)
    assert (detail.recording.id, detail.recording.run) == ("rec_1", 2)
    assert detail.run.stage(Stage.PREPARE).state is StageState.COMPLETE


@pytest.mark.parametrize("check", [gate.current, gate.enter])
@pytest.mark.parametrize("run", [1, 3])
def test_any_other_run_does_not(fakes: Fakes, check: Any, run: int) -> None:
    job = replace(in_its_second_run(fakes), run=run)
    with pytest.raises(SupersededRun) as raised:
        check(job, fakes.recordings)
    assert raised.value.message == f"Run {run} was superseded by run 2."


@pytest.mark.parametrize("check", [gate.current, gate.enter])
def test_the_run_of_a_removed_recording_ends(fakes: Fakes, check: Any) -> None:
    job = in_its_second_run(fakes)
    remove("acme", "rec_1", recordings=fakes.recordings, objects=fakes.objects, now=NOW)
    with pytest.raises(SupersededRun) as raised:
        check(job, fakes.recordings)
    assert raised.value.message == "The recording was removed while it was being processed."


@pytest.mark.parametrize("consent", [Consent.PENDING, Consent.WITHDRAWN])
def test_without_consent_no_stage_begins_and_the_run_can_still_be_finished(fakes: Fakes, consent: Consent) -> None:
    job = in_its_second_run(fakes, consent=consent)
    with pytest.raises(ConsentRequired) as raised:
        gate.enter(job, fakes.recordings)
    assert raised.value.message == WITHDRAWN
    assert gate.current(job, fakes.recordings).recording.consent is consent


def test_while_the_bucket_is_being_opened_stages_wait(fakes: Fakes) -> None:
    job = in_its_second_run(fakes, object_access=ObjectAccess.UNBLOCKING)
    with pytest.raises(TransientError, match="Try again"):
        gate.enter(job, fakes.recordings)
    assert gate.current(job, fakes.recordings).recording.run == 2


@pytest.mark.parametrize("consent", [Consent.ALL_CONSENTED, Consent.ONE_PARTY])
def test_one_party_s_consent_is_enough(fakes: Fakes, consent: Consent) -> None:
    job = in_its_second_run(fakes, consent=consent)
    assert gate.enter(job, fakes.recordings).recording.consent is consent
