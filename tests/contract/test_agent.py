"""The agent API as its document says: fields, units, errors by its codes, and a founder's role."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from api.agent.contacts.models import Contact
from api.agent.errors import AgentError
from api.agent.links.models import RecordingLinks
from api.agent.recordings import models as recordings
from api.agent.timelines.models import Timeline
from api.dependencies import Services
from auricle.recordings.recording import Status
from tests.contract.conftest import NOW, Archive
from tests.contract.gateway import Answer, Gateway, Identity

FOUNDER = "/api/v1/agent/founder"
DOCUMENTED_DETAIL = {
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
}


def shown(model: type[Any], answer: Answer, status: int = 200) -> Any:
    """The answer's JSON, once it is found to be exactly what the OpenAPI document promises."""
    assert answer.status == status, answer.body
    model.model_validate_json(answer.body)
    return answer.json


def error(answer: Answer, status: int, code: str) -> Any:
    """What stands under `error`, once it is found to be that error and well-formed."""
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json) == {"error"}, answer.body
    AgentError.model_validate(answer.json)
    found = answer.json["error"]
    assert (answer.status, found["code"]) == (status, code), found
    return found


@pytest.fixture
def contact(api: Gateway) -> str:
    made = api.post(f"{FOUNDER}/contacts", {"id": "contact_uuid_1", "name": "Jane Smith", "company": "Acme Corp"})
    return str(shown(Contact, made, 201)["id"])


# --- recordings ---------------------------------------------------------------------------------------------


def test_a_recording_has_every_documented_field(api: Gateway, archive: Archive, contact: str) -> None:
    archive.complete(contact_ids=(contact,), deal_id="deal_uuid", source="twilio")
    found = shown(recordings.AgentRecording, api.get(f"{FOUNDER}/recordings/rec_1"))
    assert set(found) >= DOCUMENTED_DETAIL
    assert (found["id"], found["type"], found["source"]) == ("rec_1", "phone", "twilio")
    assert (found["contact_ids"], found["deal_id"]) == ([contact], "deal_uuid")
    assert (found["duration_seconds"], found["created_at"]) == (61.2, "2026-03-30T12:00:00Z")
    assert found["audio_url"] == "s3://recordings/orgs/acme/recordings/rec_1/source"
    assert found["transcript_text"].splitlines()[0] == "Speaker 1: thank you"
    assert (found["summary"], found["summary_kind"]) == ("thank you", "highlights")
    assert found["speaker_diarization"][0] == {
        "speaker": "Speaker 1",
        "contact_id": None,
        "segments": [
            {"start_seconds": 0.51, "end_seconds": 1.32, "text": "thank you"},
            {"start_seconds": 3.0, "end_seconds": 3.4, "text": "bye"},
        ],
    }
    assert [entry["speaker"] for entry in found["speaker_diarization"]] == ["Speaker 1", "Speaker 2", "Unknown speaker"]
    assert (found["status"], found["transcription_status"]) == ("completed", "completed")


def test_a_recording_shows_what_its_audio_is_once_that_is_known(api: Gateway, archive: Archive) -> None:
    archive.complete("rec_heard")
    archive.put("rec_new")
    assert api.get(f"{FOUNDER}/recordings/rec_heard").json["audio"] == {
        "format": "wav",
        "codec": "pcm_s16le",
        "channels": 1,
        "sample_rate_hz": 16000,
        "duration_seconds": 61.2,
    }
    assert api.get(f"{FOUNDER}/recordings/rec_new").json["audio"] is None


def test_what_nothing_computes_yet_is_not_invented(api: Gateway, archive: Archive) -> None:
    archive.complete()
    found = api.get(f"{FOUNDER}/recordings/rec_1").json
    assert (found["sentiment_score"], found["action_items"]) == (None, [])


