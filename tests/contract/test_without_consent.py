"""A recording whose consent was withdrawn shows itself on every surface, and nothing of its content on any."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from auricle.processing.sweep import sweep
from auricle.recordings.consent import BasisKind, Consent, ConsentBasis
from auricle.recordings.keys import RecordingKeys
from auricle.recordings.media import MULTIMEDIA, MultimediaEvent
from auricle.recordings.recording import Status
from tests.contract.conftest import NOW, Archive
from tests.contract.gateway import Answer, Gateway, Identity
from tests.fakes import Fakes

AGENT = "/api/v1/agent/founder"
CORE = "/v1/core"
FILES = "/api/v1/audio-files"
SPOKEN = ("thank", "hello", "Speaker 1", "speaker_0", "pocketsphinx", "audio.flac", "rec_1/source", "cut-off")
"""What is found in the recording, in words that nothing else of these answers holds."""

CONTENT: list[tuple[str, str, int, str]] = [
    ("GET", f"{AGENT}/recordings/rec_1/transcript", 422, "CONSENT_REQUIRED"),
    ("GET", f"{FILES}/rec_1/transcript", 409, "urn:auricle:error:consent-required"),
    ("GET", f"{FILES}/rec_1/download-url", 409, "urn:auricle:error:consent-required"),
    ("GET", f"{CORE}/recordings/rec_1/utterances", 409, "consent-required"),
    ("GET", f"{CORE}/recordings/rec_1/summary", 409, "consent-required"),
    ("POST", f"{CORE}/recordings/rec_1/signedUrl", 409, "consent-required"),
    ("GET", f"{CORE}/recordings/rec_1/multimedia-events/media_1", 409, "consent-required"),
]
"""Everything that gives content out, and how it refuses to."""

SHOWN: list[tuple[str, str, str, bytes]] = [
    ("GET", f"{AGENT}/recordings", "", b""),
    ("GET", f"{AGENT}/recordings/rec_1", "", b""),
    ("GET", f"{AGENT}/recordings/rec_1/consent", "", b""),
    ("GET", f"{AGENT}/contacts/ann/timeline", "", b""),
    ("GET", f"{AGENT}/crm/search", "q=thank", b""),
    ("GET", FILES, "", b""),
    ("GET", f"{FILES}/rec_1", "", b""),
    ("GET", f"{FILES}/rec_1/processing-status", "", b""),
    ("GET", f"{CORE}/recordings", "", b""),
    ("POST", f"{CORE}/recordings", "", b'{"ids": ["rec_1"]}'),
    ("GET", f"{CORE}/recordings/rec_1", "showSummary=true&showPhotos=true&showMultimediaEvents=true", b""),
    ("PATCH", f"{CORE}/recordings/rec_1", "", b'{"title": "Renewal"}'),
]
"""Everything that shows the recording itself."""


@pytest.fixture
def services() -> Fakes:
    return Fakes()


@pytest.fixture
def recording(api: Gateway, archive: Archive, services: Fakes) -> None:
    """One with content of every kind, which all of the answers above show."""
    made = api.post(f"{AGENT}/contacts", {"id": "ann", "name": "Ann"})
    assert made.status == 201
    archive.complete(title="Renewal", contact_ids=("ann",))
    event = MultimediaEvent("acme", "media_1", "rec_1", NOW)
    services.records(MULTIMEDIA).add(event)
    services.objects.write(event.key, b"photo", content_type="image/jpeg")


def consent(api: Gateway, status: str, recording_id: str = "rec_1", **said: Any) -> Answer:
    body = json.dumps({"consent_status": status, **said}).encode()
    answer = api.ask("PUT", f"{AGENT}/recordings/{recording_id}/consent", body=body)
    assert answer.status == 200, answer.body
    return answer


def code_of(answer: Answer) -> str:
    found = answer.json
    error = found.get("error")
    return str(error["code"] if isinstance(error, dict) else found.get("code") or found.get("type"))


def held_words(answer: Answer) -> list[str]:
    return [word for word in SPOKEN if word in answer.body.decode()]


@pytest.mark.usefixtures("recording")
@pytest.mark.parametrize("status", ["withdrawn", "pending"])
@pytest.mark.parametrize(("method", "path", "refused", "code"), CONTENT)
def test_content_is_refused_until_consent_is_recorded_again(
    method: str, path: str, refused: int, code: str, status: str, api: Gateway
) -> None:
    before = api.ask(method, path)
    assert before.status == 200, before.body
    consent(api, status)
    without = api.ask(method, path)
    assert (without.status, code_of(without)) == (refused, code), without.body
    assert "onsent" in without.body.decode()
    consent(api, "all_consented")
    assert api.ask(method, path).body == before.body


@pytest.mark.usefixtures("recording")
@pytest.mark.parametrize("status", ["withdrawn", "pending"])
@pytest.mark.parametrize(("method", "path", "query", "body"), SHOWN)
def test_the_recording_is_shown_without_its_content(
    method: str, path: str, query: str, body: bytes, status: str, api: Gateway
) -> None:
    def ask() -> Answer:
        answer = api.ask(method, path, query=query, body=body)
        assert answer.status == 200, answer.body
        return answer

    before = ask()
    consent(api, status)
    without = ask()
    assert held_words(without) == []
    assert "search" in path or "rec_1" in without.body.decode(), "the recording itself is still there"
    consent(api, "all_consented")
    assert held_words(ask()) == held_words(before)


CHANGED = {"updatedAt", "updated_at"}


@pytest.mark.usefixtures("recording")
def test_which_fields_are_empty(api: Gateway) -> None:
    def shown() -> dict[str, dict[str, Any]]:
        return {
            "agent": api.get(f"{AGENT}/recordings/rec_1").json,
            "files": api.get(f"{FILES}/rec_1").json,
            "core": api.ask("GET", f"{CORE}/recordings/rec_1", query="showSummary=true").json["data"],
            "timeline": api.get(f"{AGENT}/contacts/ann/timeline").json["timeline"][0],
        }

    before = shown()
    consent(api, "withdrawn")
    after = shown()
    empty = {
        where: {name for name, value in before[where].items() if value != after[where][name]}
        - {"updatedAt", "updated_at"}
        for where in before
    }
    assert empty == {
        "agent": {
            *("audio_url", "transcript_text", "summary", "speaker_diarization", "language", "summary_kind"),
            *("highlights", "speakers", "engines", "warnings", "consent_status"),
        },
        "files": {"language", "wordCount", "speakers", "highlights", "engines", "warnings", "consentStatus"},
        "core": {"rawAudioPath", "processedAudioPath", "speakerMap", "detected_language", "summary"},
        "timeline": {"summary"},
    }
    for where, names in empty.items():
        for name in names - {"consent_status", "consentStatus"}:
            assert after[where][name] in (None, [], {}, 0), name


@pytest.mark.usefixtures("recording")
def test_a_locked_private_recording_in_the_trash_is_withdrawn_from_and_saying_so_again_changes_nothing(
    api: Gateway, services: Fakes
) -> None:
    before = services.recordings.get("acme", "rec_1")
    hidden = replace(before, locked=True, private=True, discoverable=False, deleted_at=NOW)
    assert services.recordings.save(hidden, expected=before)
    first = consent(api, "withdrawn")
    assert consent(api, "withdrawn").headers["etag"] == first.headers["etag"]
    assert api.get(f"{AGENT}/recordings/rec_1/consent").json == first.json
    assert services.objects.is_blocked(RecordingKeys("acme", "rec_1").prefix)
    assert consent(api, "one_party").json["content_shown"] is True
    assert services.recordings.get("acme", "rec_1", with_trashed=True).highlights == before.highlights
    assert len(services.workflow) == 0


def test_what_is_held_in_the_trash_is_started_by_nobody(api: Gateway, archive: Archive, services: Fakes) -> None:
    archive.uploaded(consent=Consent.PENDING, deleted_at=NOW)
    consent(api, "all_consented")
    assert len(services.workflow) == 0


def test_the_consent_endpoint_says_what_consent_rests_on(api: Gateway, archive: Archive) -> None:
    basis = ConsentBasis(BasisKind.POLICY, NOW, "legitimate interest")
    archive.complete(consent=Consent.ALL_CONSENTED, consent_basis=basis)
    found = api.get(f"{AGENT}/recordings/rec_1/consent").json
    assert found["basis"] == {"kind": "policy", "legal_basis": "legitimate interest", "since": "2026-03-30T12:00:00Z"}
    assert (found["content_shown"], found["withdrawn_at"], found["erase_at"]) == (True, None, None)
    found = consent(api, "withdrawn").json
    assert found["basis"] == {"kind": "stated", "legal_basis": None, "since": "2026-03-30T12:00:00Z"}
    assert (found["content_shown"], found["withdrawn_at"]) == (False, "2026-03-30T12:00:00Z")
    assert found["erase_at"] == "2026-04-29T12:00:00Z", "30 days, where the organization has said nothing"


def test_the_parties_words_are_shown_as_they_were_given(api: Gateway, archive: Archive) -> None:
    archive.uploaded(consent=Consent.PENDING)
    body = b'{"customerConsentAttested": false, "repConsentAttested": true}'
    assert api.ask("PATCH", f"{CORE}/recordings/rec_1", body=body).status == 200
    found = api.get(f"{AGENT}/recordings/rec_1/consent").json
    assert (found["consent_status"], found["customer_consents"], found["rep_consents"]) == ("withdrawn", False, True)


def test_erased_it_is_nowhere(api: Gateway, archive: Archive, services: Fakes, identity: Identity) -> None:
    api.ask("PATCH", f"{CORE}/organization/settings", body=b'{"consentGraceDays": 0}')
    archive.complete()
    assert consent(api, "withdrawn").json["erase_at"] == "2026-03-30T12:00:00Z"
    sweep(
        untouched=timedelta(minutes=10),
        recordings=services.recordings,
        intake=services.intake(max_upload_bytes=1000),
        metrics=services.metrics,
        now=NOW + timedelta(seconds=1),
    )
    for path in (f"{AGENT}/recordings/rec_1", f"{AGENT}/recordings/rec_1/consent", f"{FILES}/rec_1"):
        assert api.get(path).status == 404
    assert api.get(f"{AGENT}/recordings").json["recordings"] == []
    assert len(services.objects) == 0
    assert services.recordings.was_removed("acme", "rec_1")


def test_a_signed_upload_of_a_refused_recording_is_kept_from_processing(
    api: Gateway, archive: Archive, services: Fakes
) -> None:
    archive.put(status=Status.UPLOADING)
    consent(api, "withdrawn")
    services.objects.write(RecordingKeys("acme", "rec_1").source, b"RIFF", content_type="audio/wav")
    answer = api.post(f"{FILES}/rec_1/process")
    assert (answer.status, code_of(answer)) == (409, "urn:auricle:error:consent-required")
    assert len(services.workflow) == 0
