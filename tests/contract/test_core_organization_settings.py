"""What the organization decides for all of its recordings, and what recordings begin with because of it."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from api.core.organization_settings import models as documented
from auricle.adapters.dynamodb import documents
from auricle.directory import organization_settings
from auricle.directory.organization_settings import SETTINGS, ConsentPolicy, settings_of
from auricle.recordings.consent import BasisKind, Consent, ConsentBasis
from tests.contract.conftest import NOW
from tests.contract.core_recordings import refused, send, shown
from tests.contract.forms import a_wav, upload
from tests.contract.gateway import Gateway, Identity
from tests.fakes import Fakes

PATH = "/v1/core/organization/settings"
DEFAULTS = {
    "consentPolicy": "assumed",
    "consentLegalBasis": "legitimate interest",
    "consentGraceDays": 30,
    "updatedAt": None,
}


@pytest.fixture
def services() -> Fakes:
    return Fakes()


def test_settings_are_the_defaults_until_the_organization_changes_them(api: Gateway) -> None:
    answer = api.get(PATH)
    assert shown(documented.OrganizationSettingsResponse, answer) == {"data": DEFAULTS}
    assert answer.headers["etag"] == '"0"'
    changed = send(api, "PATCH", PATH, {"consentPolicy": "held"}, headers={"if-match": '"0"'})
    held = {**DEFAULTS, "consentPolicy": "held", "updatedAt": "2026-03-30T12:00:00.123Z"}
    assert shown(documented.OrganizationSettingsResponse, changed) == {"data": held}
    assert changed.headers["etag"] == '"1"'
    assert api.get(PATH).json == {"data": held}
    more = send(api, "PATCH", PATH, {"consentGraceDays": 0, "consentLegalBasis": "  contract with the customer "})
    assert more.json["data"]["consentLegalBasis"] == "contract with the customer"
    assert (more.json["data"]["consentGraceDays"], more.headers["etag"]) == (0, '"2"')
    assert send(api, "PATCH", PATH, {}).headers["etag"] == '"2"', "changing nothing writes nothing"


def test_a_stale_view_is_refused(api: Gateway) -> None:
    send(api, "PATCH", PATH, {"consentPolicy": "held"})
    stale = send(api, "PATCH", PATH, {"consentPolicy": "assumed"}, headers={"if-match": '"0"'})
    refused(stale, 412, "precondition-failed")
    assert api.get(PATH).json["data"]["consentPolicy"] == "held"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"consentPolicy": "maybe"}, "consentPolicy"),
        ({"consentPolicy": None}, "consentPolicy"),
        ({"consentLegalBasis": ""}, "consentLegalBasis"),
        ({"consentLegalBasis": "x" * 201}, "consentLegalBasis"),
        ({"consentLegalBasis": "two\nlines"}, "consentLegalBasis"),
        ({"consentLegalBasis": None}, "consentLegalBasis"),
        ({"consentGraceDays": -1}, "consentGraceDays"),
        ({"consentGraceDays": 366}, "consentGraceDays"),
        ({"consentGraceDays": 1.5}, "consentGraceDays"),
        ({"consentGraceDays": None}, "consentGraceDays"),
        ({"consentGrace": 3}, "consentGrace"),
    ],
)
def test_wrong_settings_are_named(body: Any, field: str, api: Gateway) -> None:
    refused(send(api, "PATCH", PATH, body), 422, "invalid-request", field)
    assert api.get(PATH).json["data"] == DEFAULTS


def test_settings_take_an_administrator_and_are_ones_own(api: Gateway, identity: Identity) -> None:
    others = identity.token(scope="recordings:read recordings:write audio:write calls:write")
    refused(api.get(PATH, token=others), 403, "insufficient-scope")
    refused(send(api, "PATCH", PATH, {"consentPolicy": "held"}, token=others), 403, "insufficient-scope")
    send(api, "PATCH", PATH, {"consentPolicy": "held"})
    assert api.get(PATH, token=identity.token(org="globex")).json["data"] == DEFAULTS


def test_a_default_that_changes_in_the_code_changes_no_settings_that_are_stored(
    services: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = settings_of("acme", records=services, now=NOW)
    stored = documents.pack(before, without=frozenset({"revision"}))
    other = {"consent_policy": ConsentPolicy.HELD, "consent_legal_basis": "none", "consent_grace_days": 1}
    monkeypatch.setattr(organization_settings, "DEFAULTS", other)
    assert settings_of("acme", records=services, now=NOW).consent_grace_days == 1
    assert documents.unpack(SETTINGS.record, stored, revision=0) == before
    assert before.version == 1
    assert {one.name for one in fields(before)} == {
        *("org", "id", "created_at", "updated_at", "revision", "version"),
        *("consent_policy", "consent_legal_basis", "consent_grace_days"),
    }, "a new field takes a new version, and a default of its own for settings stored before it"


# --- what recordings begin with -----------------------------------------------------------------------------

ASSUMED = (Consent.ALL_CONSENTED, ConsentBasis(BasisKind.POLICY, NOW, "legitimate interest"))
HELD = (Consent.PENDING, ConsentBasis(BasisKind.POLICY, NOW))
STATED = ConsentBasis(BasisKind.STATED, NOW)


def begun(services: Fakes, recording_id: str) -> tuple[Consent, ConsentBasis | None]:
    recording = services.recordings.get("acme", recording_id)
    return recording.consent, recording.consent_basis


def by_audio_files(api: Gateway, **said: Any) -> str:
    answer = api.post("/api/v1/audio-files/upload-url", {"fileName": "call.wav", **said})
    assert answer.status == 201, answer.body
    return str(answer.json["audioFileId"])


def by_phone(api: Gateway) -> str:
    assert send(api, "PUT", "/v1/core/recordings", {"id": "rec_phone"}).status == 201
    return "rec_phone"


def by_claim(api: Gateway) -> str:
    slot = api.post("/v1/core/recordings/signed-urls", {"fileType": "mp3", "fileSize": 10}).json["data"]
    body = {"downloadUrl": slot["downloadUrl"], "fileType": "mp3"}
    answer = api.post("/v1/core/recordings/upload", body)
    assert answer.status == 201, answer.body
    return str(answer.json["data"]["id"])


@pytest.mark.parametrize("begin", [by_audio_files, by_phone, by_claim])
def test_where_nobody_states_consent_the_policy_decides(begin: Any, api: Gateway, services: Fakes) -> None:
    assert begun(services, begin(api)) == ASSUMED


@pytest.mark.parametrize("begin", [by_audio_files, by_phone, by_claim])
def test_an_organization_may_hold_what_nobody_stated(begin: Any, api: Gateway, services: Fakes) -> None:
    send(api, "PATCH", PATH, {"consentPolicy": "held"})
    recording_id = begin(api)
    assert begun(services, recording_id) == HELD
    send(api, "PATCH", PATH, {"consentPolicy": "assumed", "consentLegalBasis": "contract"})
    assert begun(services, recording_id) == HELD, "what is there keeps what it was made with"


@pytest.mark.parametrize("policy", ["assumed", "held"])
def test_what_is_stated_counts_whatever_the_policy_is(policy: str, api: Gateway, services: Fakes) -> None:
    send(api, "PATCH", PATH, {"consentPolicy": policy})
    for said in ("all_consented", "one_party", "pending"):
        assert begun(services, by_audio_files(api, consentStatus=said)) == (Consent(said), STATED)
    answer = upload(api, ("type", "phone"), ("consent_status", "one_party"), ("file", a_wav()))
    assert begun(services, answer.json["id"]) == (Consent.ONE_PARTY, STATED)


def test_a_phone_that_starts_again_under_another_policy_has_started_already(api: Gateway, services: Fakes) -> None:
    by_phone(api)
    send(api, "PATCH", PATH, {"consentPolicy": "held"})
    by_phone(api)
    assert begun(services, "rec_phone") == ASSUMED
    assert len(services.recordings) == 1


def test_null_is_no_consent_status(api: Gateway) -> None:
    body = json.dumps({"fileName": "call.wav", "consentStatus": None}).encode()
    assert api.ask("POST", "/api/v1/audio-files/upload-url", body=body).status == 422