@pytest.mark.parametrize(
    ("state", "status", "transcription"),
    [
        ("put", "processing", "queued"),
        ("uploaded", "processing", "queued"),
        ("transcribing", "processing", "processing"),
        ("evaluating", "processing", "completed"),
        ("complete", "completed", "completed"),
        ("failed", "failed", "failed"),
    ],
)
def test_every_state_in_this_surfaces_words(
    state: str, status: str, transcription: str, api: Gateway, archive: Archive
) -> None:
    getattr(archive, state)()
    found = shown(recordings.AgentRecording, api.get(f"{FOUNDER}/recordings/rec_1"))
    assert (found["status"], found["transcription_status"]) == (status, transcription)
    assert (found["audio_url"] is None) == (state == "put")
    assert (found["transcript_text"] is None) == (transcription != "completed")


def test_the_transcript_has_times_per_segment_and_word(api: Gateway, archive: Archive) -> None:
    archive.complete()
    found = shown(recordings.AgentTranscript, api.get(f"{FOUNDER}/recordings/rec_1/transcript"))
    first = found["segments"][0]
    assert (first["speaker"], first["start_seconds"], first["end_seconds"]) == ("Speaker 1", 0.51, 1.32)
    assert first["words"][1] == {"text": "you", "start_seconds": 0.92, "end_seconds": 1.32, "confidence": 0.83}
    assert (found["entities"], first["entities"]) == ([], [])


def test_a_transcript_that_is_not_ready(api: Gateway, archive: Archive) -> None:
    archive.transcribing()
    answer = api.get(f"{FOUNDER}/recordings/rec_1/transcript")
    assert error(answer, 409, "TRANSCRIPT_NOT_READY")["transcription_status"] == "processing"
    assert int(answer.headers["retry-after"]) > 0


def test_a_transcription_that_failed(api: Gateway, archive: Archive) -> None:
    archive.failed()
    found = error(api.get(f"{FOUNDER}/recordings/rec_1/transcript"), 500, "TRANSCRIPTION_FAILED")
    assert (found["stage"], found["message"]) == ("transcribe", "That did not work.")


def test_a_file_that_is_no_audio(api: Gateway, archive: Archive) -> None:
    archive.failed(code="unsupported-audio", final=True)
    error(api.get(f"{FOUNDER}/recordings/rec_1/transcript"), 422, "INVALID_AUDIO_FORMAT")
    assert api.get(f"{FOUNDER}/recordings/rec_1").json["error"]["code"] == "INVALID_AUDIO_FORMAT"


def test_a_recording_in_the_bin_is_not_there(api: Gateway, archive: Archive) -> None:
    archive.complete(deleted_at=NOW)
    for path in ("", "/transcript"):
        error(api.get(f"{FOUNDER}/recordings/rec_1{path}"), 404, "RECORDING_NOT_FOUND")
    for method in ("POST", "DELETE"):
        answer = api.ask(method, f"{FOUNDER}/recordings/rec_1/link", body=b'{"deal_id": "d1"}')
        error(answer, 404, "RECORDING_NOT_FOUND")
    assert api.get(f"{FOUNDER}/recordings").json["recordings"] == []


# --- lists --------------------------------------------------------------------------------------------------


def test_a_list_shows_everything_but_what_was_said(api: Gateway, archive: Archive, contact: str) -> None:
    archive.complete(contact_ids=(contact,), title="Renewal", source="twilio")
    page = shown(recordings.AgentRecordingPage, api.get(f"{FOUNDER}/recordings"))
    (listed,) = page["recordings"]
    detail = api.get(f"{FOUNDER}/recordings/rec_1").json
    assert listed == {name: detail[name] for name in listed}
    assert set(listed) >= DOCUMENTED_DETAIL - {"transcript_text", "speaker_diarization"}
    assert (page["page"], page["per_page"], page["next"]) == (1, 20, None)


