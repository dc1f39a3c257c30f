"""Consent on the agent API: recorded, withdrawn, and who did so when."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from api.agent.consent import models as recordings
from auricle.recordings.consent import Consent
from auricle.recordings.recording import Status
from tests.contract.conftest import NOW, Archive
from tests.contract.gateway import Answer, Gateway, Identity
from tests.contract.test_agent import FOUNDER, error, shown
from tests.fakes import Fakes

PATH = f"{FOUNDER}/recordings/rec_1/consent"


@pytest.fixture
def services() -> Fakes:
    return Fakes()


def record(api: Gateway, status: Any, *, if_match: str | None = None, token: str | None = None, **said: Any) -> Answer:
    headers = {"if-match": if_match} if if_match else {}
    body = json.dumps({"consent_status": status, **said}).encode()
    return api.ask("PUT", PATH, body=body, headers=headers, token=token)


@pytest.mark.parametrize("consent", ["all_consented", "one_party"])
def test_consent_starts_what_was_held(consent: str, api: Gateway, archive: Archive, services: Fakes) -> None:
    archive.uploaded(consent=Consent.PENDING)
    found = shown(recordings.RecordingConsent, record(api, consent))
    assert (found["consent_status"], found["status"]) == (consent, "processing")
    assert len(services.workflow) == 1
    shown(recordings.RecordingConsent, record(api, consent))
    assert len(services.workflow) == 1, "it is started once"


def test_consent_before_the_upload_starts_nothing_yet(api: Gateway, archive: Archive, services: Fakes) -> None:
    archive.put(consent=Consent.PENDING)
    shown(recordings.RecordingConsent, record(api, "one_party"))
    assert len(services.workflow) == 0
    assert services.recordings.get("acme", "rec_1").consent is Consent.ONE_PARTY


def test_what_was_stopped_on_its_way_goes_on(api: Gateway, archive: Archive, services: Fakes) -> None:
    archive.failed(code="consent-required")
    shown(recordings.RecordingConsent, record(api, "withdrawn"))
    assert services.recordings.get("acme", "rec_1").status is Status.ERROR
    shown(recordings.RecordingConsent, record(api, "all_consented"))
    again = services.recordings.get("acme", "rec_1")
    assert (again.status, again.run) == (Status.UPLOADED, 2)


def test_another_failure_is_not_mended_by_consent(api: Gateway, archive: Archive, services: Fakes) -> None:
    archive.failed()
    shown(recordings.RecordingConsent, record(api, "one_party"))
    assert services.recordings.get("acme", "rec_1").run == 1


@pytest.mark.parametrize("consent", ["withdrawn", "pending"])
def test_withdrawing_starts_nothing_and_keeps_what_is_there(
    consent: str, api: Gateway, archive: Archive, services: Fakes
) -> None:
    archive.complete()
    found = shown(recordings.RecordingConsent, record(api, consent, note="asked by phone"))
    assert (found["consent_status"], found["status"]) == (consent, "completed")
    assert len(services.workflow) == 0
    assert api.get(f"{FOUNDER}/recordings/rec_1").json["consent_status"] == consent


def test_the_history_says_who_recorded_what_when(api: Gateway, archive: Archive, identity: Identity) -> None:
    archive.complete(consent=Consent.PENDING, user_id="user_0")
    api.now = NOW + timedelta(hours=1)
    record(api, "one_party", note="by email")
    api.now = NOW + timedelta(hours=2)
    record(api, "withdrawn", token=identity.token(sub="user_2"))
    answer = api.get(PATH)
    found = shown(recordings.RecordingConsent, answer)
    assert found["history"] == [
        {
            "consent_status": "pending",
            "recorded_at": "2026-03-30T12:00:00Z",
            "recorded_by": "user_0",
            "note": None,
        },
        {
            "consent_status": "one_party",
            "recorded_at": "2026-03-30T13:00:00Z",
            "recorded_by": "user_1",
            "note": "by email",
        },
        {
            "consent_status": "withdrawn",
            "recorded_at": "2026-03-30T14:00:00Z",
            "recorded_by": "user_2",
            "note": None,
        },
    ]
    assert (found["consent_status"], found["updated_at"]) == ("withdrawn", "2026-03-30T14:00:00Z")
    before = answer.headers["etag"]
    assert record(api, "withdrawn").headers["etag"] == before, "saying it again notes nothing"
    assert len(api.get(PATH).json["history"]) == 3


def test_the_history_is_bounded_and_keeps_its_ends(api: Gateway, archive: Archive) -> None:
    archive.complete(consent=Consent.PENDING)
    for number in range(105):
        record(api, "one_party", note=str(number))
    notes = [change["note"] for change in api.get(PATH).json["history"]]
    assert len(notes) == 101
    assert (notes[0], notes[1], notes[2], notes[-1]) == (None, "0", "6", "104")


def test_consent_is_recorded_of_the_state_that_is_named(api: Gateway, archive: Archive) -> None:
    archive.complete()
    current = api.get(PATH).headers["etag"]
    assert record(api, "withdrawn", if_match=current).status == 200
    error(record(api, "one_party", if_match=current), 412, "PRECONDITION_FAILED")
    assert api.get(PATH).json["consent_status"] == "withdrawn"


def test_a_lock_does_not_keep_consent_from_being_withdrawn(api: Gateway, archive: Archive) -> None:
    archive.complete(locked=True)
    assert shown(recordings.RecordingConsent, record(api, "withdrawn"))["consent_status"] == "withdrawn"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "consent_status"),
        ({"consent_status": "maybe"}, "consent_status"),
        ({"consent_status": None}, "consent_status"),
        ({"consent_status": "pending", "note": ""}, "note"),
        ({"consent_status": "pending", "note": "x" * 501}, "note"),
        ({"consent_status": "pending", "by": "me"}, "by"),
    ],
)
def test_wrong_consent_is_named(body: Any, field: str, api: Gateway, archive: Archive) -> None:
    archive.complete()
    found = error(api.ask("PUT", PATH, body=json.dumps(body).encode()), 422, "INVALID_REQUEST")
    assert [each["field"] for each in found["fields"]] == [field]


def test_consent_to_what_is_not_there(api: Gateway, archive: Archive, identity: Identity) -> None:
    archive.complete(org="globex")
    for answer in (api.get(PATH), record(api, "withdrawn"), record(api, "withdrawn", if_match='"1"')):
        error(answer, 404, "RECORDING_NOT_FOUND")
    error(record(api, "withdrawn", token=identity.token(roles=["agent"])), 403, "FORBIDDEN")
    error(api.get(PATH, token=""), 401, "UNAUTHENTICATED")
