"""Recording on a phone: what is stored when it starts, and what starting again answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from auricle.errors import Conflict, PreconditionFailed
from auricle.recordings.capture import NewCapture, start_recording
from auricle.recordings.consent import BasisKind, Consent, ConsentBasis
from auricle.recordings.intake import remove
from auricle.recordings.recording import Capture, CrmLink, Recording, Rep, Result, Status
from tests.fakes import Fakes
from tests.fakes.contract import NOW

LATER = NOW + timedelta(minutes=1)
REP = Rep("Ann", "Lee", "team-1", "ACME")
WANTED = NewCapture(
    id="rec_1",
    capture=Capture(os="iOS", app_version="7.2", latitude=52.5),
    started_at=NOW - timedelta(minutes=2),
    title="Visit",
    private=True,
    conversation_type="sales",
    transcription_language="Spanish",
    result=Result.IN_PROGRESS,
    engagement_id="eng-1",
    automatic_split=True,
    seed_recording_id="rec_0",
    consent=Consent.ONE_PARTY,
    consent_basis=ConsentBasis(BasisKind.STATED, NOW),
)


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def started(
    fakes: Fakes,
    wanted: NewCapture = WANTED,
    *,
    user: str = "u-1",
    rep: Rep | None = REP,
    at: datetime = NOW,
    link: Any = None,
    if_revision: int | None = None,
) -> Recording:
    return start_recording(
        wanted,
        org="acme",
        user=user,
        rep=rep,
        link=link or (lambda recording: recording),
        recordings=fakes.recordings,
        now=at,
        if_revision=if_revision,
    )


def test_the_recording_is_as_the_phone_said(fakes: Fakes) -> None:
    recording = started(fakes)
    assert recording == fakes.recordings.get("acme", "rec_1")
    assert recording == Recording(
        org="acme",
        id="rec_1",
        created_at=NOW - timedelta(minutes=2),
        updated_at=NOW,
        status=Status.RECORDING,
        file_name="rec_1.audio",
        user_id="u-1",
        title="Visit",
        kind="in-person",
        private=True,
        conversation_type="sales",
        transcription_language="Spanish",
        result=Result.IN_PROGRESS,
        engagement_id="eng-1",
        capture=Capture(os="iOS", app_version="7.2", latitude=52.5),
        consent=Consent.ONE_PARTY,
        consent_basis=ConsentBasis(BasisKind.STATED, NOW),
        rep=REP,
        chunked=True,
        automatic_split=True,
        seed_recording_id="rec_0",
    )
    assert [event.type.value for event in fakes.recordings.announced] == ["recording.created"]


def test_of_what_the_phone_does_not_say_the_usual_holds(fakes: Fakes) -> None:
    recording = started(fakes, NewCapture("rec_1", Capture()), rep=None)
    assert (recording.created_at, recording.consent, recording.private) == (NOW, Consent.ALL_CONSENTED, False)
    assert (recording.automatic_split, recording.rep, recording.title) == (False, None, None)


def test_it_is_linked_before_it_is_stored(fakes: Fakes) -> None:
    linked = started(fakes, link=lambda one: replace(one, deal_id="deal-1"))
    assert linked.deal_id == "deal-1"
    assert fakes.recordings.get("acme", "rec_1").deal_id == "deal-1"


def test_starting_again_in_the_same_words_changes_nothing(fakes: Fakes) -> None:
    first = started(fakes)
    assert started(fakes, at=LATER) == first
    known_by_now = {
        "crm_link": CrmLink("deal", "deal-1"),
        "contact_ids": ("c-1",),
        "deal_id": "deal-1",
    }
    assert started(fakes, at=LATER, rep=None, link=lambda one: replace(one, **known_by_now)) == first
    assert fakes.recordings.get("acme", "rec_1") == first
    assert len(fakes.recordings.announced) == 1


def test_starting_again_without_a_time_takes_the_first(fakes: Fakes) -> None:
    wanted = replace(WANTED, started_at=None)
    first = started(fakes, wanted)
    assert started(fakes, wanted, at=LATER) == first


@pytest.mark.parametrize(
    "other",
    [
        {"capture": Capture(os="Android")},
        {"started_at": NOW},
        {"title": "Another"},
        {"private": False},
        {"conversation_type": "service"},
        {"transcription_language": None},
        {"result": None},
        {"engagement_id": "eng-2"},
        {"automatic_split": False},
        {"seed_recording_id": None},
        {"consent": Consent.PENDING},
    ],
)
def test_starting_again_in_other_words_is_a_conflict(fakes: Fakes, other: dict[str, Any]) -> None:
    first = started(fakes)
    with pytest.raises(Conflict, match="rec_1"):
        started(fakes, replace(WANTED, **other))
    assert fakes.recordings.get("acme", "rec_1") == first


def test_another_user_is_another_recording(fakes: Fakes) -> None:
    started(fakes)
    with pytest.raises(Conflict):
        started(fakes, user="u-2")


def test_what_something_has_come_of_is_not_started_again(fakes: Fakes) -> None:
    first = started(fakes)
    assert fakes.recordings.save(first.to(Status.UPLOADING, at=NOW), expected=first)
    with pytest.raises(Conflict):
        started(fakes)


def test_the_id_of_a_removed_recording_is_taken(fakes: Fakes) -> None:
    started(fakes)
    remove("acme", "rec_1", recordings=fakes.recordings, objects=fakes.objects, now=NOW)
    with pytest.raises(Conflict):
        started(fakes)


def test_where_the_policy_decided_on_consent_it_may_decide_otherwise_meanwhile(fakes: Fakes) -> None:
    assumed = ConsentBasis(BasisKind.POLICY, NOW, "legitimate interest")
    first = started(fakes, replace(WANTED, consent=Consent.ALL_CONSENTED, consent_basis=assumed))
    held = replace(WANTED, consent=Consent.PENDING, consent_basis=ConsentBasis(BasisKind.POLICY, LATER))
    assert started(fakes, held, at=LATER) == first
    assert fakes.recordings.get("acme", "rec_1").consent is Consent.ALL_CONSENTED


def test_consent_that_was_stated_is_part_of_the_words(fakes: Fakes) -> None:
    started(fakes)
    with pytest.raises(Conflict):
        started(fakes, replace(WANTED, consent_basis=ConsentBasis(BasisKind.STATED, LATER)), at=LATER)
    with pytest.raises(Conflict):
        started(fakes, replace(WANTED, consent_basis=None))


def test_a_revision_that_is_named_is_that_of_a_recording_that_is_there(fakes: Fakes) -> None:
    for recording_id, revision in (("rec_none", 1), ("rec_1", 1)):
        with pytest.raises(PreconditionFailed, match="in that state"):
            started(fakes, replace(WANTED, id=recording_id), if_revision=revision)
    first = started(fakes)
    assert started(fakes, if_revision=first.revision) == first
    with pytest.raises(PreconditionFailed):
        started(fakes, if_revision=first.revision + 1)