def test_a_list_can_be_narrowed(api: Gateway, archive: Archive, contact: str) -> None:
    archive.put("rec_0", contact_ids=(contact,), kind="video")
    archive.put("rec_1", contact_ids=(contact,), deal_id="d1", created_at=NOW + timedelta(days=1))
    archive.put("rec_2", deal_id="d1", kind="voice_memo", created_at=NOW + timedelta(days=2))

    def ids(**query: Any) -> list[str]:
        page = shown(recordings.AgentRecordingPage, api.get(f"{FOUNDER}/recordings", **query))
        return [recording["id"] for recording in page["recordings"]]

    assert ids() == ["rec_2", "rec_1", "rec_0"]
    assert ids(contact_id=contact) == ["rec_1", "rec_0"]
    assert ids(deal_id="d1") == ["rec_2", "rec_1"]
    assert ids(contact_id=contact, deal_id="d1") == ["rec_1"]
    assert ids(type="video") == ["rec_0"]
    assert ids(type="in_person") == []
    assert ids(date_from="2026-03-31") == ["rec_2", "rec_1"]
    assert ids(date_to="2026-03-30") == ["rec_0"]
    assert ids(date_from="2026-03-31", date_to="2026-03-31") == ["rec_1"]
    assert ids(contact_id="nobody") == []


def test_a_list_goes_on_by_page_and_by_cursor(api: Gateway, archive: Archive) -> None:
    for number in range(5):
        archive.put(f"rec_{number}", created_at=NOW + timedelta(days=number))

    def page(**query: Any) -> tuple[list[str], Any]:
        found = shown(recordings.AgentRecordingPage, api.get(f"{FOUNDER}/recordings", per_page=2, **query))
        return [recording["id"] for recording in found["recordings"]], found

    first_ids, first = page()
    second_ids, second = page(cursor=first["next"])
    assert (first_ids, second_ids) == (["rec_4", "rec_3"], ["rec_2", "rec_1"])
    assert (first["page"], second["page"], second["per_page"]) == (1, None, 2)
    assert page(page=2)[0] == second_ids
    assert page(page=3)[0] == ["rec_0"]
    assert page(page=3)[1]["next"] is None
    assert page(page=4) == ([], {"recordings": [], "page": 4, "per_page": 2, "next": None})


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("type=fax", "type"),
        ("contact_id=a%2Fb", "contact_id"),
        ("deal_id=", "deal_id"),
        ("date_from=soon", "date_from"),
        ("date_to=2026-02-30", "date_to"),
        ("date_from=2026-03-31&date_to=2026-03-30", "date_from"),
        ("page=1&cursor=abc", "cursor"),
        ("per_page=20&per_page=30", "per_page"),
    ],
)
def test_wrong_parameters_of_the_list_are_named(query: str, wrong: str, api: Gateway) -> None:
    found = error(api.ask("GET", f"{FOUNDER}/recordings", query=query), 422, "INVALID_REQUEST")
    assert [field["field"] for field in found["fields"]] == [wrong]


# --- linking ------------------------------------------------------------------------------------------------


def test_linking_puts_a_recording_on_timelines(api: Gateway, archive: Archive, contact: str) -> None:
    archive.complete()
    other = api.post(f"{FOUNDER}/contacts", {"id": "contact_uuid_2", "name": "John Doe"}).json["id"]
    body = {"contact_ids": [contact, other], "deal_id": "deal_uuid"}
    linked = shown(RecordingLinks, api.post(f"{FOUNDER}/recordings/rec_1/link", body))
    assert (linked["contact_ids"], linked["deal_id"]) == ([contact, other], "deal_uuid")
    for contact_id in (contact, other):
        timeline = shown(Timeline, api.get(f"{FOUNDER}/contacts/{contact_id}/timeline"))
        assert [entry["id"] for entry in timeline["timeline"]] == ["rec_1"]


