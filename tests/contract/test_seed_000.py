"""The founder API's document, request by request: sent as it stands there, answered with the fields it shows."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.contract.conftest import Archive
from tests.contract.forms import a_wav, upload
from tests.contract.gateway import Answer, Gateway, Identity
from tests.fakes import Fakes

BASE = "/api/v1/agent/founder"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
DETAIL = [
    "id",
    "type",
    "source",
    "contact_ids",
    "deal_id",
    "duration_seconds",
    "audio_url",
    "transcript_text",
    "summary",
    "action_items",
    "sentiment_score",
    "speaker_diarization",
    "consent_status",
    "created_at",
]


@pytest.fixture
def services() -> Fakes:
    return Fakes()


@pytest.fixture
def contacts(api: Gateway) -> tuple[str, str]:
    """Who the document speaks of. That they can be created it takes for granted."""
    for contact_id, name in (("contact_uuid_1", "Jane Smith"), ("contact_uuid_2", "John Doe")):
        said = {"id": contact_id, "name": name, "company": "Acme Corp"}
        assert api.post(f"{BASE}/contacts", said).status == 201
    return "contact_uuid_1", "contact_uuid_2"


def refused(answer: Answer, status: int, code: str) -> None:
    """An error as the table has it."""
    assert answer.status == status, answer.body
    assert list(answer.json) == ["error"]
    assert (answer.json["error"]["code"], bool(answer.json["error"]["message"])) == (code, True)


# --- upload recording ---------------------------------------------------------------------------------------

FORM = (
    ("type", "phone"),
    ("source", "twilio"),
    ("contact_ids", '["contact_uuid_1"]'),
    ("deal_id", "deal_uuid"),
    ("consent_status", "all_consented"),
)


def test_an_upload_gets_exactly_the_documented_answer(api: Gateway, contacts: object) -> None:
    answer = upload(api, ("file", a_wav(720, rate_hz=1000)), *FORM)
    assert answer.status == 201
    assert list(answer.json) == [
        "id",
        "status",
        "audio_url",
        "estimated_duration_seconds",
        "transcription_status",
        "created_at",
    ]
    assert answer.json["id"].startswith("rec_")
    assert answer.json["id"] in answer.json["audio_url"]
    assert (answer.json["status"], answer.json["transcription_status"]) == ("processing", "queued")
    assert answer.json["estimated_duration_seconds"] == 720
    assert MOMENT.fullmatch(answer.json["created_at"])


@pytest.mark.parametrize("consent", ["all_consented", "one_party", "pending"])
@pytest.mark.parametrize("kind", ["phone", "in_person", "video", "voice_memo"])
def test_every_documented_type_and_consent(kind: str, consent: str, api: Gateway) -> None:
    answer = upload(api, ("file", a_wav()), ("type", kind), ("consent_status", consent))
    assert answer.status == 201, answer.body
    found = api.get(f"{BASE}/recordings/{answer.json['id']}").json
    assert (found["type"], found["consent_status"]) == (kind, consent)


# --- list recordings ----------------------------------------------------------------------------------------


def test_a_list_takes_every_documented_parameter(api: Gateway, archive: Archive, contacts: object) -> None:
    archive.complete("rec_a", contact_ids=("contact_uuid_1",), deal_id="deal_uuid")
    archive.complete("rec_b", kind="video")
    query: dict[str, Any] = {
        "contact_id": "contact_uuid_1",
        "deal_id": "deal_uuid",
        "type": "phone",
        "date_from": "2026-03-01T00:00:00Z",
        "date_to": "2026-03-31T00:00:00Z",
        "page": 1,
        "per_page": 20,
    }
    answer = api.get(f"{BASE}/recordings", **query)
    assert answer.status == 200
    assert [recording["id"] for recording in answer.json["recordings"]] == ["rec_a"]
    assert (answer.json["page"], answer.json["per_page"]) == (1, 20)
    assert api.get(f"{BASE}/recordings").json["per_page"] == 20
    assert {recording["id"] for recording in api.get(f"{BASE}/recordings").json["recordings"]} == {"rec_a", "rec_b"}


# --- get recording detail -----------------------------------------------------------------------------------


def test_a_detail_begins_with_the_documented_fields(api: Gateway, archive: Archive, contacts: object) -> None:
    archive.complete("rec_uuid", contact_ids=("contact_uuid_1",), deal_id="deal_uuid", source="twilio")
    answer = api.get(f"{BASE}/recordings/rec_uuid")
    assert answer.status == 200
    found = answer.json
    assert list(found)[: len(DETAIL)] == DETAIL
    assert (found["id"], found["type"], found["source"]) == ("rec_uuid", "phone", "twilio")
    assert (found["contact_ids"], found["deal_id"]) == (["contact_uuid_1"], "deal_uuid")
    assert isinstance(found["duration_seconds"], float)
    assert found["transcript_text"].startswith("Speaker 1: ")
    assert isinstance(found["summary"], str)
    # Nothing computes these yet: empty and unknown, never invented.
    assert (found["action_items"], found["sentiment_score"]) == ([], None)
    for speaker in found["speaker_diarization"]:
        assert list(speaker) == ["speaker", "contact_id", "segments"]
        assert speaker["segments"]
    assert [speaker["speaker"] for speaker in found["speaker_diarization"]][:2] == ["Speaker 1", "Speaker 2"]
    assert found["consent_status"] == "all_consented"
    assert MOMENT.fullmatch(found["created_at"])


# --- get full transcript ------------------------------------------------------------------------------------


def test_a_transcript_has_speakers_times_and_entities(api: Gateway, archive: Archive) -> None:
    archive.complete("rec_uuid")
    answer = api.get(f"{BASE}/recordings/rec_uuid/transcript")
    assert answer.status == 200
    assert answer.json["speaker_diarization"]
    for segment in answer.json["segments"]:
        assert {"speaker", "start_seconds", "end_seconds", "text", "entities"} <= set(segment)
        assert segment["start_seconds"] < segment["end_seconds"]
    assert answer.json["entities"] == []


# --- link recording -----------------------------------------------------------------------------------------


def test_the_example_link(api: Gateway, archive: Archive, contacts: tuple[str, str]) -> None:
    archive.complete("rec_uuid")
    body = {"contact_ids": ["contact_uuid_1", "contact_uuid_2"], "deal_id": "deal_uuid"}
    answer = api.post(f"{BASE}/recordings/rec_uuid/link", body)
    assert answer.status == 200
    found = api.get(f"{BASE}/recordings/rec_uuid").json
    assert (found["contact_ids"], found["deal_id"]) == (body["contact_ids"], "deal_uuid")


# --- contact timeline ---------------------------------------------------------------------------------------


def test_a_timeline_looks_as_documented(api: Gateway, archive: Archive, contacts: object) -> None:
    archive.complete("rec_uuid", contact_ids=("contact_uuid_1",))
    email = {
        "type": "email",
        "date": "2026-02-25T09:30:00Z",
        "subject": "RE: Partnership Opportunity",
        "preview": "Thank you for the follow-up...",
    }
    assert api.post(f"{BASE}/contacts/contact_uuid_1/interactions", email).status == 201
    query: dict[str, Any] = {
        "types": "recording,email,sms,meeting,note",
        "date_from": "2026-02-01",
        "date_to": "2026-03-31",
    }
    answer = api.get(f"{BASE}/contacts/contact_uuid_1/timeline", **query)
    assert answer.status == 200
    assert list(answer.json)[:2] == ["contact", "timeline"]
    assert answer.json["contact"] == {"id": "contact_uuid_1", "name": "Jane Smith", "company": "Acme Corp"}
    recording, sent = answer.json["timeline"]
    documented = ["type", "id", "date", "summary", "sentiment_score", "duration_seconds", "action_items"]
    assert list(recording)[: len(documented)] == documented
    assert (recording["type"], recording["id"], recording["date"]) == ("recording", "rec_uuid", "2026-03-30T12:00:00Z")
    assert list(sent) == ["type", "id", "date", "subject", "preview"]
    assert sent == {**email, "id": sent["id"]}


@pytest.mark.parametrize("kind", ["recording", "email", "sms", "meeting", "note"])
def test_a_timeline_is_narrowed_to_each_type(kind: str, api: Gateway, archive: Archive, contacts: object) -> None:
    archive.complete("rec_uuid", contact_ids=("contact_uuid_1",))
    for said in (
        {"type": "email", "subject": "a"},
        {"type": "sms", "body": "a"},
        {"type": "meeting", "subject": "a", "date": "2026-03-01"},
        {"type": "note", "body": "a"},
    ):
        assert api.post(f"{BASE}/contacts/contact_uuid_1/interactions", said).status == 201
    answer = api.get(f"{BASE}/contacts/contact_uuid_1/timeline", types=kind)
    assert [entry["type"] for entry in answer.json["timeline"]] == [kind]


# --- search -------------------------------------------------------------------------------------------------


def test_the_example_search(api: Gateway, archive: Archive, contacts: object) -> None:
    archive.complete("rec_uuid", contact_ids=("contact_uuid_1",))
    assert api.get(f"{BASE}/crm/search", q="pricing objections from restaurant prospects").json == {"results": []}
    answer = api.get(f"{BASE}/crm/search", q="who said thank you", contact_id="contact_uuid_1", limit=10)
    assert answer.status == 200
    assert list(answer.json) == ["results"]
    (found,) = answer.json["results"]
    documented = {"type", "recording_id", "contact_name", "snippet", "relevance_score", "timestamp_seconds"}
    assert set(found) == documented
    assert (found["type"], found["recording_id"], found["contact_name"]) == (
        "recording_segment",
        "rec_uuid",
        "Jane Smith",
    )
    assert 0 < found["relevance_score"] <= 1
    assert found["timestamp_seconds"] == 0.51


# --- errors -------------------------------------------------------------------------------------------------


def test_recording_not_found(api: Gateway) -> None:
    refused(api.get(f"{BASE}/recordings/rec_uuid"), 404, "RECORDING_NOT_FOUND")
    refused(api.get(f"{BASE}/recordings/rec_uuid/transcript"), 404, "RECORDING_NOT_FOUND")
    refused(api.post(f"{BASE}/recordings/rec_uuid/link", {"deal_id": "deal_uuid"}), 404, "RECORDING_NOT_FOUND")


def test_contact_not_found(api: Gateway, archive: Archive) -> None:
    archive.complete("rec_uuid")
    refused(api.get(f"{BASE}/contacts/contact_uuid/timeline"), 404, "CONTACT_NOT_FOUND")
    refused(api.post(f"{BASE}/recordings/rec_uuid/link", {"contact_ids": ["nobody"]}), 404, "CONTACT_NOT_FOUND")
    refused(upload(api, ("file", a_wav()), *FORM), 404, "CONTACT_NOT_FOUND")


def test_invalid_audio_format(api: Gateway) -> None:
    parts = (("type", "phone"), ("consent_status", "pending"), ("file", b"%PDF-1.7"))
    refused(upload(api, *parts), 422, "INVALID_AUDIO_FORMAT")


def test_consent_required(api: Gateway) -> None:
    refused(upload(api, ("type", "phone"), ("file", a_wav())), 422, "CONSENT_REQUIRED")


def test_transcription_failed(api: Gateway, archive: Archive) -> None:
    archive.failed("rec_uuid")
    refused(api.get(f"{BASE}/recordings/rec_uuid/transcript"), 500, "TRANSCRIPTION_FAILED")


def test_a_founders_role_is_required(api: Gateway, identity: Identity, archive: Archive) -> None:
    archive.complete("rec_uuid")
    assert api.get(f"{BASE}/recordings/rec_uuid", token=identity.token(roles=["member"])).status == 403
    assert api.get(f"{BASE}/recordings/rec_uuid", token="").status == 401
    assert api.get(f"{BASE}/recordings/rec_uuid").status == 200