def test_linking_adds_and_repeating_it_changes_nothing(
    api: Gateway, archive: Archive, services: Services, contact: str
) -> None:
    archive.complete(contact_ids=(contact,), deal_id="deal_1")
    api.post(f"{FOUNDER}/contacts", {"id": "contact_uuid_2", "name": "John Doe"})
    once = shown(RecordingLinks, api.post(f"{FOUNDER}/recordings/rec_1/link", {"contact_ids": ["contact_uuid_2"]}))
    assert (once["contact_ids"], once["deal_id"]) == ([contact, "contact_uuid_2"], "deal_1")
    before = services.recordings.get("acme", "rec_1")
    api.now = NOW + timedelta(hours=1)
    assert api.post(f"{FOUNDER}/recordings/rec_1/link", {"contact_ids": ["contact_uuid_2"]}).json == once
    assert services.recordings.get("acme", "rec_1") == before


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, "contact_ids"),
        ({"contact_ids": []}, "contact_ids"),
        ({"contact_ids": "contact_uuid_1"}, "contact_ids"),
        ({"contact_ids": ["a/b"]}, "contact_ids.0"),
        ({"contactIds": ["contact_uuid_1"]}, "contactIds"),
        ({"deal_id": 3}, "deal_id"),
    ],
)
def test_wrong_links_are_named(body: Any, wrong: str, api: Gateway, archive: Archive) -> None:
    archive.complete()
    found = error(api.post(f"{FOUNDER}/recordings/rec_1/link", body), 422, "INVALID_REQUEST")
    assert [field["field"] for field in found["fields"]] == [wrong]


def test_linking_to_nobody(api: Gateway, archive: Archive) -> None:
    archive.complete()
    error(api.post(f"{FOUNDER}/recordings/rec_1/link", {"contact_ids": ["nobody"]}), 404, "CONTACT_NOT_FOUND")


def test_a_deal_is_named_by_its_id_known_here_or_not(api: Gateway, archive: Archive) -> None:
    """The document knows no error of an unknown deal: it may be one that only the CRM knows, as yet."""
    archive.complete()
    linked = shown(RecordingLinks, api.post(f"{FOUNDER}/recordings/rec_1/link", {"deal_id": "deal_of_the_crm"}))
    assert linked["deal_id"] == "deal_of_the_crm"
    error(api.get(f"{FOUNDER}/deals/deal_of_the_crm"), 404, "DEAL_NOT_FOUND")
    api.post(f"{FOUNDER}/deals", {"id": "deal_of_the_crm", "name": "Renewal"})
    assert api.get(f"{FOUNDER}/deals/deal_of_the_crm").json["name"] == "Renewal"


def unlink(api: Gateway, body: Any, **headers: str) -> Answer:
    return api.ask("DELETE", f"{FOUNDER}/recordings/rec_1/link", body=json.dumps(body).encode(), headers=headers)


def test_what_is_taken_off_is_linked_no_more(api: Gateway, archive: Archive, contact: str) -> None:
    api.post(f"{FOUNDER}/contacts", {"id": "contact_uuid_2", "name": "John Doe"})
    archive.complete(contact_ids=(contact, "contact_uuid_2"), deal_id="d1")
    left = shown(RecordingLinks, unlink(api, {"contact_ids": [contact]}))
    assert (left["contact_ids"], left["deal_id"]) == (["contact_uuid_2"], "d1")
    assert api.get(f"{FOUNDER}/contacts/{contact}/timeline").json["timeline"] == []
    left = shown(RecordingLinks, unlink(api, {"deal_id": "another", "contact_ids": ["nobody"]}))
    assert (left["contact_ids"], left["deal_id"]) == (["contact_uuid_2"], "d1")
    left = shown(RecordingLinks, unlink(api, {"deal_id": "d1", "contact_ids": ["contact_uuid_2"]}))
    assert (left["contact_ids"], left["deal_id"]) == ([], None)


@pytest.mark.parametrize(
    ("body", "wrong"), [({}, "contact_ids"), ({"contact_ids": "c1"}, "contact_ids"), ({"all": True}, "all")]
)
def test_what_to_take_off_is_named(body: Any, wrong: str, api: Gateway, archive: Archive) -> None:
    archive.complete()
    found = error(unlink(api, body), 422, "INVALID_REQUEST")
    assert [field["field"] for field in found["fields"]] == [wrong]


def test_links_are_changed_in_the_state_that_is_named(api: Gateway, archive: Archive) -> None:
    archive.complete()
    read = api.get(f"{FOUNDER}/recordings/rec_1").headers["etag"]
    path, body = f"{FOUNDER}/recordings/rec_1/link", {"deal_id": "d1"}
    linked = api.post(path, body, headers={"if-match": read})
    assert linked.status == 200
    error(api.post(path, {"deal_id": "d2"}, headers={"if-match": read}), 412, "PRECONDITION_FAILED")
    error(unlink(api, body, **{"if-match": read}), 412, "PRECONDITION_FAILED")
    assert unlink(api, body, **{"if-match": linked.headers["etag"]}).json["deal_id"] is None


def test_a_locked_recording_keeps_its_links(api: Gateway, archive: Archive) -> None:
    archive.complete(locked=True, deal_id="d1")
    error(api.post(f"{FOUNDER}/recordings/rec_1/link", {"deal_id": "d2"}), 409, "CONFLICT")
    error(unlink(api, {"deal_id": "d1"}), 409, "CONFLICT")


# --- contacts and timelines ---------------------------------------------------------------------------------


def test_a_contact_comes_back_as_it_was_created(api: Gateway) -> None:
    body = {"name": "Jane Smith", "company": "Acme Corp", "email": "jane@acme.example", "phone": "+1 (555) 010-0199"}
    answer = api.post(f"{FOUNDER}/contacts", body)
    made = shown(Contact, answer, 201)
    assert made == {**made, **body}
    assert answer.headers["location"] == f"{FOUNDER}/contacts/{made['id']}"
    assert shown(Contact, api.get(f"{FOUNDER}/contacts/{made['id']}")) == made


def test_an_id_is_taken_once(api: Gateway, contact: str) -> None:
    error(api.post(f"{FOUNDER}/contacts", {"id": contact, "name": "Another"}), 409, "CONFLICT")
    assert api.get(f"{FOUNDER}/contacts/{contact}").json["name"] == "Jane Smith"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a", "email": "nobody"}, "email"),
        ({"name": "a", "phone": "call me"}, "phone"),
        ({"name": "a", "id": "a b"}, "id"),
        ({"name": "a", "org": "globex"}, "org"),
    ],
)
def test_wrong_contacts_are_named(body: Any, wrong: str, api: Gateway) -> None:
    found = error(api.post(f"{FOUNDER}/contacts", body), 422, "INVALID_REQUEST")
    assert [field["field"] for field in found["fields"]] == [wrong]


def test_a_timeline_has_the_documented_shape(api: Gateway, archive: Archive, contact: str) -> None:
    archive.complete(contact_ids=(contact,))
    found = shown(Timeline, api.get(f"{FOUNDER}/contacts/{contact}/timeline"))
    assert found["contact"] == {"id": contact, "name": "Jane Smith", "company": "Acme Corp"}
    (entry,) = found["timeline"]
    assert (entry["type"], entry["id"], entry["date"]) == ("recording", "rec_1", "2026-03-30T12:00:00Z")
    assert (entry["summary"], entry["duration_seconds"]) == ("thank you", 61.2)
    assert (entry["sentiment_score"], entry["action_items"], entry["status"]) == (None, [], "completed")


def test_a_timeline_can_be_narrowed_and_paged(api: Gateway, archive: Archive, contact: str) -> None:
    for number in range(5):
        archive.put(f"rec_{number}", contact_ids=(contact,), created_at=NOW + timedelta(days=number))
    path = f"{FOUNDER}/contacts/{contact}/timeline"

    def found(**query: Any) -> list[str]:
        return [entry["id"] for entry in shown(Timeline, api.get(path, **query))["timeline"]]

    assert found() == ["rec_4", "rec_3", "rec_2", "rec_1", "rec_0"]
    assert found(types="recording,email") == found()
    assert found(types="email") == []
    assert found(date_from="2026-04-01", date_to="2026-04-02") == ["rec_3", "rec_2"]
    first = api.get(path, limit=2).json
    assert [entry["id"] for entry in first["timeline"]] == ["rec_4", "rec_3"]
    second = api.get(path, limit=2, cursor=first["next"]).json
    assert [entry["id"] for entry in second["timeline"]] == ["rec_2", "rec_1"]
    error(api.get(path, cursor=first["next"], types="email"), 422, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("types=letter", "types"),
        ("types=", "types"),
        ("date_from=soon", "date_from"),
        ("date_from=2026-03-31&date_to=2026-03-30", "date_from"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("dateFrom=2026-03-30", "dateFrom"),
        ("cursor=abc", "cursor"),
    ],
)
def test_wrong_parameters_are_named(query: str, wrong: str, api: Gateway, contact: str) -> None:
    found = error(api.ask("GET", f"{FOUNDER}/contacts/{contact}/timeline", query=query), 422, "INVALID_REQUEST")
    assert [field["field"] for field in found["fields"]] == [wrong]


# --- who may ------------------------------------------------------------------------------------------------

ROUTES = [
    ("GET", f"{FOUNDER}/recordings/rec_1", "RECORDING_NOT_FOUND"),
    ("GET", f"{FOUNDER}/recordings/rec_1/transcript", "RECORDING_NOT_FOUND"),
    ("GET", f"{FOUNDER}/recordings", None),
    ("POST", f"{FOUNDER}/recordings/rec_1/link", "RECORDING_NOT_FOUND"),
    ("DELETE", f"{FOUNDER}/recordings/rec_1/link", "RECORDING_NOT_FOUND"),
    ("POST", f"{FOUNDER}/contacts", None),
    ("GET", f"{FOUNDER}/contacts/contact_9", "CONTACT_NOT_FOUND"),
    ("GET", f"{FOUNDER}/contacts/contact_9/timeline", "CONTACT_NOT_FOUND"),
]


@pytest.mark.parametrize(("method", "path", "_code"), ROUTES)
def test_a_founders_role_is_needed(method: str, path: str, _code: str | None, api: Gateway, identity: Identity) -> None:
    answer = api.ask(method, path, token=identity.token(roles=["agent"]))
    assert "founder" in error(answer, 403, "FORBIDDEN")["message"]
    answer = api.ask(method, path, token="")
    error(answer, 401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path", "code"), [route for route in ROUTES if route[2]])
def test_what_belongs_to_another_tenant_does_not_exist(
    method: str, path: str, code: str, api: Gateway, archive: Archive, identity: Identity
) -> None:
    archive.complete("rec_1", org="globex")
    api.post(f"{FOUNDER}/contacts", {"id": "contact_9", "name": "Theirs"}, token=identity.token(org="globex"))
    body = b'{"deal_id": "deal_1"}' if method in {"POST", "DELETE"} else b""
    found = error(api.ask(method, path, body=body), 404, code)
    foreign_id = "rec_1" if "rec_1" in path else "contact_9"
    missing = error(api.ask(method, path.replace(foreign_id, f"{foreign_id}x"), body=body), 404, code)
    assert missing["message"] == found["message"].replace(foreign_id, f"{foreign_id}x")


def test_another_tenants_contact_cannot_be_linked(
    api: Gateway, archive: Archive, identity: Identity, services: Services
) -> None:
    archive.put("rec_1", status=Status.UPLOADING)
    api.post(f"{FOUNDER}/contacts", {"id": "contact_9", "name": "Theirs"}, token=identity.token(org="globex"))
    answer = api.post(f"{FOUNDER}/recordings/rec_1/link", {"contact_ids": ["contact_9"]})
    error(answer, 404, "CONTACT_NOT_FOUND")
    assert services.recordings.get("acme", "rec_1").contact_ids == ()
